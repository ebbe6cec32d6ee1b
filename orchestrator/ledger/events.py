"""``events.jsonl``: the project's log of facts (M1, M2): one JSON object a line, one ``write`` an event.

A projection of the journals (decision 11): it may be deleted and is made again from them. Several runs and processes
append at the same time; an exclusive ``flock`` for the length of one write keeps them apart from ``metrics compact``,
and from taking each other's half-seen line for one that a crash cut off.
Nothing is synced: what a crash of the machine takes from the log, the journals still hold.
"""

from __future__ import annotations

import errno
import fcntl
import hashlib
import json
import os
import threading
import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from orchestrator.crash_points import crash_point

LOG = "events.jsonl"
ARCHIVES = "events-archive"
"""Folder of the compressed older events, beside the log."""

Event = dict[str, Any]

_EVENTFUL = frozenset(
    {
        "run:started",
        "task:started",
        "task:finished",
        "task:reopened",
        "iteration:started",
        "review:finished",
        "phase:left",
        "gate:finished",
        "call:answer",
        "call:failed",
        "call:lost",
    }
)


def causes_event(kind: str) -> bool:
    """Whether a journal entry of that type becomes an event, and so carries the event's id."""
    return kind in _EVENTFUL or kind.startswith("budget:")


def new_event_id() -> str:
    """A UUID v4 (M2)."""
    return str(uuid.uuid4())


def derived_id(*parts: str) -> str:
    """A UUID of version 4's form that is the same whenever it is asked for: its random bits are a digest."""
    digest = hashlib.sha256("\0".join(parts).encode("utf-8", "surrogatepass")).digest()
    return str(uuid.UUID(bytes=digest[:16], version=4))


def event(
    kind: str,
    *,
    id: str,  # noqa: A002 - the schema's own name
    at: str,
    entity: tuple[str, str],
    chain: str | None = None,
    request: str | None = None,
    agent: Mapping[str, Any] | None = None,
    metadata: Mapping[str, Any] | None = None,
) -> Event:
    """One event as M2 gives it. ``entity``: type and id; ``at``: ISO 8601 with zone. What is unknown is left out."""
    made: Event = {"id": id, "timestamp": at, "eventType": kind, "entityType": entity[0], "entityId": entity[1]}
    further = {"chainId": chain, "requestId": request, "agent": agent, "metadata": metadata}
    return made | {name: value for name, value in further.items() if value}


def encode(made: Mapping[str, Any]) -> bytes:
    """Its line, ASCII, newline included."""
    return json.dumps(made, ensure_ascii=True, allow_nan=False, separators=(",", ":")).encode("ascii") + b"\n"


class EventLog:
    """Appends to a log; threads and processes may do so at once."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._descriptor = -1
        self._lock = threading.Lock()

    def append(self, made: Mapping[str, Any]) -> None:
        """Write one event with one ``write``. ``OSError`` where it was not written whole."""
        line = encode(made)
        with self._lock:
            descriptor = self._hold()
            try:
                if _is_torn(descriptor):
                    line = b"\n" + line  # what a crash left behind stays a line of its own
                crash_point("event.before")
                written = os.write(descriptor, line)
                crash_point("event.after")
            finally:
                fcntl.flock(descriptor, fcntl.LOCK_UN)
        if written != len(line):
            raise OSError(errno.ENOSPC, f"only {written} of {len(line)} bytes were written", str(self.path))

    def _hold(self) -> int:
        """The descriptor, locked, of the file that has the log's name now: compacting replaces it."""
        while True:
            if self._descriptor < 0:
                self.path.parent.mkdir(parents=True, exist_ok=True)
                flags = os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC
                self._descriptor = os.open(self.path, flags, 0o644)
            fcntl.flock(self._descriptor, fcntl.LOCK_EX)
            if is_current(self._descriptor, self.path):
                return self._descriptor
            os.close(self._descriptor)
            self._descriptor = -1

    def close(self) -> None:
        """Let go; the next append opens it again."""
        with self._lock:
            if self._descriptor >= 0:
                os.close(self._descriptor)
                self._descriptor = -1


def is_current(descriptor: int, path: Path) -> bool:
    """Whether an open file is still the one of that name."""
    try:
        now, held = path.stat(), os.fstat(descriptor)
    except FileNotFoundError:
        return False
    return (now.st_ino, now.st_dev) == (held.st_ino, held.st_dev)


def _is_torn(descriptor: int) -> bool:
    size = os.fstat(descriptor).st_size
    return size > 0 and os.pread(descriptor, 1, size - 1) != b"\n"
