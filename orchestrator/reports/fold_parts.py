"""What every step of a fold is made of: a field read, a task changed, what is under way."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from orchestrator.reports.progress import Progress, TaskProgress

Event = Mapping[str, Any]


def text(event: Event, key: str) -> str:
    """A field as text; empty where there is none."""
    value = event.get(key)
    return "" if value is None else str(value)


def number(event: Event, key: str) -> int:
    """A field as a whole number; 0 where it is none."""
    value = event.get(key)
    return int(value) if isinstance(value, int | float) else 0


def real(event: Event, key: str) -> float:
    """A field as a number; 0 where it is none."""
    value = event.get(key)
    return float(value) if isinstance(value, int | float) else 0.0


def changed(progress: Progress, event: Event, **changes: Any) -> Progress:
    """Change the event's task; a task the start did not name is added."""
    name = text(event, "task")
    if not name:
        return progress
    task = progress.tasks.get(name) or TaskProgress(id=name)
    return replace(progress, tasks={**progress.tasks, name: replace(task, **changes)})


def doing(progress: Progress, event: Event, words: str) -> Progress:
    """What is under way now, in words; empty: nothing. The event's task is the one worked on."""
    task = text(event, "task")
    return replace(
        progress, current=task or progress.current, doing=words, doing_since=progress.last_at if words else None
    )
