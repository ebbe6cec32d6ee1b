"""What loading a Python module does besides defining: told from its top-level statements, nothing is run."""

from __future__ import annotations

import ast
import warnings


def has_effects(data: bytes) -> bool:
    """Whether loading the module does something besides defining: calls, registrations, unknown decorators or bases."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = ast.parse(data)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return True
    return any(_acts(statement) for statement in tree.body)


_QUIET_DECORATORS = frozenset(
    {
        "dataclass",
        "property",
        "staticmethod",
        "classmethod",
        "lru_cache",
        "cache",
        "wraps",
        "total_ordering",
        "overload",
        "final",
        "contextmanager",
        "abstractmethod",
        "cached_property",
        "singledispatch",
        "runtime_checkable",
        "unique",
    }
)
_QUIET_BASES = frozenset(
    {
        "object",
        "Exception",
        "ABC",
        "Enum",
        "IntEnum",
        "StrEnum",
        "Protocol",
        "NamedTuple",
        "TypedDict",
        "Generic",
        "ValueError",
        "TypeError",
        "RuntimeError",
        "KeyError",
        "LookupError",
        "dict",
        "list",
        "str",
        "int",
        "tuple",
        "set",
        "BaseException",
        "OSError",
        "Mapping",
        "MutableMapping",
        "Iterator",
    }
)


def _acts(statement: ast.stmt) -> bool:
    if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef):
        return any(_last_name(decorator) not in _QUIET_DECORATORS for decorator in statement.decorator_list)
    if isinstance(statement, ast.ClassDef):
        loud = any(_last_name(decorator) not in _QUIET_DECORATORS for decorator in statement.decorator_list)
        return loud or bool(statement.keywords) or any(_last_name(base) not in _QUIET_BASES for base in statement.bases)
    if isinstance(statement, ast.Expr):
        return not isinstance(statement.value, ast.Constant)
    if isinstance(statement, ast.Assign | ast.AnnAssign | ast.AugAssign):
        targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
        return any(not isinstance(target, ast.Name | ast.Tuple) for target in targets)
    if isinstance(statement, ast.If | ast.Try):
        return any(_acts(child) for child in [*statement.body, *statement.orelse])
    return not isinstance(statement, ast.Import | ast.ImportFrom | ast.Pass | ast.Global)


def _last_name(node: ast.expr) -> str:
    if isinstance(node, ast.Call):
        return _last_name(node.func)
    if isinstance(node, ast.Subscript):
        return _last_name(node.value)
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""
