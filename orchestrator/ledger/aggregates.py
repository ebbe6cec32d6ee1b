"""``aggregates.json`` (M3): computed when asked for, never in the background.

A task's cycle time runs from its first start (its creation, where no start is known) to its last completion; a
chain's and a request's from creation to end; where clocks disagree and it would be negative, it is 0. Percentiles are
nearest-rank. A share or a time of nothing is ``null``: unknown is not zero.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from itertools import compress
from pathlib import Path
from typing import Any

from orchestrator.ledger.aggregates_cache import standing_of
from orchestrator.ledger.aggregates_state import NEVER, NONE, Rows, Standing
from orchestrator.ledger.durable import write_whole

FILE = "aggregates.json"


def refresh_aggregates(state: Path, now: datetime, *, afresh: bool = False) -> tuple[Standing, dict[str, Any]]:
    """Bring ``aggregates.json`` up to the log. ``afresh``: fold every event again."""
    standing = standing_of(state, afresh=afresh)
    figures = aggregates(standing, now)
    known = _written(state / FILE)
    if known is None or known | {"computedAt": ""} != figures | {"computedAt": ""}:
        write_whole(state / FILE, json.dumps(figures, indent=1).encode("ascii") + b"\n")
        return standing, figures
    return standing, known


def aggregates(standing: Standing, now: datetime) -> dict[str, Any]:
    """The figures exactly as M3 names them."""
    cycle_of, done = cycles(standing), completed(standing)
    return {
        "computedAt": now.isoformat(timespec="milliseconds"),
        "eventCount": standing.count,
        "lastEventId": standing.last_id or None,
        "tasks": _tasks(standing, cycle_of, done),
        "chains": _chains(standing),
        "requests": _requests(standing),
        "agents": _agents(standing, cycle_of, done),
    }


def nearest_rank(ordered: Sequence[int], percent: int) -> int | None:
    """The smallest value that at least ``percent`` of all do not pass; ``None`` of nothing."""
    return ordered[max(0, -(-len(ordered) * percent // 100) - 1)] if ordered else None


def mean(values: Sequence[int]) -> float | None:
    """Arithmetic mean to a thousandth; ``None`` of nothing."""
    return round(sum(values) / len(values), 3) if values else None


def share(part: int, whole: int) -> float | None:
    """0 to 1, to four digits; ``None`` of nothing."""
    return round(part / whole, 4) if whole else None


def cycles(standing: Standing) -> list[int]:
    """Each task's cycle time, ms, by row; :data:`NEVER` where it is not known, or its end lies outside the window."""
    columns = standing.tasks.columns
    least = max(standing.since, NEVER + 1)
    rows = zip(columns["created"], columns["started"], columns["completed"], strict=True)
    found = []
    for made, start, done in rows:
        begun = made if start == NEVER else start
        if done < least or begun == NEVER:
            found.append(NEVER)
        else:
            found.append(done - begun if done > begun else 0)
    return found


def completed(standing: Standing) -> list[bool]:
    """Whether each task was completed (in the window), by row."""
    least = max(standing.since, NEVER + 1)
    return [done >= least for done in standing.tasks.columns["completed"]]


def _tasks(standing: Standing, cycle_of: Sequence[int], done: Sequence[bool]) -> dict[str, Any]:
    times = sorted(cycle_of)
    del times[: times.count(NEVER)]  # the smallest there is
    reworks = standing.tasks.columns["reworks"]
    windowed = standing.since != NEVER
    reworked = map(bool, compress(reworks, done) if windowed else reworks)
    return {
        "total": sum(done) if windowed else len(standing.tasks),
        "completed": sum(done),
        "reworked": sum(reworked),
        "avgCycleTimeMs": mean(times),
        "p50CycleTimeMs": nearest_rank(times, 50),
        "p90CycleTimeMs": nearest_rank(times, 90),
    }


def _chains(standing: Standing) -> dict[str, Any]:
    least = max(standing.since, NEVER + 1)
    rows, of_tasks = standing.chains, standing.tasks.columns["chain"]
    members = len(of_tasks) - of_tasks.count(NONE)
    return {
        "total": len(rows),
        "completed": sum([ended >= least for ended in rows.columns["ended"]]),
        "avgTasksPerChain": round(members / len(rows), 4) if len(rows) else None,
    }


def _requests(standing: Standing) -> dict[str, Any]:
    least = max(standing.since, NEVER + 1)
    rows = standing.requests
    return {
        "total": len(rows),
        "closed": sum([ended >= least for ended in rows.columns["ended"]]),
        "avgCycleTimeMs": mean(spans(rows, least)),
    }


def spans(rows: Rows, least: int) -> list[int]:
    """From creation to end, ms, of what ended at ``least`` or later."""
    pairs = zip(rows.columns["created"], rows.columns["ended"], strict=True)
    return [max(0, end - made) for made, end in pairs if end >= least and made > NEVER]


def _agents(standing: Standing, cycle_of: Sequence[int], done: Sequence[bool]) -> dict[str, Any]:
    """By model, in the order of their names."""
    columns = standing.tasks.columns
    times: list[list[int]] = [[] for _ in standing.models.names]
    rework = [0] * len(times)
    rows = zip(columns["model"], columns["reworks"], cycle_of, strict=True)
    for model, reworks, cycle in compress(rows, done):
        if model != NONE:
            times[model].append(cycle)
            rework[model] += reworks > 0
    used = standing.models.columns
    return {
        name: {
            "tasksCompleted": len(times[row]),
            "reworkRate": share(rework[row], len(times[row])),
            "avgCycleTimeMs": mean([cycle for cycle in times[row] if cycle != NEVER]),
            "totalTokens": used["input"][row] + used["output"][row],
        }
        for name, row in sorted(standing.models.names.items())
    }


def _written(path: Path) -> dict[str, Any] | None:
    try:
        known = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return None
    return known if isinstance(known, dict) else None
