"""A clock that stands still until somebody sleeps."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta


class FakeClock:
    """Implements ``ports.Clock``; ``slept`` lists what was waited, in seconds."""

    def __init__(self, start: datetime = datetime(2026, 11, 21, 2, 36, tzinfo=UTC)) -> None:
        self._now = start
        self._passed = 0.0
        self.slept: list[float] = []

    def now(self) -> datetime:
        return self._now

    def monotonic(self) -> float:
        return self._passed

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.pass_time(seconds)

    def set_wall(self, seconds: float) -> None:
        """Somebody puts the wall clock on, or back."""
        self._now += timedelta(seconds=seconds)

    def pass_time(self, seconds: float) -> None:
        self._now += timedelta(seconds=seconds)
        self._passed += seconds
