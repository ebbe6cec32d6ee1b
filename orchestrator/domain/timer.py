"""How long something took (P6)."""

from __future__ import annotations

from collections.abc import Callable
from types import TracebackType
from typing import Self


class PerformanceTimer:
    """Measures the block it is entered for, however that ends::

        with PerformanceTimer(clock.monotonic) as timer:
            ...
        journal.append("...", seconds=timer.seconds)

    ``now`` gives seconds that only go forward. A timer may be entered again; each block is measured by itself.
    """

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._began: float | None = None
        self._took = 0.0

    def __enter__(self) -> Self:
        self._began = self._now()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._took = self.exactly
        self._began = None

    @property
    def exactly(self) -> float:
        """Seconds so far, or of the block that ended; 0 before the first."""
        return self._took if self._began is None else self._now() - self._began

    @property
    def seconds(self) -> float:
        """The same to the millisecond, as records keep it."""
        return round(self.exactly, 3)
