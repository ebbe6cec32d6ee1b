"""The statements by which a JavaScript or TypeScript file takes modules, and how it writes them."""

from __future__ import annotations

import re
from dataclasses import dataclass

from orchestrator.failures.autofix.text import SourceText

_IMPORT_START = re.compile(r"^import\b(?!\s*\()")
_IMPORT_END = re.compile(r"['\"][^'\"]*['\"](?:\s+(?:with|assert)\s*\{[^}]*\})?\s*;?\s*(?://.*)?$")
_REQUIRED = re.compile(
    r"^(const|let|var)\s+(?:[\w$]+|\{[^}]*\})\s*=\s*require\((['\"])[^'\"]+\2\)[.\w$]*\s*;?\s*(?://.*)?$", re.DOTALL
)
_COMMONJS = re.compile(r"^(?:(?:const|let|var)\s[^=\n]*=\s*require\(|(?:module\.)?exports\b\s*[.=])", re.MULTILINE)
_STATEMENT_LINES = 200


@dataclass(frozen=True, slots=True)
class Statement:
    """An import statement: its first and last line (1-based), its text."""

    first: int
    last: int
    text: str

    @property
    def module(self) -> str | None:
        """Where it imports from."""
        tail = self.text.rsplit("require(" if _REQUIRED.match(self.text) else "from", 1)[-1]
        match = re.search(r"['\"]([^'\"]+)['\"]", tail)
        return match[1] if match else None


def import_statements(source: SourceText) -> list[Statement]:
    """The import statements at the left margin, in order."""
    found: list[Statement] = []
    number = 1
    while number <= len(source.lines):
        if _IMPORT_START.match(source.lines[number - 1]):
            last = number
            while (
                last < len(source.lines)
                and last - number < _STATEMENT_LINES
                and not _IMPORT_END.search(source.lines[last - 1])
            ):
                last += 1
            found.append(Statement(number, last, "\n".join(source.lines[number - 1 : last])))
            number = last
        number += 1
    return found


def required_statements(source: SourceText) -> list[Statement]:
    """The ``require`` statements at the left margin, in order: those of the file's first part."""
    found: list[Statement] = []
    number = 1
    while number <= len(source.lines):
        line = source.lines[number - 1]
        if re.match(r"(?:const|let|var)\s", line):
            last = number
            if line.rstrip().endswith("{"):
                while (
                    last < len(source.lines) and last - number < _STATEMENT_LINES and "}" not in source.lines[last - 1]
                ):
                    last += 1
            text = "\n".join(source.lines[number - 1 : last])
            if _REQUIRED.match(text):
                found.append(Statement(number, last, text))
                number = last
            elif found:
                break
        elif found and re.match(r"[\w$(]", line):
            break  # one that stands after code stands there for a reason: a circle, an order
        number += 1
    return found


def is_commonjs(source: SourceText) -> bool:
    """Whether the file takes modules by ``require``."""
    if source.path.endswith((".mjs", ".mts", ".ts", ".tsx")) or import_statements(source):
        return False
    return source.path.endswith(".cjs") or bool(_COMMONJS.search(source.text))


def statements_of(source: SourceText) -> list[Statement]:
    """Those of the module system the file uses."""
    return required_statements(source) if is_commonjs(source) else import_statements(source)


def quote(source: SourceText) -> str:
    """The quote the file's imports use, else the one it uses more."""
    text = "\n".join(statement.text for statement in statements_of(source)) or source.text
    return '"' if text.count('"') > text.count("'") else "'"


def semicolon(source: SourceText) -> str:
    """``;`` unless the file does without."""
    statements = statements_of(source)
    lines = [statement.text.rstrip() for statement in statements] or [
        line.rstrip()
        for line in source.lines
        if re.search(r"[\w)'\"]\s*;?$", line) and not line.lstrip().startswith(("//", "*"))
    ]
    return ";" if not lines or sum(line.endswith(";") for line in lines) * 2 >= len(lines) else ""
