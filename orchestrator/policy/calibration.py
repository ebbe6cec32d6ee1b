"""The calibration registry's arithmetic (R1-R6, R10): fallbacks, the floor-mean rule, ratios. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from types import MappingProxyType

from orchestrator.domain.task import Complexity, Importance, Phase
from orchestrator.policy.budget import exact
from orchestrator.policy.calibration_interval import Interval
from orchestrator.settings import Budgets

STAGE_FALLBACK = 5_000
"""R5, R6: tokens of a stage that nothing is known of."""
MULTIPLIER_FALLBACK = 1.5
"""R5: the safety multiplier."""
USABLE_RUN = 120_000
"""R5: usable budget of ``run`` and ``resume`` without a registry."""
USABLE_BY_HAND = 60_000
"""R5: usable budget of a single task by hand (``--only``) without a registry."""
USABLE_LOWEST = 30_000
"""R6: a recalculated usable budget is not below this."""
USABLE_HIGHEST = 100_000
"""R6: ... nor above this."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StageActual:
    """What one stage of a delivered task used."""

    pre: int
    """Its estimate when the run started, tokens; 0: none was recorded."""
    post: int
    """What it used, tokens; 0: it did not run, or needed no model."""
    complexity: Complexity = Complexity.MODERATE
    """Of the task; where the file does not say, the factor-one grade."""
    importance: Importance = Importance.MEDIUM


@dataclass(frozen=True, slots=True, kw_only=True)
class Feature:
    """A delivered task."""

    feature_id: str
    total: int
    """``total_estimated_tokens``: all its tokens."""
    stages: Mapping[Phase, StageActual]


@dataclass(frozen=True, slots=True, kw_only=True)
class Defaults:
    """``calibrated_defaults``."""

    usable_budget: int
    safety_multiplier: float = MULTIPLIER_FALLBACK
    stages: Mapping[Phase, int] = field(default_factory=lambda: MappingProxyType(dict.fromkeys(Phase, STAGE_FALLBACK)))

    def figures(self) -> dict[str, int]:
        """What the report shows before and after (R8)."""
        return {"usable_budget": self.usable_budget, **{phase.value: self.stages[phase] for phase in Phase}}


def fallback(*, by_hand: bool = False, usable: int | None = None) -> Defaults:
    """R5: what every reader gets where the registry cannot be read; ``usable``: the usable budget, where it is set."""
    return Defaults(usable_budget=usable or (USABLE_BY_HAND if by_hand else USABLE_RUN))


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimates:
    """What a run reckons with, fixed as it begins (R4b)."""

    defaults: Defaults = field(default_factory=fallback)
    bases: Mapping[Phase, int] = field(default_factory=dict)
    """For ``budgets.base: registry``; a phase that is missing keeps its configured base."""
    intervals: Mapping[str, Interval] = field(default_factory=dict)
    """Complexity -> what its next task will use; empty before any was delivered."""
    tasks: Mapping[str, Interval] = field(default_factory=dict)
    """Task -> what it will use, by all that is known of it beforehand."""
    said: str = ""
    """Why the fallbacks are used; empty where they are not."""


def window(features: Sequence[Feature], size: int) -> tuple[Feature, ...]:
    """R3: the newest ``size`` of them; they are given oldest first."""
    return tuple(features[-size:])


def recalculate(features: Sequence[Feature], before: Defaults) -> Defaults:
    """R6: integer floors of means over what was used; the multiplier stays. Without features, nothing changes."""
    if not features:
        return before
    stages = {phase: _floor_mean(_posts(features, phase)) or STAGE_FALLBACK for phase in Phase}
    usable = _floor_mean([feature.total for feature in features])
    return Defaults(
        usable_budget=min(USABLE_HIGHEST, max(USABLE_LOWEST, usable)),
        safety_multiplier=before.safety_multiplier,
        stages=MappingProxyType(stages),
    )


def normalised_bases(features: Sequence[Feature], budgets: Budgets) -> dict[Phase, int]:
    """B1, ``base: registry``: what a moderate task of medium importance used, by phase.

    Each actual is divided by the factors of its own task's complexity and importance, so that the formula multiplies
    by them once. A phase that no feature used is not in the answer: the configured base stays.
    """
    bases = {}
    for phase in Phase:
        found = [
            exact(actual.post)
            / (exact(budgets.complexity[actual.complexity]) * exact(budgets.importance[actual.importance]))
            for feature in features
            if (actual := feature.stages.get(phase)) is not None and actual.post > 0
        ]
        if found:
            bases[phase] = max(1, int(sum(found, Decimal(0)) / len(found)))
    return bases


def ratio(feature: Feature) -> float | None:
    """R10: actual/estimated over the stages that have both; ``None`` where none has."""
    both = [stage for stage in feature.stages.values() if stage.pre > 0 and stage.post > 0]
    return sum(stage.post for stage in both) / sum(stage.pre for stage in both) if both else None


def qualifies(posts: Iterable[int]) -> bool:
    """R4: whether a delivered task belongs into the registry."""
    return any(post > 0 for post in posts)


def _posts(features: Sequence[Feature], phase: Phase) -> list[int]:
    return [stage.post for each in features if (stage := each.stages.get(phase)) is not None and stage.post > 0]


def _floor_mean(values: Sequence[int]) -> int:
    """Integer floor of the mean; 0 of nothing."""
    return sum(values) // len(values) if values else 0
