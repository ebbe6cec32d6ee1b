"""A changed Python file held against the world: imports, module attributes, members, keywords, bare names."""

from __future__ import annotations

import ast
import builtins
import re
from collections.abc import Collection, Iterator

from orchestrator.failures.existence.missing import Lack, Missing
from orchestrator.failures.existence.python_classes import Classes, ClassRef, function_keywords, of_class_objects
from orchestrator.failures.existence.python_guards import guarded_lines, unevaluated
from orchestrator.failures.existence.python_module import Module
from orchestrator.failures.existence.python_names import undefined_names
from orchestrator.failures.existence.python_scopes import Scopes
from orchestrator.failures.existence.python_world import PythonWorld
from orchestrator.failures.index import runtime
from orchestrator.failures.near import nearest

_GENERATED = ("_version", "version", "_pb2", "_pb2_grpc", "__version__")
_HOSTED = frozenset(
    {"js", "pyodide", "pyodide_js", "bpy", "gi", "gdb", "lldb", "idaapi", "maya", "uno", "micropython", "machine"}
)
"""Modules that a host program brings."""
_SHOWN = 3
"""Keywords named where none looks alike."""
_MIXIN = re.compile(r"(?i)mixin|abstract|^_?base|base$|protocol|interface")
"""Classes made to be completed by others."""
_LITERALS: tuple[tuple[type[ast.expr], type], ...] = (
    (ast.List, list), (ast.Dict, dict), (ast.Set, set), (ast.Tuple, tuple), (ast.JoinedStr, str),
    (ast.ListComp, list), (ast.DictComp, dict), (ast.SetComp, set),
)  # fmt: skip


