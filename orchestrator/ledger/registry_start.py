"""The estimates a run works with: looked up once as it begins, journaled, the same after a resume (R4b)."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any

from orchestrator.domain.task import Complexity, Phase
from orchestrator.ledger.registry import Registry, RegistryError
from orchestrator.ledger.registry_history import delivered
from orchestrator.policy.calibration import Defaults, Estimates, normalised_bases, window
from orchestrator.policy.calibration_interval import Interval, intervals
from orchestrator.settings import Settings

_NEWEST = 200
"""Delivered tasks that are learnt from: learning takes time by the square of them (0.2 s for 200, measured)."""


def estimates_now(registry: Registry, state: Path, settings: Settings, *, by_hand: bool) -> Estimates:
    """What is known as a run begins. Never fails: :attr:`Estimates.said` tells what was missing (R5)."""
    said = ""
    try:
        registry.begin()
    except RegistryError as error:
        said = error.message
    reading = registry.read()
    if reading.document is None:
        said = f"calibration registry not used, the fallbacks are: {said or reading.fault}"
    features = reading.document.features if reading.document else ()
    return Estimates(
        defaults=reading.defaults(by_hand=by_hand),
        bases=normalised_bases(window(features, settings.registry.window), settings.budgets),
        intervals=learnt(state),
        said=said,
    )


def learnt(state: Path) -> dict[str, Interval]:
    """Complexity -> what the next task of it will use, from the tasks delivered in that state folder."""
    done = [(each.complexity, each.tokens) for each in delivered(state) if each.tokens > 0]
    return intervals(done[-_NEWEST:], [each.value for each in Complexity])


def estimates_json(estimates: Estimates) -> dict[str, Any]:
    """As ``run:started`` carries them."""
    return {
        "usable_budget": estimates.defaults.usable_budget,
        "safety_multiplier": estimates.defaults.safety_multiplier,
        "stages": {phase.value: tokens for phase, tokens in estimates.defaults.stages.items()},
        "bases": {phase.value: tokens for phase, tokens in estimates.bases.items()},
        "intervals": {group: asdict(interval) for group, interval in estimates.intervals.items()},
    }


def estimates_from(raw: Mapping[str, Any] | None) -> Estimates:
    """From a journal's ``run:started``; the fallbacks where an older one carries none."""
    with suppress(KeyError, TypeError, ValueError):
        if raw is not None:
            return Estimates(
                defaults=Defaults(
                    usable_budget=int(raw["usable_budget"]),
                    safety_multiplier=float(raw["safety_multiplier"]),
                    stages={phase: int(raw["stages"][phase.value]) for phase in Phase},
                ),
                bases={Phase(phase): int(tokens) for phase, tokens in raw["bases"].items()},
                intervals={group: Interval(**each) for group, each in raw["intervals"].items()},
            )
    return Estimates()
