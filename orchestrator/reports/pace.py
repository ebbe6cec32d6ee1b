"""When a night's whole report is written again: as each task ends, unless that would take a part of the night. Pure."""

from __future__ import annotations

from dataclasses import dataclass

SHARE = 50
"""A report is due once the night has gone on for so many times as long as writing the last one took: 2 % of it at
most. A report of ten tasks takes 0.1 s, of 200 some 2 s (measured), a task of a real night minutes."""


@dataclass(slots=True)
class Pace:
    """What is known of the last report. Times are seconds of any clock that only goes forward."""

    ended_at: float | None = None
    """``None``: none was written yet."""
    took_s: float = 0.0

    def due(self, now: float) -> bool:
        """Whether the next one may be written."""
        return self.ended_at is None or now - self.ended_at >= SHARE * self.took_s

    def wrote(self, began: float, ended: float) -> None:
        """One was written in that time."""
        self.ended_at, self.took_s = ended, max(0.0, ended - began)
