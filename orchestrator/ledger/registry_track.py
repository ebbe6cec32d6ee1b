"""How good the estimates were, run after run (R10): read from what journals say of calibrated tasks. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from orchestrator.policy.calibration_interval import Interval
from orchestrator.policy.calibration_score import Made, Score, score

Entry = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Track:
    """The estimates of some tasks against what they used."""

    tasks: int
    ratio: float | None
    """Actual/estimated over the stages that were estimated; ``None``: none was. 1.0 is the target."""
    learnt: Score | None
    """Of the learnt intervals; ``None`` where there were none yet."""


def track(entries: Iterable[Entry]) -> Track:
    """The record of those ``run:calibrated`` entries; fields of another version count as missing."""
    rows = [entry for entry in entries if entry.get("type") == "run:calibrated"]
    estimated = sum(_whole(entry.get("estimated")) for entry in rows)
    made = [one for one in map(_made, rows) if one is not None]
    return Track(
        tasks=len(rows),
        ratio=sum(_whole(entry.get("actual")) for entry in rows) / estimated if estimated else None,
        learnt=score(made) if made else None,
    )


def by_day(entries: Sequence[Entry]) -> tuple[tuple[str, Track], ...]:
    """The record of each day, oldest first (R10: over time)."""
    ordered = sorted(entries, key=lambda entry: str(entry.get("at", "")))
    return tuple((day, track(list(group))) for day, group in groupby(ordered, key=lambda one: str(one.get("at"))[:10]))


def words(found: Track) -> str:
    """One line for people; empty where no task was calibrated."""
    if not found.tasks:
        return ""
    parts = [f"{found.tasks} delivered" if found.tasks != 1 else "1 delivered"]
    if found.ratio is not None:
        parts.append(f"actual/estimated by stage {found.ratio:.2f} (target 1.0)")
    if found.learnt is None:
        parts.append("no learnt interval yet")
    else:
        learnt = found.learnt
        side = "high" if learnt.bias > 0 else "low"
        parts.append(f"actual/likely {learnt.ratio:.2f}, guessed {abs(learnt.bias):,.0f} tokens a task too {side}")
        parts.append(f"{round(learnt.covered * learnt.count)} of {learnt.count} under the p90")
    return "; ".join(parts)


def _made(entry: Entry) -> Made | None:
    levels = [entry.get(name) for name in ("p10", "p50", "likely", "p90", "tokens")]
    if not all(isinstance(level, int) for level in levels):
        return None
    p10, p50, likely, p90, tokens = map(_whole, levels)
    learnt_from = _whole(entry.get("learnt_from"))
    return Made(actual=tokens, interval=Interval(p10=p10, p50=p50, likely=likely, p90=p90, learnt_from=learnt_from))


def _whole(value: object) -> int:
    return value if isinstance(value, int) else 0
