"""A run on disk, written by the real journal: the made-up night or its beginning."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import Any

from orchestrator.ledger.journal import Journal
from tests.reports.night import RUN, START

_OF_THE_JOURNAL = frozenset({"seq", "at", "type"})


class EventClock:
    """Tells each event's own time."""

    def __init__(self) -> None:
        self.at = START

    def now(self) -> datetime:
        return self.at

    def monotonic(self) -> float:
        return self.at.timestamp()

    def sleep(self, seconds: float) -> None:
        raise AssertionError("nobody waits here")


class Recorder:
    """Writes events into a run's journal."""

    def __init__(self, state: Path, name: str = RUN) -> None:
        self.folder = state / name
        self._clock = EventClock()
        self.journal = Journal.create(self.folder / "journal.jsonl", self._clock)

    def write(self, events: Iterable[dict[str, Any]]) -> None:
        for event in events:
            self._clock.at = datetime.fromisoformat(event["at"])
            fields = {key: value for key, value in event.items() if key not in _OF_THE_JOURNAL}
            self.journal.append(event["type"], **fields)


def recorded(state: Path, events: Iterable[dict[str, Any]], name: str = RUN) -> Path:
    """The folder of a run that holds those events."""
    recorder = Recorder(state, name)
    recorder.write(events)
    recorder.journal.close()
    return recorder.folder
