"""Each agent call of a run over time: how long, how many tokens, look-ups and how much context (P6). Pure."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from orchestrator.reports.inputs import AgentSum, CallPoint
from orchestrator.reports.timeline import clocked

Event = Mapping[str, Any]
PROFILE_VERSION = 1


def call_points(events: Iterable[Event]) -> tuple[CallPoint, ...]:
    """The answered calls of those events, in the order of their answers; what an older journal lacks counts as 0."""
    points = []
    for now_s, event in clocked(events):
        if event.get("type") != "call:answer":
            continue
        seconds = float(event.get("seconds") or 0)
        looked = event.get("lookups")
        points.append(
            CallPoint(
                call=str(event.get("call", "")),
                task=str(event.get("task", "")),
                phase=str(event.get("phase", "")),
                role=str(event.get("role", "")),
                model=str(event.get("model", "")),
                iteration=_whole(event, "iteration"),
                turn=_whole(event, "turn"),
                at_s=round(max(0.0, now_s - seconds), 3),
                seconds=seconds,
                context_tokens=_whole(event, "input_tokens"),
                cached_tokens=_whole(event, "cached_tokens"),
                output_tokens=_whole(event, "output_tokens"),
                lookups=looked if isinstance(looked, int) else None,
            )
        )
    return tuple(points)


def agent_sums(points: Sequence[CallPoint]) -> tuple[AgentSum, ...]:
    """By role, the one that took longest first."""
    by_role: dict[str, list[CallPoint]] = {}
    for point in points:
        by_role.setdefault(point.role, []).append(point)
    sums = (_sum(role, own) for role, own in by_role.items())
    return tuple(sorted(sums, key=lambda each: (-each.seconds, each.role)))


def profile_json(events: Sequence[Event]) -> str:
    """The text of profile.json: every call, and their sums by agent."""
    points = call_points(events)
    whole = {
        "version": PROFILE_VERSION,
        "agents": [asdict(each) for each in agent_sums(points)],
        "calls": [asdict(point) for point in points],
    }
    return json.dumps(whole, indent=1, ensure_ascii=True) + "\n"


def _sum(role: str, own: Sequence[CallPoint]) -> AgentSum:
    contexts = [point.context_tokens for point in own]
    looked = [point.lookups for point in own if point.lookups is not None]
    return AgentSum(
        role=role,
        calls=len(own),
        seconds=round(sum(point.seconds for point in own), 3),
        tokens=sum(point.context_tokens + point.output_tokens for point in own),
        lookups=sum(looked) if looked else None,
        mean_context_tokens=sum(contexts) // len(own),
        largest_context_tokens=max(contexts),
    )


def _whole(event: Event, name: str) -> int:
    value = event.get(name)
    return value if isinstance(value, int) else 0
