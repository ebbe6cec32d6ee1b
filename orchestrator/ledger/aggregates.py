"""``aggregates.json`` (M3): computed when asked for, never in the background.

A task's cycle time runs from its first start (its creation, where no start is known) to its last completion; a
chain's and a request's from creation to end; where clocks disagree and it would be negative, it is 0. Percentiles are
nearest-rank. A share or a time of nothing is ``null``: unknown is not zero.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
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
    return {
        "computedAt": now.isoformat(timespec="milliseconds"),
        "eventCount": standing.count,
        "lastEventId": standing.last_id or None,
        "tasks": _tasks(standing),
        "chains": _chains(standing),
        "requests": _requests(standing),
        "agents": _agents(standing),
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
    return [
        max(0, done - begun) if done >= least and (begun := made if start == NEVER else start) > NEVER else NEVER
        for made, start, done in rows
    ]


def completed(standing: Standing) -> list[bool]:
    """Whether each task was completed (in the window), by row."""
    least = max(standing.since, NEVER + 1)
    return [done >= least for done in standing.tasks.columns["completed"]]


def _tasks(standing: Standing) -> dict[str, Any]:
    times = sorted(cycle for cycle in cycles(standing) if cycle != NEVER)
    done = completed(standing)
    reworks = standing.tasks.columns["reworks"]
    windowed = standing.since != NEVER
    return {
        "total": sum(done) if windowed else len(standing.tasks),
        "completed": sum(done),
        "reworked": sum(1 for count, ended in zip(reworks, done, strict=True) if count and (ended or not windowed)),
        "avgCycleTimeMs": mean(times),
        "p50CycleTimeMs": nearest_rank(times, 50),
        "p90CycleTimeMs": nearest_rank(times, 90),
    }


def _chains(standing: Standing) -> dict[str, Any]:
    least = max(standing.since, NEVER + 1)
    rows = standing.chains
    members = sum(1 for chain in standing.tasks.columns["chain"] if chain != NONE)
    return {
        "total": len(rows),
        "completed": sum(1 for ended in rows.columns["ended"] if ended >= least),
        "avgTasksPerChain": round(members / len(rows), 4) if len(rows) else None,
    }


def _requests(standing: Standing) -> dict[str, Any]:
    least = max(standing.since, NEVER + 1)
    rows = standing.requests
    return {
        "total": len(rows),
        "closed": sum(1 for ended in rows.columns["ended"] if ended >= least),
        "avgCycleTimeMs": mean(spans(rows, least)),
    }


def spans(rows: Rows, least: int) -> list[int]:
    """From creation to end, ms, of what ended at ``least`` or later."""
    pairs = zip(rows.columns["created"], rows.columns["ended"], strict=True)
    return [max(0, end - made) for made, end in pairs if end >= least and made > NEVER]


def _agents(standing: Standing) -> dict[str, Any]:
    done, rework = [0] * len(standing.models), [0] * len(standing.models)
    times: list[list[int]] = [[] for _ in standing.models.names]
    columns = standing.tasks.columns
    rows = zip(columns["model"], columns["reworks"], cycles(standing), completed(standing), strict=True)
    for model, reworks, cycle, ended in rows:
        if model == NONE or not ended:
            continue
        done[model] += 1
        rework[model] += reworks > 0
        if cycle != NEVER:
            times[model].append(cycle)
    used = standing.models.columns
    return {
        name: {
            "tasksCompleted": done[row],
            "reworkRate": share(rework[row], done[row]),
            "avgCycleTimeMs": mean(times[row]),
            "totalTokens": used["input"][row] + used["output"][row],
        }
        for name, row in standing.models.names.items()
    }


def _written(path: Path) -> dict[str, Any] | None:
    try:
        known = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return None
    return known if isinstance(known, dict) else None
