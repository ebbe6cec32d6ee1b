"""What a run already knows: looked up in its journal, so that a resume does nothing twice."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter

from orchestrator.domain.outcome import TaskOutcome
from orchestrator.ledger.journal import Entry, Journal
from orchestrator.ledger.spending import Spending

_OUTCOME = TypeAdapter(TaskOutcome)


class Memory:
    """Finds entries by type and fields, newest first."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self.spending = Spending(journal)
        """What each task has used so far."""

    def last(self, kind: str, /, **fields: Any) -> Entry | None:
        """The newest entry of that type whose fields have those values."""
        return next((entry for entry in self._journal.newest(kind, _task(fields)) if _has(entry, fields)), None)

    def first(self, kind: str, /, **fields: Any) -> Entry:
        """The oldest such entry; ``LookupError`` where there is none."""
        for entry in self._journal.of_type(kind, _task(fields)):
            if _has(entry, fields):
                return entry
        raise LookupError(f"the journal has no {kind} with {fields}")

    def all(self, kind: str, /, **fields: Any) -> tuple[Entry, ...]:
        """Every entry of that type whose fields have those values, oldest first."""
        return tuple(entry for entry in self._journal.of_type(kind, _task(fields)) if _has(entry, fields))

    def outcome(self, task: str) -> TaskOutcome | None:
        """How a task ended, if it did, and no later hint has opened it again."""
        finished = self.last("task:finished", task=task)
        if finished is None:
            return None
        reopened = self.last("task:reopened", task=task)
        if reopened is not None and reopened["seq"] > finished["seq"]:
            return None
        return outcome_from(finished["outcome"])


def _task(fields: Mapping[str, Any]) -> str | None:
    """The task that is asked for, if one is."""
    task = fields.get("task")
    return task if isinstance(task, str) else None


def _has(entry: Entry, fields: Mapping[str, Any]) -> bool:
    return all(entry.get(name) == value for name, value in fields.items())


def outcome_json(outcome: TaskOutcome) -> dict[str, Any]:
    """A task's outcome as plain JSON."""
    data: dict[str, Any] = json.loads(_OUTCOME.dump_json(outcome))
    return data


def outcome_from(data: Mapping[str, Any]) -> TaskOutcome:
    """A task's outcome from its JSON. ``pydantic.ValidationError`` where it is none."""
    return _OUTCOME.validate_json(json.dumps(data))


def run_folders(state: Path) -> tuple[Path, ...]:
    """The runs of a state folder, newest first: every folder in it that holds a journal."""
    if not state.is_dir():
        return ()
    found = [folder for folder in state.iterdir() if (folder / "journal.jsonl").is_file()]
    return tuple(sorted(found, key=lambda folder: folder.name, reverse=True))
