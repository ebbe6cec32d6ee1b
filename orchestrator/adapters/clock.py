"""The real clock. Its sleep can be ended from a signal handler or another lane."""

from __future__ import annotations

import threading
import time
from datetime import UTC, datetime


class SystemClock:
    """Implements :class:`orchestrator.ports.Clock`."""

    def __init__(self) -> None:
        self._halt = threading.Event()

    def now(self) -> datetime:
        """UTC, with zone."""
        return datetime.now(UTC)

    def monotonic(self) -> float:
        """Seconds, never going back."""
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        """Wait; ``KeyboardInterrupt`` where the run is halted meanwhile."""
        if self._halt.wait(seconds):
            raise KeyboardInterrupt

    def halt(self) -> None:
        """End every sleep, now and later: the run stops."""
        self._halt.set()
