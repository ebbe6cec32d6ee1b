"""A way out for lines that never raises and never holds the run up: a bounded queue and a thread that writes.

A reader who stalls costs at most the queue's bound in memory; lines beyond it are dropped and counted, and the count
is written as soon as there is room again. A reader who has gone (closed pipe, full disk, lost terminal) silences the
outlet.
"""

from __future__ import annotations

import contextlib
import os
import queue
import threading
from collections.abc import Callable
from typing import TextIO

QUEUE_BOUND = 10_000
CLOSE_WITHIN_S = 2.0


class Outlet:
    """Writes lines to a stream from a thread of its own, each flushed."""

    def __init__(self, stream: TextIO, *, dropped: Callable[[int], str], bound: int = QUEUE_BOUND) -> None:
        self._stream = stream
        self._dropped_line = dropped
        self._queue: queue.Queue[str | None] = queue.Queue(bound)
        self._dropped = 0
        self._lock = threading.Lock()
        self._thread = threading.Thread(target=self._write_all, name="outlet", daemon=True)
        self._thread.start()

    def put(self, line: str) -> None:
        """Hand over one line, without its newline; returns at once."""
        with self._lock:
            try:
                if self._dropped:
                    self._queue.put_nowait(self._dropped_line(self._dropped))
                    self._dropped = 0
                self._queue.put_nowait(line)
            except queue.Full:
                self._dropped += 1

    def close(self) -> None:
        """Write what is left; gives up after :data:`CLOSE_WITHIN_S` seconds."""
        with contextlib.suppress(queue.Full):
            self._queue.put(None, timeout=CLOSE_WITHIN_S)
        self._thread.join(CLOSE_WITHIN_S)

    def _write_all(self) -> None:
        silent = False
        while (line := self._queue.get()) is not None:
            if silent:
                continue
            try:
                self._stream.write(line + "\n")
                self._stream.flush()
            except (OSError, ValueError):
                silent = True
                abandon(self._stream)


def abandon(stream: TextIO) -> None:
    """Point a stream that cannot be written to nowhere, so that the interpreter's last flush does not fail either."""
    with contextlib.suppress(OSError, ValueError, AttributeError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, stream.fileno())
        os.close(nowhere)
