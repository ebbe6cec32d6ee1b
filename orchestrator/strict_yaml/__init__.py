"""The one door for YAML: the YAML 1.2 core scalars under strict rules, with a position for every key and value.

Refused, all at once and each with line and column: duplicate keys, anchors and aliases, merge keys, tags, keys that
are not text, several documents, infinite and not-a-number floats, and files beyond the reader's limits. ``no``, ``on``,
``12:30`` and ``2026-11-21`` are text; ``012`` is twelve.
"""

from __future__ import annotations

from orchestrator.strict_yaml.fault import Fault, Key, LoadedYaml, Loc, refuse, shown
from orchestrator.strict_yaml.reader import MAX_CHARACTERS, MAX_DEPTH, MAX_NODES, read
from orchestrator.strict_yaml.scalars import MAX_DIGITS, scalar
from orchestrator.strict_yaml.writer import dump

__all__ = [
    "MAX_CHARACTERS",
    "MAX_DEPTH",
    "MAX_DIGITS",
    "MAX_NODES",
    "Fault",
    "Key",
    "LoadedYaml",
    "Loc",
    "dump",
    "load",
    "read",
    "refuse",
    "scalar",
    "shown",
]


def load(text: str, *, source: str) -> LoadedYaml:
    """Read one document. ``UsageError`` with every fault where there is any; an empty document is ``None``."""
    loaded = read(text, source=source)
    if loaded.faults:
        raise refuse(loaded.faults, source=source)
    return loaded
