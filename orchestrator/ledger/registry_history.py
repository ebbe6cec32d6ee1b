"""What the journals of a state folder tell of delivered tasks: the registry's truth (decision 11).

Journals of other versions, or damaged ones, bring what can be read of them; nothing here fails.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from orchestrator.domain.task import Importance, Phase
from orchestrator.ledger.memory import run_folders

CALIBRATED = "run:calibrated"
"""The journal entry of a task that went into the registry."""
_WANTED = (b'"run:started"', b'"task:started"', b'"task:finished"', b'"session:started"', b'"run:calibrated"')
_RUNS = 500
"""Newest runs that are read: older ones teach nothing of how it goes today."""

Entry = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivered:
    """A delivered task."""

    at: str
    """ISO 8601 with zone."""
    complexity: str
    tokens: int
    feature: Mapping[str, Any]
    """As the registry's file holds it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Worked:
    """A task that was worked on, however it ended: what estimates are learnt from."""

    at: str
    """ISO 8601 with zone."""
    complexity: str
    text_tokens: int | None
    """Of its title, description and acceptance, about; ``None``: an older journal does not say."""
    tokens: int
    seconds: float
    delivered: bool
    live: bool
    """Whether models were asked; recorded answers take no time."""


def worked(state: Path) -> tuple[Worked, ...]:
    """Every task that a state folder's runs worked on, oldest first."""
    found = [each for folder in run_folders(state)[:_RUNS] for each in worked_of(entries_of(folder))]
    return tuple(sorted(found, key=lambda each: each.at))


def worked_of(entries: Sequence[Entry]) -> Iterator[Worked]:
    """Those of one run; of a task that ended twice, the last time counts, as it holds the whole."""
    start: Entry = next((entry for entry in entries if entry.get("type") == "run:started"), {})
    texts = {str(each.get("id")): each.get("text_tokens") for each in start.get("tasks", ()) if isinstance(each, dict)}
    last = {str(entry.get("task")): entry for entry in entries if entry.get("type") == "task:finished"}
    for task, entry in last.items():
        with suppress(KeyError, TypeError, ValueError, AttributeError):
            if entry["status"] == "skipped":
                continue
            text = texts.get(task)
            yield Worked(
                at=str(entry["at"]),
                complexity=str(entry["outcome"]["complexity"]),
                text_tokens=text if isinstance(text, int) else None,
                tokens=int(entry["tokens"]),
                seconds=float(entry["seconds"]),
                delivered=entry["status"] == "delivered",
                live=start.get("models_mode") == "live",
            )


def delivered(state: Path) -> tuple[Delivered, ...]:
    """Every delivered task of a state folder's runs, oldest first."""
    found = [each for folder in run_folders(state)[:_RUNS] for each in delivered_of(entries_of(folder))]
    return tuple(sorted(found, key=lambda each: each.at))


def delivered_of(entries: Sequence[Entry]) -> Iterator[Delivered]:
    """The delivered tasks of one run; of a task that ended twice, the last time counts."""
    last = {str(entry.get("task")): entry for entry in entries if entry.get("type") == "task:finished"}
    for entry in last.values():
        if entry.get("status") != "delivered":
            continue
        with suppress(KeyError, TypeError, ValueError, AttributeError):
            feature = feature_of(entries, entry)
            yield Delivered(
                at=str(entry["at"]),
                complexity=str(entry["outcome"]["complexity"]),
                tokens=feature["total_estimated_tokens"],
                feature=feature,
            )


def feature_of(entries: Sequence[Entry], finished: Entry) -> dict[str, Any]:
    """A delivered task as the registry keeps it. ``KeyError``, ``TypeError``, ``ValueError``: not of this version."""
    start = next((entry for entry in entries if entry["type"] == "run:started"), None)
    if start is None:
        raise ValueError("the journal holds no run:started")
    outcome, task = finished["outcome"], str(finished["task"])
    estimates = start.get("estimates", {}).get("stages", {})
    grade: Entry = next((each for each in start["tasks"] if each["id"] == task), {})
    used = {str(use["phase"]): int(use["tokens"]) for use in outcome["phases"]}
    recorded = {"recorded": True} if str(start.get("models_mode", "")).startswith("replay") else {}
    return {
        "feature_id": f"{start['run']}/{task}",
        "feature_name": str(outcome["title"]),
        "completed_at": str(finished["at"]),
        "session_count": _sessions(entries, task),
        "total_estimated_tokens": int(finished["tokens"]),
        "stage_actuals": {
            phase.value: {
                "pre": int(estimates.get(phase.value, 0)),
                "post": used.get(phase.value, 0),
                "complexity": str(outcome["complexity"]),
                "importance": str(grade.get("importance", Importance.MEDIUM.value)),
            }
            for phase in Phase
        },
        **recorded,
    }


def calibrations(state: Path) -> tuple[Entry, ...]:
    """The entries of tasks that went into the registry, of all runs, oldest first (R10)."""
    found = [
        entry
        for folder in run_folders(state)[:_RUNS]
        for entry in entries_of(folder)
        if entry.get("type") == CALIBRATED
    ]
    return tuple(sorted(found, key=lambda entry: str(entry.get("at", ""))))


def entries_of(folder: Path, wanted: Sequence[bytes] = _WANTED) -> tuple[Entry, ...]:
    """The few entries of a run's journal that matter (their lines hold one of ``wanted``); others are passed over."""
    try:
        lines = (folder / "journal.jsonl").read_bytes().split(b"\n")
    except OSError:
        return ()
    return tuple(_entries(line for line in lines if any(kind in line for kind in wanted)))


def _entries(lines: Iterable[bytes]) -> Iterator[Entry]:
    for line in lines:
        with suppress(ValueError, RecursionError):
            entry = json.loads(line)
            if isinstance(entry, dict) and isinstance(entry.get("type"), str):
                yield entry


def _sessions(entries: Sequence[Entry], task: str) -> int:
    """Sessions that worked on the task: those in which it was started. At least one."""
    session, worked = 0, set()
    for entry in entries:
        if entry["type"] == "session:started":
            session += 1
        elif entry["type"] == "task:started" and entry.get("task") == task:
            worked.add(session)
    return max(1, len(worked))
