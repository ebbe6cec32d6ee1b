"""Packages that only name what their modules hold, loaded name by name instead of whole.

``import anthropic`` loads some 3,000 modules, 66 MiB, for the few that one kind of call needs: the package and the
packages below it import every type the API knows, to re-export it. After :func:`sparingly` a package of that name
carries out its ``from .module import name`` as each name is asked for; the modules themselves are the SDK's own, run as
they stand. A package whose text holds no such line, a name that none of them brings: the package's own text is
run after all, so that nothing of it is ever missing. What such a text does beside re-exporting (the SDK sets up a log
handler there, where a variable asks for it) is left undone until then.
"""

from __future__ import annotations

import ast
import importlib
import sys
import threading
from collections.abc import Mapping, Sequence
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder
from pathlib import Path
from types import ModuleType
from typing import Any

Source = tuple[str, str]
"""(module, name in it); an empty name: the module itself."""
_installing = threading.Lock()


def sparingly(package: str, *inner: str) -> None:
    """From now on load that package, and those named below it, name by name; what is loaded already stays."""
    with _installing:
        if not any(isinstance(finder, _Finder) and finder.package == package for finder in sys.meta_path):
            sys.meta_path.insert(0, _Finder(package, inner))


def reexported(text: str, package: str) -> Mapping[str, Source]:
    """Name -> where it is from, of a package's ``__init__``: its ``from .module import name`` at the top level."""
    found: dict[str, Source] = {}
    for line in ast.parse(text).body:
        if isinstance(line, ast.ImportFrom) and line.level == 1:
            for alias in line.names:
                name = alias.asname or alias.name
                found[name] = (f"{package}.{line.module}", alias.name) if line.module else (f"{package}.{name}", "")
    return found


class _Finder(MetaPathFinder):
    """Finds packages as ever, and gives those it is for another loader."""

    def __init__(self, package: str, inner: Sequence[str]) -> None:
        self.package = package
        self._trees = tuple(f"{package}.{name}" for name in inner)

    def find_spec(self, name: str, path: Sequence[str] | None, target: ModuleType | None = None) -> ModuleSpec | None:
        """As the machinery asks for it; ``None``: somebody else's."""
        if name != self.package and not any(name == tree or name.startswith(f"{tree}.") for tree in self._trees):
            return None
        spec = PathFinder.find_spec(name, path, target)
        if spec is None or spec.loader is None or spec.submodule_search_locations is None or not spec.origin:
            return None
        spec.loader = _Loader(spec.loader)
        return spec


class _Loader(Loader):
    """Makes a package without running it."""

    def __init__(self, inner: Loader) -> None:
        self.inner = inner

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        """A package that looks its names up when it is asked for them."""
        return _Package(spec.name)

    def exec_module(self, module: ModuleType) -> None:
        """Nothing yet: see :class:`_Package`."""


class _Package(ModuleType):
    """A package whose text has not been run. Threads may ask it at the same time: looking up twice changes nothing."""

    def __getattr__(self, name: str) -> Any:
        """What its text would have imported; asked for once, then it is an attribute like others."""
        spec = self.__dict__["__spec__"]
        sources = self.__dict__.get("_reexported")
        if sources is None:
            text = Path(spec.origin).read_text(encoding="utf-8")
            sources = self.__dict__["_reexported"] = reexported(text, spec.name)
        source = sources.get(name)
        if source is not None:
            module = importlib.import_module(source[0])
            value = getattr(module, source[1]) if source[1] else module
            self.__dict__[name] = value
            return value
        if name.startswith("__"):  # the import machinery's own questions
            raise AttributeError(name)
        if PathFinder.find_spec(f"{spec.name}.{name}", spec.submodule_search_locations) is not None:
            return importlib.import_module(f"{spec.name}.{name}")
        return self._whole(spec, name)

    def _whole(self, spec: ModuleSpec, name: str) -> Any:
        """Run the package's own text, then ask again."""
        assert isinstance(spec.loader, _Loader)  # noqa: S101 - its maker
        spec.loader = spec.loader.inner
        self.__class__ = ModuleType  # type: ignore[assignment]
        spec.loader.exec_module(self)
        return getattr(self, name)
