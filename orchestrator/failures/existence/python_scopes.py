"""What a receiver in a Python file certainly is: a module, a class, an instance. Names bound twice are nobody's."""

from __future__ import annotations

import ast
from collections import Counter
from functools import cached_property

from orchestrator.failures.existence.python_classes import Classes, ClassRef
from orchestrator.failures.existence.python_module import Module, bound_by
from orchestrator.failures.existence.python_world import Bound

_Function = ast.FunctionDef | ast.AsyncFunctionDef
_NARROWING = frozenset({"isinstance", "hasattr", "getattr", "setattr", "issubclass", "cast", "type", "vars", "delattr"})


class Scopes:
    """Receivers of one module."""

    def __init__(self, module: Module, classes: Classes) -> None:
        self.module, self.classes = module, classes
        self._local: dict[_Function, dict[str, tuple[ClassRef, bool]]] = {}

    @cached_property
    def _parents(self) -> dict[ast.AST, ast.AST]:
        return {child: node for node in self.module.nodes for child in ast.iter_child_nodes(node)}

    @cached_property
    def _bindings(self) -> tuple[Counter[str], dict[str, dict[tuple[str, str, int], ast.stmt]]]:
        """Names bound by anything but an import, counted; and by imports, what each brings."""
        other: Counter[str] = Counter()
        imported: dict[str, dict[tuple[str, str, int], ast.stmt]] = {}
        for node in self.module.nodes:
            if isinstance(node, ast.Import):
                for alias in node.names:
                    name = alias.asname or alias.name.split(".")[0]
                    imported.setdefault(name, {})[alias.name if alias.asname else name, "", 0] = node
            elif isinstance(node, ast.ImportFrom):
                for alias in node.names:
                    imported.setdefault(alias.asname or alias.name, {})[node.module or "", alias.name, node.level] = (
                        node
                    )
            else:
                other.update(_binds(node))
        return other, imported

    def module_of(self, value: ast.expr) -> Module | None:
        """The module an expression is, where its name is bound by one import alone."""
        found = self.definition_of(value)
        return found.module if found is not None and found.node is None else None

    def definition_of(self, value: ast.expr) -> Bound | None:
        """The module, class or function of a dotted name that nothing in the file binds twice."""
        root = value
        while isinstance(root, ast.Attribute):
            root = root.value
        if not isinstance(root, ast.Name):
            return None
        other, imported = self._bindings
        sources = imported.get(root.id, {})
        if len(sources) + other[root.id] != 1:
            return None
        if sources:
            return self.classes.resolve(self.module, value, next(iter(sources.values())))
        return self.classes.resolve(self.module, value) if root.id in self.module.bound else None

    def class_at(self, value: ast.expr) -> tuple[ClassRef, bool] | None:
        """(class, whether it is an instance) of a receiver that is certain."""
        if isinstance(value, ast.Call):
            found = self.definition_of(value.func)
            return (
                (ClassRef(found.module, found.node), True) if found and isinstance(found.node, ast.ClassDef) else None
            )
        if not isinstance(value, ast.Name):
            return None
        node: ast.AST | None = value
        while node is not None:
            child, node = node, self._parents.get(node)
            if isinstance(node, _Function) and child not in node.body:
                continue  # decorators, defaults and annotations stand outside the function
            if isinstance(node, ast.Lambda) and value.id in _parameters(node.args):
                return None
            if isinstance(node, _Function):
                known = self._locals(node)
                if value.id in known:
                    return known[value.id]
                if value.id in _bound_in(node):
                    return None
        return None

    def _locals(self, function: _Function) -> dict[str, tuple[ClassRef, bool]]:
        if function not in self._local:
            self._local[function] = self._read(function)
        return self._local[function]

    def _read(self, function: _Function) -> dict[str, tuple[ClassRef, bool]]:
        found: dict[str, tuple[ClassRef, bool]] = {}
        counts = _bound_in(function)
        narrowed = _narrowed(function)
        arguments = [*function.args.posonlyargs, *function.args.args]
        owner = self._parents.get(function)
        decorators = {item.id for item in function.decorator_list if isinstance(item, ast.Name)}
        if isinstance(owner, ast.ClassDef) and arguments and "staticmethod" not in decorators:
            first = arguments[0].arg
            plain = first in {"self", "cls"} and counts[first] == 1 and first not in narrowed
            if plain and not self._redefined(owner):
                found[first] = (ClassRef(self.module, owner), first == "self")
        for argument in [*arguments, *function.args.kwonlyargs]:
            if argument.annotation is not None and counts[argument.arg] == 1 and argument.arg not in narrowed:
                self._typed(found, argument.arg, argument.annotation)
        for node in ast.walk(function):
            if isinstance(node, ast.Assign) and len(node.targets) == 1 and isinstance(node.targets[0], ast.Name):
                name = node.targets[0].id
                if counts[name] == 1 and name not in narrowed and isinstance(node.value, ast.Call):
                    self._typed(found, name, node.value.func)
        return found

    def _redefined(self, owner: ast.ClassDef) -> bool:
        return isinstance(self._parents.get(owner), ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)

    def _typed(self, found: dict[str, tuple[ClassRef, bool]], name: str, expression: ast.expr) -> None:
        if not isinstance(expression, ast.Name | ast.Attribute):
            return
        definition = self.definition_of(expression)
        if definition is not None and isinstance(definition.node, ast.ClassDef):
            found[name] = (ClassRef(definition.module, definition.node), True)


def _binds(node: ast.AST) -> list[str]:
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return [node.name]
    if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load):
        return [node.id]
    if isinstance(node, ast.arg):
        return [node.arg]
    if isinstance(node, ast.ExceptHandler | ast.MatchAs | ast.MatchStar) and node.name:
        return [node.name]
    if isinstance(node, ast.Global | ast.Nonlocal):
        return list(node.names)
    return []


def _bound_in(function: _Function) -> Counter[str]:
    counts: Counter[str] = Counter()
    for node in ast.walk(function):
        if node is not function:
            counts.update(_binds(node))
        if isinstance(node, ast.Import | ast.ImportFrom):
            counts.update(bound_by(node))
    return counts


def _narrowed(function: _Function) -> set[str]:
    """Names whose type the function asks or tells: what they are is no longer certain."""
    names: set[str] = set()
    for node in ast.walk(function):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in _NARROWING:
            names |= {argument.id for argument in node.args if isinstance(argument, ast.Name)}
        elif isinstance(node, ast.Match) and isinstance(node.subject, ast.Name):
            names.add(node.subject.id)
        elif (
            isinstance(node, ast.Attribute)
            and (node.attr == "__dict__" or (node.attr == "__class__" and not isinstance(node.ctx, ast.Load)))
            and isinstance(node.value, ast.Name)
        ):
            names.add(node.value.id)
    return names


def _parameters(args: ast.arguments) -> set[str]:
    every = [*args.posonlyargs, *args.args, *args.kwonlyargs, *filter(None, [args.vararg, args.kwarg])]
    return {argument.arg for argument in every}
