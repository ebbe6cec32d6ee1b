"""A Python module's top level, by ``ast``: what it binds, in whichever branch, and whether that is all."""

from __future__ import annotations

import ast
import re
import warnings
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from pathlib import Path

SIZE_CAP = 1_500_000
"""Bytes of a source that is read; larger ones are data."""
_SELF_FILLING = re.compile(
    rb"\bglobals\(\)|\bvars\(\)|\bsys\.modules\b|\blocals\(\)|^__path__|\bexec\(|_convert_\(|\b__getattr__\b"
    rb"|lazy_loader|\blazy_import|\bglobal_enum\b|\bmeta_path\b",
    re.MULTILINE,
)
"""Marks of a module that binds names in ways its text does not show."""


@dataclass(frozen=True)
class Place:
    """Where a module's source lies."""

    module: str
    """Dotted, as imports name it."""
    path: str
    """Of the tree (relative), or absolute."""
    package: bool
    """Whether it is an ``__init__``."""
    in_tree: bool
    folder: Path | None = None
    """On disk, of a package: where its submodules lie."""

    def relative(self, level: int, module: str | None) -> str | None:
        """The dotted module a relative import of this one means; ``None`` where it leads out of the top."""
        parts = self.module.split(".") if self.module else []
        keep = len(parts) - level + (1 if self.package else 0)
        if level and keep < (0 if self.in_tree else 1):
            return None
        head = parts[:keep] if level else []
        return ".".join([*head, *([module] if module else [])])


@dataclass
class Module:
    """One parsed module."""

    place: Place
    tree: ast.Module
    source: bytes
    bound: dict[str, list[ast.stmt]] = field(default_factory=dict)
    """Name -> the statements that bind it at the top level, branches included."""
    stars: list[ast.ImportFrom] = field(default_factory=list)

    @cached_property
    def open(self) -> bool:
        """Whether it may hold names its text does not show."""
        return _SELF_FILLING.search(self.source) is not None

    @cached_property
    def nodes(self) -> tuple[ast.AST, ...]:
        """Every node, walked once."""
        return tuple(ast.walk(self.tree))

    def gives(self, name: str) -> bool:
        """Whether ``from module import *`` may bring the name, if it is there: ``__all__`` has the last word."""
        statements = self.bound.get("__all__")
        if statements is None:
            return not name.startswith("_")
        listed = statements[0].value if len(statements) == 1 and isinstance(statements[0], ast.Assign) else None
        if not isinstance(listed, ast.List | ast.Tuple) or b"__all__." in self.source:
            return True
        words = [entry.value for entry in listed.elts if isinstance(entry, ast.Constant)]
        return name in words or len(words) != len(listed.elts)

    def collect(self) -> None:
        """Read the top level."""
        for statement in _flat(self.tree.body):
            for name in bound_by(statement):
                self.bound.setdefault(name, []).append(statement)
            if isinstance(statement, ast.ImportFrom) and any(alias.name == "*" for alias in statement.names):
                self.stars.append(statement)
        for node in ast.walk(self.tree) if b"global " in self.source else ():
            if isinstance(node, ast.Global):
                for name in node.names:
                    self.bound.setdefault(name, []).append(node)


def parse(data: bytes) -> ast.Module | None:
    """The tree; ``None`` for what this Python cannot read."""
    if len(data) > SIZE_CAP:
        return None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # a SyntaxWarning of the user's code is not ours to raise
            return ast.parse(data)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def read_module(place: Place, data: bytes) -> Module | None:
    """A module of the tree."""
    tree = parse(data)
    if tree is None:
        return None
    module = Module(place, tree, data)
    module.collect()
    return module


@lru_cache(maxsize=400)
def read_installed(place: Place, _changed_ns: int) -> Module | None:
    """A module outside the tree, kept as long as its file stays the same."""
    try:
        data = Path(place.path).read_bytes()
    except OSError:
        return None
    return read_module(place, data)


def bound_by(node: ast.stmt) -> Iterator[str]:
    """Names a statement binds itself, its inner blocks left out."""
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        yield node.name
        return
    if isinstance(node, ast.Import):
        yield from (alias.asname or alias.name.split(".")[0] for alias in node.names)
        return
    if isinstance(node, ast.ImportFrom):
        yield from (alias.asname or alias.name for alias in node.names if alias.name != "*")
        return
    for part in _own_expressions(node):
        for inner in ast.walk(part):
            if isinstance(inner, ast.Name) and isinstance(inner.ctx, ast.Store):
                yield inner.id
    if isinstance(node, ast.Match):
        for inner in ast.walk(node):
            if isinstance(inner, ast.MatchAs | ast.MatchStar) and inner.name:
                yield inner.name


def _own_expressions(node: ast.stmt) -> Iterator[ast.AST]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.expr | ast.withitem):
            yield child


def _flat(body: list[ast.stmt]) -> Iterator[ast.stmt]:
    """Statements of a block and of the blocks in it, functions and classes not entered."""
    for node in body:
        yield node
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            continue
        for name in ("body", "orelse", "finalbody"):
            yield from _flat(getattr(node, name, []))
        for part in (*getattr(node, "handlers", ()), *getattr(node, "cases", ())):
            yield from _flat(part.body)


flat = _flat
