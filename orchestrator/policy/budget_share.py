"""One task never starves the others of the run's caps (B4): who may go on above their own budget. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from orchestrator.policy.budget import Stop
from orchestrator.settings import Caps


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """What a task may still want of the run's caps."""

    budget: int
    """Tokens: its phases' limits together."""
    used: int
    """Tokens charged to it."""
    cost_usd: Decimal | None
    """Charged to it; ``None``: a price is unknown, and no money cap can be in force."""
    ended: bool


def starves(own: Claim, others: Iterable[Claim], caps: Caps, worst_call: int) -> Stop | None:
    """Why the task must stop, or ``None``: within its own budget it never must.

    Above it, a task lives on what the caps hold beyond the budgets of the tasks that have not ended. ``worst_call``:
    tokens the next call may use at most; like every line, this one does not lie below it. Holds in observe mode too.
    """
    line = max(own.budget, worst_call)
    if own.used <= line:
        return None
    rest = tuple(others)
    kept = sum(max(0, one.budget - one.used) for one in rest if not one.ended)
    left = _left(own, rest, caps)
    if left is None or left - worst_call >= kept:
        return None
    why = (
        f"the task used {own.used:,} tokens, above its budget of {own.budget:,}; of the run's cap {max(left, 0):,} "
        f"are left, and the other tasks' budgets need {kept:,}"
    )
    return Stop(phase=None, used=own.used, line=line, why=why, enforced=True)


def _left(own: Claim, others: tuple[Claim, ...], caps: Caps) -> int | None:
    """Tokens the caps still hold: money is counted at what a token of this run has cost. ``None``: no cap."""
    every = (own, *others)
    used = sum(one.used for one in every)
    left = []
    if caps.max_tokens is not None:
        left.append(caps.max_tokens - used)
    costs = [one.cost_usd for one in every if one.cost_usd is not None]
    spent = sum(costs, Decimal(0))
    if caps.max_cost_usd is not None and spent > 0 and len(costs) == len(every):
        left.append(int((caps.max_cost_usd - spent) * used / spent))
    return min(left, default=None)
