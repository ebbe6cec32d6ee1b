"""The fold of a run's events into where it stands. Pure.

Events of an unknown type change nothing but the time of the last sign of life: newer journals still show.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from decimal import Decimal, InvalidOperation

from orchestrator.domain.outcome import RunOutcome
from orchestrator.reports.absence import after
from orchestrator.reports.fold_gate import (
    autofix_applied,
    check_finished,
    check_started,
    edits_applied,
    existence_found,
    gate_again,
    gate_finished,
    gate_started,
)
from orchestrator.reports.fold_parts import Event, changed, doing, number, real, text
from orchestrator.reports.progress import RUNNING, WAITING, Progress, TaskProgress, moment
from orchestrator.reports.todo import resume_command

NOTES_KEPT = 20


def fold(events: Iterable[Event]) -> Progress:
    """Where a run stands after those events."""
    progress = Progress()
    for event in events:
        progress = step(progress, event)
    return progress


def step(progress: Progress, event: Event) -> Progress:
    """Where it stands after one more event."""
    at = moment(event.get("at"))
    kind = str(event.get("type", ""))
    if kind == "session:started" and progress.sessions:
        progress = replace(progress, worked_s=progress.elapsed(progress.last_at))
    if at is not None:
        progress = replace(progress, last_at=at)
    rule = _RULES.get(kind)
    if kind.startswith("call:"):
        progress = _charge(progress, event)
    return progress if rule is None else rule(progress, event)


def _charge(progress: Progress, event: Event) -> Progress:
    """Answers, failed attempts and lost answers carry their charge; the ledger's own sum agrees (tests/reports)."""
    if "input_tokens" not in event:
        return progress
    read, written = number(event, "input_tokens"), number(event, "output_tokens")
    cost = _dollars(event.get("cost_usd"))
    unknown = cost is None
    progress = replace(
        progress,
        input_tokens=progress.input_tokens + read,
        output_tokens=progress.output_tokens + written,
        cost_usd=progress.cost_usd + (cost or 0),
        unpriced=progress.unpriced + unknown,
    )
    task = progress.tasks.get(text(event, "task"))
    if task is None:
        return progress
    return changed(
        progress,
        event,
        tokens=task.tokens + read + written,
        cost_usd=task.cost_usd + (cost or 0),
        unpriced=task.unpriced + unknown,
    )


def _dollars(value: object) -> Decimal | None:
    """``None``: unknown, which is not zero."""
    try:
        return Decimal(str(value)) if value is not None else None
    except InvalidOperation:
        return None


def _run_started(progress: Progress, event: Event) -> Progress:
    tasks = {
        text(item, "id"): TaskProgress(
            id=text(item, "id"),
            title=text(item, "title"),
            complexity=text(item, "complexity"),
            iteration_limit=number(item, "iteration_limit"),
        )
        for item in event.get("tasks", ())
        if isinstance(item, Mapping)
    }
    return replace(
        progress,
        run=text(event, "run"),
        base=text(event, "base"),
        sandbox=text(event, "sandbox"),
        models_mode=text(event, "models_mode"),
        state_dir=text(event, "state_dir"),
        started_at=progress.last_at,
        tasks=tasks,
    )


def _session_started(progress: Progress, event: Event) -> Progress:
    """A resumed run runs again: what waited for its pause is taken up where it stood."""
    return replace(
        progress,
        sessions=progress.sessions + 1,
        session_at=progress.last_at,
        outcome=RunOutcome.RUNNING.value,
        pause_reason="",
        hint="",
        doing="",
        doing_since=None,
        sandbox=text(event, "sandbox") or progress.sandbox,
        models_mode=text(event, "models_mode") or progress.models_mode,
        state_dir=text(event, "state_dir") or progress.state_dir,
    )


def _task_started(progress: Progress, event: Event) -> Progress:
    known = progress.tasks.get(text(event, "task")) or TaskProgress(id=text(event, "task"))
    progress = changed(
        progress,
        event,
        state=RUNNING,
        branch=text(event, "branch") or known.branch,
        complexity=text(event, "complexity") or known.complexity,
        iteration_limit=number(event, "iteration_limit") or known.iteration_limit,
        started_at=known.started_at or progress.last_at,
        reason="",
    )
    return doing(progress, event, "")


def _phase_entered(progress: Progress, event: Event) -> Progress:
    return doing(changed(progress, event, phase=text(event, "phase"), state=RUNNING), event, "")


def _call_intent(progress: Progress, event: Event) -> Progress:
    return doing(progress, event, f"{text(event, 'role')} asks {text(event, 'model')}")


