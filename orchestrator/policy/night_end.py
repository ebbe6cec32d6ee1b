"""When a batch will be done (M7): tasks' times drawn again and again, worked through as the runner would. Pure.

The numbers drawn are fixed: the same batch has the same answer. Each time is drawn from a bell in log space, with its
own spread to either side, through its p10, p50 and p90, and apart from the others: on recorded runs 90 % of the sums of
ten tasks in a row stay under the p90 so reckoned, and 55 % under the p50. All tasks are taken to be worked on: one that
is skipped because another failed makes a night shorter than told.
"""

from __future__ import annotations

import heapq
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from statistics import NormalDist

_DRAWS = 1_000
_SEED = 20_261_121
_BELL = NormalDist()
_OUTER = _BELL.inv_cdf(0.9)
_FARTHEST = 2.5
"""No time is drawn further out than this many spreads."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Length:
    """How long a task may take, seconds."""

    task: str
    depends_on: tuple[str, ...] = ()
    low: float
    """p10."""
    middle: float
    """p50."""
    high: float
    """p90."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NightEnd:
    """When the last task ends, seconds from the start."""

    p50_s: float
    p90_s: float


def night_end(tasks: Sequence[Length], lanes: int) -> NightEnd:
    """The end of those tasks, in working order, in that many lanes (at least one); zero without tasks."""
    if not tasks:
        return NightEnd(p50_s=0.0, p90_s=0.0)
    chance = _normals()
    ends = []
    for _ in range(_DRAWS):
        times = {task.task: _drawn(task, next(chance)) for task in tasks}
        ends.append(_worked_through(tasks, times, lanes))
    ends.sort()
    return NightEnd(p50_s=ends[_DRAWS // 2 - 1], p90_s=ends[math.ceil(_DRAWS * 0.9) - 1])


def _normals() -> Iterator[float]:
    """Standard normal numbers, the same row each time: splitmix64 (Steele, Lea and Flood 2014) through the bell."""
    state, word = _SEED, 2**64
    while True:
        state = (state + 0x9E3779B97F4A7C15) % word
        mixed = ((state ^ (state >> 30)) * 0xBF58476D1CE4E5B9) % word
        mixed = ((mixed ^ (mixed >> 27)) * 0x94D049BB133111EB) % word
        mixed ^= mixed >> 31
        yield _BELL.inv_cdf((mixed + 0.5) / word)


def _drawn(task: Length, normal: float) -> float:
    """One time, from a standard normal number."""
    place = max(-_FARTHEST, min(_FARTHEST, normal)) / _OUTER
    middle = math.log(max(1.0, task.middle))
    side = max(0.0, math.log(max(1.0, task.high)) - middle) if place > 0 else middle - math.log(max(1.0, task.low))
    return math.exp(middle + place * max(0.0, side))


def _worked_through(tasks: Sequence[Length], times: Mapping[str, float], lanes: int) -> float:
    """When the last one ends: a free lane takes the first task whose predecessors have ended, as the runner does."""
    waiting, ended = list(tasks), set[str]()
    known = {task.task for task in tasks}
    running: list[tuple[float, str]] = []
    now = 0.0
    while waiting or running:
        ready = [task for task in waiting if all(name in ended or name not in known for name in task.depends_on)]
        for task in ready[: max(1, lanes) - len(running)]:
            waiting.remove(task)
            heapq.heappush(running, (now + times[task.task], task.task))
        if not running:  # a cycle, which no valid batch has
            break
        now, name = heapq.heappop(running)
        ended.add(name)
    return now
