"""What ``metrics summary`` answers beyond the aggregates (M7): bottlenecks, rework by model, conflicts, the trend."""

from __future__ import annotations

from collections import Counter, defaultdict
from datetime import UTC, datetime
from itertools import compress
from typing import Any

from orchestrator.ledger.aggregates import completed, cycles, mean, nearest_rank, share
from orchestrator.ledger.aggregates_state import NEVER, Standing

SHOWN = 5
"""Chains that are named as bottlenecks."""
CONFLICTS_FROM = 20
"""Ended tasks from which on the conflict rate is said (L13)."""
_DAY_MS = 86_400_000
_DAYS = 15
"""A span of up to so many days is shown by day, a longer one by week."""

_Done = tuple[int, int, int]
"""Of a completed task: its cycle time, its reworks, the row of its model."""


def insight(standing: Standing, now_ms: int) -> dict[str, Any]:
    """As plain values, for the table and for ``--json``."""
    return {
        "bottlenecks": bottlenecks(standing, now_ms),
        "phases": phases(standing),
        "reworkByModel": rework_by_model(standing),
        "conflicts": conflicts(standing),
        "trend": trend(standing),
    }


def bottlenecks(standing: Standing, now_ms: int) -> list[dict[str, Any]]:
    """The chains that take or took longest; open ones by their age. With each, its slowest task."""
    least = max(standing.since, NEVER + 1)
    made, ended = standing.chains.columns["created"], standing.chains.columns["ended"]
    times = [
        NEVER if begun == NEVER or NEVER < end < least else max(0, (now_ms if end == NEVER else end) - begun)
        for begun, end in zip(made, ended, strict=True)
    ]
    names = list(standing.chains.names)
    longest = sorted(times, reverse=True)[:SHOWN]
    known = [row for row, time in enumerate(times) if time != NEVER and time >= longest[-1]]
    shown = sorted(known, key=lambda row: (-times[row], names[row]))[:SHOWN]
    slowest = _slowest(standing, frozenset(shown))
    rows: list[dict[str, Any]] = []
    for row in shown:
        task, time, reworks = slowest.get(row, (None, None, 0))
        rows.append(
            {
                "chain": names[row],
                "completed": ended[row] != NEVER,
                "ms": times[row],
                "slowestTask": task,
                "slowestTaskMs": time,
                "reworks": reworks,
            }
        )
    return rows


def _slowest(standing: Standing, of: frozenset[int]) -> dict[int, tuple[str | None, int | None, int]]:
    """Of those chains: the task that took longest, how long, and the reworks of all its tasks."""
    found: dict[int, tuple[str | None, int | None, int]] = {}
    columns = standing.tasks.columns
    of_task = columns["chain"]
    rows = [row for row, chain in enumerate(of_task) if chain in of]
    names, cycle_of = list(standing.tasks.names), cycles(standing) if rows else []
    for row in rows:
        task, time, total = found.get(of_task[row], (None, None, 0))
        cycle = cycle_of[row]
        if cycle != NEVER and (time is None or cycle > time):
            task, time = names[row].rpartition("\x1f")[2], cycle
        found[of_task[row]] = (task, time, total + columns["reworks"][row])
    return found


def phases(standing: Standing) -> dict[str, dict[str, Any]]:
    """Where the time goes: total and mean by phase, ms."""
    columns = standing.phases.columns
    return {
        name: {
            "totalMs": columns["ms"][row],
            "times": columns["times"][row],
            "avgMs": columns["ms"][row] // columns["times"][row],
        }
        for name, row in standing.phases.names.items()
    }


def rework_by_model(standing: Standing) -> dict[str, dict[str, Any]]:
    """Reworks of each model's answers, and a completed task's share of them."""
    done = Counter(compress(standing.tasks.columns["model"], completed(standing)))
    columns = standing.models.columns
    return {
        name: {
            "reworks": columns["reworks"][row],
            "perCompletedTask": share(columns["reworks"][row], done[row]),
            "calls": columns["calls"][row],
        }
        for name, row in sorted(standing.models.names.items())
    }


def conflicts(standing: Standing) -> dict[str, Any]:
    """Tasks in which architect and gate or executor disagreed (L13); the rate from 20 ended tasks on."""
    columns = standing.tasks.columns
    ended = sum(columns["ended"])
    tasks = len(columns["conflicts"]) - columns["conflicts"].count(0)
    return {"ended": ended, "tasks": tasks, "rate": share(tasks, ended) if ended >= CONFLICTS_FROM else None}


def trend(standing: Standing) -> list[dict[str, Any]]:
    """Completed tasks by day, or by week (from its Monday): how many, how long, how often with rework; by model too."""
    columns = standing.tasks.columns
    done = list(compress(columns["completed"], completed(standing)))
    if not done:
        return []
    step = 1 if max(done) - min(done) <= _DAYS * _DAY_MS else 7
    groups: dict[int, list[_Done]] = defaultdict(list)
    rows = compress(zip(cycles(standing), columns["reworks"], columns["model"], strict=True), completed(standing))
    for at, row in zip(done, rows, strict=True):
        groups[_begin(at // _DAY_MS, step)].append(row)
    models = sorted((name, row) for name, row in standing.models.names.items())
    return [_group(day, step, rows, models) for day, rows in sorted(groups.items())]


def _begin(day: int, step: int) -> int:
    """The day itself, or the Monday of its week (1970-01-01 was a Thursday)."""
    return day if step == 1 else day - (day + 3) % 7


def _group(day: int, step: int, rows: list[_Done], models: list[tuple[str, int]]) -> dict[str, Any]:
    by_model: dict[int, list[_Done]] = defaultdict(list)
    for row in rows:
        by_model[row[2]].append(row)
    return {
        "from": datetime.fromtimestamp(day * 86_400, UTC).date().isoformat(),
        "days": step,
        **_performance(rows),
        "agents": {name: _performance(by_model[row]) for name, row in models if row in by_model},
    }


def _performance(rows: list[_Done]) -> dict[str, Any]:
    times = sorted(cycle for cycle, _, _ in rows if cycle != NEVER)
    return {
        "completed": len(rows),
        "avgCycleTimeMs": mean(times),
        "p50CycleTimeMs": nearest_rank(times, 50),
        "reworkRate": share(sum(1 for _, reworks, _ in rows if reworks), len(rows)),
    }
