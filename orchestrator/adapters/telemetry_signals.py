"""Journal entries as OpenTelemetry metrics and spans (B8): the SDK's objects, fed in the journal's order.

A check's span ends where the journal says that it ended, and begins its seconds before.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from orchestrator.domain.classification import public

if TYPE_CHECKING:
    from opentelemetry.metrics import Meter
    from opentelemetry.trace import Span, Tracer

Entry = Mapping[str, Any]
UNKNOWN = "unknown"
_TOKENS = (1_000, 2_000, 5_000, 10_000, 20_000, 50_000, 100_000, 200_000, 500_000, 1_000_000)
"""Histogram bounds, tokens: from a tenth of the smallest phase's limit to four times the largest's."""
_MILLISECONDS = (100, 1_000, 5_000, 15_000, 60_000, 180_000, 600_000, 1_800_000, 7_200_000)
"""Histogram bounds, ms: from a phase without a call to a task of two hours (L15)."""
_SPAN_FIELDS = {
    "provider": "gen_ai.provider.name",
    "model": "gen_ai.request.model",
    "answered_by": "gen_ai.response.model",
    "input_tokens": "gen_ai.usage.input_tokens",
    "output_tokens": "gen_ai.usage.output_tokens",
}
"""Names that OpenTelemetry's conventions give; other fields keep their own."""
_LEFT_OUT = frozenset({"seq", "prev", "crc", "at", "type", "event_id"})
_CALL_ENDS = ("call:answer", "call:failed", "call:lost")
_RUN_ENDS = ("run:finished", "run:paused", "run:interrupted")


class Signals:
    """Turns one session's entries into metrics and spans."""

    def __init__(self, meter: Meter, tracer: Tracer) -> None:
        self._tracer = tracer
        self._open: dict[tuple[str, ...], Span] = {}
        """Spans under way: the session's, a task's, its phase's, a call's."""
        self._grade: dict[str, dict[str, str]] = {}
        """Complexity and importance by task."""
        self._last = 0
        tokens: dict[str, Any] = {"unit": "{token}", "explicit_bucket_boundaries_advisory": _TOKENS}
        times: dict[str, Any] = {"unit": "ms", "explicit_bucket_boundaries_advisory": _MILLISECONDS}
        self._phase_tokens = meter.create_histogram("autopilot.phase.tokens_used", **tokens)
        self._phase_latency = meter.create_histogram("autopilot.phase.latency_ms", **times)
        self._breach = meter.create_counter("autopilot.phase.budget_breach", unit="{breach}")
        self._task_tokens = meter.create_histogram("autopilot.task.tokens_total", **tokens)
        self._task_latency = meter.create_histogram("autopilot.task.latency_total_ms", **times)

    def learn(self, entry: Entry) -> None:
        """Take from an entry of an earlier session what later ones are told with; no signal comes of it."""
        kind = entry["type"]
        if kind == "run:started":
            for task in entry.get("tasks", ()):
                self._note_grade(str(task["id"]), task)
        elif kind in ("task:started", "task:defined"):
            self._note_grade(str(entry["task"]), entry)

    def take(self, entry: Entry) -> None:
        """One new entry."""
        self.learn(entry)
        kind, task = str(entry["type"]), str(entry.get("task", ""))
        at = self._last = _nanoseconds(entry["at"])
        if kind == "session:started":
            self._begin(("run",), "autopilot.run", None, entry, at)
        elif kind == "task:started":
            self._begin(("task", task), "autopilot.task", ("run",), {**entry, **self._grade.get(task, {})}, at)
        elif kind == "phase:entered":
            self._begin(("phase", task), "autopilot.phase", ("task", task), entry, at)
        elif kind == "phase:left":
            self._phase(entry, at)
        elif kind == "call:intent":
            self._begin(("call", str(entry["call"])), "autopilot.call", ("phase", task), entry, at)
        elif kind in _CALL_ENDS:
            self._end(("call", str(entry["call"])), entry, at, failed=kind != "call:answer")
        elif kind == "check:finished":
            self._check(task, entry, at)
        elif kind == "task:finished":
            self._task(entry, at)
        elif kind in _RUN_ENDS:
            self.close(entry)

    def close(self, entry: Entry | None = None) -> None:
        """End what is still under way: calls before phases, phases before tasks."""
        for key in sorted(self._open, key=lambda key: ("call", "phase", "task", "run").index(key[0])):
            self._end(key, (entry or {}) if key == ("run",) else {}, self._last)

    def _phase(self, entry: Entry, at: int) -> None:
        task = str(entry["task"])
        status = str(entry.get("status", UNKNOWN))
        attributes = {"phase": str(entry["phase"]), "task": task, **self._graded(task), "breach_status": status}
        self._phase_tokens.record(entry["tokens"], attributes)
        self._phase_latency.record(entry["seconds"] * 1000, attributes)
        if status not in ("within", UNKNOWN):
            self._breach.add(1, attributes)
        self._end(("phase", task), entry, at)

    def _task(self, entry: Entry, at: int) -> None:
        task = str(entry["task"])
        status = str((entry.get("outcome") or {}).get("budget_status") or UNKNOWN)
        attributes = {"task": task, **self._graded(task), "breach_status": status}
        self._task_tokens.record(entry["tokens"], attributes)
        self._task_latency.record(entry["seconds"] * 1000, attributes)
        self._end(("task", task), entry, at, failed=entry["status"] == "failed")

    def _check(self, task: str, entry: Entry, at: int) -> None:
        key = ("check", task)
        self._begin(key, "autopilot.check", ("phase", task), entry, at - int(float(entry.get("seconds", 0)) * 1e9))
        self._end(key, {}, at, failed=not entry.get("passed", True))

    def _begin(self, key: tuple[str, ...], name: str, parent: tuple[str, ...] | None, entry: Entry, at: int) -> None:
        from opentelemetry.context import Context
        from opentelemetry.trace import set_span_in_context

        self._end(key, {}, at)  # entered again without having been left: a signal fell in between
        above = self._open.get(parent) if parent else None
        context = set_span_in_context(above, Context()) if above is not None else Context()
        self._open[key] = self._tracer.start_span(name, context=context, attributes=_attributes(entry), start_time=at)

    def _end(self, key: tuple[str, ...], entry: Entry, at: int, *, failed: bool = False) -> None:
        from opentelemetry.trace import StatusCode

        span = self._open.pop(key, None)
        if span is None:
            return
        span.set_attributes(_attributes(entry))
        if failed:
            span.set_status(StatusCode.ERROR)
        span.end(end_time=at)

    def _note_grade(self, task: str, entry: Entry) -> None:
        known = self._grade.setdefault(task, {})
        known |= {name: str(entry[name]) for name in ("complexity", "importance") if entry.get(name)}

    def _graded(self, task: str) -> dict[str, str]:
        return {"complexity": UNKNOWN, "importance": UNKNOWN, **self._grade.get(task, {})}


def _attributes(entry: Entry) -> dict[str, str | int | float | bool]:
    """Its public fields that are plain values."""
    fields = public(entry, str(entry.get("type", "")))
    return {
        _SPAN_FIELDS.get(name, name): value
        for name, value in fields.items()
        if name not in _LEFT_OUT and isinstance(value, (str, int, float))
    }


def _nanoseconds(at: str) -> int:
    """Of a journal's time, which has milliseconds."""
    return int(datetime.fromisoformat(at).timestamp() * 1000 + 0.5) * 1_000_000
