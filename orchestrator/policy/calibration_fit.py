"""One way to explain past use: a weighted line in log space, and what is left over around it. Pure arithmetic.

Tokens of tasks are spread over orders of magnitude, and so are the things that tell them beforehand; logarithms make
both additive. An *expert* is one choice of memory (half-life), of facts (prompt, earlier use) and of whether groups
differ; :mod:`orchestrator.policy.calibration_interval` weighs experts by how well they did.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist

TAUS = (0.1, 0.5, 0.9)
"""Levels of low, middle, high."""
HALF_LIVES = (5.0, 20.0, 1000.0)
"""Tasks after which one counts half: the registry's window (R3), a few nights, all."""

_RIDGE = 0.2
"""Pseudo-observations that hold a slope near zero while little is known."""
_GROUP_PRIOR = 2.0
"""Tasks that a group's own mean has to outweigh: below it, the pooled mean prevails."""
_SPREAD = 0.9
"""Standard deviation of log tokens before anything is known: a factor of 2.5 either way."""
_SPREAD_PRIOR = 3.0
"""Tasks that this spread counts as."""
_SHAPE_PRIOR = 6.0
"""Tasks that a bell's quantiles count as, beside the left-overs seen."""
_BELL = tuple(NormalDist().inv_cdf((number + 0.5) / 20) for number in range(20))
_TAIL = 3.0
"""A left-over counts no more than this (a factor of 20) in a mean."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """The past as one expert sees it."""

    logs: Sequence[float]
    """Natural logarithm of each task's tokens, oldest first."""
    facts: Sequence[tuple[float, ...]]
    """Logarithms of what was known of each task beforehand."""
    groups: Sequence[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Opinion:
    """What one expert says of the next task."""

    quantiles: tuple[float, ...]
    """Logarithms, at :data:`TAUS`."""
    mean: float
    """Tokens."""
    spread: float
    """Standard deviation of its left-overs, in log space."""


def opinions(sample: Sample, facts: tuple[float, ...], group: str, half_life: float) -> tuple[Opinion, Opinion]:
    """The next task by the pooled line, and by the line moved for its group (the same, while the group is new)."""
    count = len(sample.logs)
    weights = [0.5 ** ((count - 1 - place) / half_life) for place in range(count)]
    centre, left = _line(sample, facts, weights)
    pooled = _opinion(centre, left, weights)
    sums: dict[str, tuple[float, float]] = {}
    for each, weight, over in zip(sample.groups, weights, left, strict=True):
        total, mass = sums.get(each, (0.0, 0.0))
        sums[each] = total + weight * over, mass + weight
    if group not in sums:
        return pooled, pooled
    own = []
    for each, weight, over in zip(sample.groups, weights, left, strict=True):
        total, mass = sums[each]
        others = max(0.0, mass - weight)
        own.append(over - (total - weight * over) / (others + _GROUP_PRIOR))
    total, mass = sums[group]
    return pooled, _opinion(centre + total / (mass + _GROUP_PRIOR), own, weights)


def quantile(values: Sequence[float], weights: Sequence[float], tau: float) -> float:
    """Weighted quantile, linear between the midpoints of neighbours."""
    order = sorted(zip(values, weights, strict=True))
    mass, seen = sum(weights), 0.0
    before: tuple[float, float] | None = None
    for value, weight in order:
        place = (seen + weight / 2) / mass
        if place >= tau:
            if before is None:
                return value
            low, at = before
            return low + (value - low) * (tau - at) / (place - at) if place > at else value
        before, seen = (value, place), seen + weight
    return order[-1][0]


def _opinion(centre: float, left: Sequence[float], weights: Sequence[float]) -> Opinion:
    mass = sum(weights)
    wider = math.sqrt(1 + 1 / mass)  # the centre itself is an estimate
    squares = sum(weight * over * over for weight, over in zip(weights, left, strict=True))
    spread = math.sqrt((_SPREAD_PRIOR * _SPREAD**2 + squares) / (_SPREAD_PRIOR + mass))
    values = [over * wider for over in left] + [spread * each * wider for each in _BELL]
    masses = [*weights, *[_SHAPE_PRIOR / len(_BELL)] * len(_BELL)]
    above = sum(math.exp(min(value, _TAIL)) * each for value, each in zip(values, masses, strict=True)) / sum(masses)
    return Opinion(
        quantiles=tuple(centre + quantile(values, masses, tau) for tau in TAUS),
        mean=math.exp(centre) * above,
        spread=spread,
    )


def _line(sample: Sample, facts: tuple[float, ...], weights: Sequence[float]) -> tuple[float, list[float]]:
    """Where the weighted ridge line puts the next task, and the left-overs of the past around it."""
    mass, size = sum(weights), len(facts)
    middle = sum(weight * log for weight, log in zip(weights, sample.logs, strict=True)) / mass
    means = [
        sum(weight * row[j] for weight, row in zip(weights, sample.facts, strict=True)) / mass for j in range(size)
    ]
    rows = [[row[j] - means[j] for j in range(size)] for row in sample.facts]
    slopes = _solve(
        [
            [
                sum(weight * row[i] * row[j] for weight, row in zip(weights, rows, strict=True)) + _RIDGE * (i == j)
                for j in range(size)
            ]
            for i in range(size)
        ],
        [
            sum(weight * row[i] * (log - middle) for weight, row, log in zip(weights, rows, sample.logs, strict=True))
            for i in range(size)
        ],
    )

    def moved(row: Sequence[float]) -> float:
        return sum(slope * value for slope, value in zip(slopes, row, strict=True))

    left = [log - middle - moved(row) for log, row in zip(sample.logs, rows, strict=True)]
    return middle + moved([fact - mean for fact, mean in zip(facts, means, strict=True)]), left


def _solve(matrix: list[list[float]], right: list[float]) -> list[float]:
    """A small positive definite system, by elimination: the ridge keeps the pivots above zero."""
    size = len(right)
    rows = [[*row, value] for row, value in zip(matrix, right, strict=True)]
    for pivot in range(size):
        for other in range(size):
            if other != pivot:
                share = rows[other][pivot] / rows[pivot][pivot]
                rows[other] = [a - share * b for a, b in zip(rows[other], rows[pivot], strict=True)]
    return [rows[place][size] / rows[place][place] for place in range(size)]
