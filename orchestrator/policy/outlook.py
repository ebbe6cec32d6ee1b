"""What a batch is expected to take: order, limits, budgets, tokens, cost, time, and what will not fit."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from decimal import Decimal

from orchestrator.domain.task import Phase, Task
from orchestrator.policy.budget import TaskBudget, exact, task_budget
from orchestrator.policy.calibration_interval import Interval
from orchestrator.policy.complexity import Graded, grade
from orchestrator.policy.estimate import LEARNT_FROM, CostOf, Expected, TaskEstimate, estimate, learnt, learnt_time
from orchestrator.policy.night_end import Length, NightEnd, night_end
from orchestrator.policy.order import chain_of, in_order
from orchestrator.settings import Caps, Settings

_HOUR_S = 3600


@dataclass(frozen=True, slots=True, kw_only=True)
class Learnt:
    """What the project's own delivered tasks teach; nothing of it: the configured figures hold."""

    tokens: Mapping[str, Interval] = field(default_factory=dict)
    """Task -> what it will use, tokens."""
    seconds: Mapping[str, Interval] = field(default_factory=dict)
    """Task -> how long it will take."""
    bases: Mapping[Phase, int] | None = None
    """``budgets.base: registry``: bases that replace the configured ones."""


NOTHING_LEARNT = Learnt()


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedTask:
    """A task as it would be worked on."""

    task: Task
    chain: str
    """The id of its chain's first task."""
    graded: Graded
    iteration_limit: int
    budget: TaskBudget
    expected: TaskEstimate
    learnt_from: int
    """Delivered tasks its expected tokens are learnt from; 0: reckoned from the configured budgets."""
    timed_from: int
    """Tasks its expected time is learnt from; 0: reckoned from the configured figures."""
    warnings: tuple[str, ...]
    """What its owner should know: a budget below one passage, too long for one task."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlook:
    """A batch as it would be worked on, tasks in working order."""

    tasks: tuple[PlannedTask, ...]
    total: TaskEstimate
    beyond_likely: tuple[str, ...]
    """Ids of the tasks that the run's caps leave no room for, as likely as not."""
    beyond_high: tuple[str, ...]
    """Ids of those that find no room if all goes badly."""
    lengths: tuple[Length, ...]
    """How long each task may take."""
    lanes: int
    timed_from: int
    """Tasks whose times that is learnt from; 0: reckoned from the configured figures."""

    @property
    def end(self) -> NightEnd:
        """When the last task ends (M7); reckoned when it is asked for, as a run's start does not."""
        return night_end(self.lengths, self.lanes)


def outlook(
    tasks: Sequence[Task],
    settings: Settings,
    staffed: AbstractSet[Phase],
    cost: CostOf,
    known: Learnt = NOTHING_LEARNT,
) -> Outlook:
    """The batch's outlook; ``staffed`` and ``cost`` as in :func:`~orchestrator.policy.estimate.estimate`."""
    chain = chain_of(tasks)
    planned = tuple(_planned(task, chain[task.id], settings, staffed, cost, known) for task in in_order(tasks))
    return Outlook(
        tasks=planned,
        total=TaskEstimate(
            low=_sum([one.expected.low for one in planned]),
            likely=_sum([one.expected.likely for one in planned]),
            high=_sum([one.expected.high for one in planned]),
        ),
        beyond_likely=_beyond(planned, [one.expected.likely for one in planned], settings.caps),
        beyond_high=_beyond(planned, [one.expected.high for one in planned], settings.caps),
        lengths=tuple(_length(one, known.seconds.get(one.task.id)) for one in planned),
        lanes=settings.loop.lanes,
        timed_from=min((one.timed_from for one in planned), default=0),
    )


def _length(planned: PlannedTask, interval: Interval | None) -> Length:
    """How long it may take; where nothing is learnt, low, likely and high stand for p10, p50 and p90."""
    expected = planned.expected
    middle = interval.p50 if interval and planned.timed_from else expected.likely.seconds
    return Length(
        task=planned.task.id,
        depends_on=planned.task.depends_on,
        low=min(middle, expected.low.seconds),
        middle=middle,
        high=max(middle, expected.high.seconds),
    )


