"""From journals to the log: live as a run goes on, and again for whatever the log lacks (decision 11).

What no run caused (``metrics record``, ``metrics import``) has a journal of its own, so that it can be made again too.
"""

from __future__ import annotations

import fcntl
import os
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from orchestrator.domain.errors import JournalError
from orchestrator.ledger.events import LOG, Event, EventLog
from orchestrator.ledger.events_project import Projection
from orchestrator.ledger.events_read import line_blocks, open_source, packed_id, read_json, sources
from orchestrator.ledger.journal import Journal, read_journal
from orchestrator.ledger.memory import run_folders
from orchestrator.logs import get_logger
from orchestrator.ports import Clock

RECORDS = "events-recorded.jsonl"
"""Journal of the events that no run caused."""
_ENTRY = "event:recorded"


class Emitter:
    """Listens to a run's journal and writes its events. A log that cannot be written to stops no run."""

    def __init__(self, state: Path, run: str) -> None:
        self._log = EventLog(state / LOG)
        self._state = state
        self._run = run
        self._projection = Projection(run)
        self._lock = threading.Lock()
        self._silenced = False

    def catch_up(self, entries: Iterable[Mapping[str, Any]]) -> None:
        """Of earlier sessions: take their entries in, and write what a crash kept from the log."""
        with self._lock:
            made = [one for entry in entries for one in self._projection.events(entry)]
            try:
                known = ids_present(self._state, self._run) if made else set()
            except OSError as error:
                self._say(error)
                return
            for one in made:
                if packed_id(one["id"]) not in known:
                    self._write(one)

    def __call__(self, entry: Mapping[str, Any]) -> None:
        """A new entry of the journal."""
        with self._lock:
            for one in self._projection.events(entry):
                self._write(one)

    def _write(self, made: Event) -> None:
        try:
            self._log.append(made)
        except OSError as error:
            self._say(error)

    def _say(self, error: OSError) -> None:
        if not self._silenced:
            get_logger(__name__).warning("events not written; `metrics refresh` makes them again", why=str(error))
        self._silenced = True

    def close(self) -> None:
        """Let go of the log."""
        self._log.close()


@dataclass(frozen=True, slots=True, kw_only=True)
class Refreshed:
    """What ``refresh`` did."""

    added: int
    damaged: tuple[str, ...]
    """Journals that could not be read, and why."""


def refresh_log(state: Path) -> Refreshed:
    """Write every event that the journals hold and the log and its archives lack, oldest run first."""
    known = ids_present(state)
    added, damaged = 0, []
    for read in (*(partial(projected, folder) for folder in reversed(run_folders(state))), partial(recorded, state)):
        try:
            added += _append(state, read(), known)
        except JournalError as error:
            damaged.append(error.message)
    return Refreshed(added=added, damaged=tuple(damaged))


def projected(folder: Path) -> list[Event]:
    """The events of one run. ``JournalError`` where its journal is damaged."""
    projection = Projection(folder.name)
    entries = read_journal(folder / "journal.jsonl").entries
    return [made for entry in entries for made in projection.events(entry)]


def recorded(state: Path) -> list[Event]:
    """The events that no run caused."""
    path = state / RECORDS
    return [entry["event"] for entry in read_journal(path).entries if entry["type"] == _ENTRY] if path.exists() else []


def record(state: Path, made: Sequence[Event], clock: Clock) -> int:
    """Keep events that no run caused, then log them; those known by their id add nothing. How many were new."""
    if not made:
        return 0
    state.mkdir(parents=True, exist_ok=True)
    with _records_held(state):
        known = {one["id"] for one in recorded(state)}
        new = [one for one in {one["id"]: one for one in made}.values() if one["id"] not in known]
        path = state / RECORDS
        journal = Journal.reopen(path, clock) if path.exists() else Journal.create(path, clock)
        try:
            for one in new:
                journal.append(_ENTRY, event=one)
        finally:
            journal.close()
    _append(state, made, ids_present(state))
    return len(new)


def _append(state: Path, made: Sequence[Event], known: set[bytes]) -> int:
    """Log those that are not known yet, which they are then; how many."""
    log, missing = EventLog(state / LOG), 0
    try:
        for one in made:
            if (key := packed_id(one["id"])) not in known:
                log.append(one)
                known.add(key)
                missing += 1
    finally:
        log.close()
    return missing


def ids_present(state: Path, run: str | None = None) -> set[bytes]:
    """Ids in the log and its archives; with ``run``, at least all of that run's. A torn line's id is not there."""
    wanted = f'"run":"{run}"'.encode("ascii", "backslashreplace") if run is not None else b""
    found: set[bytes] = set()
    for path in sources(state):
        if not path.exists():
            continue
        with open_source(path) as source:
            for _, lines, _ in line_blocks(source):
                for line in lines:
                    if wanted in line:
                        with suppress(ValueError, KeyError, TypeError, AttributeError, RecursionError):
                            found.add(packed_id(read_json(line)["id"]))
    return found


@contextmanager
def _records_held(state: Path) -> Iterator[None]:
    descriptor = os.open(state / f".{RECORDS}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