class PythonCheck:
    """One file's findings."""

    def __init__(self, world: PythonWorld, module: Module, lines: Collection[int] | None) -> None:
        self.world, self.module = world, module
        self.lines = lines
        self.text = module.source.decode("utf-8", "replace")
        self.guarded = guarded_lines(module.nodes)
        self.unevaluated = unevaluated(module.nodes)
        self.classes = Classes(world)
        self.scopes = Scopes(module, self.classes)

    def run(self) -> Iterator[Missing]:
        """What is certainly nowhere."""
        for node in self.module.nodes:
            if not hasattr(node, "lineno") or not self._asked(node.lineno):
                continue
            if isinstance(node, ast.Import):
                yield from self._import(node)
            elif isinstance(node, ast.ImportFrom):
                yield from self._from(node)
            elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Load):
                yield from self._attribute(node)
            elif isinstance(node, ast.Call) and node.keywords:
                yield from self._call(node)
        for name, line, column in undefined_names(self.module, self.text):
            if self._asked(line) and not self._importable(name):
                pool = set(self.module.bound) | set(dir(builtins))
                yield Missing(lack=Lack.NAME, symbol=name, line=line, column=column, suggestions=nearest(name, pool))

    def _asked(self, line: int) -> bool:
        return (self.lines is None or line in self.lines) and line not in self.guarded

    def _excused(self, name: str) -> bool:
        return name.startswith("__") or f'"{name}"' in self.text or f"'{name}'" in self.text

    # -- imports ------------------------------------------------------------------------------------------------------

    def _import(self, node: ast.Import) -> Iterator[Missing]:
        for alias in node.names:
            if self.world.find(alias.name, self.module.place) is False:
                yield from self._no_module(alias.name, node)

    def _from(self, node: ast.ImportFrom) -> Iterator[Missing]:
        dotted = self.module.place.relative(node.level, node.module) if node.level else node.module
        if not dotted:
            return
        source = self.world.find(dotted, self.module.place)
        if source is False:
            if not (node.level and not self.module.place.in_tree):
                yield from self._no_module(dotted, node)
            return
        if not isinstance(source, Module) or source is self.module:
            return
        for alias in node.names:
            if alias.name != "*" and self.world.holds(source, alias.name) is False:
                if self.lines is not None and alias.lineno not in self.lines:
                    continue
                suggestions = nearest(alias.name, self.world.names_of(source))
                yield Missing(lack=Lack.EXPORT, symbol=alias.name, owner=dotted, line=alias.lineno,
                              column=alias.col_offset + 1, suggestions=suggestions)  # fmt: skip

    def _no_module(self, dotted: str, node: ast.Import | ast.ImportFrom) -> Iterator[Missing]:
        top, _, rest = dotted.partition(".")
        own = top in self.world.index.python_tops
        if dotted.endswith(_GENERATED) or (not own and self.world.index.packages.declares(dotted)):
            return
        if not rest or self.world.find(top, self.module.place) is False:
            if (
                top in self.world.stems
                or node.col_offset > 0
                or top in _HOSTED
                or top in self.world.index.packages.distributions
            ):
                return
            if self.world.imported_elsewhere(top, self.module.place.path) or self.world.index.packages.asked_for(top):
                return
            pool = {
                *self.world.index.packages.installed_distributions,
                *runtime.stdlib_modules(),
                *self.world.index.python_tops,
            }
            yield Missing(lack=Lack.PACKAGE, symbol=top, line=node.lineno, column=node.col_offset + 1,
                          suggestions=nearest(top, pool))  # fmt: skip
            return
        yield Missing(lack=Lack.MODULE, symbol=dotted, line=node.lineno, column=node.col_offset + 1,
                      suggestions=self.world.neighbours(dotted, self.module.place))  # fmt: skip

    # -- attributes ---------------------------------------------------------------------------------------------------

    def _attribute(self, node: ast.Attribute) -> Iterator[Missing]:
        name, value = node.attr, node.value
        if self._excused(name):
            return
        literal = _literal_type(value)
        if literal is not None:
            if not hasattr(literal, name):
                yield self._lacks(name, literal.__name__, node, dir(literal))
            return
        module = self.scopes.module_of(value)
        if module is not None:
            if self._stubs_may_hold(module, node):
                return
            if self.world.holds(module, name) is False and not self._stored(name):
                yield self._lacks(name, module.place.module, node, self.world.names_of(module))
            return
        receiver = self.scopes.class_at(value)
        if receiver is None:
            return
        ref, instance = receiver
        if ref.node.name.startswith("Mock") or (not instance and of_class_objects(name)):
            return
        members = self.classes.members(ref)
        if members is None or name in members or hasattr(object, name) or _MIXIN.search(ref.node.name):
            return
        if not self._stored(name) and not (ref.module.place.in_tree and self.world.mixed_in(ref.node.name)):
            yield self._lacks(name, ref.node.name, node, members)

    def _stubs_may_hold(self, module: Module, node: ast.Attribute) -> bool:
        """In an annotation for type checkers alone, a private name (typeshed's ``hashlib._Hash``) and a node of a newer
        grammar (``ast.TypeAlias``) are theirs to judge.
        """
        if id(node) not in self.unevaluated or module.place.in_tree:
            return False
        return runtime.is_stdlib(module.place.module) and (node.attr[0] == "_" or module.place.module == "ast")

    def _stored(self, name: str) -> bool:
        return self.world.stored_anywhere(name, self.lines, self.module.place.path)

    def _lacks(self, name: str, owner: str, node: ast.Attribute, pool: Collection[str]) -> Missing:
        near = nearest(name, {other for other in pool if not other.startswith("__")})
        column = (node.end_col_offset or 0) - len(name.encode()) + 1
        return Missing(lack=Lack.ATTRIBUTE, symbol=name, owner=owner, line=node.end_lineno or node.lineno,
                       column=column, suggestions=near)  # fmt: skip

    # -- calls --------------------------------------------------------------------------------------------------------

    def _call(self, node: ast.Call) -> Iterator[Missing]:
        known = self._signature(node.func)
        if known is None:
            return
        owner, names = known
        pool = sorted(names - {"self", "cls"})
        for keyword in node.keywords:
            if keyword.arg and keyword.arg not in names and not self.world.taken_by(owner, keyword.arg):
                yield Missing(lack=Lack.KEYWORD, symbol=keyword.arg, owner=owner, line=keyword.lineno,
                              column=keyword.col_offset + 1,
                              suggestions=nearest(keyword.arg, pool) or tuple(pool[:_SHOWN]))  # fmt: skip

    def _signature(self, func: ast.expr) -> tuple[str, frozenset[str]] | None:
        found = self.scopes.definition_of(func)
        if found is not None:
            return self.classes.keywords(found)
        if isinstance(func, ast.Attribute) and (receiver := self.scopes.class_at(func.value)):
            return self._method(receiver[0], func.attr)
        return None

    def _method(self, ref: ClassRef, name: str) -> tuple[str, frozenset[str]] | None:
        if self.classes.members(ref) is None:
            return None
        own = [child for child in ref.node.body if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef)
               and child.name == name]  # fmt: skip
        if len(own) != 1:
            return None
        names = function_keywords(own[0])
        return (name, names) if names is not None else None

    def _importable(self, name: str) -> bool:
        """Some module offers it: its import is missing, which is mended without a model."""
        index = self.world.index
        if name in self.world.stems or self.world.find(name, self.module.place):
            return True
        return bool(index.definitions(name, "python") or index.library_exporters(name, "python"))


def _literal_type(value: ast.expr) -> type | None:
    if isinstance(value, ast.Constant) and isinstance(value.value, str | bytes):
        return type(value.value)
    return next((kind for shape, kind in _LITERALS if isinstance(value, shape)), None)