def _call_failed(progress: Progress, event: Event) -> Progress:
    words = f"{text(event, 'role')}: {text(event, 'fault').replace('_', ' ')}"
    return doing(replace(progress, retries=progress.retries + 1), event, words)


def _call_retry(progress: Progress, event: Event) -> Progress:
    return doing(progress, event, f"{text(event, 'role')} waits {real(event, 'wait_s'):.0f} s, then asks again")


def _call_answer(progress: Progress, event: Event) -> Progress:
    return doing(replace(progress, calls=progress.calls + 1), event, "")


def _iteration_started(progress: Progress, event: Event) -> Progress:
    progress = changed(
        progress,
        event,
        iteration=number(event, "iteration"),
        iteration_limit=number(event, "limit") or _limit(progress, event),
    )
    return doing(progress, event, "")


def _limit(progress: Progress, event: Event) -> int:
    task = progress.tasks.get(text(event, "task"))
    return task.iteration_limit if task else 0


def _move_decided(progress: Progress, event: Event) -> Progress:
    return changed(progress, event, move=text(event, "move"), why=text(event, "why"))


def _branch_landed(progress: Progress, event: Event) -> Progress:
    return changed(progress, event, branch=text(event, "branch"))


def _task_finished(progress: Progress, event: Event) -> Progress:
    task = progress.tasks.get(text(event, "task"))
    outcome = event.get("outcome")
    told = {**outcome, **event} if isinstance(outcome, Mapping) else event
    progress = changed(
        progress,
        event,
        state=text(told, "status"),
        phase="",
        reason=text(told, "reason"),
        iteration=number(told, "iterations") or (task.iteration if task else 0),
        seconds=real(told, "seconds"),
    )
    return replace(doing(progress, event, ""), current=None)


def _task_reopened(progress: Progress, event: Event) -> Progress:
    return changed(progress, event, state=WAITING, reason="", checks=(), headline="", move="", why="")


def _task_parked(progress: Progress, event: Event) -> Progress:
    return doing(changed(progress, event, state=WAITING), event, "")


def _provider(progress: Progress, event: Event) -> Progress:
    return replace(progress, away=after(progress.away, event))


def _run_paused(progress: Progress, event: Event) -> Progress:
    return replace(
        progress,
        outcome=RunOutcome.PAUSED.value,
        pause_reason=text(event, "reason"),
        hint=text(event, "hint"),
        doing="",
        doing_since=None,
    )


def _run_interrupted(progress: Progress, event: Event) -> Progress:
    hint = f"go on with `{resume_command(progress.run, progress.state_dir)}`"
    return replace(_run_paused(progress, event), outcome=RunOutcome.INTERRUPTED.value, hint=hint)


def _run_finished(progress: Progress, event: Event) -> Progress:
    outcome = text(event, "outcome") or RunOutcome.PARTLY.value
    return replace(progress, outcome=outcome, seconds=real(event, "seconds"), doing="", doing_since=None, current=None)


def _setup_started(progress: Progress, event: Event) -> Progress:
    return doing(progress, event, "set-up of the lane's environment")


def _setup_finished(progress: Progress, event: Event) -> Progress:
    return doing(replace(progress, setup_seconds=progress.setup_seconds + real(event, "seconds")), event, "")


def _note(progress: Progress, event: Event) -> Progress:
    return replace(progress, notes=(*progress.notes, text(event, "text"))[-NOTES_KEPT:])


_RULES: dict[str, Callable[[Progress, Event], Progress]] = {
    "run:started": _run_started,
    "session:started": _session_started,
    "setup:started": _setup_started,
    "setup:finished": _setup_finished,
    "task:started": _task_started,
    "phase:entered": _phase_entered,
    "call:intent": _call_intent,
    "call:failed": _call_failed,
    "call:retry": _call_retry,
    "call:answer": _call_answer,
    "iteration:started": _iteration_started,
    "edits:applied": edits_applied,
    "existence:found": existence_found,
    "gate:started": gate_started,
    "check:started": check_started,
    "check:finished": check_finished,
    "gate:finished": gate_finished,
    "gate:again": gate_again,
    "autofix:applied": autofix_applied,
    "move:decided": _move_decided,
    "branch:landed": _branch_landed,
    "task:finished": _task_finished,
    "task:reopened": _task_reopened,
    "task:parked": _task_parked,
    "provider:away": _provider,
    "provider:back": _provider,
    "run:paused": _run_paused,
    "run:interrupted": _run_interrupted,
    "run:finished": _run_finished,
    "note": _note,
}
