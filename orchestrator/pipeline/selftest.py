"""Defects planted into a copy of the user's repository, each put through the own gate: is each stopped?"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from orchestrator.domain.failure import Category, Failure
from orchestrator.gate.baseline import Baseline, baseline_of
from orchestrator.gate.integrity import Protection, protection_failures
from orchestrator.gate.plants import Ground, Plant, plants
from orchestrator.pipeline.hand_gate import HandGate
from orchestrator.pipeline.tree_view import LaneView


@dataclass(frozen=True, slots=True, kw_only=True)
class Tried:
    """One row of the table."""

    defect: str
    stopped: bool | None
    """``None``: it could not be planted here."""
    by: str = ""
    """The check, and the failure's code."""
    reason: str = ""
    """The failure's message; why it could not be planted; empty where it got through."""
    protected: str = ""
    """What stops an executor's edit of that kind before the gate even runs; empty: nothing."""
    seconds: float = 0.0


def selftest(gate: HandGate, tree: str, tell: Callable[[Tried], None]) -> tuple[Tried, ...]:
    """Plant each defect into the tree, alone, and run the checks that are about it. The tree's own gate runs first."""
    lane = gate.lane
    report = gate.run(tree)
    view = LaneView(lane, tree)
    baseline = baseline_of(report, view.text)
    protection = gate.protection(tree)
    ground = Ground(view.files(), view.text, gate.plan, baseline, gate.toolchains)
    rows = []
    for plant in plants(ground):
        rows.append(_try(gate, tree, plant, baseline, protection))
        tell(rows[-1])
    lane.checkout(tree)
    return tuple(rows)


def _try(gate: HandGate, tree: str, plant: Plant, baseline: Baseline, protection: Protection) -> Tried:
    if plant.why_not:
        return Tried(defect=plant.name, stopped=None, reason=plant.why_not)
    lane = gate.lane
    lane.checkout(tree)
    planted = lane.stage(plant.changes)
    before, after = LaneView(lane, tree), LaneView(lane, planted)
    barred = protection_failures(lane.changes(tree, planted), protection, before.text, after.text)
    plan = plant.plan
    if plant.name != "coverage drop":
        plan = replace(plan, coverage=())
    report = gate.run(planted, base=tree, baseline=baseline, plan=plan)
    stops = _first(report.failures)
    if stops is None:
        return Tried(
            defect=plant.name,
            stopped=False,
            protected=_said(barred),
            seconds=report.seconds,
            reason=_notes(report.notes),
        )
    code = f" ({stops.code})" if stops.code else ""
    return Tried(
        defect=plant.name,
        stopped=True,
        by=f"{stops.check}{code}",
        reason=" ".join(stops.message.split())[:200],
        protected=_said(barred),
        seconds=report.seconds,
    )


def _first(failures: tuple[Failure, ...]) -> Failure | None:
    """The failure that tells most; one of the environment stops nothing, it only says that the check did not run."""
    own = [failure for failure in failures if failure.category is not Category.ENVIRONMENT]
    return next((failure for failure in own if failure.code), own[0] if own else None)


def _said(failures: tuple[Failure, ...]) -> str:
    return failures[0].message if failures else ""


def _notes(notes: tuple[str, ...]) -> str:
    return "; ".join(notes)[:200]
