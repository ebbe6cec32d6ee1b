"""One way to explain past use: a weighted line in log space, and how far it has missed so far. Pure arithmetic.

Tokens of tasks are spread over orders of magnitude, and so are the things that tell them beforehand; logarithms make
both additive. A *line* is one choice of memory (half-life) and of facts. It keeps sums only, so a task costs the same
to learn whether it is the tenth or the thousandth. From each line two *experts* speak: one for all tasks alike, one
moved for the task's group by as much as groups have differed; :mod:`orchestrator.policy.calibration_interval` weighs
experts by how well they did.
"""

from __future__ import annotations

import math
from bisect import bisect_left, insort
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist

TAUS = (0.1, 0.5, 0.9)
"""Levels of low, middle, high."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tuning:
    """The constants of learning. ``scripts/score-estimates --leave-one-out`` shows how little hangs on them."""

    half_lives: tuple[float, ...] = (5.0, 1000.0)
    """Tasks after which one counts half: the registry's window (R3), and all."""
    ridge: float = 0.2
    """Pseudo-observations that hold a slope near zero while little is known."""
    spread: float = 0.9
    """Standard deviation of log tokens before anything is known: a factor of 2.5 either way."""
    spread_prior: float = 3.0
    """Tasks that this spread counts as."""
    within: float = 0.6
    """Share of the variance that is left inside a group, before anything is known."""
    within_prior: float = 4.0
    """Tasks that this share counts as."""
    shape_prior: float = 6.0
    """Tasks that a bell's quantiles count as, beside the misses seen."""
    rate: float = 3.0
    """How fast experts that do badly lose weight."""
    forget: float = 0.98
    """A past error's weight, for each task that came after it."""
    steer: float = 0.6
    """Spreads by which an outer level moves once its misses have left the band."""


_MISSES = 200
"""Newest misses that a shape is read from."""
_FARTHEST = 4.0
"""A miss counts as no more spreads than this."""
_TAIL = 3.0
"""A left-over counts no more than this (a factor of 20) in a mean."""
_OUTLIER = 5.0
"""... and as no more spreads of :attr:`Tuning.spread` than this in a variance."""
_LEAST_BETWEEN = 0.03
"""Groups differ by at least this share of the variance."""
_LEAST_MASS = 0.05
"""A group that has faded below this many tasks is a new one."""
_BELL = tuple(NormalDist().inv_cdf((number + 0.5) / 20) for number in range(20))


@dataclass(frozen=True, slots=True, kw_only=True)
class Opinion:
    """What one expert says of the next task."""

    quantiles: tuple[float, ...]
    """Logarithms, at :data:`TAUS`."""
    mean: float
    """Tokens."""
    spread: float
    """Standard deviation of what it expects to miss by, in log space."""


class Misses:
    """How far off an expert was each time, in spreads, and the shape that makes: misses beside a bell."""

    def __init__(self, tuning: Tuning) -> None:
        self._seen: deque[float] = deque()
        self._ordered: list[float] = []
        self._bell = tuning.shape_prior / len(_BELL)

    def add(self, miss: float) -> None:
        """Take one in; the oldest goes once there are many."""
        kept = max(-_FARTHEST, min(_FARTHEST, miss))
        self._seen.append(kept)
        insort(self._ordered, kept)
        if len(self._seen) > _MISSES:
            del self._ordered[bisect_left(self._ordered, self._seen.popleft())]

    def opinion(self, centre: float, spread: float) -> Opinion:
        """The next one, around that centre."""
        values = sorted([(miss, 1.0) for miss in self._ordered] + [(each, self._bell) for each in _BELL])
        mass = sum(weight for _, weight in values)
        above = sum(math.exp(min(spread * value, _TAIL)) * weight for value, weight in values) / mass
        return Opinion(
            quantiles=tuple(centre + spread * quantile(values, mass, tau) for tau in TAUS),
            mean=math.exp(centre) * above,
            spread=spread,
        )


@dataclass(slots=True)
class _Group:
    """What is left over of a group's tasks; it fades by the line's half-life."""

    total: float = 0.0
    mass: float = 0.0
    at: int = 0


@dataclass(slots=True)
class _Fading:
    """A sum of squares with its count, both fading; the prior lives with the reader."""

    squares: float = 0.0
    count: float = 0.0

    def add(self, square: float, keep: float) -> None:
        self.squares, self.count = keep * self.squares + square, keep * self.count + 1

    def mean(self, prior: float, weight: float) -> float:
        return (weight * prior + self.squares) / (weight + self.count)


