"""The fold of a run's events into where it stands. Pure.

Events of an unknown type change nothing but the time of the last sign of life: newer journals still show.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from decimal import Decimal, InvalidOperation
from typing import Any

from orchestrator.domain.failure import Category
from orchestrator.domain.outcome import RunOutcome
from orchestrator.reports.absence import after
from orchestrator.reports.progress import RUNNING, WAITING, CheckNote, Progress, TaskProgress, moment

Event = Mapping[str, Any]

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


def _text(event: Event, key: str) -> str:
    value = event.get(key)
    return "" if value is None else str(value)


def _number(event: Event, key: str) -> int:
    value = event.get(key)
    return int(value) if isinstance(value, int | float) else 0


def _real(event: Event, key: str) -> float:
    value = event.get(key)
    return float(value) if isinstance(value, int | float) else 0.0


def _task(progress: Progress, event: Event, **changes: Any) -> Progress:
    """Change the event's task; a task the start did not name is added."""
    name = _text(event, "task")
    if not name:
        return progress
    task = progress.tasks.get(name) or TaskProgress(id=name)
    return replace(progress, tasks={**progress.tasks, name: replace(task, **changes)})


def _doing(progress: Progress, event: Event, words: str) -> Progress:
    task = _text(event, "task")
    return replace(
        progress, current=task or progress.current, doing=words, doing_since=progress.last_at if words else None
    )


def _charge(progress: Progress, event: Event) -> Progress:
    """Answers, failed attempts and lost answers carry their charge; the ledger's own sum agrees (tests/reports)."""
    if "input_tokens" not in event:
        return progress
    read, written = _number(event, "input_tokens"), _number(event, "output_tokens")
    cost = _dollars(event.get("cost_usd"))
    unknown = cost is None
    progress = replace(
        progress,
        input_tokens=progress.input_tokens + read,
        output_tokens=progress.output_tokens + written,
        cost_usd=progress.cost_usd + (cost or 0),
        unpriced=progress.unpriced + unknown,
    )
    task = progress.tasks.get(_text(event, "task"))
    if task is None:
        return progress
    return _task(
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
        _text(item, "id"): TaskProgress(
            id=_text(item, "id"),
            title=_text(item, "title"),
            complexity=_text(item, "complexity"),
            iteration_limit=_number(item, "iteration_limit"),
        )
        for item in event.get("tasks", ())
        if isinstance(item, Mapping)
    }
    return replace(
        progress,
        run=_text(event, "run"),
        base=_text(event, "base"),
        sandbox=_text(event, "sandbox"),
        models_mode=_text(event, "models_mode"),
        state_dir=_text(event, "state_dir"),
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
        sandbox=_text(event, "sandbox") or progress.sandbox,
        models_mode=_text(event, "models_mode") or progress.models_mode,
        state_dir=_text(event, "state_dir") or progress.state_dir,
    )


def _task_started(progress: Progress, event: Event) -> Progress:
    known = progress.tasks.get(_text(event, "task")) or TaskProgress(id=_text(event, "task"))
    progress = _task(
        progress,
        event,
        state=RUNNING,
        branch=_text(event, "branch") or known.branch,
        complexity=_text(event, "complexity") or known.complexity,
        iteration_limit=_number(event, "iteration_limit") or known.iteration_limit,
        started_at=known.started_at or progress.last_at,
        reason="",
    )
    return _doing(progress, event, "")


def _phase_entered(progress: Progress, event: Event) -> Progress:
    return _doing(_task(progress, event, phase=_text(event, "phase"), state=RUNNING), event, "")


def _call_intent(progress: Progress, event: Event) -> Progress:
    return _doing(progress, event, f"{_text(event, 'role')} asks {_text(event, 'model')}")


def _call_failed(progress: Progress, event: Event) -> Progress:
    words = f"{_text(event, 'role')}: {_text(event, 'fault').replace('_', ' ')}"
    return _doing(replace(progress, retries=progress.retries + 1), event, words)


def _call_retry(progress: Progress, event: Event) -> Progress:
    return _doing(progress, event, f"{_text(event, 'role')} waits {_real(event, 'wait_s'):.0f} s, then asks again")


def _call_answer(progress: Progress, event: Event) -> Progress:
    return _doing(replace(progress, calls=progress.calls + 1), event, "")


def _iteration_started(progress: Progress, event: Event) -> Progress:
    progress = _task(
        progress,
        event,
        iteration=_number(event, "iteration"),
        iteration_limit=_number(event, "limit") or _limit(progress, event),
    )
    return _doing(progress, event, "")


def _limit(progress: Progress, event: Event) -> int:
    task = progress.tasks.get(_text(event, "task"))
    return task.iteration_limit if task else 0


def _edits_applied(progress: Progress, event: Event) -> Progress:
    return _doing(_task(progress, event, checks=(), headline="", category=""), event, "gate")


