"""Two findings about Python strings, mended where no fixer of the repository does it: the value stays the same."""

from __future__ import annotations

import ast
import re

from orchestrator.domain.failure import Failure
from orchestrator.failures.autofix.python_code import parse
from orchestrator.failures.autofix.text import SourceText

_ESCAPE = frozenset({"W605", "W1401"})
_NO_PLACEHOLDER = frozenset({"F541", "W1309"})
_PLAIN_F = re.compile(r"[fF](?P<rest>\"\"\"|'''|\"|')")
_VALID = "\\'\"abfnrtvxuUN01234567\n"
"""What may follow a backslash (Python 3.11 reference, "Escape sequences")."""


def mend_string(failure: Failure, source: SourceText) -> bool:
    """Mend one finding in place; ``False``: not of this sort, or not certain to keep the value."""
    line, code = source.line(failure.line), failure.code or ""
    if line is None or failure.line is None or failure.column is None:
        return False
    start = failure.column - (failure.tool != "pylint")  # pylint counts from 0
    if code in _ESCAPE:
        changed = _doubled(line, start)
    elif code in _NO_PLACEHOLDER:
        changed = _without_f(line, start)
    else:
        return False
    before = parse(source)
    if changed is None or before is None:
        return False
    source.replace(failure.line, changed)
    after = parse(source)
    if after is None or _said(after) != _said(before):
        source.replace(failure.line, line)
        return False
    return True


def _doubled(line: str, start: int) -> str | None:
    """flake8 points at the backslash."""
    if line[start : start + 1] != "\\" or line[start + 1 : start + 2] in _VALID:
        return None
    return f"{line[:start]}\\{line[start:]}"


def _without_f(line: str, start: int) -> str | None:
    match = _PLAIN_F.match(line, start)
    end = line.find(match["rest"], match.end()) if match else -1
    if match is None or end == -1 or re.search(r"[{}]", line[match.end() : end]):
        return None
    return line[:start] + line[start + 1 :]


def _said(tree: ast.Module) -> str:
    """The tree without places; an f-string without placeholders as the string it is."""
    return re.sub(r"JoinedStr\(values=\[(Constant\(value=(?:'[^'\\]*'|\"[^\"\\]*\")\))\]\)", r"\1", ast.dump(tree))
