"""Disable comments in Python source (L5), where the linter looks for them: after the whole statement's last string or
continued line, never inside a string.
"""

from __future__ import annotations

import ast
import io
import re
import tokenize

from orchestrator.failures.autofix.python_code import parse
from orchestrator.failures.autofix.text import SourceText

_NOQA = re.compile(r"#\s*noqa(?::\s*(?P<codes>[A-Z]+[0-9]+(?:[,\s]+[A-Z]+[0-9]+)*))?", re.IGNORECASE)
_EMPTY = {"list": "list[object]", "dict": "dict[object, object]", "set": "set[object]"}
"""What an empty container may be said to hold without an import."""


def add_comment(source: SourceText, line: int | None, *, code: str, tool: str) -> bool:
    """Add the linter's own disable comment for that line; ``False`` where none can stand, or one stands already.

    ruff 0.17 and flake8 7 take a comment at the end of a string of several lines, or of lines joined by backslashes,
    for one of its first line; pylint 4 wants ``disable-next`` before it.
    """
    ends = _joined(source)
    if ends is None or line is None or source.line(line) is None or _inside(ends, line):
        return False
    last = line
    while last in ends:
        last = ends[last]
    text = source.line(last) or ""
    if tool == "pylint":
        if last == line:
            source.replace(line, f"{text.rstrip()}  # pylint: disable={code}")
        else:
            first = source.line(line) or ""
            indent = first[: len(first) - len(first.lstrip())]
            source.insert(line, f"{indent}# pylint: disable-next={code}")
        return True
    if tool == "pyright":
        if last != line or "pyright:" in text:
            return False
        source.replace(line, f"{text.rstrip()}  # pyright: ignore[{code}]")
        return True
    match = _NOQA.search(text)
    if match is None:
        source.replace(last, f"{text.rstrip()}  # noqa: {code}")
        return True
    codes = match["codes"]
    if codes is None or code in re.split(r"[,\s]+", codes):
        return False
    source.replace(last, text[: match.end("codes")] + f", {code}" + text[match.end("codes") :])
    return True


def _inside(ends: dict[int, int], line: int) -> bool:
    """Whether the line begins inside what an earlier one began."""
    return any(first < line <= last for first, last in ends.items())


def _joined(source: SourceText) -> dict[int, int] | None:
    """First line -> last line of strings and backslash joints; ``None`` where the file cannot be read."""
    ends: dict[int, int] = {}
    opened: list[int] = []
    try:
        for token in tokenize.generate_tokens(io.StringIO(source.text).readline):
            name = tokenize.tok_name[token.type]
            if name in {"FSTRING_START", "TSTRING_START"}:
                opened.append(token.start[0])
            first = opened.pop() if name in {"FSTRING_END", "TSTRING_END"} else token.start[0]
            if (token.type == tokenize.STRING or name.endswith("STRING_END")) and first < token.end[0]:
                ends[first] = max(ends.get(first, 0), token.end[0])
    except (tokenize.TokenError, SyntaxError):
        return None
    for number, text in enumerate(source.lines, 1):
        if text.endswith("\\") and number not in ends and not _inside(ends, number + 1):
            ends[number] = number + 1
    return ends


def say_what_is_empty(source: SourceText, line: int | None, name: str) -> bool:
    """Annotate ``name = []`` (``{}``, ``set()``) of a function for a type checker, which asks for it where nothing is
    ever put in. An annotation of a local name is never evaluated.
    """
    tree = parse(source)
    if tree is None or line is None:
        return False
    for owner in ast.walk(tree):
        if not isinstance(owner, ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        bound = [node for node in ast.walk(owner) if isinstance(node, ast.Name) and node.id == name]
        for node in ast.walk(owner):
            if isinstance(node, ast.Assign) and node.lineno == line and len(bound) == 1:
                kind = _empty(node.value)
                if kind and len(node.targets) == 1 and isinstance(node.targets[0], ast.Name):
                    text = source.line(line) or ""
                    source.replace(
                        line, re.sub(rf"\b{re.escape(name)}\s*=", f"{name}: {_EMPTY[kind]} =", text, count=1)
                    )
                    return True
    return False


def _empty(value: ast.expr) -> str | None:
    if isinstance(value, ast.List) and not value.elts:
        return "list"
    if isinstance(value, ast.Dict) and not value.keys:
        return "dict"
    if isinstance(value, ast.Call) and isinstance(value.func, ast.Name) and not value.args and not value.keywords:
        return value.func.id if value.func.id in _EMPTY else None
    return None