class Line:
    """Weighted ridge regression with forgetting, by its moments; each miss was made before the task was known."""

    def __init__(self, tuning: Tuning, half_life: float, size: int) -> None:
        self._tuning = tuning
        self._keep = 0.5 ** (1 / half_life)
        self._mass = self._middle = 0.0
        self._means = [0.0] * size
        self._squares = [[0.0] * size for _ in range(size)]
        self._products = [0.0] * size
        self._all, self._inside = _Fading(), _Fading()
        self._groups: dict[str, _Group] = {}
        self._count = 0
        self._misses = (Misses(tuning), Misses(tuning))

    @property
    def speaks(self) -> bool:
        """Whether it has learnt anything."""
        return self._mass > 0

    def opinions(self, facts: Sequence[float], group: str) -> tuple[Opinion, Opinion]:
        """The next task: as any other, and as one of its group."""
        pooled, grouped = self._places(facts, group)
        return self._misses[0].opinion(*pooled), self._misses[1].opinion(*grouped)

    def learn(self, facts: Sequence[float], group: str, log: float) -> None:
        """Take in a task's logarithm of tokens."""
        if self.speaks:
            places = self._places(facts, group)
            for misses, (centre, spread) in zip(self._misses, places, strict=True):
                misses.add((log - centre) / spread)
            self._judge(log - places[0][0], group)
        self._move(facts, log)

    def _places(self, facts: Sequence[float], group: str) -> tuple[tuple[float, float], tuple[float, float]]:
        """Centre and spread of each expert. A group's own mean prevails the more, the more groups have differed."""
        tuning, known = self._tuning, self._group(group)
        centre = self._middle + sum(
            slope * (fact - mean) for slope, fact, mean in zip(self._slopes(), facts, self._means, strict=True)
        )
        whole = self._all.mean(tuning.spread**2, tuning.spread_prior)
        inside = min(whole, self._inside.mean(tuning.within * whole, tuning.within_prior))
        between = max(whole - inside, _LEAST_BETWEEN * whole)
        needed = inside / between  # tasks that a group's own mean has to outweigh
        wider = math.sqrt(1 + 1 / self._mass)  # the centre itself is an estimate
        own = math.sqrt(inside + inside / (known.mass + needed))
        return (
            (centre, math.sqrt(whole) * wider),
            (centre + known.total / (known.mass + needed), own * wider),
        )

    def _judge(self, over: float, group: str) -> None:
        """What was left over, into the variances: of all, and inside groups."""
        bound = _OUTLIER * self._tuning.spread
        over = max(-bound, min(bound, over))
        self._all.add(over * over / (1 + 1 / self._mass), self._keep)
        known = self._group(group)
        if known.mass > _LEAST_MASS:
            apart = over - known.total / known.mass
            self._inside.add(apart * apart * known.mass / (known.mass + 1), self._keep)
        self._count += 1
        self._groups[group] = _Group(known.total + over, known.mass + 1, self._count)

    def _group(self, name: str) -> _Group:
        """As it stands now, faded."""
        known = self._groups.get(name, _Group())
        faded = self._keep ** (self._count - known.at)
        return _Group(known.total * faded, known.mass * faded, self._count)

    def _move(self, facts: Sequence[float], log: float) -> None:
        """The moments, with the new task in them."""
        keep, self._mass = self._keep, self._keep * self._mass + 1
        apart = [fact - mean for fact, mean in zip(facts, self._means, strict=True)]
        share, above = 1 - 1 / self._mass, log - self._middle
        for row, one in zip(self._squares, apart, strict=True):
            row[:] = [keep * value + share * one * other for value, other in zip(row, apart, strict=True)]
        self._products = [keep * value + share * one * above for value, one in zip(self._products, apart, strict=True)]
        self._means = [mean + one / self._mass for mean, one in zip(self._means, apart, strict=True)]
        self._middle += above / self._mass

    def _slopes(self) -> list[float]:
        ridge = self._tuning.ridge
        return _solve(
            [[value + ridge * (i == j) for j, value in enumerate(row)] for i, row in enumerate(self._squares)],
            self._products,
        )


def quantile(ordered: Sequence[tuple[float, float]], mass: float, tau: float) -> float:
    """Of (value, weight) in ascending order, ``mass`` their weights' sum; linear between neighbours' midpoints."""
    seen = 0.0
    before: tuple[float, float] | None = None
    for value, weight in ordered:
        place = (seen + weight / 2) / mass
        if place >= tau:
            if before is None:
                return value
            low, at = before
            return low + (value - low) * (tau - at) / (place - at) if place > at else value
        before, seen = (value, place), seen + weight
    return ordered[-1][0]


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
