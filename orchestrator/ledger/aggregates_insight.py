"""What ``metrics summary`` answers beyond the aggregates (M7): bottlenecks, rework by model, conflicts, the trend."""

from __future__ import annotations

from collections import defaultdict
from datetime import UTC, datetime
from typing import Any

from orchestrator.ledger.aggregates import completed, cycles, mean, nearest_rank, share
from orchestrator.ledger.aggregates_state import NEVER, NONE, Standing

SHOWN = 5
"""Chains that are named as bottlenecks."""
CONFLICTS_FROM = 20
"""Ended tasks from which on the conflict rate is said (L13)."""
_DAY_MS = 86_400_000
_DAYS = 15
"""A span of up to so many days is shown by day, a longer one by week."""


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
    slowest = _slowest(standing)
    made, ended = standing.chains.columns["created"], standing.chains.columns["ended"]
    rows: list[dict[str, Any]] = []
    for name, row in standing.chains.names.items():
        done = ended[row] != NEVER
        if made[row] == NEVER or (done and ended[row] < least):
            continue
        task, time, reworks = slowest.get(row, (None, None, 0))
        rows.append(
            {
                "chain": name,
                "completed": done,
                "ms": max(0, (ended[row] if done else now_ms) - made[row]),
                "slowestTask": task,
                "slowestTaskMs": time,
                "reworks": reworks,
            }
        )
    return sorted(rows, key=lambda one: (-one["ms"], one["chain"]))[:SHOWN]


def _slowest(standing: Standing) -> dict[int, tuple[str | None, int | None, int]]:
    found: dict[int, tuple[str | None, int | None, int]] = {}
    columns = standing.tasks.columns
    rows = zip(standing.tasks.names, columns["chain"], cycles(standing), columns["reworks"], strict=True)
    for name, chain, cycle, reworks in rows:
        if chain == NONE:
            continue
        task, time, total = found.get(chain, (None, None, 0))
        if cycle != NEVER and (time is None or cycle > time):
            task, time = name.rpartition("\x1f")[2], cycle
        found[chain] = (task, time, total + reworks)
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
    done = [0] * len(standing.models)
    for model, ended in zip(standing.tasks.columns["model"], completed(standing), strict=True):
        if ended and model != NONE:
            done[model] += 1
    columns = standing.models.columns
    return {
        name: {
            "reworks": columns["reworks"][row],
            "perCompletedTask": share(columns["reworks"][row], done[row]),
            "calls": columns["calls"][row],
        }
        for name, row in standing.models.names.items()
    }


def conflicts(standing: Standing) -> dict[str, Any]:
    """Tasks in which architect and gate or executor disagreed (L13); the rate from 20 ended tasks on."""
    columns = standing.tasks.columns
    ended = sum(columns["ended"])
    tasks = sum(1 for count in columns["conflicts"] if count)
    return {"ended": ended, "tasks": tasks, "rate": share(tasks, ended) if ended >= CONFLICTS_FROM else None}


def trend(standing: Standing) -> list[dict[str, Any]]:
    """Completed tasks by day, or by week (from its Monday): how many, how long, how often with rework."""
    columns = standing.tasks.columns
    done = [at for at, ended in zip(columns["completed"], completed(standing), strict=True) if ended]
    if not done:
        return []
    step = 1 if max(done) - min(done) <= _DAYS * _DAY_MS else 7
    groups: dict[int, list[tuple[int, int]]] = defaultdict(list)
    for at, cycle, reworks in zip(columns["completed"], cycles(standing), columns["reworks"], strict=True):
        if at >= max(standing.since, NEVER + 1):
            groups[_begin(at // _DAY_MS, step)].append((cycle, reworks))
    return [_group(day, step, rows) for day, rows in sorted(groups.items())]


def _begin(day: int, step: int) -> int:
    """The day itself, or the Monday of its week (1970-01-01 was a Thursday)."""
    return day if step == 1 else day - (day + 3) % 7


def _group(day: int, step: int, rows: list[tuple[int, int]]) -> dict[str, Any]:
    times = sorted(cycle for cycle, _ in rows if cycle != NEVER)
    return {
        "from": datetime.fromtimestamp(day * 86_400, UTC).date().isoformat(),
        "days": step,
        "completed": len(rows),
        "avgCycleTimeMs": mean(times),
        "p50CycleTimeMs": nearest_rank(times, 50),
        "reworkRate": share(sum(1 for _, reworks in rows if reworks), len(rows)),
    }
