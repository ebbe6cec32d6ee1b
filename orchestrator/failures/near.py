"""Names that look alike: what a typo meant, what a retry is told."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

SUGGESTIONS = 3
_LONG, _SHORT = 8, 3
"""Letters from which two slips are one typo, and below which nothing is."""
_POOL = 20_000
"""Names compared at most; a longer list is cut."""


def distance_within(one: str, other: str, limit: int) -> bool:
    """Whether at most ``limit`` edits (insert, delete, replace, swap of neighbours) lead from one to the other."""
    if abs(len(one) - len(other)) > limit:
        return False
    before: list[int] = []
    row = list(range(len(other) + 1))
    for i, a in enumerate(one, 1):
        current = [i]
        for j, b in enumerate(other, 1):
            cost = min(row[j] + 1, current[j - 1] + 1, row[j - 1] + (a != b))
            if i > 1 and j > 1 and a == other[j - 2] and one[i - 2] == b:
                cost = min(cost, before[j - 2] + 1)
            current.append(cost)
        if min(current) > limit:
            return False
        before, row = row, current
    return row[-1] <= limit


def typo_of(name: str, pool: Iterable[str]) -> str | None:
    """The name of the pool this one is a slip of: one edit away, two for names of eight letters and more."""
    limit = 2 if len(name) >= _LONG else 1
    if len(name) < _SHORT:
        return None
    best = None
    for other in pool:
        if other != name and len(other) >= _SHORT and distance_within(name, other, limit):
            if distance_within(name, other, 1):
                return other
            best = best or other
    return best


def nearest(name: str, pool: Iterable[str]) -> tuple[str, ...]:
    """Real names that look like it, the likest first."""
    candidates = sorted({other for other in pool if other and other != name})[:_POOL]
    return tuple(get_close_matches(name, candidates, n=SUGGESTIONS, cutoff=0.6))
