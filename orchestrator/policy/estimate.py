"""What a task is expected to use, before it runs: low, likely, high. From the configured budgets, or learnt.

The build limit holds ``iterations_a_limit`` iterations (decision 32), so an iteration is that share of it. The other
phases' limits hold every call twice (a re-ask, a send-back), so one passage is half of them. High is what the stop-loss
lets through.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from decimal import ROUND_HALF_UP, Decimal

from orchestrator.domain.call import Usage
from orchestrator.domain.task import Complexity, Phase, Task
from orchestrator.policy.budget import TaskBudget, exact
from orchestrator.policy.calibration_interval import Interval, Known
from orchestrator.settings import Budgets

CostOf = Callable[[Phase, Usage, int], Decimal | None]
"""US dollars of that use in that phase in so many calls; ``None`` where no price is known."""

LEARNT_FROM = 5
"""Delivered tasks from which on what was learnt goes before what is configured: the registry's window (R3)."""
_OUTPUT_SHARE = Decimal("0.2")
_PASSAGE = Decimal("0.5")
_LIKELY = Decimal("0.75")


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """One reckoning of a task."""

    tokens: int
    cost_usd: Decimal | None
    """``None``: the price of some model is not known."""
    seconds: int
    iterations: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskEstimate:
    """What a task is expected to use."""

    low: Expected
    likely: Expected
    high: Expected


def estimate(
    budget: TaskBudget, iteration_limit: int, budgets: Budgets, staffed: AbstractSet[Phase], cost: CostOf
) -> TaskEstimate:
    """Low, likely and high of one task; never above what its iteration limit and the stop-loss let through.

    ``staffed``: the phases an agent works in; the others use no tokens.
    """
    settings, allowed = budgets.estimate, Decimal(iteration_limit)
    low = min(exact(settings.low_iterations), allowed)
    likely = max(low, min(exact(settings.likely_iterations), allowed))
    high = max(likely, min(allowed, exact(settings.iterations_a_limit) * exact(budgets.stop_phase_ratio)))
    return TaskEstimate(
        low=_expected(budget, low, _PASSAGE, budgets, staffed, cost),
        likely=_expected(budget, likely, _LIKELY, budgets, staffed, cost),
        high=_expected(budget, high, Decimal(1), budgets, staffed, cost),
    )


def text_tokens(task: Task) -> int:
    """About how long the task's own text is, a quarter a character: known before anything is looked at."""
    written = len(task.title) + len(task.description) + sum(len(line) for line in task.acceptance)
    return math.ceil(written / 4)


def known_of(task: Task, complexity: Complexity) -> Known:
    """What is known of a task before it begins."""
    return Known(group=complexity.value, prompt=text_tokens(task))


def learnt_time(made: TaskEstimate, interval: Interval | None) -> TaskEstimate:
    """The same with the seconds that tasks of its kind took; unchanged while too few were worked on."""
    if interval is None or interval.learnt_from < LEARNT_FROM:
        return made
    likely = max(1, interval.likely)
    return TaskEstimate(
        low=replace(made.low, seconds=min(max(1, interval.p10), likely)),
        likely=replace(made.likely, seconds=likely),
        high=replace(made.high, seconds=max(interval.p90, likely)),
    )


def learnt(made: TaskEstimate, interval: Interval | None) -> TaskEstimate:
    """The same with the tokens that delivered tasks of its kind teach (R10): p10, mean, p90; the cost in proportion.

    Time and iterations stay: no more than tokens was learnt. Unchanged with too few delivered tasks.
    """
    if interval is None or interval.learnt_from < LEARNT_FROM:
        return made
    likely = max(1, interval.likely)
    return TaskEstimate(
        low=_scaled(made.low, min(max(1, interval.p10), likely)),
        likely=_scaled(made.likely, likely),
        high=_scaled(made.high, max(interval.p90, likely)),
    )


def _scaled(expected: Expected, tokens: int) -> Expected:
    if expected.cost_usd is None or not expected.tokens:
        return replace(expected, tokens=tokens)
    cost = (expected.cost_usd * tokens / expected.tokens).quantize(Decimal("0.000001"))
    return replace(expected, tokens=tokens, cost_usd=cost)


def _expected(
    budget: TaskBudget,
    iterations: Decimal,
    share: Decimal,
    budgets: Budgets,
    staffed: AbstractSet[Phase],
    cost: CostOf,
) -> Expected:
    """The task with that many iterations, and that share of each other phase's limit."""
    passages = iterations / exact(budgets.estimate.iterations_a_limit)
    tokens: dict[Phase, int] = {}
    seconds = iterations * exact(budgets.estimate.gate_s)
    for phase, limit in budget.phases.items():
        part = passages if phase is Phase.BUILD else share
        tokens[phase] = _whole(limit.tokens * part) if phase in staffed else 0
        seconds += limit.latency_s * part
    total, line = sum(tokens.values()), int(exact(budget.tokens) * exact(budgets.stop_task_ratio))
    if total > line:
        tokens = {phase: used * line // total for phase, used in tokens.items()}
    return Expected(
        tokens=sum(tokens.values()),
        cost_usd=_cost(tokens, iterations, budgets, cost),
        seconds=_whole(seconds),
        iterations=iterations,
    )


def _cost(tokens: Mapping[Phase, int], iterations: Decimal, budgets: Budgets, cost: CostOf) -> Decimal | None:
    """All phases together; unknown as soon as one is."""
    total = Decimal(0)
    for phase, used in tokens.items():
        if not used:
            continue
        calls = math.ceil(iterations) if phase is Phase.BUILD else 1
        written = _whole(used * exact(budgets.estimate.output_share.get(phase, _OUTPUT_SHARE)))
        price = cost(phase, Usage(input_tokens=used - written, output_tokens=written), calls)
        if price is None:
            return None
        total += price
    return total


def _whole(number: Decimal) -> int:
    return int(number.to_integral_value(rounding=ROUND_HALF_UP))
