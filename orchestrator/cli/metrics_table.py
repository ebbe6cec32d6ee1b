"""``metrics summary`` for people: a few short tables."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from orchestrator.domain.words import count
from orchestrator.reports.inert import one_line

_NAME = 44
_GROUPS = 12
_BAR = 24
_MODELS = 3
"""Rows of the trend, characters of its longest bar, models side by side: what fits a terminal of 80 columns."""


def summary_text(figures: Mapping[str, Any]) -> str:
    """The aggregates, what is slow, who works how well, over time; and what in the log is no event."""
    tasks, chains, requests = figures["tasks"], figures["chains"], figures["requests"]
    times = (span(tasks[f"{name}CycleTimeMs"]) for name in ("p50", "p90", "avg"))
    each = f"{chains['avgTasksPerChain'] or 0:.1f} tasks each"
    lines = [
        count(figures["eventCount"], "event"),
        f"tasks     {tasks['completed']} of {tasks['total']} completed, {tasks['reworked']} reworked",
        "          cycle time p50 {}, p90 {}, mean {}".format(*times),
        f"chains    {chains['completed']} of {chains['total']} completed, {each}",
        f"requests  {requests['closed']} of {requests['total']} closed, mean {span(requests['avgCycleTimeMs'])}",
        *_conflicts(figures["conflicts"]),
        *_models(figures),
        *_bottlenecks(figures["bottlenecks"]),
        *_phases(figures["phases"]),
        *_trend(figures["trend"]),
        *_log(figures["log"]),
    ]
    return "\n".join(lines)


def comparison_text(sides: Mapping[str, Mapping[str, Any]]) -> str:
    """A window beside the one before it."""
    before, after = sides["before"], sides["after"]
    rows: list[tuple[str, ...]] = [("", before["since"][:16], after["since"][:16])]
    for label, name in (("tasks completed", "completed"), ("  reworked", "reworked")):
        rows.append((label, str(before["tasks"][name]), str(after["tasks"][name])))
    for label, name in (
        ("cycle time p50", "p50CycleTimeMs"),
        ("  p90", "p90CycleTimeMs"),
        ("  mean", "avgCycleTimeMs"),
    ):
        rows.append((label, span(before["tasks"][name]), span(after["tasks"][name])))
    for model in dict.fromkeys((*before["agents"], *after["agents"])):
        sides_of = [side["agents"].get(model, {}) for side in (before, after)]
        rows.append((f"{model}: rework", *(_percent(side.get("reworkRate")) for side in sides_of)))
        rows.append(("  tokens", *(f"{side.get('totalTokens', 0):,}" for side in sides_of)))
    return "\n".join(_table(rows))


def span(ms: float | None) -> str:
    """A time as people say it; ``-`` where it is not known."""
    if ms is None:
        return "-"
    seconds = ms / 1000
    for unit, size in (("d", 86_400), ("h", 3600), ("min", 60)):
        if seconds >= 2 * size:
            return f"{seconds / size:.1f} {unit}"
    return f"{seconds:.1f} s"


def _percent(rate: float | None) -> str:
    return "-" if rate is None else f"{rate * 100:.0f} %"


def _conflicts(figures: Mapping[str, Any]) -> list[str]:
    if not figures["ended"]:
        return []
    rate = f" ({_percent(figures['rate'])})" if figures["rate"] is not None else ""
    return [f"conflicts {figures['tasks']} of {figures['ended']} ended tasks{rate}"]


def _models(figures: Mapping[str, Any]) -> list[str]:
    rework = figures["reworkByModel"]
    rows = [("model", "tasks", "reworked", "reworks", "mean time", "tokens")]
    for name, agent in figures["agents"].items():
        counts = (str(agent["tasksCompleted"]), _percent(agent["reworkRate"]), str(rework[name]["reworks"]))
        rows.append((name, *counts, span(agent["avgCycleTimeMs"]), f"{agent['totalTokens']:,}"))
    return ["", *_table(rows)] if len(rows) > 1 else []


def _bottlenecks(chains: Sequence[Mapping[str, Any]]) -> list[str]:
    rows = [("slowest chains", "time", "state", "reworks", "slowest task")]
    for chain in chains:
        state = "completed" if chain["completed"] else "open"
        rows.append((chain["chain"], span(chain["ms"]), state, str(chain["reworks"]), chain["slowestTask"] or "-"))
    return ["", *_table(rows)] if len(rows) > 1 else []


def _phases(phases: Mapping[str, Mapping[str, Any]]) -> list[str]:
    rows = [("phase", "total", "mean")]
    rows += [(name, span(phase["totalMs"]), span(phase["avgMs"])) for name, phase in phases.items()]
    return ["", *_table(rows)] if len(rows) > 1 else []


def _trend(groups: Sequence[Mapping[str, Any]]) -> list[str]:
    """The newest twelve days or weeks, each with a bar as long as its median task; then models, where there are two."""
    if not groups:
        return []
    shown = groups[-_GROUPS:]
    when = "day" if shown[0]["days"] == 1 else "week of"
    rows = [(when, "completed", "reworked", "p50")]
    for group in shown:
        times = span(group["p50CycleTimeMs"])
        rows.append((group["from"], str(group["completed"]), _percent(group["reworkRate"]), times))
    longest = max((group["p50CycleTimeMs"] or 0 for group in shown), default=0) or 1
    bars = ["", *("#" * round(_BAR * (group["p50CycleTimeMs"] or 0) / longest) for group in shown)]
    table = [f"{row}  {bar}".rstrip() for row, bar in zip(_table(rows), bars, strict=True)]
    models = sorted({model for group in shown for model in group["agents"]})[:_MODELS]
    if len(models) < 2:  # noqa: PLR2004 - nothing to compare
        return ["", *table]
    by_model = [(f"{when}: reworked", *models)]
    for group in shown:
        found = (group["agents"].get(model, {}).get("reworkRate") for model in models)
        by_model.append((group["from"], *map(_percent, found)))
    return ["", *table, "", *_table(by_model)]


def _log(log: Mapping[str, Any]) -> list[str]:
    if not log["foreignLines"]:
        return []
    first = log["faults"][0]
    return [
        "",
        f"{log['foreignLines']} lines are no events; the first: {first['file']} byte {first['offset']}: {first['why']}",
    ]


def _table(rows: Iterable[tuple[str, ...]]) -> list[str]:
    """Columns padded to their widest value; numbers keep to the right."""
    shown = [tuple(one_line(cell, limit=_NAME) for cell in row) for row in rows]
    widths = [max(map(len, column)) for column in zip(*shown, strict=True)]
    return [
        "  ".join(
            cell.ljust(width) if place == 0 else cell.rjust(width)
            for place, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        for row in shown
    ]
