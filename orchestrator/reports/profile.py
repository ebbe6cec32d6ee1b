"""Where a run's time went, from its events (P6): phases, calls by role, gates by check. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from orchestrator.domain.words import count
from orchestrator.reports.figures import duration, percent, tokens
from orchestrator.reports.inert import one_line
from orchestrator.reports.profile_calls import agent_sums, call_points
from orchestrator.reports.timeline import timeline

Event = Mapping[str, Any]
_QUARTERS = 4


@dataclass(slots=True)
class _Sum:
    times: int = 0
    seconds: float = 0.0
    tokens: int = 0
    longest: float = 0.0

    def add(self, seconds: float, used: int = 0) -> None:
        self.times += 1
        self.seconds += seconds
        self.tokens += used
        self.longest = max(self.longest, seconds)


def profile_text(events: Sequence[Event]) -> str:
    """A few tables as plain text; what overlaps (calls and gates lie inside phases) is said by its heading."""
    line = timeline(events)
    phases: dict[str, _Sum] = {}
    for span in line.spans:
        phases.setdefault(span.phase, _Sum()).add(span.end_s - span.start_s)
    parts = [f"worked {duration(line.seconds)}\n"]
    parts += _table("by phase", phases, line.seconds)
    parts += _table("of these, calls by role", _sums(events, "call:answer", "role"), line.seconds)
    parts += _agents(events)
    parts += _table("of these, gates by check", _sums(events, "check:finished", "check"), line.seconds)
    return "".join(parts)


def _agents(events: Sequence[Event]) -> list[str]:
    """What each agent was given to read, and how often it looked something up; over the night, by quarters of it."""
    points = call_points(events)
    if not points:
        return []
    length = max(1.0, *(point.at_s for point in points))
    rows = ["\ncontext of a call, by agent: mean and most; mean in each quarter of the night; look-ups\n"]
    for each in agent_sums(points):
        quarters = []
        for quarter in range(_QUARTERS):
            own = [
                point.context_tokens
                for point in points
                if point.role == each.role and min(_QUARTERS - 1, int(_QUARTERS * point.at_s / length)) == quarter
            ]
            quarters.append(tokens(sum(own) // len(own)) if own else "-")
        looked = "-" if each.lookups is None else str(each.lookups)
        rows.append(
            f"  {one_line(each.role, limit=14):<14} {tokens(each.mean_context_tokens):>8}"
            f" {tokens(each.largest_context_tokens):>8}   {' '.join(f'{one:>8}' for one in quarters)}   {looked:>6}\n"
        )
    return rows


def _sums(events: Iterable[Event], kind: str, key: str) -> dict[str, _Sum]:
    sums: dict[str, _Sum] = {}
    for event in events:
        if event.get("type") == kind:
            used = int(event.get("input_tokens") or 0) + int(event.get("output_tokens") or 0)
            sums.setdefault(str(event.get(key)), _Sum()).add(float(event.get("seconds") or 0), used)
    return sums


def _table(heading: str, sums: Mapping[str, _Sum], whole: float) -> list[str]:
    if not sums:
        return []
    rows = [f"\n{heading}\n"]
    for name, total in sorted(sums.items(), key=lambda item: -item[1].seconds):
        used = f"  {tokens(total.tokens)} tokens" if total.tokens else ""
        rows.append(
            f"  {one_line(name, limit=14):<14} {duration(total.seconds):>12} {percent(total.seconds, whole):>6}"
            f"  {count(total.times, 'time')}, longest {duration(total.longest)}{used}\n"
        )
    return rows
