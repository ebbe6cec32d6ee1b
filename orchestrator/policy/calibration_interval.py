"""Low, likely and high of the next task, learnt from delivered ones as they come (R10). Pure.

Several experts (:mod:`orchestrator.policy.calibration_fit`) each give quantiles; they are mixed by how well each has
predicted so far, per level. Two corrections are learnt online: the outer levels move until as many actuals lie beyond
them as should (adaptive conformal inference, Gibbs and Candes 2021), and the likely value carries what it has missed
in sum, since a median guesses low.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from orchestrator.policy.calibration_fit import HALF_LIVES, TAUS, Opinion, Sample, opinions

_RATE = 3.0
"""How fast experts that do badly lose weight."""
_FORGET = 0.98
"""A past error's weight, for each task that came after it."""
_STEP = 0.04
"""How far a missed level moves, in spreads."""
_STEP_BOUND = 1.5
"""No level is moved further than this, in log space."""
_DEBT_TASKS = 6.0
"""What the likely value missed in sum is made up for over so many tasks."""
_DEBT_BOUND = 0.5
"""... and moves it no further than this, in log space."""
_RECENT = 50
"""Tasks whose mean tokens give the errors their unit."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What is known of a task, or of a phase, before it begins."""

    group: str = ""
    """Tasks of a kind: the complexity here."""
    prompt: int | None = None
    """Tokens of its first prompt, counted; ``None``: not known."""
    earlier: int | None = None
    """Tokens the task's earlier phases used; ``None`` or 0: none ran."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Interval:
    """What the next one is expected to use, tokens."""

    p10: int
    p50: int
    """Half of them use less."""
    likely: int
    """The mean: what many of them use in sum, divided by their number."""
    p90: int
    learnt_from: int
    """Tasks."""


def pinball(actual: float, level: float, tau: float) -> float:
    """The loss that the ``tau`` quantile makes smallest; in the units given."""
    return (actual - level) * tau if actual >= level else (level - actual) * (1 - tau)


class Forecaster:
    """Predicts the next from those before it. Feed it in the order of time."""

    def __init__(self) -> None:
        self._logs: list[float] = []
        self._tokens: list[int] = []
        self._known: list[Known] = []
        self._losses: dict[tuple[str, ...], list[list[float]]] = {}
        self._shift = [0.0] * len(TAUS)
        self._debt = 0.0

    def __len__(self) -> int:
        return len(self._logs)

    def learn(self, known: Known, tokens: int) -> Interval | None:
        """Take in what one used, 0 or more; answers what had been forecast for it."""
        made = None
        if self._logs:
            voices, losses = self._voices(known)
            made = self._mixed(voices, losses)
            self._judge(tokens, made, voices, losses)
        self._logs.append(math.log(max(1, tokens)))
        self._tokens.append(tokens)
        self._known.append(known)
        return made

    def forecast(self, known: Known) -> Interval | None:
        """What the next one will use; ``None`` before the first was learnt."""
        return self._mixed(*self._voices(known)) if self._logs else None

    def _mixed(self, voices: list[Opinion], losses: list[list[float]]) -> Interval:
        """The experts' opinions, mixed and corrected."""
        levels = [
            sum(share * voice.quantiles[place] for share, voice in zip(_shares(losses[place]), voices, strict=True))
            for place in range(len(TAUS))
        ]
        low, middle, high = sorted(math.exp(level + shift) for level, shift in zip(levels, self._shift, strict=True))
        mean = sum(share * voice.mean for share, voice in zip(_shares(losses[-1]), voices, strict=True))
        owed = max(-_DEBT_BOUND, min(_DEBT_BOUND, self._debt / (_DEBT_TASKS * self._unit())))
        return Interval(
            p10=round(low),
            p50=round(middle),
            likely=round(mean * math.exp(owed)),
            p90=round(high),
            learnt_from=len(self._logs),
        )

    def _judge(self, tokens: int, made: Interval, voices: list[Opinion], losses: list[list[float]]) -> None:
        """Which experts were right, which levels were missed."""
        unit, log = self._unit(), math.log(max(1, tokens))
        spread = sum(share * voice.spread for share, voice in zip(_shares(losses[-2]), voices, strict=True))
        for place, tau in enumerate(TAUS):
            for number, voice in enumerate(voices):
                missed = pinball(tokens, math.exp(voice.quantiles[place]), tau) / unit
                losses[place][number] = losses[place][number] * _FORGET + missed
        for number, voice in enumerate(voices):
            losses[-1][number] = losses[-1][number] * _FORGET + abs(log - math.log(voice.mean)) / 2
        for place, level in ((0, made.p10), (2, made.p90)):
            moved = self._shift[place] + _STEP * spread * ((tokens > level) - (1 - TAUS[place]))
            self._shift[place] = max(-_STEP_BOUND, min(_STEP_BOUND, moved))
        self._debt = self._debt * _FORGET + tokens - made.likely

    def _voices(self, known: Known) -> tuple[list[Opinion], list[list[float]]]:
        """Each expert's opinion, and its losses so far: a list a level, one for the mean."""
        names = self._facts(known)
        sets: list[tuple[str, ...]] = [(), *[(name,) for name in names], *([names] if len(names) > 1 else [])]
        voices: list[Opinion] = []
        for chosen in sets:
            sample = Sample(
                logs=self._logs,
                facts=[_values(each, chosen) for each in self._known],
                groups=[each.group for each in self._known],
            )
            for half_life in HALF_LIVES:
                voices.extend(opinions(sample, _values(known, chosen), known.group, half_life))
        losses = self._losses.setdefault(names, [[0.0] * len(voices) for _ in range(len(TAUS) + 1)])
        return voices, losses

    def _facts(self, known: Known) -> tuple[str, ...]:
        """Facts that are known of this one and of the last few."""
        recent = self._known[-5:]
        return tuple(
            name
            for name in ("prompt", "earlier")
            if getattr(known, name) and all(getattr(each, name) for each in recent)
        )

    def _unit(self) -> float:
        recent = self._tokens[-_RECENT:]
        return max(1.0, sum(recent) / len(recent))


def intervals(delivered: Iterable[tuple[str, int]], groups: Sequence[str]) -> dict[str, Interval]:
    """The next task of each group; ``delivered``: (group, tokens), oldest first. Empty where nothing was delivered."""
    caster = Forecaster()
    for group, tokens in delivered:
        caster.learn(Known(group=group), tokens)
    made = {group: caster.forecast(Known(group=group)) for group in groups}
    return {group: interval for group, interval in made.items() if interval is not None}


def _shares(losses: Sequence[float]) -> list[float]:
    """Weights that sum to one: the smaller the loss, the larger."""
    least = min(losses)
    masses = [math.exp(-_RATE * (loss - least)) for loss in losses]
    total = sum(masses)
    return [mass / total for mass in masses]


def _values(known: Known, names: Sequence[str]) -> tuple[float, ...]:
    return tuple(math.log1p(getattr(known, name) or 0) for name in names)
