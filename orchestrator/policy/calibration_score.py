"""How good estimates were: pinball loss, coverage, bias, actual/estimated (R10). Pure."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from orchestrator.policy.calibration_fit import Tuning
from orchestrator.policy.calibration_interval import Forecaster, Interval, Known, pinball


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """An estimate and what came of it."""

    actual: int
    interval: Interval


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """How a row of estimates did."""

    count: int
    ratio: float
    """Sum of actuals over sum of likely values."""
    bias: float
    """Mean of likely less actual, tokens; above zero: guessed high."""
    covered: float
    """Share of actuals at or under their p90."""
    p50_loss: float
    """Mean pinball loss, tokens."""
    p90_loss: float


def replay(seen: Sequence[tuple[Known, int]], tuning: Tuning | None = None) -> tuple[Made, ...]:
    """Each one predicted from those before it; the first has none."""
    caster, made = Forecaster(tuning), []
    for known, tokens in seen:
        interval = caster.learn(known, tokens)
        if interval is not None:
            made.append(Made(actual=tokens, interval=interval))
    return tuple(made)


def score(made: Sequence[Made]) -> Score:
    """The row's score. ``ValueError`` of an empty row."""
    if not made:
        raise ValueError("no estimates to score")
    count = len(made)
    actual, likely = sum(one.actual for one in made), sum(one.interval.likely for one in made)
    return Score(
        count=count,
        ratio=actual / max(1, likely),
        bias=(likely - actual) / count,
        covered=sum(one.actual <= one.interval.p90 for one in made) / count,
        p50_loss=sum(pinball(one.actual, one.interval.p50, 0.5) for one in made) / count,
        p90_loss=sum(pinball(one.actual, one.interval.p90, 0.9) for one in made) / count,
    )


def rolling(tokens: Sequence[int], size: int, tau: float) -> float:
    """Mean pinball loss of the ``tau`` quantile of the last ``size``, from the second on."""
    if len(tokens) < 2:  # noqa: PLR2004 - nothing to predict from
        raise ValueError("fewer than two")
    losses = [
        pinball(tokens[place], plain_quantile(tokens[max(0, place - size) : place], tau), tau)
        for place in range(1, len(tokens))
    ]
    return sum(losses) / len(losses)


def hindsight(seen: Sequence[tuple[str, int]], tau: float) -> float:
    """Mean pinball loss of each group's own ``tau`` quantile, known from all its tasks, the later ones as well.

    ``seen``: (group, tokens). Nobody can know that beforehand: it is what groups could tell at the very best. The first
    is left out, as it is in :func:`rolling`.
    """
    groups: dict[str, list[int]] = {}
    for group, tokens in seen:
        groups.setdefault(group, []).append(tokens)
    levels = {group: plain_quantile(tokens, tau) for group, tokens in groups.items()}
    return sum(pinball(tokens, levels[group], tau) for group, tokens in seen[1:]) / max(1, len(seen) - 1)


def plain_quantile(values: Sequence[int], tau: float) -> float:
    """Of a row that is not empty, linear between neighbours."""
    order = sorted(values)
    place = (len(order) - 1) * tau
    low = math.floor(place)
    high = min(low + 1, len(order) - 1)
    return order[low] + (order[high] - order[low]) * (place - low)
