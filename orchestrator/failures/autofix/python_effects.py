"""What loading a Python module does besides defining: told from its top-level statements, nothing is run."""

from __future__ import annotations

import ast
import builtins
import sys
import warnings
from collections.abc import Iterable, Mapping
from dataclasses import dataclass


def has_effects(data: bytes) -> bool:
    """Whether loading the module does something besides defining: calls, registrations, unknown decorators or bases."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = ast.parse(data)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return True
    own = _Own.of(tree)
    return any(_acts(statement, own) for statement in tree.body)


@dataclass(frozen=True, slots=True)
class _Own:
    """What a module defines itself: touching that while it loads concerns nobody else."""

    classes: Mapping[str, ast.ClassDef]
    containers: frozenset[str]
    """Names bound to a literal dictionary, list or set."""
    library: frozenset[str]
    """Names imported from the standard library."""

    @classmethod
    def of(cls, tree: ast.Module) -> _Own:
        bound = (node for node in tree.body if isinstance(node, ast.Assign | ast.AnnAssign))
        containers = frozenset(
            target.id
            for node in bound
            if isinstance(node.value, ast.Dict | ast.List | ast.Set)
            for target in (node.targets if isinstance(node, ast.Assign) else [node.target])
            if isinstance(target, ast.Name)
        )
        library = frozenset(
            (alias.asname or alias.name).split(".")[0] for node in ast.walk(tree) for alias in _of_library(node)
        )
        return cls({node.name: node for node in tree.body if isinstance(node, ast.ClassDef)}, containers, library)

    def holds(self, node: ast.expr) -> bool:
        """Whether the expression is one of the containers."""
        return isinstance(node, ast.Name) and node.id in self.containers


_LIBRARY = sys.stdlib_module_names | {"typing_extensions"}


def _of_library(node: ast.AST) -> Iterable[ast.alias]:
    if isinstance(node, ast.Import):
        return [alias for alias in node.names if alias.name.split(".")[0] in _LIBRARY]
    if isinstance(node, ast.ImportFrom) and not node.level:
        return node.names if (node.module or "").split(".")[0] in _LIBRARY else ()
    return ()


_CHANGES = frozenset(
    {"add", "append", "clear", "discard", "extend", "insert", "pop", "remove", "setdefault", "sort", "update"}
)


_LOUD_CALLS = frozenset(
    {"__import__", "basicConfig", "delattr", "eval", "exec", "import_module", "input", "install", "open", "patch",
     "print", "register", "run", "run_path", "seed", "setattr", "setlocale", "start", "system"}
)  # fmt: skip
"""Calls of the library that do more than make a value."""
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
        "setter",
        "getter",
        "deleter",
        "override",
        "asynccontextmanager",
        "no_type_check",
        "singledispatchmethod",
        "partialmethod",
    }
)
_QUIET_BASES = frozenset(
    {
        "ABC",
        "Enum",
        "Flag",
        "IntEnum",
        "IntFlag",
        "StrEnum",
        "Protocol",
        "NamedTuple",
        "TypedDict",
        "Generic",
        "Mapping",
        "MutableMapping",
        "Sequence",
        "Iterator",
        "Iterable",
        "Thread",
        "NodeVisitor",
        "NodeTransformer",
        "TestCase",
        "OrderedDict",
        "UserDict",
        "UserList",
    }
    | {name for name, kind in vars(builtins).items() if isinstance(kind, type)}
)
"""Bases that take no note of who derives from them: the library's, and every class of ``builtins``."""


def _acts(statement: ast.stmt, own: _Own) -> bool:
    if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef):
        return any(_last_name(decorator) not in _QUIET_DECORATORS for decorator in statement.decorator_list)
    if isinstance(statement, ast.ClassDef):
        loud = any(_last_name(decorator) not in _QUIET_DECORATORS for decorator in statement.decorator_list)
        return (
            loud
            or bool(statement.keywords)
            or not all(_unmoved(base, own) for base in statement.bases)
            or any(_acts(child, own) for child in statement.body)
        )
    if isinstance(statement, ast.Expr):
        call = statement.value.func if isinstance(statement.value, ast.Call) else None
        inside = isinstance(call, ast.Attribute) and call.attr in _CHANGES and own.holds(call.value)
        return not isinstance(statement.value, ast.Constant) and not inside
    if isinstance(statement, ast.Assign | ast.AnnAssign | ast.AugAssign):
        return _binds_loudly(statement, own)
    if isinstance(statement, ast.If | ast.Try):
        return any(_acts(child, own) for child in [*statement.body, *statement.orelse])
    return not isinstance(statement, ast.Import | ast.ImportFrom | ast.Pass | ast.Global)


def _binds_loudly(statement: ast.Assign | ast.AnnAssign | ast.AugAssign, own: _Own) -> bool:
    """An assignment that changes what another module holds, or whose value is made by code that may do more."""
    targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
    for target in targets:
        inside = (
            own.holds(target.value) if isinstance(target, ast.Subscript) else isinstance(target, ast.Name | ast.Tuple)
        )
        if not inside or (isinstance(statement, ast.AugAssign) and isinstance(statement.value, ast.List | ast.Set)
                          and not own.holds(target)):  # fmt: skip
            return True
    calls = (node for node in ast.walk(statement.value) if isinstance(node, ast.Call)) if statement.value else ()
    return any(not _makes_only(call.func, own) for call in calls)


def _makes_only(called: ast.expr, own: _Own) -> bool:
    """Whether a call is known to make its value and no more: of ``builtins``, of the library, a method of a literal."""
    root = called
    while isinstance(root, ast.Attribute | ast.Call | ast.Subscript):
        root = root.func if isinstance(root, ast.Call) else root.value
    if not isinstance(root, ast.Name):
        return True
    if _last_name(called) in _LOUD_CALLS:
        return False
    return root.id in own.library or root.id in own.containers or hasattr(builtins, root.id)


def _unmoved(base: ast.expr, own: _Own) -> bool:
    """Whether deriving from that class does nothing: a known one, or one of this module without ``__init_subclass__``
    (what it derives from is looked at where it is defined).
    """
    if _last_name(base) in _QUIET_BASES:
        return True
    known = own.classes.get(base.id) if isinstance(base, ast.Name) else None
    return known is not None and not any(
        isinstance(part, ast.FunctionDef) and part.name == "__init_subclass__" for part in known.body
    )


def _last_name(node: ast.expr) -> str:
    if isinstance(node, ast.Call):
        return _last_name(node.func)
    if isinstance(node, ast.Subscript):
        return _last_name(node.value)
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""
