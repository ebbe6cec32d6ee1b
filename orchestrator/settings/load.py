"""Loads the settings in force: layer over layer, every fault at once, with where each value came from."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

from pydantic import BaseModel, ValidationError

from orchestrator import strict_yaml
from orchestrator.settings import Settings
from orchestrator.settings.faults import explain
from orchestrator.settings.layers import (
    Layer,
    dotted,
    environment_layers,
    file_layer,
    overlay,
    set_layers,
    shipped_layers,
    user_file,
)
from orchestrator.strict_yaml import Fault, Loc

_OWN_FILE = "set it in ~/.config/orchestrator/config.yaml, the environment or with --set: a repository's file may not"
_NOT_TOLD_TO_PROJECTS = ("command", "webhook", "webhook_env")
_NOT_FOR_PROJECTS = ("base_url", "base_url_env", "key_env", "command", "pass_env", "config_dirs")


@dataclass(frozen=True, slots=True, kw_only=True)
class Loaded:
    """The settings in force, and why."""

    settings: Settings
    provenance: Mapping[str, str]
    """Dotted path of each value -> where it was set: ``config/loop.yaml:5``, ``environment ORCHESTRATE_...``."""
    digest: str
    """SHA-256 of all effective values, hex."""
    budget_digest: str
    """SHA-256 of the budgets alone: stands on every budget record (B2)."""


def load_settings(
    *,
    environment: Mapping[str, str],
    project: Sequence[Layer] = (),
    sets: Sequence[str] = (),
    faults: Sequence[Fault] = (),
) -> Loaded:
    """The settings in force: shipped, the user's file, ``project`` (weakest first), environment, ``sets``.

    ``faults`` are told together with those found here. ``UsageError`` with all of them.
    """
    loaded, found = try_load(environment=environment, project=project, sets=sets)
    every = (*faults, *found)
    if every or loaded is None:
        raise strict_yaml.refuse(every)
    return loaded


def try_load(
    *, environment: Mapping[str, str], project: Sequence[Layer] = (), sets: Sequence[str] = ()
) -> tuple[Loaded | None, tuple[Fault, ...]]:
    """The settings, or what is wrong with them; for callers that have more to check before they speak."""
    shipped = shipped_layers()
    layers: list[Layer] = []
    faults: list[Fault] = []
    own = user_file(environment)
    if own is not None and own.exists():
        layer, found = file_layer(own, name=_short(own, environment))
        layers.append(layer)
        faults.extend(found)
    layers.extend(project)
    for more, found_here in (environment_layers(environment), set_layers(sets)):
        layers.extend(more)
        faults.extend(found_here)
    faults.extend(_layer_faults(shipped, layers))
    tree, origins = overlay([*shipped, *layers])
    if faults:
        return None, tuple(faults)
    settings = Settings.model_validate_json(json.dumps(tree), strict=True)
    provenance = {path: origin for path, (origin, _, _) in sorted(origins.items())}
    for loc in effective(settings):
        provenance.setdefault(dotted(loc), "default")
    return Loaded(
        settings=settings,
        provenance=MappingProxyType(provenance),
        digest=digest(settings),
        budget_digest=digest(settings.budgets),
    ), ()


def _layer_faults(shipped: Sequence[Layer], layers: Sequence[Layer]) -> list[Fault]:
    """What is wrong with each layer: the faults that come up as it is laid over the weaker ones.

    A fault is told of the layer that brings it, even where a stronger layer would cover it.
    """
    faults: list[Fault] = []
    known: set[tuple[Loc, str, str]] = set()
    for count, layer in enumerate(layers, start=1):
        if layer.project:
            faults.extend(_reaching_out(layer))
            faults.extend(_uncovering(layer, overlay([*shipped, *layers[: count - 1]])[0]))
        error = _invalid(overlay([*shipped, *layers[:count]])[0])
        if error is None:
            known = set()
            continue
        details = error.errors(include_url=False)
        found = [(tuple(detail["loc"]), detail["type"], repr(detail["input"])) for detail in details]
        spoiled = layer.text.spoiled if layer.text else frozenset()
        for fault, identity in zip(explain(error, Settings, layer), found, strict=True):
            if identity not in known and identity[0] not in spoiled:
                faults.append(fault)
        known = set(found)
    return faults


def _invalid(tree: Mapping[str, Any]) -> ValidationError | None:
    try:
        Settings.model_validate_json(json.dumps(tree), strict=True)
    except ValidationError as error:
        return error
    return None


def _reaching_out(layer: Layer) -> list[Fault]:
    """Settings that name a program, an address or a key: never from a file that may come with a repository (I7, I9)."""
    faults = []
    models = layer.data.get("models")
    providers = models.get("providers") if isinstance(models, Mapping) else None
    for name, provider in providers.items() if isinstance(providers, Mapping) else ():
        for key in provider if isinstance(provider, Mapping) else ():
            if key in _NOT_FOR_PROJECTS:
                loc: Loc = ("models", "providers", name, key)
                faults.append(layer.fault(loc, f"{dotted(loc)} may not be set here", _OWN_FILE, at_key=True))
    notify = layer.data.get("notify")
    told = [key for key in notify if key in _NOT_TOLD_TO_PROJECTS] if isinstance(notify, Mapping) else []
    faults += [
        layer.fault(("notify", key), f"notify.{key} may not be set here", _OWN_FILE, at_key=True) for key in told
    ]
    if layer.data.get("sandbox") == "none":
        faults.append(layer.fault(("sandbox",), "sandbox: none may not be set here", _OWN_FILE, at_key=True))
    return faults


def _uncovering(layer: Layer, weaker: Mapping[str, Any]) -> list[Fault]:
    """Patterns of the user's own that a project's file would put something else in the place of (I7)."""
    known, mine = (_patterns(tree) for tree in (weaker, layer.data))
    faults = []
    for name in known.keys() & mine.keys():
        if known[name] != mine[name]:
            loc: Loc = ("secrets", "patterns", name)
            what = f"{dotted(loc)} is yours already and finds something else"
            faults.append(layer.fault(loc, what, "give this one another name: both then hold", at_key=True))
    return faults


def _patterns(tree: Mapping[str, Any]) -> Mapping[str, Any]:
    secrets = tree.get("secrets")
    patterns = secrets.get("patterns") if isinstance(secrets, Mapping) else None
    return patterns if isinstance(patterns, Mapping) else {}


def _short(path: Path, environment: Mapping[str, str]) -> str:
    """The path with the home folder as ``~``."""
    home = environment.get("HOME", "").rstrip("/")
    text = str(path)
    return f"~{text[len(home) :]}" if home and text.startswith(home + "/") else text


def digest(model: BaseModel) -> str:
    """SHA-256 of a group of settings, hex; the same values give the same digest whatever their order."""
    text = json.dumps(model.model_dump(mode="json"), sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def effective(settings: Settings) -> dict[Loc, Any]:
    """Every leaf of the settings, by its place, as plain JSON values."""
    leaves: dict[Loc, Any] = {}
    waiting: list[tuple[Loc, Any]] = [((), settings.model_dump(mode="json"))]
    while waiting:
        loc, value = waiting.pop()
        if isinstance(value, dict) and value:
            waiting.extend(((*loc, key), inner) for key, inner in value.items())
        else:
            leaves[loc] = value
    return dict(sorted(leaves.items(), key=lambda item: dotted(item[0])))
