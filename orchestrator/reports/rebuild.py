"""A run's summary from its journal: the reports are projections, and can be made again at any time. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from orchestrator.domain.outcome import RunOutcome, RunSummary, TaskOutcome
from orchestrator.ledger.charges import total_charge
from orchestrator.ledger.memory import outcome_from
from orchestrator.reports.timeline import timeline

Entry = Mapping[str, Any]


def summary_of(entries: Sequence[Entry]) -> RunSummary:
    """The summary after those entries, oldest first; of a run under way, what has ended so far.

    ``ValueError`` where they do not begin a run, or a task's outcome cannot be read.
    """
    start = next((entry for entry in entries if entry.get("type") == "run:started"), None)
    if start is None:
        raise ValueError("the journal holds no run:started")
    end = _end(entries)
    tasks = _tasks(start, entries)
    ended = {task.id for task in tasks}
    paused = end if end is not None and end["type"] == "run:paused" else {}
    return RunSummary(
        run=str(start["run"]),
        started_at=str(start["at"]),
        finished_at=str(end["at"]) if end else None,
        repo=str(_latest(entries, "repo", "")),
        base=str(start["base"]),
        outcome=_outcome(end),
        tasks=tasks,
        charge=total_charge(entries),
        seconds=timeline(entries).seconds,
        models=_models(entries),
        sandbox=str(_latest(entries, "sandbox", "")),
        models_mode=str(_latest(entries, "models_mode", "live")),
        calls=sum(entry.get("type") == "call:answer" for entry in entries),
        notes=tuple(dict.fromkeys(note for entry in entries if (note := _note(entry)))),
        checkout_before=str(_first(entries, "checkout_before", "")),
        checkout_after=str(_latest(entries, "checkout_after", "")),
        replay_drift=tuple(
            str(entry.get("detail") or entry.get("call")) for entry in entries if entry.get("type") == "replay:drift"
        ),
        registry_before=dict(_first(entries, "registry_before", {})),
        registry_after=dict(_latest(entries, "registry_after", {})),
        state_dir=str(_latest(entries, "state_dir", "")),
        waiting=tuple(str(task["id"]) for task in start.get("tasks", ()) if str(task["id"]) not in ended),
        reason=str(paused.get("reason", "")),
        hint=str(paused.get("hint", "")),
    )


def _end(entries: Sequence[Entry]) -> Entry | None:
    """What ended the last session, if anything did."""
    for entry in reversed(entries):
        kind = entry.get("type")
        if kind in ("run:finished", "run:paused", "run:interrupted"):
            return entry
        if kind == "session:started":
            return None
    return None


def _outcome(end: Entry | None) -> RunOutcome:
    if end is None:
        return RunOutcome.RUNNING
    if end["type"] == "run:paused":
        return RunOutcome.PAUSED
    if end["type"] == "run:interrupted":
        return RunOutcome.INTERRUPTED
    return RunOutcome(end.get("outcome", RunOutcome.PARTLY))


def _tasks(start: Entry, entries: Sequence[Entry]) -> tuple[TaskOutcome, ...]:
    """Each task's last outcome in the run's order; a reopened one has none until it ends again."""
    ended: dict[str, Mapping[str, Any] | None] = {str(task["id"]): None for task in start.get("tasks", ())}
    for entry in entries:
        if entry.get("type") == "task:finished":
            ended[str(entry["task"])] = entry["outcome"]
        elif entry.get("type") == "task:reopened":
            ended[str(entry["task"])] = None
    outcomes = (outcome_from(outcome) for outcome in ended.values() if outcome is not None)
    fixed = _autofixed(entries)
    return tuple(replace(outcome, autofixed_iterations=len(fixed.get(outcome.id, ()))) for outcome in outcomes)


def _autofixed(entries: Iterable[Entry]) -> dict[str, set[int]]:
    """The iterations in which auto-fix changed something, by task."""
    fixed: dict[str, set[int]] = {}
    for entry in entries:
        if entry.get("type") == "autofix:applied":
            fixed.setdefault(str(entry["task"]), set()).add(int(entry["iteration"]))
    return fixed


def _models(entries: Iterable[Entry]) -> dict[str, str]:
    """Role -> model id; the last one where a role climbed."""
    return {str(entry["role"]): str(entry["model"]) for entry in entries if entry.get("type") == "call:intent"}


def _first(entries: Iterable[Entry], key: str, default: Any) -> Any:
    return next((entry[key] for entry in entries if _run_level(entry) and entry.get(key) is not None), default)


def _latest(entries: Sequence[Entry], key: str, default: Any) -> Any:
    return _first(reversed(entries), key, default)


def _run_level(entry: Entry) -> bool:
    return str(entry.get("type", "")).startswith(("run:", "session:"))


def _note(entry: Mapping[str, Any]) -> str:
    """What the report says of an entry beside the tables; empty: nothing."""
    if entry.get("type") == "existence:found":
        symbols = ", ".join(f"`{symbol}`" for symbol in entry.get("symbols", ()))
        return f"{entry.get('task')}: invented names stopped before a test ran: {symbols}"
    return str(entry.get("text", "")) if entry.get("type") == "note" else ""
