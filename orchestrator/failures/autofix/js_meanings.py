"""What an import that a linter calls unused may still mean: to JSX, to types in comments, to the file as a module."""

from __future__ import annotations

import re

from orchestrator.failures.autofix.js_statements import import_statements
from orchestrator.failures.autofix.text import SourceText

_JSX = re.compile(r"<(?:>|[A-Za-z][\w.$-]*(?:[\s/>]|$))", re.MULTILINE)
_FACTORIES = frozenset({"React", "Preact", "Fragment", "createElement", "h", "jsx"})
"""What JSX is compiled to calls of where the compiler is not told otherwise (``"jsx": "react"``, ``@jsx h``)."""
_WITH_JSX = (".jsx", ".tsx", ".js", ".mjs")
_CHECKED = (".js", ".jsx", ".mjs", ".cjs")
"""Whose types stand in their comments (``checkJs``)."""
_TYPED = (".ts", ".tsx", ".mts", ".cts")


def still_meant(source: SourceText, name: str) -> bool:
    """Whether taking the name out of the file's imports may change what the program is."""
    statements = import_statements(source)
    inside = {number for one in statements for number in range(one.first, one.last + 1)}
    rest = "\n".join(line for number, line in enumerate(source.lines, 1) if number not in inside)
    return _to_jsx(source, name, rest) or _to_types(source.path, name, rest) or _to_the_module(source, name, rest)


def _to_jsx(source: SourceText, name: str, rest: str) -> bool:
    if not source.path.endswith(_WITH_JSX):
        return False
    pragma = re.search(rf"@jsx(?:Frag)?[ \t]+{re.escape(name)}\b", source.text)
    return pragma is not None or (name in _FACTORIES and _JSX.search(rest) is not None)


def _to_types(path: str, name: str, rest: str) -> bool:
    told = re.compile(rf"^[ \t]*/?\*[^\n]*\{{[^}}\n]*\b{re.escape(name)}\b", re.MULTILINE)
    return path.endswith(_CHECKED) and told.search(rest) is not None


def _to_the_module(source: SourceText, name: str, rest: str) -> bool:
    """The file's only import or export: without it, TypeScript takes the file for a script with global names."""
    statements = import_statements(source)
    if not source.path.endswith(_TYPED) or len(statements) != 1 or re.search(r"^export\b", rest, re.MULTILINE):
        return False
    alone = re.compile(rf"import\s+(?:type\s+)?(?:\{{\s*(?:type\s+)?)?{re.escape(name)}\s*\}}?\s*from\b")
    return alone.match(statements[0].text) is not None
