"""``metrics compact``: old events into a compressed archive; what the events say stays the same.

The log's beginning, up to the first line that is not old, becomes ``events-archive/<number>.jsonl.gz``, byte for byte,
so that the order of all events stays. Killed between the archive and the shorter log, both hold the same events; they
are counted once, and the next compaction takes nothing twice into account.
"""

from __future__ import annotations

import fcntl
import gzip
import os
from dataclasses import dataclass
from pathlib import Path

from orchestrator.ledger.durable import write_whole
from orchestrator.ledger.events import ARCHIVES, LOG, is_current
from orchestrator.ledger.events_read import archives, instant_ms, line_blocks, strict_json, why_foreign


@dataclass(frozen=True, slots=True, kw_only=True)
class Compacted:
    """What was moved."""

    lines: int
    archive: Path | None
    """``None``: nothing was old."""
    before: int
    after: int
    """Bytes of the moved lines, before and after."""


def compact(state: Path, before_ms: int) -> Compacted:
    """Move the log's lines from before that time; writers wait meanwhile. ``OSError`` leaves all events in place."""
    path = state / LOG
    try:
        descriptor = _held(path)
    except FileNotFoundError:
        return Compacted(lines=0, archive=None, before=0, after=0)
    try:
        length, lines = _old(path, before_ms)
        if not length:
            return Compacted(lines=0, archive=None, before=0, after=0)
        content = path.read_bytes()
        number = len(archives(state)) + 1
        archive = state / ARCHIVES / f"{number:06d}.jsonl.gz"
        packed = gzip.compress(content[:length], mtime=0)
        write_whole(archive, packed)
        write_whole(path, content[length:])
        return Compacted(lines=lines, archive=archive, before=length, after=len(packed))
    finally:
        os.close(descriptor)


def _held(path: Path) -> int:
    """The log under an exclusive lock, so that no writer holds the file that is about to be replaced."""
    while True:
        descriptor = os.open(path, os.O_RDWR | os.O_CLOEXEC)
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        if is_current(descriptor, path):
            return descriptor
        os.close(descriptor)


def _old(path: Path, before_ms: int) -> tuple[int, int]:
    """Bytes and lines of the log's beginning in which no event is from ``before_ms`` or later."""
    count = 0
    with path.open("rb") as source:
        for offset, lines, torn in line_blocks(source):
            place = offset
            for line in lines:
                if line and not why_foreign(line) and instant_ms(strict_json(line)["timestamp"]) >= before_ms:
                    return place, count
                place += len(line) + 1
                count += 1
            if torn:
                return offset, count
    return path.stat().st_size, count
