"""One line a fact: what a terminal that is none, a log or a pipe shows of a run's events. Pure.

Every text that comes from outside passes :mod:`orchestrator.reports.inert`.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import tzinfo

from orchestrator.domain.words import count
from orchestrator.reports.absence import absence, away_words
from orchestrator.reports.console import OUTCOME_WORDS, STATE_WORDS, iteration_words, spent
from orchestrator.reports.figures import duration, tokens
from orchestrator.reports.fold_parts import Event
from orchestrator.reports.inert import one_line
from orchestrator.reports.progress import Progress, moment
from orchestrator.reports.todo import resume_command


def event_line(event: Event, progress: Progress, zone: tzinfo | None = None) -> str:
    """One event as one line, ``progress`` being the state after it; empty where it says nothing to a reader.

    Its time of day is told in ``zone``, by default in the event's own.
    """
    rule = _LINES.get(str(event.get("type", "")))
    words = rule(event, progress) if rule else ""
    if not words:
        return ""
    at = moment(event.get("at"))
    at = at.astimezone(zone) if at and zone else at
    task = f"{event['task']}: " if event.get("task") else ""
    return one_line(f"{at.strftime('%H:%M:%S') if at else '--:--:--'} {task}{words}", limit=400)


def _run_started(event: Event, progress: Progress) -> str:
    base = str(event.get("base", ""))[:10]
    head = f"run {progress.run}: {count(len(progress.tasks), 'task')} on {base}"
    return f"{head}, sandbox {progress.sandbox}, {progress.models_mode}{_kept_awake(event)}"


def _kept_awake(event: Event) -> str:
    """Where models are asked, for hours perhaps; older journals do not say."""
    if event.get("models_mode") != "live" or "awake" not in event:
        return ""
    return f", kept awake by {event['awake']}" if event["awake"] else ", nothing keeps the machine awake"


def _task_started(event: Event, progress: Progress) -> str:
    task = progress.tasks[str(event["task"])]
    place = f"task {event['position']} of {event['of']}" if event.get("position") else "started"
    return f"{place}: {task.title} ({task.complexity}, up to {task.iteration_limit} iterations)"


def _phase_left(event: Event, progress: Progress) -> str:
    status = event.get("status")
    over = f", budget {status}" if status and status != "within" else ""
    return f"{event.get('phase')} done in {duration(float(event.get('seconds') or 0))}{over}"


def _call_failed(event: Event, progress: Progress) -> str:
    attempt = f", attempt {event['attempt']}" if event.get("attempt") else ""
    return f"call failed: {event.get('model')}: {str(event.get('fault', '')).replace('_', ' ')}{attempt}"


def _what(event: Event) -> str:
    """What an auto-fix did: a word, or one note a fix."""
    what = event.get("what")
    return ", ".join(str(note) for note in what[:3]) if isinstance(what, list | tuple) else str(what or "")


def _call_answer(event: Event, progress: Progress) -> str:
    used = int(event.get("input_tokens") or 0) + int(event.get("output_tokens") or 0)
    reason = event.get("reason")
    odd = f", {reason}" if reason not in ("end", "tool", None) else ""
    return f"{event.get('role')} answered, {tokens(used)} tokens, {duration(float(event.get('seconds') or 0))}{odd}"


def _check_finished(event: Event, progress: Progress) -> str:
    note = f" ({event['note']})" if event.get("note") else ""
    verdict = "ok" if event.get("passed") else "red"
    return f"{event.get('check')} {verdict}, {duration(float(event.get('seconds') or 0))}{note}"


def _existence_found(event: Event, progress: Progress) -> str:
    symbols = event.get("symbols")
    named = [str(symbol) for symbol in symbols] if isinstance(symbols, list | tuple) else []
    more = f" and {len(named) - 3} more" if len(named) > 3 else ""  # noqa: PLR2004 - three names fit a line
    return f"invented names stopped before a test ran: {', '.join(named[:3])}{more}: {event.get('headline', '')}"


_UNPROVED = "no check is there, so nothing is proved (`orchestrate init` looks for some)"


def _gate_finished(event: Event, progress: Progress) -> str:
    if event.get("checks") == 0:
        return f"gate: {_UNPROVED}"
    if event.get("passed"):
        return f"gate green, {duration(float(event.get('seconds') or 0))}"
    categories = event.get("categories")
    named = ", ".join(f"{number} {name}" for name, number in categories.items()) if isinstance(categories, dict) else ""
    return f"gate red: {named or 'no category'}: {event.get('headline', '')}"


def _baseline_finished(event: Event, progress: Progress) -> str:
    if event.get("checks") == 0:
        return f"gate of the base: {_UNPROVED}"
    verdict = (
        "green" if event.get("green") else f"red ({event.get('headline', '')}): what it names is not held against you"
    )
    return f"gate of the base {verdict}, {duration(float(event.get('seconds') or 0))}"


def _files(event: Event) -> str:
    files = event.get("files")
    if isinstance(files, list | tuple):
        return ", ".join(str(name) for name in files[:3]) + (f" and {len(files) - 3} more" if len(files) > 3 else "")  # noqa: PLR2004 - three names fit a line
    return str(files or "")


def _faults(event: Event) -> str:
    faults = event.get("faults")
    return "; ".join(str(fault) for fault in faults[:2]) if isinstance(faults, list | tuple) else str(faults or "")


def _review_finished(event: Event, progress: Progress) -> str:
    findings = event.get("findings")
    number = len(findings) if isinstance(findings, list | tuple) else findings
    more = f", {count(int(number), 'finding')}" if number else ""
    return f"review: {str(event.get('verdict', '')).replace('_', ' ')}{more}"


def _audit_finished(event: Event, progress: Progress) -> str:
    if not event.get("ran"):
        return f"{_named([event.get('role')])}: no result, {event.get('detail', '')}"
    found = count(int(event.get("findings") or 0), "finding")
    return f"{_named([event.get('role')])}: {found}, {event.get('serious', 0)} serious"


def _named(roles: object) -> str:
    return ", ".join(str(role).replace("_", " ") for role in roles) if isinstance(roles, list | tuple) else ""


def _task_finished(event: Event, progress: Progress) -> str:
    task = progress.tasks[str(event["task"])]
    state = STATE_WORDS.get(task.state, task.state)
    reason = f": {task.reason}" if task.reason else ""
    cost = spent(task.cost_usd, task.unpriced)
    return f"{state}{reason} ({iteration_words(task) or 'no'} iterations, {duration(task.seconds)}, {cost})"


def _task_parked(event: Event, progress: Progress) -> str:
    name = str(event.get("provider", ""))
    told = progress.away.get(name)
    why = away_words(name, told, moment(event.get("at"))) if told else f"{name} is away"
    return f"back to the queue; {why}"


def _provider_away(event: Event, progress: Progress) -> str:
    told = away_words(str(event.get("provider", "")), absence(event), moment(event.get("at")))
    return f"{told}: {event.get('message', '')}"


def _run_finished(event: Event, progress: Progress) -> str:
    words = OUTCOME_WORDS.get(progress.outcome, progress.outcome)
    done = f"{progress.done} of {count(len(progress.tasks), 'task')} done, {duration(progress.elapsed(None))}"
    used = f"{tokens(progress.tokens)} tokens, {spent(progress.cost_usd, progress.unpriced)}"
    return f"run {progress.run}: {words}, {done}, {used}"


_LINES: dict[str, Callable[[Event, Progress], str]] = {
    "run:started": _run_started,
    "session:started": lambda event, progress: f"resumed{_kept_awake(event)}" if progress.sessions > 1 else "",
    "setup:started": lambda *_: "set-up of the lane's environment",
    "setup:finished": lambda event, _: f"set-up done in {duration(float(event.get('seconds') or 0))}",
    "task:started": _task_started,
    "phase:entered": lambda event, _: f"{event.get('phase')}",
    "phase:left": _phase_left,
    "call:failed": _call_failed,
    "call:retry": lambda event, _: f"{event.get('role')} asks again in {float(event.get('wait_s') or 0):.0f} s",
    "call:answer": _call_answer,
    "call:lost": lambda event, _: f"an answer of {event.get('model')} was lost in flight, charged at its worst case",
    "iteration:started": lambda event, _: f"iteration {event.get('iteration')} of {event.get('limit')}",
    "edits:applied": lambda event, _: f"edits applied: {_files(event)}",
    "edits:refused": lambda event, _: f"edits refused: {_faults(event)}",
    "existence:found": _existence_found,
    "check:finished": _check_finished,
    "gate:finished": _gate_finished,
    "gate:again": lambda event, _: f"gate once more, the environment failed: {event.get('why', '')}",
    "baseline:finished": _baseline_finished,
    "edits:none": lambda event, _: f"no edits: {event.get('detail') or event.get('status', '')}",
    "hint:used": lambda event, _: f"thinks again with your hint: {event.get('hint', '')}",
    "budget:stopped": lambda event, _: f"stopped by its budget: {event.get('why', '')}",
    "budget:observed": lambda event, _: f"budget, observed only: {event.get('why', '')}",
    "task:parked": _task_parked,
    "provider:away": _provider_away,
    "provider:back": lambda event, _: f"{event.get('provider')} answers again",
    "replay:drift": lambda event, _: f"prompt drifted from the recording: {event.get('detail', '')}",
    "autofix:applied": lambda event, _: f"auto-fix, no model: {_what(event)} {_files(event)}",
    "move:decided": lambda event, _: f"move: {str(event.get('move', '')).replace('_', ' ')}: {event.get('why', '')}",
    "adr:accepted": lambda event, _: f"ADR: {event.get('title', '')}",
    "research:finished": lambda event, _: f"research: {_named(event.get('agents')) or 'no notes'}",
    "tests:written": lambda event, _: f"tests before the code, which fail on the base: {_files(event)}",
    "audit:finished": _audit_finished,
    "agent:failed": lambda event, _: f"went on without the {_named([event.get('role')])}: {event.get('why', '')}",
    "review:finished": _review_finished,
    "issues:drafted": lambda event, _: f"{count(int(event.get('count') or 0), 'issue')} drafted, none filed",
    "commit:made": lambda event, _: f"commit {str(event.get('commit', ''))[:10]}",
    "branch:landed": lambda event, _: f"branch {event.get('branch', '')}",
    "task:finished": _task_finished,
    "task:reopened": lambda event, _: f"taken up again: {event.get('hint', '')}",
    "run:interrupted": lambda _, progress: (
        f"interrupted: go on with `{resume_command(progress.run, progress.state_dir)}`"
    ),
    "run:paused": lambda event, _: f"paused: {event.get('reason', '')}; hint: {event.get('hint', '')}",
    "run:finished": _run_finished,
    "note": lambda event, _: f"note: {event.get('text', '')}",
}
