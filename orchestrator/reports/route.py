"""The way a task took, in a few words: what a run prints last, task by task. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from orchestrator.domain.outcome import RunSummary, TaskOutcome, TaskStatus
from orchestrator.reports.inert import one_line

Entry = Mapping[str, Any]

_WORDS: Mapping[str, Callable[[Entry], str]] = {
    "gate:again": lambda _: "the environment failed, run again",
    "autofix:applied": lambda entry: f"auto-fix: {_fixed(entry)}",
    "autofix:undone": lambda _: "auto-fix undone",
    "edits:refused": lambda _: "edits did not apply, back at once",
    "move:decided": lambda entry: _MOVES.get(str(entry.get("move")), ""),
    "review:finished": lambda entry: "sent back by the review" if entry.get("verdict") == "send_back" else "",
    "hint:used": lambda _: "went on with your hint",
}
_MOVES: Mapping[str, str] = {
    "retry": "retry with the failure",
    "warn": "warned of an invented name",
    "redesign": "new ADR",
    "escalate": "next tier",
}
_FORESEEN = "an invented name stopped before a test ran"
_MARKS: Mapping[TaskStatus, str] = {
    TaskStatus.DELIVERED: "delivered",
    TaskStatus.NEEDS_HUMAN: "needs you",
    TaskStatus.FAILED: "failed",
    TaskStatus.STOPPED: "stopped",
    TaskStatus.SKIPPED: "skipped",
}
_WHY = frozenset({"retry", "warn", "redesign"})


def route(entries: Sequence[Entry], task: str) -> str:
    """What happened on the way, in order; empty where it was right first time."""
    steps: list[str] = []
    headline, foreseen = "", False
    for entry in entries:
        if entry.get("task") != task:
            continue
        kind = str(entry.get("type"))
        if kind in {"gate:finished", "existence:found"}:
            headline = str(entry.get("headline") or "")
            foreseen = kind == "existence:found"
        if kind == "task:reopened":
            steps.append("reopened")
        words = _WORDS[kind](entry) if kind in _WORDS else ""
        if words and kind == "move:decided" and entry.get("move") in _WHY and headline:
            words = _FORESEEN if foreseen and entry.get("move") == "warn" else words
            words = f"{words} ({one_line(headline, limit=88)})"
        if words and (not steps or steps[-1] != words):
            steps.append(words)
    return "; ".join(steps)


def night_table(summary: RunSummary, entries: Sequence[Entry]) -> str:
    """The run's tasks, one line each: how it ended, iterations, the way it took or why it waits."""
    width = max((len(task.id) for task in summary.tasks), default=0)
    return "\n".join(_row(task, route(entries, task.id), width) for task in summary.tasks)


def _row(task: TaskOutcome, way: str, width: int) -> str:
    said = way or "right first time"
    if task.status is not TaskStatus.DELIVERED:
        said = one_line(f"{way}; {task.reason}" if way else task.reason, limit=200)
    return f"  {task.id:<{width}}  {_MARKS[task.status]}  {task.iterations}/{task.iteration_limit}  {said}"


def _fixed(entry: Entry) -> str:
    """What was fixed, without the place: the place is in the report."""
    what = [one_line(str(note).split(": ", 1)[-1], limit=60) for note in entry.get("what", ())]
    return ", ".join(what) or "the linter's own fix"
