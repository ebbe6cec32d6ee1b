"""Bare names that no scope of a Python file binds, by the compiler's own symbol tables."""

from __future__ import annotations

import ast
import builtins
import re
import symtable
import warnings
from collections.abc import Iterator

from orchestrator.failures.existence.python_module import Module

_KNOWN = frozenset(dir(builtins)) | {
    "__file__", "__path__", "__class__", "__builtins__", "__module__", "__qualname__", "__annotations__", "__debug__",
    "_", "reveal_type", "reveal_locals", "get_ipython", "display", "WindowsError", "ngettext", "In", "Out",
    "anext", "aiter", "ExceptionGroup", "BaseExceptionGroup", "EncodingWarning", "PythonFinalizationError",
}  # fmt: skip
"""Always there, put there by the interpreter's version, its system, or what runs the file."""
_OPEN = re.compile(
    r"\bglobals\(\)|\blocals\(\)|\bexec\(|\bbuiltins\.|__builtin|^\s*from\s+\S+\s+import\s+\*", re.MULTILINE
)


def undefined_names(module: Module, text: str) -> Iterator[tuple[str, int, int]]:
    """(name, line, column) of loads that nothing in the file binds; none where names may come another way."""
    if _OPEN.search(text):
        return
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            top = symtable.symtable(text, module.place.path, "exec")
    except (SyntaxError, ValueError, RecursionError):
        return
    bound = {
        symbol.get_name()
        for symbol in top.get_symbols()
        if symbol.is_assigned() or symbol.is_imported() or symbol.is_namespace()
    }
    missing: set[str] = set()
    for table in _tables(top):
        for symbol in table.get_symbols():
            if symbol.is_declared_global():
                bound.add(symbol.get_name())
            elif symbol.is_referenced() and symbol.is_global() and not (symbol.is_assigned() or symbol.is_parameter()):
                missing.add(symbol.get_name())
    missing -= bound | _KNOWN | set(module.bound)
    if not missing:
        return
    for node in module.nodes:
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load) and node.id in missing:
            yield node.id, node.lineno, node.col_offset + 1


def _tables(table: symtable.SymbolTable) -> Iterator[symtable.SymbolTable]:
    yield table
    for child in table.get_children():
        yield from _tables(child)