def _planned(
    task: Task, chain: str, settings: Settings, staffed: AbstractSet[Phase], cost: CostOf, known: Learnt
) -> PlannedTask:
    """One task. What it is expected to use does not shrink with a budget that its owner set too small."""
    graded = grade(task, settings.loop.complexity)
    budget = task_budget(graded.complexity, task.importance, task.budget, settings.budgets, known.bases)
    usual = task_budget(graded.complexity, task.importance, {}, settings.budgets, known.bases)
    limit = settings.loop.iterations.of(graded.complexity)
    tokens, seconds = known.tokens.get(task.id), known.seconds.get(task.id)
    expected = learnt_time(learnt(estimate(usual, limit, settings.budgets, staffed, cost), tokens), seconds)
    return PlannedTask(
        task=task,
        chain=chain,
        graded=graded,
        iteration_limit=limit,
        budget=budget,
        expected=expected,
        learnt_from=_lessons(tokens),
        timed_from=_lessons(seconds),
        warnings=(*_too_small(task, usual, settings), *_too_long(task, expected, settings)),
    )


def _lessons(interval: Interval | None) -> int:
    """Tasks that an estimate is learnt from; 0 where they are too few to be used."""
    return interval.learnt_from if interval and interval.learnt_from >= LEARNT_FROM else 0


def _too_small(task: Task, usual: TaskBudget, settings: Settings) -> list[str]:
    """Phases whose own budget is below one passage: they would stop at their first answer."""
    passage = 1 / exact(settings.budgets.estimate.iterations_a_limit)
    warnings = []
    for phase, tokens in task.budget.items():
        needed = int(usual.phases[phase].tokens * passage)
        line = int(tokens * exact(settings.budgets.stop_phase_ratio))
        if settings.budgets.enabled and line < needed:
            warnings.append(
                f"its {phase} budget of {tokens:,} tokens stops it at {line:,}; one passage takes {needed:,}"
            )
    return warnings


def _too_long(task: Task, expected: TaskEstimate, settings: Settings) -> list[str]:
    """B12: a task expected over the flagged hours, with a proposed split."""
    hours = exact(expected.likely.seconds) / _HOUR_S
    flagged = exact(settings.budgets.estimate.flag_hours)
    if hours <= flagged:
        return []
    parts = math.ceil(hours / flagged)
    return [f"expected to take {hours:.1f} hours, more than {flagged:f}; {split(task, parts)}"]


def split(task: Task, parts: int) -> str:
    """A proposed split into that many tasks in a chain: by its acceptance lines, else by its files, else by layers."""
    for name, items in (("acceptance", task.acceptance), ("files", task.files)):
        if len(items) >= parts:
            size = math.ceil(len(items) / parts)
            groups = [items[start : start + size] for start in range(0, len(items), size)]
            told = "; ".join(f"{task.id}-{n}: {', '.join(group)}" for n, group in enumerate(groups, start=1))
            return f"split it by {name} into a chain: {told}"
    return f"split it into a chain of {parts}: interfaces and tests first, then each part behind them"


def _sum(each: Sequence[Expected]) -> Expected:
    """All together; the cost is unknown as soon as one is."""
    costs = [one.cost_usd for one in each if one.cost_usd is not None]
    return Expected(
        tokens=sum(one.tokens for one in each),
        cost_usd=sum(costs, Decimal(0)) if len(costs) == len(each) else None,
        seconds=sum(one.seconds for one in each),
        iterations=sum((one.iterations for one in each), Decimal(0)),
    )


def _beyond(planned: Sequence[PlannedTask], each: Sequence[Expected], caps: Caps) -> tuple[str, ...]:
    """Ids of the tasks by whose end a cap would be passed. A cost that is unknown cannot be held against a cap."""
    tokens, cost = 0, Decimal(0)
    beyond = []
    for one, expected in zip(planned, each, strict=True):
        tokens += expected.tokens
        cost += expected.cost_usd or 0
        over_tokens = caps.max_tokens is not None and tokens > caps.max_tokens
        over_cost = caps.max_cost_usd is not None and cost > caps.max_cost_usd
        if over_tokens or over_cost:
            beyond.append(one.task.id)
    return tuple(beyond)
