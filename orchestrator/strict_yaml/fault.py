"""What is wrong with a file and where; what it says and where."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from orchestrator.domain.errors import UsageError
from orchestrator.domain.words import count

Key = str | int
Loc = tuple[Key, ...]
"""Where a value stands: ``("tasks", 0, "id")``."""


_SHOWN_FAULTS = 50


@dataclass(frozen=True, slots=True, order=True)
class Fault:
    """One thing wrong with a file. ``str()`` is ``FILE:LINE:COLUMN: what; mend``."""

    source: str
    line: int
    """1-based; 0 with ``column`` 0 where no place can be named."""
    column: int
    """1-based, in characters."""
    what: str
    mend: str = ""

    def __str__(self) -> str:
        place = f"{self.source}:{self.line}:{self.column}" if self.line else self.source
        return _inert(f"{place}: {self.what}; {self.mend}" if self.mend else f"{place}: {self.what}")


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadedYaml:
    """What a file says, and where it says it."""

    source: str
    data: Any
    """Plain dict, list, str, int, float, bool, None. Of a duplicate key, the first value."""
    values: Mapping[Loc, tuple[int, int]]
    keys: Mapping[Loc, tuple[int, int]]
    faults: tuple[Fault, ...] = ()
    spoiled: frozenset[Loc] = frozenset()
    """Places whose value is not what was written, because of a fault already told."""
    complete: bool = True
    """False: the text could not be read to its end, ``data`` is ``None``."""

    def position(self, loc: Loc) -> tuple[int, int]:
        """Line and column (1-based) of the value there, or of the nearest value around it."""
        while loc and loc not in self.values:
            loc = loc[:-1]
        return self.values.get(loc, (1, 1))

    def key_position(self, loc: Loc) -> tuple[int, int]:
        """Line and column (1-based) of the key there; of the value where the place is an item of a list."""
        return self.keys.get(loc) or self.position(loc)

    def fault(self, loc: Loc, what: str, mend: str = "", *, at_key: bool = False) -> Fault:
        """A fault of the reader's own at that place."""
        line, column = self.key_position(loc) if at_key else self.position(loc)
        return Fault(self.source, line, column, what, mend)


def refuse(faults: tuple[Fault, ...], *, source: str = "") -> UsageError:
    """The error that tells all these faults, in the order of their places; ``source`` names the file they are in."""
    found = sorted(set(faults))
    sources = {fault.source for fault in found}
    name = source or (sources.pop() if len(sources) == 1 else f"{len(sources)} places")
    told = tuple(str(fault) for fault in found[:_SHOWN_FAULTS])
    if len(found) > _SHOWN_FAULTS:
        told = (*told, f"{name}: and {len(found) - _SHOWN_FAULTS} more")
    faults_told = count(len(found), "fault")
    message = f"{name}: {faults_told}" if source or len(sources) <= 1 else f"{faults_told} in {name}"
    return UsageError(message, hint="mend each as said above; nothing was started", slug="bad-file", faults=told)


def shown(text: str, limit: int = 60) -> str:
    """Text of a file as it may stand in a message: quoted, on one line, control characters escaped, cut."""
    cut = text if len(text) <= limit else text[: limit - 1] + "…"
    return _inert(json.dumps(cut, ensure_ascii=False))


def _inert(text: str) -> str:
    """On one line, nothing in it that a terminal would obey."""
    return text if text.isprintable() else "".join(one if one.isprintable() else f"\\u{ord(one):04x}" for one in text)
