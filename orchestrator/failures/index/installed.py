"""Names that declared and installed Python packages offer: their sources are read, never imported."""

from __future__ import annotations

import posixpath
from collections.abc import Iterable

from orchestrator.failures.index import python_names
from orchestrator.failures.index.lookup import SymbolIndex
from orchestrator.failures.index.names import Summary

_NEIGHBOURS = 200
"""Files of the tree whose imports say which modules of a package are in use."""


def package_exporters(name: str, file: str, index: SymbolIndex) -> tuple[str, ...]:
    """Modules of declared packages that define or list the name: those in use beside the file, and every package's top.

    A module of the package's that only passes another's name on counts as well; the shortest of a package stands first.
    """
    found = [module for module in _modules(file, index) if _offers(module, name, index)]
    return tuple(sorted(found, key=lambda module: (module.count("."), module)))


def declared_module(name: str, index: SymbolIndex) -> bool:
    """Whether the name is an installed top-level module of a declared package."""
    return index.packages.declares(name) and index.packages.python_module(name) is not None


def _modules(file: str, index: SymbolIndex) -> Iterable[str]:
    folder = posixpath.dirname(file)
    paths = sorted(index.files("python"), key=lambda path: (path != file, posixpath.dirname(path) != folder, path))
    used = {
        module
        for path in paths[:_NEIGHBOURS]
        for module, _ in index.summary(path).imports
        if not module.startswith(".") and index.resolve(module, path) is None
    }
    tops = {module for module in index.packages.installed_distributions if index.packages.declares(module)}
    return sorted(module for module in used | tops if index.packages.declares(module))


def _offers(module: str, name: str, index: SymbolIndex) -> bool:
    source = index.packages.python_module(module)
    if source is None or not source.is_file():
        return False
    summary: Summary = python_names.summarise(str(source), source.read_bytes())
    if summary.all is not None:
        return name in summary.all
    definition = summary.names.get(name)
    passed_on = definition is not None and source.name.startswith("__init__.") and bool(definition.module)
    return definition is not None and not name.startswith("_") and (definition.real or passed_on)
