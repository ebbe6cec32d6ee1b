"""Lines that may name what is not there, on purpose: guarded by ``try``, version, platform or feature tests."""

from __future__ import annotations

import ast
import re
from collections.abc import Collection, Iterable

_CAUGHT = frozenset({"ImportError", "ModuleNotFoundError", "AttributeError", "NameError", "TypeError", "Exception",
                     "BaseException"})  # fmt: skip
_FEATURE = re.compile(
    r"(?i)^(?:sys|os|platform|hasattr|getattr|callable|TYPE_CHECKING|PY\d*|issubclass|find_spec|inspect|importlib"
    r"|(?:is|has|have|no|use|with|supports?|can|py|win)_\w*)$|version|windows|win32|linux|darwin|posix|available"
    r"|compat|support|installed|pypy|cpython|cython|jython|jit|backend|vendor|dialect|feature|debug|unicode|django_"
)
_EXITS = ast.Return | ast.Raise | ast.Continue | ast.Break
_DECORATED = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef
_EXPECTING = re.compile(r"(?i)raises|suppress|warns|skip|xfail|expect|mock|patch|deprecat")


def guarded_lines(nodes: Iterable[ast.AST]) -> frozenset[int]:
    """1-based lines on which a missing name proves nothing."""
    lines: set[int] = set()
    for node in nodes:
        _after_exits(lines, node)
        if isinstance(node, ast.Try):
            if any(_catches(handler) for handler in node.handlers):
                _take(lines, node)
        elif isinstance(node, ast.If | ast.IfExp | ast.While | ast.Assert):
            if _is_feature_test(node.test):
                _take(lines, node)
        elif isinstance(node, ast.BoolOp):
            if any(_is_feature_test(value) for value in node.values):
                _take(lines, node)
        elif isinstance(node, ast.With | ast.AsyncWith):
            if any(_EXPECTING.search(word) for item in node.items for word in _words(item.context_expr)):
                _take(lines, node)
        elif isinstance(node, _DECORATED) and any(
            _EXPECTING.search(word) for item in node.decorator_list for word in _words(item)
        ):
            _take(lines, node)
    return frozenset(lines)


def unevaluated(nodes: Collection[ast.AST]) -> frozenset[int]:
    """``id`` of every node in an annotation that is never evaluated (PEP 563): only type checkers read it, and their
    stubs have names that the running module lacks.
    """
    if not any(isinstance(node, ast.ImportFrom) and node.module == "__future__" and _asks(node) for node in nodes):
        return frozenset()
    asked = (getattr(node, part, None) for node in nodes for part in ("annotation", "returns"))
    return frozenset(id(inner) for found in asked if isinstance(found, ast.expr) for inner in ast.walk(found))


def _asks(node: ast.ImportFrom) -> bool:
    return any(alias.name == "annotations" for alias in node.names)


def _after_exits(lines: set[int], node: ast.AST) -> None:
    """``if sys.version_info < (3, 12): return`` guards what follows it in its block."""
    block = getattr(node, "body", None)
    if not isinstance(block, list):
        return
    for number, statement in enumerate(block[:-1]):
        if (
            isinstance(statement, ast.If)
            and isinstance(statement.body[-1], _EXITS)
            and _is_feature_test(statement.test)
        ):
            for later in block[number + 1 :]:
                _take(lines, later)
            return


def _take(lines: set[int], node: ast.stmt | ast.expr) -> None:
    lines.update(range(node.lineno, (node.end_lineno or node.lineno) + 1))


def _catches(handler: ast.ExceptHandler) -> bool:
    return handler.type is None or any(word in _CAUGHT for word in _words(handler.type))


def _is_feature_test(test: ast.expr) -> bool:
    return any(_FEATURE.search(word) for word in _words(test))


def _words(node: ast.expr) -> list[str]:
    words = []
    for inner in ast.walk(node):
        if isinstance(inner, ast.Name):
            words.append(inner.id)
        elif isinstance(inner, ast.Attribute):
            words.append(inner.attr)
    return words
