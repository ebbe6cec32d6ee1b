"""A delivered task teaches the registry (R4, R8, R10); a phase asks it whether to pause (R9). No task fails by it."""

from __future__ import annotations

from typing import Any

from orchestrator.domain.errors import PausedError
from orchestrator.domain.outcome import TaskOutcome, TaskStatus
from orchestrator.domain.task import Phase
from orchestrator.ledger.charges import charge_of
from orchestrator.ledger.registry import Change, RegistryError
from orchestrator.ledger.registry_history import CALIBRATED, feature_of
from orchestrator.ledger.shelf import Entry, in_order
from orchestrator.logs import get_logger
from orchestrator.pipeline.night import Night
from orchestrator.pipeline.work import Work
from orchestrator.policy.budget import pause_advice
from orchestrator.policy.calibration import qualifies

_ADVISED = "pause:advised"
_NOT_UPDATED = "the calibration registry was not updated"
"""R5: the run goes on, and says so once."""


def calibrate(night: Night, outcome: TaskOutcome) -> None:
    """Take a delivered task into the registry, and journal the estimates before and after.

    The journal has the task's end already: what a crash leaves out here is made up for by :func:`catch_up`.
    """
    if outcome.status is not TaskStatus.DELIVERED or night.registry is None:
        return
    if not qualifies(use.tokens for use in outcome.phases):
        return
    finished = night.memory.last("task:finished", task=outcome.id)
    if finished is None:
        return
    feature = feature_of(_told_of(night, outcome.id), finished)
    try:
        change = night.registry.append(feature)
    except RegistryError as error:
        night.say_once(_NOT_UPDATED, error.message)
        return
    except Exception as error:  # noqa: BLE001 - a fault in calibration is said, and fails no task (R5)
        get_logger("orchestrator.registry").exception("calibration failed")
        night.say_once(_NOT_UPDATED, str(error))
        return
    night.journal.append(CALIBRATED, **_fields(night, outcome, feature, change))


def _told_of(night: Night, task: str) -> list[Entry]:
    """What a feature is made of: the run's start, its sessions, and when the task was begun in them."""
    journal = night.journal
    began = journal.of_type("run:started"), journal.of_type("session:started")
    return in_order(*began, journal.of_type("task:started", task))


def catch_up(night: Night) -> None:
    """On resume: the delivered tasks that a crash kept out of the registry. Appending one twice changes nothing."""
    for task in night.batch.tasks:
        outcome = night.memory.outcome(task.id)
        if outcome is not None and night.memory.last(CALIBRATED, task=task.id) is None:
            calibrate(night, outcome)


def pause_before(work: Work, phase: Phase) -> None:
    """R9: journal the advice to pause where the phase may not fit into what is left of the task's window.

    With ``on_pause: pause`` the run pauses (``PausedError``), but never where a new session would have no more left:
    the window starts anew with the session, so only use in this one can be escaped by pausing.
    """
    night = work.night
    defaults, used = night.estimates.defaults, _used_in_session(work)
    advice = pause_advice(defaults.usable_budget - used, defaults.stages[phase], defaults.safety_multiplier)
    if not advice or not work.rules.budgets.enabled:
        return
    work.tell(
        _ADVISED,
        phase=phase.value,
        used=used,
        usable_budget=defaults.usable_budget,
        estimate=defaults.stages[phase],
        multiplier=defaults.safety_multiplier,
        text=advice,
    )
    if night.settings.on_pause == "pause" and used > 0:
        raise PausedError(
            f"{work.task.id}, before {phase}: {advice}",
            hint="orchestrate resume goes on with a new window; on_pause: advise only advises",
            slug="pause-advised",
        )
    night.journal.append("note", text=f"{work.task.id}: a pause was advised before {phase}: {advice}")


def _used_in_session(work: Work) -> int:
    """Tokens charged to the task since the session began."""
    session = work.night.memory.last("session:started")
    since = session["seq"] if session else -1
    own = work.night.journal.of_task(work.task.id)
    return sum(charge_of(entry).usage.total for entry in own if entry["seq"] > since)


def _fields(night: Night, outcome: TaskOutcome, feature: dict[str, Any], change: Change) -> dict[str, Any]:
    estimates = night.estimates
    interval = estimates.tasks.get(outcome.id) or estimates.intervals.get(outcome.complexity.value)
    stages = [stage for stage in feature["stage_actuals"].values() if stage["pre"] and stage["post"]]
    return {
        "task": outcome.id,
        "registry_before": change.before.figures(),
        "registry_after": change.after.figures(),
        "complexity": outcome.complexity.value,
        "tokens": feature["total_estimated_tokens"],
        "estimated": sum(stage["pre"] for stage in stages),
        "actual": sum(stage["post"] for stage in stages),
        "p10": interval.p10 if interval else None,
        "p50": interval.p50 if interval else None,
        "likely": interval.likely if interval else None,
        "p90": interval.p90 if interval else None,
        "learnt_from": interval.learnt_from if interval else 0,
    }
