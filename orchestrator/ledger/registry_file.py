"""The registry's file, ``performance-registry.json`` (R1): read strictly, written as it was read. Pure.

What this version does not know in it (another tool's fields) is carried along unchanged.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, NoReturn

from orchestrator.domain.task import Complexity, Importance, Phase
from orchestrator.policy.calibration import Defaults, Feature, StageActual

SCHEMA_VERSION = "1.0"
_HIGHEST = 10**12
"""No number of tokens is larger: what is, is damage."""
_MULTIPLIER_HIGHEST = 10.0
"""As the settings bound it."""


class RegistryFault(ValueError):  # noqa: N818 - a finding about a file, caught by every reader
    """The file cannot be used: what and where in it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """A registry that was read, or is to be written."""

    raw: Mapping[str, Any]
    """The JSON object."""
    defaults: Defaults
    features: tuple[Feature, ...]
    """Oldest first."""


def parse(content: bytes) -> Document:
    """The registry in those bytes. :class:`RegistryFault` where they hold none of this schema's version."""
    try:
        raw = json.loads(content.decode("utf-8"), parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise RegistryFault(f"not JSON: {error}") from None
    return document(raw)


def document(raw: object) -> Document:
    """The same of a value already read."""
    top = _object(raw, "the file")
    _check_version(top.get("version"))
    return Document(
        raw=top,
        defaults=_defaults(_object(top.get("calibrated_defaults"), "calibrated_defaults")),
        features=tuple(
            _feature(each, f"features[{place}]") for place, each in enumerate(_list(top.get("features"), "features"))
        ),
    )


def encode(raw: Mapping[str, Any]) -> bytes:
    """The file's bytes: readable, in the order of the schema, one newline at the end."""
    return (json.dumps(raw, indent=2, ensure_ascii=False, allow_nan=False) + "\n").encode("utf-8", "backslashreplace")


def value_at(raw: Mapping[str, Any], path: str) -> Any:
    """One value by dotted path; a number picks from a list (``features.0.feature_id``). ``LookupError``: none."""
    found: Any = raw
    for part in path.split("."):
        if isinstance(found, Mapping):
            found = found[part]
        elif isinstance(found, list) and re.fullmatch(r"-?\d{1,9}", part):
            found = found[int(part)]
        else:
            raise LookupError(path)
    return found


def defaults_json(defaults: Defaults) -> dict[str, Any]:
    """``calibrated_defaults``."""
    return {
        "usable_budget": defaults.usable_budget,
        "safety_multiplier": defaults.safety_multiplier,
        "per_stage_estimates": {phase.value: defaults.stages[phase] for phase in Phase},
    }


def _check_version(found: object) -> None:
    if found == SCHEMA_VERSION:
        return
    match = re.fullmatch(r"(\d{1,9})\.(\d{1,9})", found) if isinstance(found, str) else None
    if match and (int(match[1]), int(match[2])) > (1, 0):
        raise RegistryFault(f"version {found} is newer than {SCHEMA_VERSION}, which this program reads")
    raise RegistryFault(f"version: not {SCHEMA_VERSION}")


def _defaults(raw: Mapping[str, Any]) -> Defaults:
    where = "calibrated_defaults"
    stages = _object(raw.get("per_stage_estimates"), f"{where}.per_stage_estimates")
    multiplier = raw.get("safety_multiplier")
    if isinstance(multiplier, bool) or not isinstance(multiplier, int | float):
        raise RegistryFault(f"{where}.safety_multiplier: not a number")
    if not 0 < multiplier <= _MULTIPLIER_HIGHEST:
        raise RegistryFault(f"{where}.safety_multiplier: {multiplier} is not between 0 and {_MULTIPLIER_HIGHEST:g}")
    return Defaults(
        usable_budget=_tokens(raw.get("usable_budget"), f"{where}.usable_budget"),
        safety_multiplier=float(multiplier),
        stages=MappingProxyType(
            {p: _tokens(stages.get(p.value), f"{where}.per_stage_estimates.{p.value}") for p in Phase}
        ),
    )


def _feature(raw: object, where: str) -> Feature:
    each = _object(raw, where)
    if not isinstance(each.get("feature_id"), str):
        raise RegistryFault(f"{where}.feature_id: not a text")
    at = each.get("completed_at")
    if at is not None and not isinstance(at, str):
        raise RegistryFault(f"{where}.completed_at: not a text")
    stages = _object(each.get("stage_actuals"), f"{where}.stage_actuals")
    return Feature(
        feature_id=each["feature_id"],
        total=_tokens(each.get("total_estimated_tokens"), f"{where}.total_estimated_tokens"),
        stages={
            phase: _actual(_object(stages[phase.value], f"{where}.stage_actuals.{phase}"), f"{where}.{phase}")
            for phase in Phase
            if phase.value in stages
        },
    )


def _actual(raw: Mapping[str, Any], where: str) -> StageActual:
    """A stage; a task's grade that is missing or unknown counts as the middle one."""
    complexity, importance = raw.get("complexity"), raw.get("importance")
    return StageActual(
        pre=_tokens(raw.get("pre", 0), f"{where}.pre"),
        post=_tokens(raw.get("post", 0), f"{where}.post"),
        complexity=Complexity(complexity) if complexity in list(Complexity) else Complexity.MODERATE,
        importance=Importance(importance) if importance in list(Importance) else Importance.MEDIUM,
    )


def _tokens(found: object, where: str) -> int:
    if isinstance(found, bool) or not isinstance(found, int) or not 0 <= found <= _HIGHEST:
        raise RegistryFault(f"{where}: not a number of tokens")
    return found


def _object(found: object, where: str) -> dict[str, Any]:
    if not isinstance(found, dict):
        raise RegistryFault(f"{where}: not an object")
    return found


def _list(found: object, where: str) -> list[Any]:
    if not isinstance(found, list):
        raise RegistryFault(f"{where}: not a list")
    return found


def _no_constant(name: str) -> NoReturn:
    raise RegistryFault(f"{name} is no number")
