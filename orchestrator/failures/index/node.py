"""Node's own modules and globals, from the shipped list (``data/node.json`` says of which version)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

_EVERYDAY = (
    "Object",
    "Function",
    "Array",
    "String",
    "Number",
    "Promise",
    "Map",
    "Set",
    "Date",
    "RegExp",
    "Error",
    "Symbol",
)


@dataclass(frozen=True, slots=True)
class Node:
    """Node's own modules and globals (``data/node.json`` says of which version)."""

    modules: Mapping[str, frozenset[str]]
    globals: frozenset[str]
    statics: Mapping[str, frozenset[str]]
    members: Mapping[str, frozenset[str]]

    def is_module(self, specifier: str) -> bool:
        """Whether it names a built-in module, with or without ``node:``."""
        return specifier in self.modules or specifier.removeprefix("node:") in self.modules

    def exporters(self, name: str) -> tuple[str, ...]:
        """Built-in modules that export the name, the plain ones before their variants."""
        found = [
            module
            for module, names in self.modules.items()
            if name in names and module not in {"constants", "sys", "process", "console"}
        ]
        return tuple(sorted(found, key=lambda module: ("/" in module, module)))

    def any_member(self, name: str) -> bool:
        """Whether a value of everyday JavaScript (string, array, map, promise ...) has such a method or property."""
        return any(name in self.members.get(owner, ()) for owner in _EVERYDAY)


@cache
def node() -> Node:
    """The shipped list."""
    data = json.loads((Path(__file__).parent / "data" / "node.json").read_text(encoding="utf-8"))
    return Node(
        modules={name: frozenset(exports) for name, exports in data["modules"].items()},
        globals=frozenset(data["globals"]),
        statics={name: frozenset(entry["static"]) for name, entry in data["objects"].items()},
        members={name: frozenset(entry["member"]) for name, entry in data["objects"].items()},
    )
