"""The whole green set gated as one tree; where it is red, bisection names the branch that turns it.

Each branch is green alone; together they may not be. The search needs about log2(n) gates a culprit; the culprit and
what grew out of it are left out, and the rest is gated again until it is green.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from orchestrator.landing.candidates import Candidate, with_ancestors
from orchestrator.landing.merge_gate import MergeGate, Passage
from orchestrator.landing.merge_plan import MergePlan


@dataclass(frozen=True, slots=True, kw_only=True)
class Culprit:
    """A branch that turns the gate red on top of those before it."""

    task: str
    after: tuple[str, ...]
    """The tasks merged before it, with which the gate is green."""
    headline: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Combined:
    """What the combined gate says."""

    green: tuple[str, ...]
    """The order in which all of these land, their whole gated green."""
    culprits: tuple[Culprit, ...]
    without: tuple[str, ...]
    """Left out because they grew out of a culprit."""
    gates: int
    """Passages through the gate it took."""
    seconds: float


def combined_gate(
    gate: MergeGate, first: MergePlan, found: Sequence[Candidate], plan_of: Callable[[Sequence[Candidate]], MergePlan]
) -> Combined:
    """Gate the plan's whole set; bisect while it is red. ``plan_of`` plans a smaller set anew."""
    by_id = {one.id: one for one in found}
    tasks = [one.task for one in found]
    on = gate.on(first.head)
    passages: dict[str, Passage] = {}

    def passage(plan: MergePlan, count: int) -> Passage:
        """Of the first ``count`` branches of the plan, merged."""
        commit = plan.steps[plan.order[count - 1]]
        tree = gate.lane.tree_of(commit)
        if tree not in passages:
            passages[tree] = gate.run(on, commit, [by_id[name].task for name in plan.order[:count]])
        return passages[tree]

    culprits: list[Culprit] = []
    without: list[str] = []
    plan = first
    while plan.order and not passage(plan, len(plan.order)).report.passed:
        turns = _first_red(len(plan.order), lambda count, now=plan: passage(now, count).report.passed)  # type: ignore[misc]
        name = plan.order[turns - 1]
        culprits.append(Culprit(task=name, after=plan.order[: turns - 1], headline=passage(plan, turns).headline))
        grown = [
            one for one in plan.order if one != name and name in {t.id for t in with_ancestors(by_id[one].task, tasks)}
        ]
        without += grown
        plan = plan_of([by_id[one] for one in plan.order if one != name and one not in grown])
    return Combined(
        green=plan.order,
        culprits=tuple(culprits),
        without=tuple(without),
        gates=len(passages),
        seconds=sum(one.report.seconds for one in passages.values()),
    )


def _first_red(count: int, is_green: Callable[[int], bool]) -> int:
    """The least length at which the prefix turns red; none is green, all of ``count`` is red."""
    green, red = 0, count
    while red - green > 1:
        middle = (green + red) // 2
        if is_green(middle):
            green = middle
        else:
            red = middle
    return red
