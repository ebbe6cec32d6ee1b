"""A past task under other budgets: would they have stopped it, and where (B9). Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from orchestrator.domain.task import Phase
from orchestrator.policy.budget import Stop, TaskBudget, stop_loss
from orchestrator.settings import Budgets

_ORDER = list(Phase)


@dataclass(frozen=True, slots=True, kw_only=True)
class PastCall:
    """A call as it was made."""

    phase: Phase
    tokens: int
    """Charged, all attempts together."""
    worst: int
    """Tokens it might have used at most: no line lies below that."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Replayed:
    """How far the task would have come."""

    stop: Stop | None
    calls: int
    """Made before the stop; all of them without one."""
    used: int
    """Tokens by then."""
    total: int
    """Tokens it used in truth."""


def replay(calls: Sequence[PastCall], budget: TaskBudget, budgets: Budgets) -> Replayed:
    """Look at the lines before each call, as the desk does; phases up to define come before there are any.

    A task goes no further here than it went then: what it would have used beyond its own end is not known.
    """
    strict = budgets.model_copy(update={"mode": "enforce"})
    total = sum(call.tokens for call in calls)
    used: dict[Phase, int] = {}
    for number, call in enumerate(calls):
        stop = None if _early(call.phase) else stop_loss(used, budget, strict, call.worst)
        if stop is not None:
            return Replayed(stop=stop, calls=number, used=sum(used.values()), total=total)
        used[call.phase] = used.get(call.phase, 0) + call.tokens
    return Replayed(stop=None, calls=len(calls), used=total, total=total)


def first_beyond(calls: Iterable[tuple[str, int, int]], cap: int | None) -> str:
    """The call (by id) whose worst case a cap on tokens would not have let through; empty: none.

    ``calls``: in the order of their journal, id, worst case and charge, one after the other.
    """
    spent = 0
    for call, worst, charged in calls:
        if cap is not None and spent + worst > cap:
            return call
        spent += charged
    return ""


def _early(phase: Phase) -> bool:
    return _ORDER.index(phase) <= _ORDER.index(Phase.DEFINE)
