"""Which run a command is about, and its journal as it stands; takes no lock and changes nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from orchestrator.domain.errors import UsageError
from orchestrator.ledger.journal import read_journal

DEFAULT_STATE = Path("runs")
JOURNAL = "journal.jsonl"


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundRun:
    """A run on disk."""

    folder: Path
    entries: tuple[Mapping[str, Any], ...]
    good_bytes: int
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
    """The runs of a state folder, oldest first: names begin with the time of their start."""
    if not root.is_dir():
        return []
    return sorted(path.name for path in root.iterdir() if (path / JOURNAL).is_file())


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
