"""Phase budgets and stop-loss (B1-B4, R9): exact decimal arithmetic over values; nothing is spent or stopped here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import ROUND_CEILING, Decimal

from orchestrator.domain.outcome import BudgetStatus, PhaseUse
from orchestrator.domain.task import Complexity, Importance, Phase
from orchestrator.settings import Budgets

Number = int | float | Decimal
SET_BY_TASK = "set by the task"
"""How a limit came about that the task itself gave (B2)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PhaseLimit:
    """What one phase of a task may use, and how that was reckoned."""

    phase: Phase
    tokens: int
    latency_s: int
    """Seconds; passing it warns and never stops."""
    how: str
    """``24000 x 1.0 x 1.0 x 1.5``, or ``set by the task``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskBudget:
    """The limits of a task, phase by phase."""

    phases: Mapping[Phase, PhaseLimit]

    @property
    def tokens(self) -> int:
        """The task's budget: its phases' limits together."""
        return sum(limit.tokens for limit in self.phases.values())

    @property
    def latency_s(self) -> int:
        """Seconds: its phases' limits together."""
        return sum(limit.latency_s for limit in self.phases.values())


@dataclass(frozen=True, slots=True, kw_only=True)
class Stop:
    """A line that use has passed (B4)."""

    phase: Phase | None
    """The phase whose line was passed; ``None``: the task's."""
    used: int
    line: int
    """Tokens; use above it stops."""
    why: str
    """In words for the report."""
    enforced: bool
    """False in observe mode: recorded, and the task goes on."""


def exact(number: Number) -> Decimal:
    """A configured number as the user wrote it, not as binary stores it."""
    return number if isinstance(number, Decimal) else Decimal(str(number))


def limit(base: Number, complexity: Number, importance: Number, weight: Number) -> int:
    """B1: ``ceil(base x complexity x importance x weight)``, exact."""
    product = exact(base) * exact(complexity) * exact(importance) * exact(weight)
    return int(product.to_integral_value(rounding=ROUND_CEILING))


def task_budget(
    complexity: Complexity,
    importance: Importance,
    overrides: Mapping[Phase, int],
    budgets: Budgets,
    bases: Mapping[Phase, int] | None = None,
) -> TaskBudget:
    """The limits of a task. ``overrides`` are absolute tokens (B2); ``bases`` replace the configured ones (R4b)."""
    factor, worth = budgets.complexity[complexity], budgets.importance[importance]
    limits = {}
    for phase in Phase:
        base, weight = (bases or budgets.tokens).get(phase, budgets.tokens[phase]), budgets.weights[phase]
        given = overrides.get(phase)
        how = " x ".join(f"{exact(number).normalize():f}" for number in (base, factor, worth, weight))
        limits[phase] = PhaseLimit(
            phase=phase,
            tokens=limit(base, factor, worth, weight) if given is None else given,
            latency_s=limit(budgets.latency_s[phase], factor, worth, weight),
            how=how if given is None else SET_BY_TASK,
        )
    return TaskBudget(phases=limits)


def widened(budget: TaskBudget, phase: Phase, tokens: int, why: str) -> TaskBudget:
    """The budget with more room in one phase, unless the task set that phase's limit itself."""
    known = budget.phases[phase]
    if not tokens or known.how == SET_BY_TASK:
        return budget
    wider = replace(known, tokens=known.tokens + tokens, how=f"{known.how}, {tokens:,} for {why}")
    return TaskBudget(phases={**budget.phases, phase: wider})


def status(used: Number, allowed: Number, warning_ratio: Number) -> BudgetStatus:
    """B3: within up to the limit itself, warning up to ``warning_ratio`` times it, exceeded beyond."""
    if exact(used) <= exact(allowed):
        return BudgetStatus.WITHIN
    return BudgetStatus.WARNING if exact(used) <= exact(allowed) * exact(warning_ratio) else BudgetStatus.EXCEEDED


def phase_use(phase: Phase, tokens: int, seconds: float, budget: TaskBudget, budgets: Budgets) -> PhaseUse:
    """A phase's use against its limits; the graver of tokens and latency is its status."""
    allowed = budget.phases[phase]
    order = list(BudgetStatus)
    by_tokens = status(tokens, allowed.tokens, budgets.warning_ratio)
    by_time = status(seconds, allowed.latency_s, budgets.warning_ratio)
    return PhaseUse(
        phase=phase,
        tokens=tokens,
        token_limit=allowed.tokens,
        seconds=seconds,
        latency_limit_s=float(allowed.latency_s),
        status=max(by_tokens, by_time, key=order.index),
        token_status=by_tokens,
        latency_status=by_time,
    )


def task_status(used: Mapping[Phase, int], budget: TaskBudget, budgets: Budgets) -> BudgetStatus:
    """A task's own status: its tokens of all phases against its budget."""
    return status(sum(used.values()), budget.tokens, budgets.warning_ratio)


def stop_loss(used: Mapping[Phase, int], budget: TaskBudget, budgets: Budgets, worst_call: int) -> Stop | None:
    """B4: the line that actual use has passed, the phase's before the task's; ``None`` while none is, or budgets off.

    ``worst_call``: tokens one call of this task may use at most. No line lies below it: a limit smaller than a single
    call would stop every task at its first answer.
    """
    if not budgets.enabled:
        return None
    enforced = budgets.mode == "enforce"
    for phase in Phase:
        allowed, tokens = budget.phases[phase].tokens, used.get(phase, 0)
        line = max(_line(allowed, budgets.stop_phase_ratio), worst_call)
        if tokens > line:
            why = f"{phase} used {tokens:,} tokens, above {line:,} ({_ratio(tokens, allowed)} of its {allowed:,})"
            return Stop(phase=phase, used=tokens, line=line, why=why, enforced=enforced)
    total = sum(used.values())
    line = max(_line(budget.tokens, budgets.stop_task_ratio), worst_call)
    if total > line:
        why = (
            f"the task used {total:,} tokens, above {line:,} ({_ratio(total, budget.tokens)} of its {budget.tokens:,})"
        )
        return Stop(phase=None, used=total, line=line, why=why, enforced=enforced)
    return None


def pause_advice(left: int, estimate: int, multiplier: Number) -> str:
    """R9: why to pause before a phase, or an empty string.

    ``left`` of the task's usable budget is held against that one phase's estimate times the safety multiplier.
    """
    needed = limit(estimate, 1, 1, multiplier)
    if left >= needed:
        return ""
    return f"{max(left, 0):,} tokens are left of the usable budget, the phase may need {needed:,}"


def _line(allowed: int, ratio: Number) -> int:
    """Whole tokens that are still allowed: the floor, since use is compared with *above*."""
    return int(exact(allowed) * exact(ratio))


def _ratio(used: int, allowed: int) -> str:
    return f"{100 * used // allowed} %" if allowed else "all"
