"""Durability bugs, planted one at a time: a campaign that does not find them proves nothing.

Each replaces one piece of the program by a version with a bug that a careful reviewer could miss. They exist in the
process that is about to die, and nowhere else.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from orchestrator.adapters import lane as lanes
from orchestrator.adapters import processes
from orchestrator.adapters.repository import UserRepository
from orchestrator.ledger import calls, charges, durable, journal

PLANTS: dict[str, Callable[[], None]] = {}
"""Name -> puts the bug in."""
SUSPECTS: dict[str, str] = {}
"""Name -> where the campaign looks first: a part of a scenario's name. It looks on elsewhere."""


def _plant(name: str, suspect: str) -> Callable[[Callable[[], None]], Callable[[], None]]:
    def keep(put_in: Callable[[], None]) -> Callable[[], None]:
        PLANTS[name] = put_in
        SUSPECTS[name] = suspect
        return put_in

    return keep


@_plant("the journal is never synced", "request.before")
def _no_journal_sync() -> None:
    real = journal.Journal._put

    def put(self: journal.Journal, line: bytes, *, sync: bool) -> None:
        del sync
        real(self, line, sync=False)

    journal.Journal._put = put  # type: ignore[method-assign]


@_plant("an answer is journaled before its file is there", "journal.after:call:answer")
def _answer_logged_early() -> None:
    real = durable.write_whole
    late: list[tuple[Path, bytes]] = []
    append = journal.Journal.append

    def hold(path: Path, content: bytes) -> None:
        if path.parent.name == "calls":
            late.append((path, content))
        else:
            real(path, content)

    def appended(self: journal.Journal, kind: str, /, *, sync: bool = False, **fields: Any) -> Any:
        entry = append(self, kind, sync=sync, **fields)
        if kind == "call:answer":
            while late:
                real(*late.pop())
        return entry

    calls.write_whole = hold  # type: ignore[attr-defined]
    journal.Journal.append = appended  # type: ignore[method-assign]


@_plant("an answer's file is written in place and not synced", "journal.after:call:answer")
def _answer_in_place() -> None:
    real = durable.write_whole

    def write(path: Path, content: bytes) -> None:
        if path.parent.name == "calls":
            path.write_bytes(content)
        else:
            real(path, content)

    calls.write_whole = write  # type: ignore[attr-defined]


@_plant("a renamed file's folder is not synced", "journal.after:call:answer")
def _no_folder_sync() -> None:
    durable.sync_folder = lambda folder: None  # type: ignore[assignment]


@_plant("a commit is dated by the clock, not by its record", "ref.before")
def _commit_by_clock() -> None:
    real = lanes.GitLane.commit

    def commit(self: lanes.GitLane, **given: Any) -> str:
        from datetime import UTC, datetime, timedelta

        # A second a process: the clock of a night that went on later.
        given["at"] = datetime.now(UTC) + timedelta(seconds=os.getpid() % 1000)
        return real(self, **given)

    lanes.GitLane.commit = commit  # type: ignore[method-assign]


@_plant("a branch is recorded as landed before it is there", "journal.after:branch:landed")
def _landed_early() -> None:
    receive = UserRepository.receive
    held: list[tuple[Any, tuple[Any, ...], dict[str, Any]]] = []
    append = journal.Journal.append

    def later(self: UserRepository, *given: Any, **named: Any) -> None:
        held.append((self, given, named))

    def appended(self: journal.Journal, kind: str, /, *, sync: bool = False, **fields: Any) -> Any:
        entry = append(self, kind, sync=sync, **fields)
        if kind == "task:finished":
            while held:
                repository, given, named = held.pop()
                receive(repository, *given, **named)
        return entry

    UserRepository.receive = later  # type: ignore[method-assign]
    journal.Journal.append = appended  # type: ignore[method-assign]


@_plant("bought answers are forgotten on resume", "journal.after:call:answer")
def _answers_forgotten() -> None:
    real = calls.CallDesk.__init__

    def begin(self: calls.CallDesk, **given: Any) -> None:
        real(self, **given)
        self._answered.clear()

    calls.CallDesk.__init__ = begin  # type: ignore[method-assign]


@_plant("an answer on disk without its line is bought again", "file.after:answer")
def _answer_not_taken_up() -> None:
    charges._received = lambda folder, intent: None  # type: ignore[assignment]


@_plant("a call lost in flight is not charged", "request.after")
def _lost_for_free() -> None:
    from orchestrator import wiring

    wiring.close_open_intents = lambda journal, folder: ()  # type: ignore[attr-defined]


@_plant("a torn tail is left where it is", "the journal cut")
def _torn_tail_kept() -> None:
    @classmethod  # type: ignore[misc]
    def reopen(cls: type[journal.Journal], path: Path, clock: Any) -> journal.Journal:
        reading = journal.read_journal(path)
        whole = journal.Reading(
            entries=reading.entries, good_bytes=reading.good_bytes + len(reading.torn), torn=reading.torn
        )
        return cls(path, clock, whole, os.open(path, os.O_WRONLY | os.O_APPEND))

    journal.Journal.reopen = reopen  # type: ignore[assignment,method-assign]


@_plant("a damaged line in the middle is skipped", "the journal flip")
def _damage_skipped() -> None:
    real = journal._decode

    def lenient(line: bytes, seq: int, prev: str) -> Any:
        found = real(line, seq, prev)
        if not isinstance(found, str):
            return found
        try:
            return json.loads(line)
        except ValueError:
            return {"seq": seq, "prev": prev, "at": "", "type": "note", "text": "", "crc": prev}

    journal._decode = lenient


@_plant("a short write counts as written", "system call short")
def _short_write_taken() -> None:
    def put(self: journal.Journal, line: bytes, *, sync: bool) -> None:
        os.write(self._descriptor, line)
        self._end = os.fstat(self._descriptor).st_size - len(line)
        if sync:
            os.fsync(self._descriptor)

    journal.Journal._put = put  # type: ignore[method-assign]


@_plant("what a dead run's gate started is left running", "command.running")
def _children_left() -> None:
    processes._Launched._argv = lambda self: list(self._process.argv)  # type: ignore[method-assign]


@_plant("delivering refreshes the user's index", "ref.before")
def _index_touched() -> None:
    receive = UserRepository.receive

    def received(self: UserRepository, *given: Any, **named: Any) -> None:
        receive(self, *given, **named)
        (self.git_dir / "index").touch()
        (self.git_dir / "ORIG_HEAD").write_text("0" * 40)

    UserRepository.receive = received  # type: ignore[method-assign]
