"""``land.jsonl`` beside a run's journal: every landing with intent and done, so that a killed one can be brought to an
end and the last one taken back. Of the journal's format; it alone is truth, certificates by tree are made from it.

Entries: ``land:started`` (a command's begin: repository, branch, head), ``land:certified`` (a tree, its certificate),
``land:intent`` and ``land:done`` (one branch), ``land:stopped``, ``undo:intent`` and ``undo:done``,
``shift:recovered``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from orchestrator.ledger.journal import Entry, Journal, read_journal
from orchestrator.ledger.memory import run_folders
from orchestrator.ports import Checkout, Clock, Shift

NAME = "land.jsonl"


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """One run's landings as they stand on disk."""

    folder: Path
    """The run's."""
    entries: tuple[Entry, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Landed:
    """What one ``land`` command landed and nobody took back."""

    folder: Path
    session: int
    """Sequence number of its ``land:started``."""
    at: str
    shift: Shift
    """From where the branch stood before it to where it left it."""
    tasks: tuple[str, ...]


def open_record(folder: Path, clock: Clock) -> Journal:
    """The run's record, made where there is none."""
    path = folder / NAME
    return Journal.reopen(path, clock) if path.exists() else Journal.create(path, clock)


def read_records(state: Path, repository: str) -> tuple[Record, ...]:
    """The records of that repository in the state folder, oldest run first. ``JournalError`` where one is damaged."""
    found = []
    for folder in reversed(run_folders(state)):
        if (folder / NAME).is_file():
            entries = read_journal(folder / NAME).entries
            if any(entry.get("repository") == repository for entry in entries):
                found.append(Record(folder=folder, entries=entries))
    return tuple(found)


def shift_recorded(checkout: Checkout, journal: Journal, shift: Shift, *, note: str, begin: Callable[[], None]) -> None:
    """The shift; one that was refused after all, or interrupted, is written down as taken back."""
    begun = len(journal.entries)
    try:
        checkout.shift(shift, note=note, owner=str(journal.path.resolve()), begin=begin)
    except BaseException:
        if len(journal.entries) > begun:
            journal.append("shift:recovered", sync=True, outcome="taken back", old=shift.old, new=shift.new)
        raise


def open_intent(entries: Sequence[Entry]) -> Entry | None:
    """The last intent, where nothing tells how it ended."""
    for entry in reversed(entries):
        if entry["type"] in {"land:done", "undo:done", "shift:recovered"}:
            return None
        if entry["type"] in {"land:intent", "undo:intent"}:
            return entry
    return None


def shift_of(entry: Entry) -> Shift:
    """The move an intent is about."""
    return Shift(branch=str(entry["branch"]), old=str(entry["old"]), new=str(entry["new"]))


def last_landed(records: Iterable[Record]) -> Landed | None:
    """The newest command whose landings stand."""
    landed = [one for record in records for one in _landed(record)]
    return max(landed, key=lambda one: one.at, default=None)


def squashed(records: Iterable[Record]) -> dict[str, str]:
    """Branch commit -> the commit that landed it squashed: git itself does not see that they are the same."""
    return {
        str(entry["commit"]): str(entry["new"])
        for record in records
        for entry in record.entries
        if entry["type"] == "land:done" and entry.get("strategy") == "squash"
    }


def _landed(record: Record) -> list[Landed]:
    undone = {entry["session"] for entry in record.entries if entry["type"] == "undo:done"}
    sessions: dict[int, list[Entry]] = {}
    for entry in record.entries:
        if entry["type"] == "land:done" and entry["session"] not in undone:
            sessions.setdefault(entry["session"], []).append(entry)
    return [
        Landed(
            folder=record.folder,
            session=session,
            at=str(done[-1]["at"]),
            shift=Shift(branch=str(done[0]["branch"]), old=str(done[0]["old"]), new=str(done[-1]["new"])),
            tasks=tuple(str(entry["task"]) for entry in done),
        )
        for session, done in sessions.items()
    ]