def _check_finished(progress: Progress, event: Event) -> Progress:
    task = progress.tasks.get(_text(event, "task"))
    note = CheckNote(
        check=_text(event, "check"),
        passed=bool(event.get("passed")),
        seconds=_real(event, "seconds"),
        note=_text(event, "note"),
        of=f"{_text(event, 'path')} {_text(event, 'command')}".strip(),
    )
    before = tuple(check for check in task.checks if (check.check, check.of) != (note.check, note.of)) if task else ()
    return _task(progress, event, checks=(*before, note))  # judged anew, once a test is known to be flaky


def _gate_started(progress: Progress, event: Event) -> Progress:
    return _doing(_task(progress, event, checks=()), event, "gate")


def _check_started(progress: Progress, event: Event) -> Progress:
    where = "" if _text(event, "path") in {"", "."} else f" in {_text(event, 'path')}"
    words = f"{_text(event, 'of') or 'gate'}: {_text(event, 'check')}{where}: {_text(event, 'command')}"
    return _doing(progress, event, words)


def _existence_found(progress: Progress, event: Event) -> Progress:
    told = _task(progress, event, headline=_text(event, "headline"), category=Category.HALLUCINATION.value, checks=())
    return _doing(told, event, "")


def _gate_finished(progress: Progress, event: Event) -> Progress:
    categories = event.get("categories")
    names = ", ".join(str(name) for name in categories) if isinstance(categories, Mapping) else ""
    headline = "" if event.get("passed") else _text(event, "headline")
    return _doing(_task(progress, event, headline=headline, category=names), event, "")


def _gate_again(progress: Progress, event: Event) -> Progress:
    return _doing(_task(progress, event, checks=()), event, "gate once more: the environment failed")


def _autofix_applied(progress: Progress, event: Event) -> Progress:
    task = progress.tasks.get(_text(event, "task"))
    fixed = (task.auto_fixed if task else 0) + 1
    return _doing(_task(progress, event, auto_fixed=fixed, checks=()), event, "gate, after an auto-fix")


def _move_decided(progress: Progress, event: Event) -> Progress:
    return _task(progress, event, move=_text(event, "move"), why=_text(event, "why"))


def _branch_landed(progress: Progress, event: Event) -> Progress:
    return _task(progress, event, branch=_text(event, "branch"))


def _task_finished(progress: Progress, event: Event) -> Progress:
    task = progress.tasks.get(_text(event, "task"))
    outcome = event.get("outcome")
    told = {**outcome, **event} if isinstance(outcome, Mapping) else event
    progress = _task(
        progress,
        event,
        state=_text(told, "status"),
        phase="",
        reason=_text(told, "reason"),
        iteration=_number(told, "iterations") or (task.iteration if task else 0),
        seconds=_real(told, "seconds"),
    )
    return replace(_doing(progress, event, ""), current=None)


def _task_reopened(progress: Progress, event: Event) -> Progress:
    return _task(progress, event, state=WAITING, reason="", checks=(), headline="", move="", why="")


def _task_parked(progress: Progress, event: Event) -> Progress:
    return _doing(_task(progress, event, state=WAITING), event, "")


def _provider(progress: Progress, event: Event) -> Progress:
    return replace(progress, away=after(progress.away, event))


def _run_paused(progress: Progress, event: Event) -> Progress:
    return replace(
        progress,
        outcome=RunOutcome.PAUSED.value,
        pause_reason=_text(event, "reason"),
        hint=_text(event, "hint"),
        doing="",
        doing_since=None,
    )


def _run_interrupted(progress: Progress, event: Event) -> Progress:
    return replace(_run_paused(progress, event), outcome=RunOutcome.INTERRUPTED.value)


def _run_finished(progress: Progress, event: Event) -> Progress:
    outcome = _text(event, "outcome") or RunOutcome.PARTLY.value
    return replace(progress, outcome=outcome, seconds=_real(event, "seconds"), doing="", doing_since=None, current=None)


def _setup_started(progress: Progress, event: Event) -> Progress:
    return _doing(progress, event, "set-up of the lane's environment")


def _setup_finished(progress: Progress, event: Event) -> Progress:
    return _doing(replace(progress, setup_seconds=progress.setup_seconds + _real(event, "seconds")), event, "")


def _note(progress: Progress, event: Event) -> Progress:
    return replace(progress, notes=(*progress.notes, _text(event, "text"))[-NOTES_KEPT:])


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
    "edits:applied": _edits_applied,
    "existence:found": _existence_found,
    "gate:started": _gate_started,
    "check:started": _check_started,
    "check:finished": _check_finished,
    "gate:finished": _gate_finished,
    "gate:again": _gate_again,
    "autofix:applied": _autofix_applied,
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
