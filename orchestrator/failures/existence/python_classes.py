"""Members of a Python class, bases followed; and the keywords a function or class takes. Unsure is ``None``."""

from __future__ import annotations

import ast
import builtins
import enum
import re
from collections.abc import Iterator
from dataclasses import dataclass

from orchestrator.failures.existence.python_module import Module, bound_by, flat
from orchestrator.failures.existence.python_world import Bound, PythonWorld

_DEPTH = 10
"""Bases followed upwards."""
_PLAIN_BASES = frozenset({"object", "ABC", "Generic"})
_HARMLESS = frozenset(
    {"dataclass", "final", "total_ordering", "runtime_checkable", "define", "frozen", "mutable", "unique"}
)
"""Class decorators that add nothing but dunder names."""
_SIGNATURE_KEPT = frozenset({"staticmethod", "classmethod", "abstractmethod", "final", "override", "contextmanager",
                             "asynccontextmanager", "cache", "lru_cache", "deprecated", "no_type_check"})  # fmt: skip
_ABC_META = frozenset({"ABCMeta"})
_DYNAMIC = re.compile(
    r"__getattr__|__getattribute__|\bsetattr\(|__dict__|\bvars\(|\blocals\(\)|\bexec\(|__init_subclass__|__set_name__|\btype\(self\)\.__"
)
_FIELD_MAKERS = frozenset({"dataclass", "define", "frozen", "mutable", "attrs", "attr", "s", "dataclass_transform"})
_METHODS_OF_CLASSES = frozenset(dir(type))


@dataclass(frozen=True, slots=True)
class ClassRef:
    """A class and the module it is written in."""

    module: Module
    node: ast.ClassDef


class Classes:
    """Answers about classes and signatures of one world."""

    def __init__(self, world: PythonWorld) -> None:
        self.world = world
        self._members: dict[int, tuple[ast.ClassDef, frozenset[str] | None]] = {}

    def resolve(self, module: Module, expression: ast.expr, local: ast.stmt | None = None) -> Bound | None:
        """What a name or dotted name at the module's top level stands for; ``local``: what binds its first name."""
        if isinstance(expression, ast.Subscript):
            return self.resolve(module, expression.value, local)
        if isinstance(expression, ast.Name):
            return self.world.bring(module, local, expression.id) if local else self.world.follow(module, expression.id)
        if isinstance(expression, ast.Attribute):
            owner = self.resolve(module, expression.value, local)
            return self.world.follow(owner.module, expression.attr) if owner and owner.node is None else None
        return None

    def class_of(self, module: Module, expression: ast.expr) -> ClassRef | None:
        """The class it stands for, if it is one."""
        found = self.resolve(module, expression)
        return ClassRef(found.module, found.node) if found and isinstance(found.node, ast.ClassDef) else None

    def members(self, ref: ClassRef, depth: int = 0) -> frozenset[str] | None:
        """Every attribute of its instances; ``None`` where they cannot all be seen."""
        known = self._members.get(id(ref.node))
        if known is None:
            known = self._members[id(ref.node)] = (ref.node, self._read(ref, depth))
        return known[1]

    def _read(self, ref: ClassRef, depth: int) -> frozenset[str] | None:
        node = ref.node
        if depth > _DEPTH or not self._static(ref):
            return None
        names = set(own_members(node))
        for base in node.bases:
            inherited = self._base(ref.module, base, depth)
            if inherited is None:
                return None
            names |= inherited
        return frozenset(names)

    def _base(self, module: Module, base: ast.expr, depth: int) -> frozenset[str] | None:
        value = base.value if isinstance(base, ast.Subscript) else base
        last = value.id if isinstance(value, ast.Name) else value.attr if isinstance(value, ast.Attribute) else ""
        if isinstance(value, ast.Name) and value.id not in module.bound:
            kind = getattr(builtins, value.id, None)
            return frozenset(dir(kind)) if isinstance(kind, type) and not module.stars else None
        if any(isinstance(node, ast.ImportFrom) and node.module == "enum" for node in module.bound.get(last, ())):
            kind = getattr(enum, last, None)
            return (
                frozenset({*_reach(kind), *dir(type(kind)), "name", "value", "_name_", "_value_"})
                if isinstance(kind, type)
                else None
            )
        found = self.resolve(module, value)
        origin = found.module.place.module if found else ""
        if found is None or not isinstance(found.node, ast.ClassDef):
            return frozenset() if last in _PLAIN_BASES and origin in {"abc", "typing"} else None
        if last in _PLAIN_BASES and origin in {"abc", "typing"}:
            return frozenset()
        return self.members(ClassRef(found.module, found.node), depth + 1)

    def _static(self, ref: ClassRef) -> bool:
        node = ref.node
        for keyword in node.keywords:
            if keyword.arg != "metaclass" or _last(keyword.value) not in _ABC_META:
                return False
        if any(_last(decorator) not in _HARMLESS for decorator in node.decorator_list):
            return False
        if len(ref.module.bound.get(node.name, [node])) != 1:
            return False
        return _DYNAMIC.search(_text(ref.module, node)) is None

    def keywords(self, found: Bound) -> tuple[str, frozenset[str]] | None:
        """(name, every keyword it takes); ``None`` where it takes any, or cannot be told."""
        if isinstance(found.node, ast.FunctionDef | ast.AsyncFunctionDef):
            names = function_keywords(found.node)
            return (found.node.name, names) if names is not None else None
        if isinstance(found.node, ast.ClassDef):
            names = self._constructor(ClassRef(found.module, found.node), 0)
            return (found.node.name, names) if names is not None else None
        return None

    def _constructor(self, ref: ClassRef, depth: int) -> frozenset[str] | None:
        if depth > _DEPTH or not self._static(ref) or self.members(ref) is None:
            return None
        if any(_last(decorator) in _FIELD_MAKERS for decorator in ref.node.decorator_list):
            return None
        makers = [child for child in flat(ref.node.body)
                  if isinstance(child, ast.FunctionDef) and child.name in {"__init__", "__new__"}]  # fmt: skip
        if makers:
            return function_keywords(makers[0]) if len(makers) == 1 and makers[0].name == "__init__" else None
        if len(ref.node.bases) != 1:
            return None
        base = self.class_of(ref.module, ref.node.bases[0])
        return self._constructor(base, depth + 1) if base else None


