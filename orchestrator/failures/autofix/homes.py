"""Every home a name has in a tree, and whether importing from there would close a circle."""

from __future__ import annotations

import re
from dataclasses import dataclass

from orchestrator.domain.paths import is_test
from orchestrator.failures.index import Definition, SymbolIndex

_HOPS, _MODULES = 8, 2_000
"""Re-exports followed to a name's home, and modules visited in search of a circle."""


@dataclass(frozen=True, slots=True)
class Choice:
    """The import to add. ``module`` as it is to be written; ``name`` is bound, ``original`` is its name there."""

    module: str | None
    name: str
    original: str
    form: str = "named"
    """JavaScript: ``named``, ``default``, ``namespace``."""
    type_only: bool = False


@dataclass(frozen=True, slots=True)
class Target:
    """One home a name has: a file of the tree, or a module outside it."""

    file: str | None
    module: str
    original: str


def targets_of(name: str, file: str, index: SymbolIndex, language: str) -> list[tuple[Target, Definition]]:
    """Every home of the name that the tree shows: real definitions, and what other files import under it."""
    in_test = is_test(file)
    found: list[tuple[Target, Definition]] = []
    for definition in index.definitions(name, language):
        if (
            definition.file == file
            or (definition.file.endswith(".pyi") and index.source(definition.file[:-1]))
            or _only_declares(definition.file, file, index)
            or (not in_test and is_test(definition.file))
            or (definition.type_only and language == "python" and not definition.module)
        ):
            continue
        if definition.real:
            if language == "python" or definition.exported:
                found.append((Target(definition.file, "", "default" if definition.default else name), definition))
        elif definition.module:
            found.append((_home(definition, index, 0), definition))
    return found


def _only_declares(path: str, file: str, index: SymbolIndex) -> bool:
    """Whether a TypeScript declaration file stands for a script beside it, or is asked for by one."""
    match = re.match(r"(.*)\.d\.([mc]?)ts$", path)
    if match is None:
        return False
    return bool(re.search(r"\.[mc]?jsx?$", file)) or bool(index.source(f"{match[1]}.{match[2]}js"))


def _home(definition: Definition, index: SymbolIndex, hops: int) -> Target:
    """Follow an import to the file that really defines the name."""
    original = definition.original or definition.name
    target = index.resolve(definition.module or "", definition.file)
    if target is None or original == "*":
        return Target(target, "" if target else definition.module or "", original)
    if hops < _HOPS:
        inner = index.summary(target).names.get(original)
        if inner is None:
            inner = index.exports(target).get(original)
        if inner is not None and not inner.real and inner.module:
            return _home(inner, index, hops + 1)
        if inner is not None and inner.file != target:
            return Target(inner.file, "", original)
    return Target(target, "", original)


def closes_circle(target: str, file: str, index: SymbolIndex) -> bool:
    """Whether the target, loaded, loads the file: then the new import would close a circle."""
    seen: set[str] = set()
    stack = [target]
    while stack and len(seen) < _MODULES:
        path = stack.pop()
        if path == file:
            return True
        if path in seen:
            continue
        seen.add(path)
        stack += _loaded(path, file, index)
    return False


def _loaded(path: str, file: str, index: SymbolIndex) -> list[str]:
    """The files that loading one loads. A package the asking file lies in is being loaded already: of
    ``from . import x`` there, only the module ``x`` counts.
    """
    summary = index.summary(path)
    found = [index.resolve(star, path) for star in summary.stars]
    for definition in summary.names.values():
        if not definition.module or definition.type_only:
            continue
        target = index.resolve(definition.module, path)
        inner = None
        if target and target.endswith("/__init__.py") and definition.original not in {None, "*"}:
            inner = (
                index.resolve(f"{definition.module.rstrip('.')}.{definition.original}", path)
                if definition.module.strip(".")
                else index.resolve(f"{definition.module}{definition.original}", path)
            )
        around = target is not None and file.startswith(target.removesuffix("__init__.py"))
        found += [inner] if inner and around and target != file else [target, inner]
    return [entry for entry in found if entry]
