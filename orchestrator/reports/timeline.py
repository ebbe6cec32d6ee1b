"""When what happened, from a run's events, for the picture of the night. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any

from orchestrator.reports.inputs import GateMark, Span, Timeline
from orchestrator.reports.progress import moment

Event = Mapping[str, Any]

SETUP = "setup"


class _Weaver:
    """Collects spans; between the last event of a session and the first of the next no time passes."""

    def __init__(self) -> None:
        self.spans: list[Span] = []
        self.gates: list[GateMark] = []
        self.breaks: list[float] = []
        self._open: dict[tuple[str, str], float] = {}
        self._last: datetime | None = None
        self.seconds = 0.0
        self._sessions = 0

    def take(self, event: Event) -> None:
        """One event, in order."""
        kind = event.get("type")
        at = moment(event.get("at"))
        self._move(at, resumed=kind == "session:started" and self._sessions > 0)
        task = str(event.get("task") or "")
        if kind == "session:started":
            self._sessions += 1
        elif kind == "phase:entered":
            self._open[task, str(event.get("phase"))] = self.seconds
        elif kind == "phase:left":
            self._shut(task, str(event.get("phase")))
        elif kind == "setup:started":
            self._open["", SETUP] = self.seconds
        elif kind == "setup:finished":
            self._shut("", SETUP)
        elif kind == "gate:finished":
            self.gates.append(GateMark(task=task, at_s=self.seconds, passed=bool(event.get("passed"))))
        elif kind == "task:finished":
            self._shut_all(task)

    def _move(self, at: datetime | None, *, resumed: bool) -> None:
        if at is None:
            return
        if resumed:
            self._shut_all(None)
            self.breaks.append(self.seconds)
        elif self._last is not None:
            self.seconds += max((at - self._last).total_seconds(), 0.0)
        self._last = at

    def _shut(self, task: str, phase: str) -> None:
        start = self._open.pop((task, phase), None)
        if start is not None:
            self.spans.append(Span(task=task, phase=phase, start_s=round(start, 3), end_s=round(self.seconds, 3)))

    def _shut_all(self, task: str | None) -> None:
        for name, phase in list(self._open):
            if task is None or name == task:
                self._shut(name, phase)

    def done(self) -> Timeline:
        """The whole of it; what is still open ends now."""
        self._shut_all(None)
        return Timeline(
            spans=tuple(self.spans),
            gates=tuple(self.gates),
            breaks_s=tuple(self.breaks),
            seconds=round(self.seconds, 3),
        )


def timeline(events: Iterable[Event]) -> Timeline:
    """The run's phases, gates and breaks between sessions."""
    weaver = _Weaver()
    for event in events:
        weaver.take(event)
    return weaver.done()


def clocked(events: Iterable[Event]) -> Iterator[tuple[float, Event]]:
    """Each event with the seconds of working time that had passed at it; time between sessions is cut out."""
    weaver = _Weaver()
    for event in events:
        weaver.take(event)
        yield weaver.seconds, event
