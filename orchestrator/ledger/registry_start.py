"""The estimates a run works with: looked up once as it begins, journaled, the same after a resume (R4b)."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any

from orchestrator.domain.task import Complexity, Phase
from orchestrator.ledger.registry import Registry, RegistryError
from orchestrator.ledger.registry_history import worked
from orchestrator.policy.calibration import Defaults, Estimates, fallback, normalised_bases, window
from orchestrator.policy.calibration_interval import Interval, Known, intervals
from orchestrator.settings import Settings

_NEWEST = 300
"""Tasks that are learnt from, a fraction of a millisecond each: older ones hardly count."""


def estimates_now(
    registry: Registry, state: Path, settings: Settings, tasks: Mapping[str, Known], *, by_hand: bool
) -> Estimates:
    """What is known as a run of those tasks begins. Never fails: :attr:`Estimates.said` tells what was missing (R5)."""
    said = ""
    try:
        registry.begin()
    except RegistryError as error:
        said = error.message
    reading = registry.read()
    if reading.document is None:
        said = f"calibration registry not used, the fallbacks are: {said or reading.fault}"
    features = reading.document.features if reading.document else ()
    by_kind = learnt(state, {**_KINDS, **{f"task {name}": known for name, known in tasks.items()}})
    return Estimates(
        defaults=(
            reading.document.defaults
            if reading.document
            else fallback(by_hand=by_hand, usable=settings.registry.usable(by_hand=by_hand))
        ),
        bases=normalised_bases(window(features, settings.registry.window), settings.budgets),
        intervals={kind: by_kind[kind] for kind in _KINDS if kind in by_kind},
        tasks={name: by_kind[f"task {name}"] for name in tasks if f"task {name}" in by_kind},
        said=said,
    )


_KINDS = {each.value: Known(group=each.value) for each in Complexity}


def learnt(state: Path, wanted: Mapping[str, Known] = _KINDS) -> dict[str, Interval]:
    """What each of ``wanted`` (the four complexities) will use, tokens, from the tasks delivered in that folder."""
    done = [
        (Known(group=each.complexity, prompt=each.text_tokens), each.tokens)
        for each in worked(state)
        if each.delivered and each.tokens > 0
    ]
    return intervals(done[-_NEWEST:], wanted)


def learnt_seconds(state: Path, wanted: Mapping[str, Known]) -> dict[str, Interval]:
    """How long each of them will take, seconds, from all tasks that models worked on there, however they ended."""
    done = [
        (Known(group=each.complexity, prompt=each.text_tokens), round(each.seconds))
        for each in worked(state)
        if each.live and each.seconds > 0
    ]
    return intervals(done[-_NEWEST:], wanted)


def estimates_json(estimates: Estimates) -> dict[str, Any]:
    """As ``run:started`` carries them."""
    return {
        "usable_budget": estimates.defaults.usable_budget,
        "safety_multiplier": estimates.defaults.safety_multiplier,
        "stages": {phase.value: tokens for phase, tokens in estimates.defaults.stages.items()},
        "bases": {phase.value: tokens for phase, tokens in estimates.bases.items()},
        "intervals": {group: asdict(interval) for group, interval in estimates.intervals.items()},
        "tasks": {task: asdict(interval) for task, interval in estimates.tasks.items()},
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
                tasks={task: Interval(**each) for task, each in raw.get("tasks", {}).items()},
            )
    return Estimates()