def function_keywords(node: ast.FunctionDef | ast.AsyncFunctionDef) -> frozenset[str] | None:
    """Its keyword names; ``None`` where it takes any, or a decorator may change what it takes."""
    if node.args.kwarg or any(_last(decorator) not in _SIGNATURE_KEPT for decorator in node.decorator_list):
        return None
    return frozenset(argument.arg for argument in (*node.args.args, *node.args.kwonlyargs))


def _reach(kind: type) -> set[str]:
    return {name for one in kind.__mro__ for name in vars(one)}


def own_members(node: ast.ClassDef) -> Iterator[str]:
    """Names its body binds, and every attribute stored anywhere inside it."""
    for statement in flat(node.body):
        yield from bound_by(statement)
        if isinstance(statement, ast.Assign | ast.AnnAssign):
            targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
            if any(isinstance(target, ast.Name) and target.id in {"__slots__", "_fields"} for target in targets):
                yield from (item.value for item in ast.walk(statement)
                            if isinstance(item, ast.Constant) and isinstance(item.value, str))  # fmt: skip
    for inner in ast.walk(node):
        if isinstance(inner, ast.Attribute) and not isinstance(inner.ctx, ast.Load):
            yield inner.attr


def of_class_objects(name: str) -> bool:
    """Whether every class object has it."""
    return name in _METHODS_OF_CLASSES


def _last(expression: ast.expr) -> str:
    if isinstance(expression, ast.Call):
        expression = expression.func
    if isinstance(expression, ast.Subscript):
        expression = expression.value
    return (
        expression.attr
        if isinstance(expression, ast.Attribute)
        else expression.id
        if isinstance(expression, ast.Name)
        else "?"
    )


def _text(module: Module, node: ast.ClassDef) -> str:
    lines = module.source.splitlines()[node.lineno - 1 : node.end_lineno]
    return b"\n".join(lines).decode("utf-8", "replace")
