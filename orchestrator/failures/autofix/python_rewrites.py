"""Fixes ruff calls unsafe for reasons that can be looked up: allowed where those reasons are absent.

flake8-comprehensions' C4 rules (ruff 0.17): a fix may drop a comment inside the expression, and means the builtin of
that name. Those that change when something is evaluated, or in what order, are not among them.
"""

from __future__ import annotations

import ast
import io
import tokenize

from orchestrator.failures.autofix.python_code import parse
from orchestrator.failures.autofix.text import SourceText

LITERALS = frozenset({"C400", "C401", "C402", "C403", "C404", "C405", "C406", "C408", "C409", "C410", "C411", "C418"})
"""Rewrites of a call as the literal or comprehension of the same value."""
_BUILTINS = frozenset({"list", "dict", "set", "tuple"})


def may_rewrite(code: str, line: int | None, source: SourceText) -> bool:
    """Whether ruff's fix of that finding keeps every comment, and the builtin it goes by is the builtin."""
    tree = parse(source) if code in LITERALS and line else None
    if tree is None or _shadowed(tree):
        return False
    spans = [
        (node.lineno, node.end_lineno or node.lineno)
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and node.lineno == line
    ]
    return bool(spans) and not _comment_within(source, line or 0, max(last for _, last in spans))


def _shadowed(tree: ast.Module) -> bool:
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store) and node.id in _BUILTINS:
            return True
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) and node.name in _BUILTINS:
            return True
        if isinstance(node, ast.arg) and node.arg in _BUILTINS:
            return True
        if isinstance(node, ast.alias) and (node.asname or node.name) in _BUILTINS | {"*"}:
            return True
    return False


def _comment_within(source: SourceText, first: int, last: int) -> bool:
    """A comment before the last line's end; the one after it stays."""
    try:
        tokens = list(tokenize.generate_tokens(io.StringIO(source.text).readline))
    except (tokenize.TokenError, SyntaxError):
        return True
    return any(token.type == tokenize.COMMENT and first <= token.start[0] < last for token in tokens)
