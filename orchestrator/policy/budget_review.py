"""How well budgets fit what tasks used (B9): compliance, stops, false positives, overruns, a proposal. Pure."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from orchestrator.domain.outcome import BudgetStatus, PhaseUse
from orchestrator.domain.task import Phase
from orchestrator.policy.budget import exact
from orchestrator.settings import Budgets

WITHIN_PERCENT, STOPPED_PERCENT, FALSE_PERCENT = 90, 5, 5
"""B4, B9: over 90 % of the tasks within budget, under 5 % stopped, under 5 % of the stops false positives."""
PROPOSED_FROM = 5
"""Tasks from which on a change is proposed: the registry's own window (R3)."""
_HIGHEST_FACTOR = 10
"""B2: no multiplier is above this."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reviewed:
    """One task that ended, or is under way, as budgets see it."""

    run: str
    task: str
    status: str
    """As the task ended; empty while it is under way."""
    budget: int
    """Tokens; 0: none was in force."""
    phases: tuple[PhaseUse, ...]
    fixed: frozenset[Phase]
    """Phases whose limit the task itself set: they say nothing about the configuration."""
    mode: str = "enforce"
    stopped: str = ""
    """Why a budget stopped it; empty: none did."""
    would_stop: str = ""
    """Why one would have, in observe mode."""
    disputed: str = ""
    """Why its owner called the stop a false positive."""
    last: Phase | None = None
    """The phase it entered last."""

    @property
    def used(self) -> int:
        """Tokens of all phases."""
        return sum(use.tokens for use in self.phases)

    @property
    def within(self) -> bool:
        """Whether all its phases together stayed within its budget."""
        return self.used <= self.budget


@dataclass(frozen=True, slots=True, kw_only=True)
class Overrun:
    """A phase that passed its limit, and what would have held nine of ten tasks."""

    phase: Phase
    what: str
    """``tokens`` or ``latency_s``."""
    tasks: int
    """That passed the limit."""
    of: int
    """Whose limit came from the configuration, and that entered the phase."""
    key: str
    """The setting to change: ``budgets.tokens.build``."""
    now: Decimal
    proposed: Decimal | None
    """``None``: too few tasks, or too few of them over it, for a change."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Review:
    """All of it."""

    tasks: int
    """With a budget, ended."""
    within: int
    stopped: int
    would_stop: int
    false_positives: int
    """Stops, real or observed, that were disputed."""
    overruns: tuple[Overrun, ...]

    @property
    def stops(self) -> int:
        """Real and observed."""
        return self.stopped + self.would_stop


def review(tasks: Sequence[Reviewed], budgets: Budgets) -> Review:
    """What those tasks say of the budgets; tasks under way, and those without a budget, are left out."""
    ended = [task for task in tasks if task.status and task.budget]
    return Review(
        tasks=len(ended),
        within=sum(task.within for task in ended),
        stopped=sum(bool(task.stopped) for task in ended),
        would_stop=sum(bool(task.would_stop) and not task.stopped for task in ended),
        false_positives=sum(bool(task.disputed) and bool(task.stopped or task.would_stop) for task in ended),
        overruns=tuple(
            found
            for phase in Phase
            for found in (_tokens(ended, phase, budgets), _latency(ended, phase, budgets))
            if found is not None
        ),
    )


def expected_left(task: Reviewed, estimates: Mapping[Phase, int]) -> int:
    """Tokens the task may still use: what the phases from the current one on are estimated at, less what they used."""
    if task.status:
        return 0
    order = list(Phase)
    begun = order.index(task.last) if task.last else 0
    used = {use.phase: use for use in task.phases}
    left = 0
    for phase in order[begun:]:
        use = used.get(phase)
        estimate = estimates.get(phase, use.token_limit if use else 0)
        left += max(0, estimate - (use.tokens if use else 0))
    return left


def proposal(overruns: Sequence[Overrun]) -> dict[str, dict[str, dict[str, int | float]]]:
    """The changes as a settings file: for ``orchestrate.yaml``, and for ``budget replay --config``."""
    tables: dict[str, dict[str, int | float]] = {}
    for one in overruns:
        if one.proposed is not None:
            _, table, phase = one.key.split(".")
            whole = one.proposed == one.proposed.to_integral_value()
            tables.setdefault(table, {})[phase] = int(one.proposed) if whole else float(one.proposed)
    return {"budgets": tables} if tables else {}


def _tokens(tasks: Sequence[Reviewed], phase: Phase, budgets: Budgets) -> Overrun | None:
    """Learnt bases are not the user's to change: there the phase's weight is what is."""
    shares = [
        exact(use.tokens) / use.token_limit
        for task in tasks
        if phase not in task.fixed
        for use in task.phases
        if use.phase is phase and use.token_limit and use.tokens
    ]
    if budgets.base == "registry":
        return _overrun(phase, "tokens", shares, f"budgets.weights.{phase}", exact(budgets.weights[phase]))
    return _overrun(phase, "tokens", shares, f"budgets.tokens.{phase}", exact(budgets.tokens[phase]))


def _latency(tasks: Sequence[Reviewed], phase: Phase, budgets: Budgets) -> Overrun | None:
    shares = [
        exact(use.seconds) / exact(use.latency_limit_s)
        for task in tasks
        for use in task.phases
        if use.phase is phase and use.latency_limit_s > 0 and use.seconds > 0
    ]
    return _overrun(phase, "latency_s", shares, f"budgets.latency_s.{phase}", exact(budgets.latency_s[phase]))


def _overrun(phase: Phase, what: str, shares: Sequence[Decimal], key: str, now: Decimal) -> Overrun | None:
    over = sum(share > 1 for share in shares)
    if not over:
        return None
    often = 100 * over > (100 - WITHIN_PERCENT) * len(shares)
    proposed = _rounded_up(now * _nearest_rank(shares)) if often and len(shares) >= PROPOSED_FROM else None
    if proposed is not None and ".weights." in key:
        proposed = min(proposed, Decimal(_HIGHEST_FACTOR))
    return Overrun(phase=phase, what=what, tasks=over, of=len(shares), key=key, now=now, proposed=proposed)


def _nearest_rank(shares: Sequence[Decimal]) -> Decimal:
    """The share that nine of ten stay at or below."""
    return sorted(shares)[math.ceil(WITHIN_PERCENT * len(shares) / 100) - 1]


def _rounded_up(number: Decimal) -> Decimal:
    """To two significant figures: more would be guessing."""
    step = Decimal(10) ** (number.adjusted() - 1)
    return (number / step).to_integral_value(rounding="ROUND_CEILING") * step


def graver(uses: Sequence[PhaseUse]) -> BudgetStatus:
    """The gravest status among those phases."""
    order = list(BudgetStatus)
    return max((use.status for use in uses), key=order.index, default=BudgetStatus.WITHIN)
