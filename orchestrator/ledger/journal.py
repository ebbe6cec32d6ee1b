"""The journal: one JSON object a line, chained and checksummed. It alone is truth; all else is rebuilt from it.

A line is ``{"seq":N,"prev":"<crc of the line before>","at":"...","type":"...", ...,"crc":"<of all before it>"}``. It is
written by one ``write`` to an append-only descriptor whose return value is checked, then synced where the entry
must not be lost. A write or sync that fails ends the journal: it is never tried again as if nothing had happened.

What is read again is read from the file (:mod:`~orchestrator.ledger.shelf`). Deliberate limit: one process writes
(the run's lock sees to that).
"""

from __future__ import annotations

import json
import os
import threading
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from sys import intern
from typing import Any, NoReturn

from orchestrator.crash_points import crash_point
from orchestrator.domain.errors import JournalError, JournalWriteError
from orchestrator.ledger.durable import sync_folder
from orchestrator.ledger.events import causes_event, new_event_id
from orchestrator.ledger.shelf import Entries, Entry, Shelf
from orchestrator.ports import Clock
from orchestrator.redaction import hidden_fields

_FIRST_PREV = "00000000"
_CRC_MARK = b',"crc":"'
_FULL_HINT = "free the disk, then `orchestrate resume`"
_GONE_HINT = "put the run's folder back where it was, then `orchestrate resume`"
_RESERVED = frozenset({"seq", "prev", "at", "type", "crc"})

