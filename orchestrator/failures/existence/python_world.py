"""Where Python's names live: the tree, the standard library, the installed packages. Read, never imported.

An answer is ``False`` only where the whole owner can be seen; wherever it cannot, it is ``None``: unsure is silent
(decision 22).
"""

from __future__ import annotations

import ast
import importlib
import posixpath
import re
import sys
import sysconfig
from collections.abc import Collection
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from orchestrator.failures.existence.python_module import Module, Place, read_installed, read_module
from orchestrator.failures.index import SymbolIndex, runtime
from orchestrator.failures.near import nearest
from orchestrator.failures.view import RepositoryView

_HOPS = 8
"""Imports followed from one module to the next."""
_SOURCES = (".py", ".pyi")
_COMPILED = (".so", ".pyd", ".pyx", ".pxd", ".c", ".cpp", ".dylib")
_FILLED = frozenset({"os", "re", "enum", "inspect", "collections", "hashlib", "typing", "types", "socket", "ssl",
                     "signal", "decimal", "calendar", "functools", "dataclasses", "importlib", "logging", "asyncio",
                     "warnings",
                     "abc", "io", "codecs", "datetime", "uuid", "random", "string", "subprocess", "threading",
                     "contextlib", "copy", "pickle", "json", "pathlib", "http", "multiprocessing"})  # fmt: skip
"""Standard modules that bind names as they load and do nothing else; asked what they hold, as the C modules are."""
_PLATFORM = frozenset({"os", "socket", "signal", "select", "errno", "ssl", "time", "sys", "subprocess", "asyncio",
                       "termios", "fcntl", "resource", "stat", "locale", "mmap", "posix", "ctypes", "multiprocessing",
                       "shutil", "tty", "pty", "curses", "readline", "sqlite3", "hashlib",
                       "unicodedata", "gc"})  # fmt: skip
"""Standard modules whose names depend on the system or the build."""


@dataclass(frozen=True)
class Bound:
    """What a name stands for: a module, or a definition in one."""

    module: Module
    node: ast.stmt | None = None
    """``None``: the module itself."""


