"""Who shows a run while it works: a picture on a terminal, plain lines elsewhere, JSON lines for programs.

A listener never raises and never holds the run up. On resume, ``seed`` takes the journal's older entries first.
"""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from typing import Any, Protocol, TextIO

from orchestrator.cli.outlet import Outlet
from orchestrator.domain.words import count
from orchestrator.reports.event_lines import event_line
from orchestrator.reports.fold import fold, step
from orchestrator.reports.inert import encodable
from orchestrator.reports.progress import Progress

Event = Mapping[str, Any]

_CHAIN_FIELDS = frozenset({"prev", "crc"})
_DUMB_TERMINALS = frozenset({"", "dumb", "unknown"})


class LiveListener(Protocol):
    """A :class:`~orchestrator.ports.Listener` with a beginning and an end."""

    def __call__(self, event: Event) -> None:
        """One journal entry."""

    def seed(self, events: Iterable[Event]) -> None:
        """What happened before (a resumed run): known, not shown again."""

    def close(self) -> None:
        """Show the last state and let go of the stream. Closing twice is fine."""


def open_listener(
    stream: TextIO,
    *,
    as_json: bool = False,
    environ: Mapping[str, str] | None = None,
    now: Callable[[], datetime] | None = None,
) -> LiveListener:
    """The right listener for that stream. ``environ`` is the process's by default (TERM, NO_COLOR)."""
    environ = os.environ if environ is None else environ
    if as_json:
        return JsonLines(stream)
    if draws_pictures(stream, environ):
        from orchestrator.cli.picture import Picture

        return Picture(stream, environ=environ, now=now or utc_now)
    return PlainLines(stream)


def draws_pictures(stream: TextIO, environ: Mapping[str, str]) -> bool:
    """Whether the stream is a terminal that can move its cursor."""
    try:
        return stream.isatty() and environ.get("TERM", "").lower() not in _DUMB_TERMINALS
    except ValueError:
        return False


def utc_now() -> datetime:
    """The wall clock, UTC."""
    return datetime.now(UTC)


class PlainLines:
    """One line a fact, no cursor movement, flushed."""

    def __init__(self, stream: TextIO) -> None:
        self._encoding = getattr(stream, "encoding", None) or "utf-8"
        self._outlet = Outlet(stream, dropped=lambda number: f"({count(number, 'line')} not shown: the reader is slow)")
        self._progress = Progress()
        self._zone = datetime.now(UTC).astimezone().tzinfo
        self._lock = threading.Lock()

    def __call__(self, event: Event) -> None:
        """Write the event's line, if it has one."""
        try:
            with self._lock:
                self._progress = step(self._progress, event)
                line = event_line(event, self._progress, self._zone)
                if line:
                    self._outlet.put(encodable(line, self._encoding))
        except Exception:  # noqa: BLE001 - a view must never end a run
            self._outlet.put("(an event could not be shown)")

    def seed(self, events: Iterable[Event]) -> None:
        """Take older events in silently."""
        self._progress = fold(events)

    def close(self) -> None:
        """Flush."""
        self._outlet.close()


class JsonLines:
    """Each event as one JSON line, ASCII only; the journal's chaining fields left out."""

    def __init__(self, stream: TextIO) -> None:
        self._outlet = Outlet(
            stream, dropped=lambda number: json.dumps({"type": "events:dropped", "count": number}, allow_nan=False)
        )

    def __call__(self, event: Event) -> None:
        """Write the event."""
        try:
            public = {key: value for key, value in event.items() if key not in _CHAIN_FIELDS}
            self._outlet.put(json.dumps(public, ensure_ascii=True, allow_nan=False, default=str))
        except Exception:  # noqa: BLE001 - a view must never end a run
            self._outlet.put(json.dumps({"type": "event:unreadable"}))

    def seed(self, events: Iterable[Event]) -> None:
        """Older events were printed by the session they belong to."""

    def close(self) -> None:
        """Flush."""
        self._outlet.close()
