"""White space at line ends and at the end of a file, where no formatter does it: nothing inside a string is touched."""

from __future__ import annotations

import io
import tokenize

from orchestrator.domain.failure import Failure
from orchestrator.failures.autofix.text import SourceText

_TRAILING = frozenset({"W291", "W293", "C0303"})
_NO_NEWLINE = frozenset({"W292", "C0304"})
_BLANK_END = frozenset({"W391", "C0305"})


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
    return False


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