class PythonWorld:
    """Finds modules and what they bind, for one view."""

    def __init__(self, view: RepositoryView, index: SymbolIndex) -> None:
        self.view = view
        self.index = index
        self._modules: dict[str, Module | None] = {}
        self._tree_modules: dict[str, Module | None] = {}

    # -- places -------------------------------------------------------------------------------------------------------

    @cached_property
    def folders(self) -> frozenset[str]:
        """Folders of the tree."""
        return frozenset(path[:end] for path in self.view.paths for end in range(len(path)) if path[end] == "/")

    @cached_property
    def stems(self) -> frozenset[str]:
        """Names of the tree's Python files and folders, whatever they lie in: something may put them on the path."""
        names = {posixpath.basename(folder) for folder in self.folders}
        names |= {
            posixpath.basename(path).split(".")[0] for path in self.view.paths if path.endswith((*_SOURCES, *_COMPILED))
        }
        return frozenset(names)

    @cached_property
    def library(self) -> Path | None:
        """The standard library's folder; ``None`` where the environment's Python is another version than this one."""
        own = f"python{sys.version_info.major}.{sys.version_info.minor}"
        if any(root.parent.name.startswith("python3.") and root.parent.name != own
               for root in self.index.packages.site_packages):  # fmt: skip
            return None
        return Path(sysconfig.get_path("stdlib"))

    def place_of(self, path: str) -> Place:
        """The place of a tree's file, named from its outermost package."""
        folder, name = posixpath.split(path)
        stem = name.rsplit(".", 1)[0]
        parts = [] if stem == "__init__" else [stem]
        roots = {root.rstrip("/") for root in self.index.source_roots}
        while folder and folder not in roots:
            folder, tail = posixpath.split(folder)
            parts.insert(0, tail)
        return Place(".".join(parts), path, stem == "__init__", in_tree=True)

    def tree_module(self, path: str) -> Module | None:
        """A file of the tree, parsed."""
        if path not in self._tree_modules:
            data = self.index.source(path)
            self._tree_modules[path] = read_module(self.place_of(path), data)
        return self._tree_modules[path]

    def find(self, dotted: str, importer: Place) -> Module | bool | None:
        """The module; ``True``: it is there but cannot be read; ``None``: unsure; ``False``: it is nowhere."""
        path = self._in_tree(dotted, importer)
        if path is not None:
            return True if path == "" else self.tree_module(path) or True
        head, _, _ = dotted.rpartition(".")
        if head and self._in_tree(dotted.split(".", maxsplit=1)[0], importer) is not None:
            parent = self.find(head, importer)
            return False if parent is False or (isinstance(parent, Module) and not parent.open) else None
        if dotted not in self._modules:
            found = self._outside(dotted)
            if not isinstance(found, Module):
                return found
            self._modules[dotted] = found
        return self._modules[dotted]

    def _in_tree(self, dotted: str, importer: Place) -> str | None:
        """The tree's file; empty: a folder that is a package without ``__init__``."""
        if not importer.in_tree:
            return None
        stem = dotted.replace(".", "/")
        paths = self.view.path_set
        tops = list(self.index.source_roots)
        folder = posixpath.dirname(importer.path)
        while folder and not runtime.is_stdlib(dotted):
            if f"{folder}/__init__.py" not in paths:  # a script's own folder, a test folder: on the path
                tops.append(folder + "/")
            folder = posixpath.dirname(folder)
        for top in dict.fromkeys(tops):
            for tail in ("/__init__.py", ".py", "/__init__.pyi", ".pyi"):
                if top + stem + tail in paths:
                    return top + stem + tail
        return next(("" for top in tops if top + stem in self.folders), None)

    def _outside(self, dotted: str) -> Module | bool | None:
        top = dotted.split(".", maxsplit=1)[0]
        if runtime.is_stdlib(top) or top in runtime.REMOVED or top in {"_typeshed", "__main__", "__builtin__"}:
            return self._library_module(dotted)
        roots = self.index.packages.site_packages
        if not roots:
            return None
        parts = dotted.split(".")
        for root in roots:
            for head in (parts[0], f"{parts[0]}-stubs"):
                found = _source_at(root.joinpath(head, *parts[1:]), dotted)
                if found is not None:
                    return found
        if len(parts) == 1:
            return False
        parent = self._outside(dotted.rpartition(".")[0])
        return False if parent is False or (isinstance(parent, Module) and not parent.open) else None

    def _library_module(self, dotted: str) -> Module | bool | None:
        if self.library is None or dotted.split(".", maxsplit=1)[0] in runtime.REMOVED:
            return None
        found = _source_at(self.library.joinpath(*dotted.split(".")), dotted)
        if found is not None:
            return found
        top = dotted.split(".", maxsplit=1)[0]
        if dotted in {top, "os.path"} or not isinstance(_source_at(self.library / top, top), Module):
            return True if runtime.is_stdlib(top) else None
        return False

    # -- names --------------------------------------------------------------------------------------------------------

    def holds(self, module: Module, name: str, _hops: int = 0) -> bool | None:
        """Whether the module has the name; ``None``: it cannot be told."""
        if name in module.bound or (name.startswith("__") and name.endswith("__")):
            return True
        if self.submodule(module, name):
            return True
        unsure = False
        for star in module.stars:
            source = self.source_of(module, star)
            if not isinstance(source, Module):
                unsure |= not self._native_lacks(module, star, name)
                continue
            inside = self.holds(source, name, _hops + 1) if _hops < _HOPS else None
            if inside:
                return True
            unsure |= inside is None
        if not unsure and module.open:
            unsure = not self._library_lacks(module, name)
        return None if unsure else False

    def _native_lacks(self, module: Module, star: ast.ImportFrom, name: str) -> bool:
        """A star of a C module of the standard library: asked what it holds."""
        if module.place.in_tree or star.level or not star.module or not runtime.is_stdlib(star.module):
            return False
        names = runtime.stdlib_names(star.module)
        return names is not None and name not in names

    def _library_lacks(self, module: Module, name: str) -> bool:
        """A standard module that fills itself at import and lies in this process already is asked; others are not."""
        dotted = module.place.module
        if module.place.in_tree or dotted not in _FILLED or (name.isupper() and dotted in _PLATFORM):
            return False
        return not hasattr(importlib.import_module(dotted), name)

    def submodule(self, module: Module, name: str) -> bool:
        """Whether the package has a module or folder of that name beside its ``__init__``."""
        place = module.place
        if not place.package:
            return False
        if place.in_tree:
            base = posixpath.join(posixpath.dirname(place.path), name)
            if base in self.folders or any(base + end in self.view.path_set for end in (*_SOURCES, *_COMPILED)):
                return True
            disk = self.view.root / posixpath.dirname(place.path)
        else:
            disk = Path(place.path).parent
        return (disk / name).is_dir() or any(disk.glob(f"{name}.*"))

    def source_of(self, module: Module, node: ast.ImportFrom) -> Module | bool | None:
        """The module a ``from`` import takes from."""
        dotted = module.place.relative(node.level, node.module) if node.level else node.module
        return self.find(dotted, module.place) if dotted else None

    def follow(self, module: Module, name: str, _hops: int = 0) -> Bound | None:
        """The one definition behind a module's name, imports followed; ``None`` where there is not exactly one."""
        statements = module.bound.get(name, [])
        if not statements and _hops < _HOPS:
            if module.place.package and self.submodule(module, name):
                dotted = f"{module.place.module}.{name}".lstrip(".")
                inner = self.find(dotted, module.place)
                return Bound(inner) if isinstance(inner, Module) else None
            sources = [self.source_of(module, star) for star in module.stars]
            giving = [
                one for one in sources if not isinstance(one, Module) or (one.gives(name) and self.holds(one, name))
            ]
            if len(giving) == 1 and isinstance(giving[0], Module):
                return self.follow(giving[0], name, _hops + 1)
            return None
        if len(statements) != 1 or _hops >= _HOPS:
            return None
        return self.bring(module, statements[0], name, _hops)

    def bring(self, module: Module, node: ast.stmt, name: str, hops: int = 0) -> Bound | None:
        """What a statement binds the name to."""
        if isinstance(node, ast.Import):
            return self._imported(module, node, name)
        if isinstance(node, ast.ImportFrom):
            return self._from(module, node, name, hops)
        return Bound(module, node)

    def _imported(self, module: Module, node: ast.Import, name: str) -> Bound | None:
        for alias in node.names:
            if (alias.asname or alias.name.split(".")[0]) == name:
                found = self.find(alias.name if alias.asname else name, module.place)
                return Bound(found) if isinstance(found, Module) else None
        return None

    def _from(self, module: Module, node: ast.ImportFrom, name: str, hops: int) -> Bound | None:
        source = self.source_of(module, node)
        original = next((alias.name for alias in node.names if (alias.asname or alias.name) == name), name)
        if not isinstance(source, Module):
            if source is True or source is None:
                dotted = module.place.relative(node.level, node.module) if node.level else node.module
                inner = self.find(f"{dotted}.{original}", module.place) if dotted else None
                return Bound(inner) if isinstance(inner, Module) else None
            return None
        if source is module:
            inner = self.find(f"{module.place.module}.{original}".lstrip("."), module.place)
            return Bound(inner) if isinstance(inner, Module) and inner is not module else None
        return self.follow(source, original, hops + 1)

    def stored_anywhere(self, name: str, changed: Collection[int] | None, path: str) -> bool:
        """Whether any class of the tree has it, any line stores or spells it, or an old line asks for it too."""
        if self.index.has_member(name, "python"):
            return True
        for holder in self.index.holding(name, "python"):
            module = self.tree_module(holder)
            for node in ast.walk(module.tree) if module else ():
                if isinstance(node, ast.Attribute) and node.attr == name:
                    old = changed is not None and (holder != path or node.lineno not in changed)
                    if old or not isinstance(node.ctx, ast.Load):
                        return True
        return False

    def mixed_in(self, name: str) -> bool:
        """Whether a class of the tree has that one among several bases: its siblings may bring what it asks for."""
        beside = re.compile(rf"\bclass +\w+\((?:[^()]*\b{name}\b[^()]*,|[^()]*,[^()]*\b{name}\b)")
        return any(
            beside.search(self.index.source(path).decode("utf-8", "replace"))
            for path in self.index.holding(name, "python")
        )

    def imported_elsewhere(self, top: str, path: str) -> bool:
        """Whether another file of the tree imports that package too."""
        pattern = re.compile(rb"^\s*(?:import|from)\s+%b\b" % re.escape(top.encode()), re.MULTILINE)
        return any(
            other != path and pattern.search(self.index.source(other)) for other in self.index.holding(top, "python")
        )

    def taken_by(self, function: str, keyword: str) -> bool:
        """Whether any function of that name in the tree takes the keyword: an override, a wrapper."""
        return any(keyword in names or "**" in names for names in self.index.parameters(function, "python"))

    def neighbours(self, dotted: str, importer: Place) -> tuple[str, ...]:
        """Modules beside a missing one that look like it."""
        head, _, name = dotted.rpartition(".")
        parent = self.find(head, importer) if head else None
        if not isinstance(parent, Module) or not parent.place.package:
            return ()
        if parent.place.in_tree:
            folder = posixpath.dirname(parent.place.path) + "/"
            pool = {
                path[len(folder) :].split("/")[0].split(".")[0] for path in self.view.paths if path.startswith(folder)
            }
        else:
            pool = {entry.name.split(".")[0] for entry in Path(parent.place.path).parent.iterdir()}
        return tuple(f"{head}.{near}" for near in nearest(name, pool))

    def names_of(self, module: Module) -> frozenset[str]:
        """Public names to suggest."""
        names = set(module.bound)
        for star in module.stars:
            source = self.source_of(module, star)
            if isinstance(source, Module) and source is not module:
                names |= set(source.bound)
        return frozenset(name for name in names if not name.startswith("__"))


def _source_at(base: Path, dotted: str) -> Module | bool | None:
    """The module at that path without suffix; ``True``: compiled or a bare folder; ``None``: nothing there."""
    candidates = (
        base / "__init__.py",
        base.with_name(base.name + ".py"),
        base / "__init__.pyi",
        base.with_name(base.name + ".pyi"),
    )
    for candidate in candidates:
        try:
            changed = candidate.stat().st_mtime_ns
        except OSError:
            continue
        place = Place(dotted, str(candidate), candidate.stem == "__init__", in_tree=False)
        return read_installed(place, changed) or True
    if base.is_dir():
        return True
    if base.parent.is_dir() and any(base.parent.glob(f"{base.name}.*")):
        return True
    return None
