"""A missing import of a module itself: which module of the tree or of the library offers what is asked of the name."""

from __future__ import annotations

import ast
import posixpath
import re
import warnings
from dataclasses import dataclass

from orchestrator.domain.paths import is_test
from orchestrator.failures.index import SymbolIndex, runtime


@dataclass(frozen=True, slots=True)
class Uses:
    """What a file does with a name."""

    attributes: frozenset[str]
    bare: bool
    """It is also used by itself: called, passed on, subscripted."""


def uses_of(name: str, file: str, index: SymbolIndex) -> Uses:
    """Told from the file's syntax tree; of a file that does not parse, from its text."""
    data = index.source(file)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = ast.parse(data)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        text = data.decode("utf-8", "replace")
        return Uses(frozenset(re.findall(r"(?<![\w.])" + re.escape(name) + r"\s*\.\s*(\w+)", text)), bare=True)
    nodes = list(ast.walk(tree))
    owners = {
        id(node.value): node.attr
        for node in nodes
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == name
    }
    bare = any(isinstance(node, ast.Name) and node.id == name and id(node) not in owners for node in nodes)
    return Uses(frozenset(owners.values()), bare)


def own_modules(name: str, file: str, uses: Uses, index: SymbolIndex) -> list[str]:
    """Files of the tree that are a module of that name and offer every attribute asked of it."""
    if uses.bare or not uses.attributes:
        return []
    in_test = is_test(file)
    found = []
    for path in index.files("python"):
        stem = re.sub(r"(?:/__init__)?\.py$", "", path)
        if posixpath.basename(stem) != name or path == file or (not in_test and is_test(path)):
            continue
        if not index.is_open(path) and uses.attributes <= index.exports(path).keys():
            found.append(path)
    return found


def library_module(name: str, uses: Uses) -> bool:
    """Whether the standard module of that name offers every attribute asked of it."""
    offered = runtime.stdlib_names(name) if runtime.is_stdlib(name) else None
    return bool(uses.attributes) and not uses.bare and offered is not None and uses.attributes <= offered


def lacks(module: str, uses: Uses) -> bool:
    """Whether a standard module is known not to offer what is asked of it."""
    offered = runtime.stdlib_names(module) if runtime.is_stdlib(module) else None
    return offered is not None and not uses.attributes <= offered
