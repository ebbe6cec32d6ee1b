"""Low, likely and high of the next task, learnt from delivered ones as they come (R10). Pure; linear in the tasks.

Several experts (:mod:`orchestrator.policy.calibration_fit`) each give quantiles; they are mixed by how well each has
predicted so far, per level. Two corrections are learnt online: an outer level is steered as the share of actuals
beyond it leaves its band (conformal control with a saturating integrator, Angelopoulos, Candes and Tibshirani 2023),
and the likely value carries what it has missed in sum, since a median guesses low.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from orchestrator.policy.calibration_fit import TAUS, Line, Opinion, Tuning

_FACTS: tuple[tuple[str, ...], ...] = ((), ("prompt",), ("earlier",), ("prompt", "earlier"))
"""What a line may know: nothing but the history, one fact, both."""
_BAND = 0.05
"""The share beyond an outer level may be off by this (85-95 % under the p90) ..."""
_BAND_TASKS = 1.0
"""... and by this many tasks more, while there are few."""
_SHIFT_BOUND = 1.5
"""No level is moved further than this, in log space."""
_DEBT_TASKS = 6.0
"""What the likely value missed in sum is made up for over so many tasks."""
_DEBT_BOUND = 0.5
"""... and moves it no further than this, in log space."""
_RECENT = 50
"""Tasks whose mean tokens give the errors their unit."""
_OUTER = (0, 2)
_MEAN = len(TAUS)
"""Place of the mean among the levels that experts are weighed for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What is known of a task, or of a phase, before it begins."""

    group: str = ""
    """Tasks of a kind: the complexity here."""
    prompt: int | None = None
    """Tokens of its first prompt, or of its text; ``None`` or 0: not known."""
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


@dataclass(frozen=True, slots=True, kw_only=True)
class _Voice:
    """An expert's opinion, and its place among all."""

    number: int
    says: Opinion


class Forecaster:
    """Predicts the next from those before it. Feed it in the order of time."""

    def __init__(self, tuning: Tuning | None = None) -> None:
        self._tuning = tuning or Tuning()
        self._lines = [
            (names, Line(self._tuning, half_life, len(names)))
            for names in _FACTS
            for half_life in self._tuning.half_lives
        ]
        self._losses = [[0.0] * (2 * len(self._lines)) for _ in range(len(TAUS) + 1)]
        self._beyond = [0.0] * len(TAUS)
        self._shift = [0.0] * len(TAUS)
        self._judged = self._count = 0
        self._debt = 0.0
        self._recent: deque[int] = deque(maxlen=_RECENT)

    def __len__(self) -> int:
        return self._count

    def learn(self, known: Known, tokens: int) -> Interval | None:
        """Take in what one used, 0 or more; answers what had been forecast for it."""
        made = None
        if self._count:
            voices = self._voices(known)
            made = self._mixed(voices)
            self._judge(tokens, made, voices)
        log = math.log(max(1, tokens))
        for names, line in self._lines:
            facts = _values(known, names)
            if facts is not None:
                line.learn(facts, known.group, log)
        self._recent.append(tokens)
        self._count += 1
        return made

    def forecast(self, known: Known) -> Interval | None:
        """What the next one will use; ``None`` before the first was learnt."""
        return self._mixed(self._voices(known)) if self._count else None

    def _voices(self, known: Known) -> list[_Voice]:
        """Who knows enough of this one to speak; the history alone always does."""
        voices = []
        for place, (names, line) in enumerate(self._lines):
            facts = _values(known, names)
            if facts is not None and line.speaks:
                for kind, says in enumerate(line.opinions(facts, known.group)):
                    voices.append(_Voice(number=2 * place + kind, says=says))
        return voices

    def _mixed(self, voices: Sequence[_Voice]) -> Interval:
        """The experts' opinions, mixed and corrected."""
        levels = [
            sum(
                share * voice.says.quantiles[place]
                for share, voice in zip(self._shares(place, voices), voices, strict=True)
            )
            for place in range(len(TAUS))
        ]
        low, middle, high = sorted(math.exp(level + shift) for level, shift in zip(levels, self._shift, strict=True))
        mean = sum(share * voice.says.mean for share, voice in zip(self._shares(_MEAN, voices), voices, strict=True))
        owed = max(-_DEBT_BOUND, min(_DEBT_BOUND, self._debt / (_DEBT_TASKS * self._unit())))
        return Interval(
            p10=round(low),
            p50=round(middle),
            likely=round(mean * math.exp(owed)),
            p90=round(high),
            learnt_from=self._count,
        )

    def _judge(self, tokens: int, made: Interval, voices: Sequence[_Voice]) -> None:
        """Which experts were right, which levels were missed."""
        unit, log = self._unit(), math.log(max(1, tokens))
        spread = sum(
            share * voice.says.spread for share, voice in zip(self._shares(_MEAN, voices), voices, strict=True)
        )
        for place, tau in enumerate(TAUS):
            missed = [pinball(tokens, math.exp(voice.says.quantiles[place]), tau) / unit for voice in voices]
            self._weigh(place, voices, missed)
        self._weigh(_MEAN, voices, [abs(log - math.log(voice.says.mean)) / 2 for voice in voices])
        self._judged += 1
        for place in _OUTER:
            level = made.p10 if place == 0 else made.p90
            self._beyond[place] += (tokens > level) - (1 - TAUS[place])
            off = self._beyond[place] / (_BAND * self._judged + _BAND_TASKS)
            moved = self._tuning.steer * spread * off * abs(off)
            self._shift[place] = max(-_SHIFT_BOUND, min(_SHIFT_BOUND, moved))
        self._debt = self._debt * self._tuning.forget + tokens - made.likely

    def _weigh(self, place: int, voices: Sequence[_Voice], missed: Sequence[float]) -> None:
        """Losses of that level; who did not speak is held to have missed as the mix did, and so keeps its weight."""
        mixed = sum(share * loss for share, loss in zip(self._shares(place, voices), missed, strict=True))
        own = {voice.number: loss for voice, loss in zip(voices, missed, strict=True)}
        self._losses[place] = [
            loss * self._tuning.forget + own.get(number, mixed) for number, loss in enumerate(self._losses[place])
        ]

    def _shares(self, place: int, voices: Sequence[_Voice]) -> list[float]:
        """Weights that sum to one: the smaller the loss, the larger."""
        losses = [self._losses[place][voice.number] for voice in voices]
        least = min(losses)
        masses = [math.exp(-self._tuning.rate * (loss - least)) for loss in losses]
        total = sum(masses)
        return [mass / total for mass in masses]

    def _unit(self) -> float:
        return max(1.0, sum(self._recent) / len(self._recent))


def intervals(delivered: Iterable[tuple[Known, int]], wanted: Mapping[str, Known]) -> dict[str, Interval]:
    """What each of ``wanted`` will use, each as if it were next; ``delivered``: oldest first. Empty where none was."""
    caster = Forecaster()
    for known, tokens in delivered:
        caster.learn(known, tokens)
    made = {name: caster.forecast(known) for name, known in wanted.items()}
    return {name: interval for name, interval in made.items() if interval is not None}


def _values(known: Known, names: Sequence[str]) -> tuple[float, ...] | None:
    """Logarithms of those facts; ``None`` where one of them is not known."""
    values = [getattr(known, name) for name in names]
    return tuple(math.log1p(value) for value in values) if all(values) else None
