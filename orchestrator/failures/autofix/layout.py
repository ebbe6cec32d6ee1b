"""White space at line ends, between lines and around comments, where no formatter does it: never inside a string."""

from __future__ import annotations

import ast
import io
import re
import tokenize

from orchestrator.domain.failure import Failure
from orchestrator.failures.autofix.text import SourceText

_TRAILING = frozenset({"W291", "W293", "C0303"})
_NO_NEWLINE = frozenset({"W292", "C0304"})
_BLANK_END = frozenset({"W391", "C0305"})
_BLANK_LINES = frozenset({"E301", "E302", "E305", "E306"})
_BLANKS = re.compile(r"expected (\d) blank lines?")
_COMMENTS = frozenset({"E261", "E262", "E265"})


def adds_lines(code: str | None) -> bool:
    """Whether mending a finding of that code may move lines that stand before its own: comments that go along."""
    return code in _BLANK_LINES or code == "E303"


def mend_layout(failure: Failure, source: SourceText) -> bool:
    """Mend one finding in place; ``False``: not of this sort, or inside a string."""
    code = failure.code or ""
    if code in _TRAILING:
        text = source.line(failure.line)
        if text is None or failure.line is None or failure.line in _inside_strings(source):
            return False
        source.replace(failure.line, text.rstrip())
        return True
    if code in _NO_NEWLINE and not source.final_newline and source.lines:
        source.lines[-1] = source.lines[-1].rstrip()
        source.final_newline = source.changed = True
        return True
    if code in _BLANK_END and source.lines and not source.lines[-1].strip():
        while source.lines and not source.lines[-1].strip():
            source.replace(len(source.lines), None)
        return True
    return _mend_spacing(code, failure, source)


def _mend_spacing(code: str, failure: Failure, source: SourceText) -> bool:
    """pycodestyle's blank lines (E30x), comments (E26x) and commas (E231), where the program stays the same."""
    number, before, changed = failure.line or 0, list(source.lines), source.changed
    wanted = _BLANKS.search(failure.message) if code in _BLANK_LINES else None
    if wanted is not None:
        _blank_lines(source, number, int(wanted[1]))
    elif code == "E303" and not (source.line(number) or " ").startswith((" ", "\t")):
        _blank_lines(source, number, 2)
    elif code == "E303":
        _blank_lines(source, number, 1)
    elif code in _COMMENTS or code == "E231":
        _space(code, number, failure.column or 0, source)
    if source.lines == before or _meaning(before) != _meaning(source.lines):
        source.lines, source.changed = before, changed
        return False
    return True


def _blank_lines(source: SourceText, number: int, wanted: int) -> None:
    """So many above that line, or above the comments that belong to it."""
    indent = _indent(source.line(number) or "")
    while number > 1 and (above := source.line(number - 1) or "").lstrip().startswith("#") and _indent(above) == indent:
        number -= 1
    found = 0
    while number - found > 1 and not (source.line(number - found - 1) or "").strip():
        found += 1
    for _ in range(found - wanted):
        source.replace(number - found, None)
    for _ in range(wanted - found):
        source.insert(number, "")


def _space(code: str, number: int, column: int, source: SourceText) -> None:
    text = source.line(number) or ""
    if code == "E231" and text[column - 1 : column] in {",", ";", ":"}:
        source.replace(number, f"{text[:column]} {text[column:]}")
        return
    at = next((token.start[1] for token in _comments(source) if token.start[0] == number), -1)
    if code not in _COMMENTS or at < 0:
        return
    comment = re.sub(r"^(#:?)(?=[^\s#!:])", r"\1 ", text[at:])
    code_part = text[:at]
    gap = "  " if code_part.strip() else code_part
    source.replace(number, f"{code_part.rstrip()}{gap}{comment}")


def _indent(text: str) -> int:
    return len(text) - len(text.lstrip())


def _comments(source: SourceText) -> list[tokenize.TokenInfo]:
    try:
        tokens = list(tokenize.generate_tokens(io.StringIO(source.text).readline))
    except (tokenize.TokenError, SyntaxError):
        return []
    return [token for token in tokens if token.type == tokenize.COMMENT]


def _meaning(lines: list[str]) -> str | None:
    try:
        return ast.dump(ast.parse("\n".join(lines)))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def _inside_strings(source: SourceText) -> frozenset[int]:
    """Lines whose end lies inside a string; all of them where the file cannot be read."""
    inside: set[int] = set()
    try:
        for token in tokenize.generate_tokens(io.StringIO(source.text).readline):
            if token.type == tokenize.STRING or tokenize.tok_name[token.type] == "FSTRING_MIDDLE":
                inside.update(range(token.start[0], token.end[0]))
    except (tokenize.TokenError, SyntaxError):
        return frozenset(range(1, len(source.lines) + 1))
    return frozenset(inside)
