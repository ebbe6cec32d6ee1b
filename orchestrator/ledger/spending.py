"""What each task of a run has used so far, phase by phase: a running fold of the journal, of all its sessions (B3).

Each question reads only the entries that came since the last one, so a phase costs the same at a night's end as at
its beginning. Lanes share one.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any

from orchestrator.domain.task import Phase
from orchestrator.ledger.charges import charge_of
from orchestrator.ledger.journal import Journal

_NAMES = frozenset(phase.value for phase in Phase)
_ENDS = {"task:finished": True, "task:reopened": False}
Entry = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Used:
    """What one phase of a task has used, all its executions together."""

    tokens: int = 0
    """Charged by calls, input and output."""
    seconds: float = 0.0
    """Of the executions that have ended."""
    executions: int = 0
    """Times it was left."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskUse:
    """What a task has used."""

    phases: Mapping[Phase, Used] = field(default_factory=dict)
    """Phases it has entered; others have used nothing."""
    cost_usd: Decimal | None = Decimal(0)
    """``None``: a price is unknown."""
    last: Phase | None = None
    """The phase it entered last; ``None``: none yet."""
    ended: bool = False
    """It ended, and no hint has opened it again since."""

    @property
    def tokens(self) -> int:
        """Of all phases."""
        return sum(used.tokens for used in self.phases.values())

    def by_phase(self) -> dict[Phase, int]:
        """Tokens by phase."""
        return {phase: used.tokens for phase, used in self.phases.items()}


_NOTHING = TaskUse()


def take(uses: dict[str, TaskUse], entry: Entry) -> None:
    """Fold one journal entry in; what is not of this version, or of no phase, changes nothing."""
    kind, task, name = entry.get("type", ""), entry.get("task"), entry.get("phase")
    if not isinstance(task, str):
        return
    known = uses.get(task, _NOTHING)
    if kind in _ENDS:
        uses[task] = replace(known, ended=_ENDS[kind])
    if name not in _NAMES:
        return
    phase = Phase(name)
    used = known.phases.get(phase, Used())
    if kind in ("call:answer", "call:failed", "call:lost"):
        charge = charge_of(entry)
        used = replace(used, tokens=used.tokens + charge.usage.total)
        unknown = known.cost_usd is None or charge.cost_usd is None
        known = replace(known, cost_usd=None if unknown else (known.cost_usd or 0) + (charge.cost_usd or Decimal(0)))
    elif kind == "phase:left":
        seconds = entry.get("seconds")
        spent = float(seconds) if isinstance(seconds, int | float) else 0.0
        used = replace(used, seconds=used.seconds + spent, executions=used.executions + 1)
    elif kind == "phase:entered":
        known = replace(known, last=phase)
    else:
        return
    uses[task] = replace(known, phases={**known.phases, phase: used})


def uses_of(entries: Iterable[Entry]) -> dict[str, TaskUse]:
    """What each task of those entries used."""
    uses: dict[str, TaskUse] = {}
    for entry in entries:
        take(uses, entry)
    return uses


class Spending:
    """The fold over an open journal."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._uses: dict[str, TaskUse] = {}
        self._read = 0
        self._lock = threading.Lock()

    def of(self, task: str) -> TaskUse:
        """What the task has used up to now."""
        with self._lock:
            self._catch_up()
            return self._uses.get(task, _NOTHING)

    def all(self) -> Mapping[str, TaskUse]:
        """What each task has used up to now."""
        with self._lock:
            self._catch_up()
            return dict(self._uses)

    def _catch_up(self) -> None:
        for entry in self._journal.since(self._read):
            take(self._uses, entry)
            self._read += 1
