"""Which run a command is about, and its journal as it stands; takes no lock and changes nothing."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from orchestrator.domain.errors import UsageError
from orchestrator.ledger.journal import read_journal

DEFAULT_STATE = Path("runs")
JOURNAL = "journal.jsonl"
_FIRST_LINE = 10_000_000
"""Bytes: it names every task of the run."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundRun:
    """A run on disk."""

    folder: Path
    entries: Sequence[Mapping[str, Any]]
    good_bytes: int = 0
    """How far the journal was read; what follows is being written, or torn."""


def find_run(state: str | Path | None, name: str | None) -> Path:
    """The folder of the named run, or of the newest one. ``UsageError`` names the runs there are."""
    root = Path(state) if state is not None else DEFAULT_STATE
    known = run_names(root)
    if not known:
        raise UsageError(
            f"{root}: no run is recorded there",
            hint="start one with `orchestrate run TASKS.yaml`, or name the folder with `--state DIR`",
            slug="no-run",
        )
    if name is None:
        return root / known[-1]
    if name not in known:
        raise UsageError(f"{root}: no run {name!r} is recorded there", hint=_near(known), slug="no-run")
    return root / name


def run_names(root: Path) -> list[str]:
    """The runs of a state folder, oldest first.

    By the first word of their journals, which is in UTC: names begin with the local time, which an hour in autumn
    brings twice, and a journey again.
    """
    if not root.is_dir():
        return []
    runs = [path for path in root.iterdir() if (path / JOURNAL).is_file()]
    return [path.name for path in sorted(runs, key=lambda path: (_begun(path), path.name))]


def _begun(run: Path) -> datetime:
    """When a run began; by its name where its journal's first line cannot be read."""
    try:
        with (run / JOURNAL).open("rb") as journal:
            return datetime.fromisoformat(json.loads(journal.readline(_FIRST_LINE))["at"]).astimezone(UTC)
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        pass
    try:
        return datetime.strptime(run.name[:13], "%Y%m%d-%H%M").astimezone(UTC)
    except (ValueError, OverflowError):
        return datetime.fromtimestamp(0, UTC)


def read_run(folder: Path) -> FoundRun:
    """The run's journal, verified. ``JournalError`` where it is damaged."""
    reading = read_journal(folder / JOURNAL)
    return FoundRun(folder=folder, entries=reading.entries, good_bytes=reading.good_bytes)


def stood(tasks: Path) -> Path | None:
    """Where the paths of a tasks file in a run's folder (``remediation.yaml``) count from: the run's own tasks file.

    ``None``: it lies elsewhere, and they count from its own folder.
    """
    journal = tasks.parent / JOURNAL
    if not journal.is_file():
        return None
    start = next((entry for entry in read_journal(journal).entries if entry["type"] == "run:started"), {})
    return Path(str(start["tasks_file"])) if "tasks_file" in start else None


def _near(known: list[str]) -> str:
    shown = ", ".join(known[-5:])
    return f"the newest are {shown}"