__all__ = ["Entry", "Journal", "Reading", "checksum", "encode", "read_journal"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """A journal as it stands on disk."""

    entries: tuple[Entry, ...]
    good_bytes: int
    """Length of the part that holds whole, valid lines."""
    torn: bytes
    """What follows them: the tail of a write that a crash cut off, or nothing."""
    lengths: tuple[int, ...] = ()
    """Of each entry's line, bytes, its end included."""


def checksum(line: bytes) -> str:
    """CRC-32, 8 hex digits: finds every burst up to 32 bits, all of 1 to 3 flipped bits in lines of our size."""
    return f"{zlib.crc32(line):08x}"


def encode(seq: int, prev: str, at: str, kind: str, fields: Mapping[str, Any]) -> bytes:
    """One line, newline included. ``ValueError`` for a field that takes a reserved name or is no JSON."""
    taken = _RESERVED & fields.keys()
    if taken:
        raise ValueError(f"journal fields may not be named {', '.join(sorted(taken))}")
    body = {"seq": seq, "prev": prev, "at": at, "type": kind, **fields}
    text = json.dumps(body, ensure_ascii=True, allow_nan=False, separators=(",", ":"))
    start = text[:-1].encode("ascii")
    return start + _CRC_MARK + checksum(start).encode("ascii") + b'"}\n'


def _decode(line: bytes, seq: int, prev: str) -> Entry | str:
    """The entry, or why it is none."""
    start, mark, rest = line.rpartition(_CRC_MARK)
    if not mark or len(rest) != len('00000000"}'):
        return "no checksum"
    stated = rest[:8].decode("ascii", "replace")
    if stated != checksum(start):
        return "checksum does not match"
    try:
        entry: Entry = {intern(name): value for name, value in json.loads(line).items()}
    except (ValueError, AttributeError):
        return "no JSON"
    if entry.get("seq") != seq:
        return f"sequence {entry.get('seq')} where {seq} belongs"
    if entry.get("prev") != prev:
        return "does not follow the line before it"
    return entry


def _reader(path: Path) -> Callable[[bytes, int], Entry]:
    """Reads a line back that was written or verified before."""

    def decode(line: bytes, seq: int) -> Entry:
        start, _, rest = line.rpartition(_CRC_MARK)
        if not start or rest[:8].decode("ascii", "replace") != checksum(start):
            raise JournalError(
                f"{path}: entry {seq} is not what was written any more",
                hint="restore the file from a copy; finished branches are in the repository and stay valid",
            )
        entry: Entry = json.loads(line)
        return entry

    return decode


def read_journal(path: Path) -> Reading:
    """Read and verify. Takes no lock and changes nothing.

    Raises :class:`JournalError` for a bad line that is not the torn tail, naming its byte offset; damage is never
    skipped (I5). A last line without its newline, or holding NULs, is a torn tail: that write was never confirmed.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise JournalError(
            f"{path}: cannot be read: {error.strerror}", hint="name a run that `orchestrate status` lists"
        ) from None
    entries: list[Entry] = []
    lengths: list[int] = []
    offset, prev = 0, _FIRST_PREV
    while offset < len(content):
        end = content.find(b"\n", offset)
        line = content[offset:] if end < 0 else content[offset:end]
        if end < 0:
            break
        entry = _decode(line, len(entries), prev)
        if isinstance(entry, str):
            if content.find(b"\n", end + 1) < 0 and b"\0" in line:
                break
            raise JournalError(
                f"{path}: damaged at byte {offset} (entry {len(entries)}): {entry}",
                hint="restore the file from a copy; finished branches are in the repository and stay valid",
            )
        entries.append(entry)
        lengths.append(end + 1 - offset)
        prev = entry["crc"]
        offset = end + 1
    return Reading(entries=tuple(entries), good_bytes=offset, torn=content[offset:], lengths=tuple(lengths))


class Journal:
    """An open journal of one run; threads may append at the same time."""

    def __init__(self, path: Path, clock: Clock, reading: Reading, descriptor: int) -> None:
        self.path = path
        self._clock = clock
        self._shelf = Shelf(descriptor, _reader(path))
        for entry, length in zip(reading.entries, reading.lengths, strict=True):
            self._shelf.add(entry, length)
        self._prev = reading.entries[-1]["crc"] if reading.entries else _FIRST_PREV
        self._descriptor = descriptor
        self._lock = threading.RLock()
        self._listeners: list[Callable[[Mapping[str, Any]], None]] = []
        self._broken: str | None = None
        self._mend = _FULL_HINT
        self._end = reading.good_bytes
        self._pending: tuple[bytes, Entry] | None = None
        """A line on its way to the disk: an interrupt (Ctrl-C) may fall between its write and our taking note of it."""

    @classmethod
    def create(cls, path: Path, clock: Clock) -> Journal:
        """A new, empty journal. ``JournalError`` where one is there already."""
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            descriptor = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_EXCL, 0o644)
        except OSError as error:
            raise JournalWriteError(
                f"{path}: cannot be made: {error.strerror}", hint="free the disk, or choose another --state folder"
            ) from None
        sync_folder(path.parent)
        return cls(path, clock, Reading(entries=(), good_bytes=0, torn=b""), descriptor)

    @classmethod
    def reopen(cls, path: Path, clock: Clock) -> Journal:
        """Go on with a journal; a torn tail is set aside in ``<name>.torn-<offset>`` first."""
        reading = read_journal(path)
        descriptor = os.open(path, os.O_RDWR | os.O_APPEND)
        if reading.torn:
            path.with_name(f"{path.name}.torn-{reading.good_bytes}").write_bytes(reading.torn)
            os.ftruncate(descriptor, reading.good_bytes)
            os.fsync(descriptor)
            sync_folder(path.parent)
        return cls(path, clock, reading, descriptor)

    @property
    def entries(self) -> Sequence[Entry]:
        """All entries so far, read as they are asked for: to go through them costs a night's length."""
        return Entries(self._shelf)

    def since(self, seq: int) -> Sequence[Entry]:
        """Entries from that sequence number on: for folds that follow a journal without reading it all again."""
        return Entries(self._shelf, seq)

    def of_type(self, kind: str, task: str | None = None) -> Iterator[Entry]:
        """Entries of one type, oldest first; of one task, where it is given."""
        return (self._shelf.entry(seq) for seq in self._shelf.seqs(kind, task))

    def newest(self, kind: str, task: str | None = None) -> Iterator[Entry]:
        """The same, newest first."""
        return (self._shelf.entry(seq) for seq in reversed(self._shelf.seqs(kind, task)))

    def of_task(self, task: str) -> list[Entry]:
        """All entries of that task, oldest first."""
        return self._shelf.of_task(task)

    def listen(self, listener: Callable[[Mapping[str, Any]], None]) -> None:
        """Tell this listener of every further entry."""
        self._listeners.append(listener)

    def now(self) -> datetime:
        """The run's wall clock."""
        return self._clock.now()

    def append(self, kind: str, /, *, sync: bool = False, **fields: Any) -> Entry:
        """Write an entry, without secrets; with ``sync`` it is on disk when this returns (and all entries before it).

        Raises :class:`JournalWriteError` where it could not be written; the journal takes nothing more from then on.
        """
        with self._lock:
            if self._broken:
                raise JournalWriteError(self._broken, hint=self._mend)
            self._settle()
            at = self._clock.now().isoformat(timespec="milliseconds")
            if causes_event(kind):
                fields.setdefault("event_id", new_event_id())
            line = encode(len(self._shelf), self._prev, at, kind, hidden_fields(fields, kind))
            entry: Entry = json.loads(line)
            self._pending = (line, entry)
            crash_point("journal.before", kind)
            self._put(line, sync=sync)
            self._settle()
            crash_point("journal.after", kind)
        for listener in self._listeners:
            listener(entry)
        return entry

    def _put(self, line: bytes, *, sync: bool) -> None:
        try:
            written = os.write(self._descriptor, line)
            crash_point("journal.written" if sync else "journal.unsynced")
            if sync and written == len(line):
                os.fsync(self._descriptor)
        except OSError as error:
            self._break(error.strerror or str(error))
        if written != len(line):
            self._break(f"only {written} of {len(line)} bytes were written (disk full, or a file-size limit)")

    def _settle(self) -> None:
        """Take note of the line on its way, if the disk has it. May be interrupted at any point and begun again."""
        if self._pending is None:
            return
        line, entry = self._pending
        info = os.fstat(self._descriptor)
        if not self._in_place(info):
            self._break("it is gone from its place (its folder was removed, moved or replaced)", hint=_GONE_HINT)
        size = info.st_size
        if size == self._end + len(line):
            if len(self._shelf) == entry["seq"]:
                self._shelf.add(entry, len(line))
            self._prev = entry["crc"]
            self._end += len(line)
        elif size != self._end and len(self._shelf) == entry["seq"]:
            self._break(f"it is {size} bytes long where {self._end} were written: something else writes to it")
        self._pending = None

    def _in_place(self, info: os.stat_result) -> bool:
        """Whether who reads the journal by its name finds what is written here: else nothing of it would survive.

        Where a file system gives out new inode numbers as it likes (sshfs), the length must do.
        """
        try:
            named = self.path.stat()
        except OSError:
            return False
        return (named.st_dev, named.st_ino) == (info.st_dev, info.st_ino) or named.st_size == info.st_size

    def _break(self, why: str, hint: str = _FULL_HINT) -> NoReturn:
        self._broken, self._mend = f"{self.path}: could not be written: {why}", hint
        raise JournalWriteError(self._broken, hint=hint)

    def close(self) -> None:
        """Sync and let go. Closing twice is fine."""
        with self._lock:
            if self._descriptor < 0:
                return
            if not self._broken:
                os.fsync(self._descriptor)
            os.close(self._descriptor)
            self._descriptor = -1
            self._broken = self._broken or f"{self.path}: is closed"
