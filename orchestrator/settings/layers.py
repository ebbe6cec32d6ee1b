"""The layers settings come from, weakest first, and how they are laid over each other."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from orchestrator import strict_yaml
from orchestrator.domain.errors import UsageError
from orchestrator.resources import config_dir
from orchestrator.settings import Settings
from orchestrator.settings.budget_defaults import BUDGETS
from orchestrator.settings.faults import nearest
from orchestrator.strict_yaml import Fault, LoadedYaml, Loc, shown

BUDGET_FILE = "phase_budgets.yaml"
SHIPPED = ("models.yaml", "loop.yaml", "agents.yaml", "gate.yaml", BUDGET_FILE)
"""The files of ``config/`` that hold settings."""
VARIABLE = "ORCHESTRATE_"
"""Prefix of environment variables; ``__`` stands between the parts: ``ORCHESTRATE_LOOP__LANES``."""
USER_FILE_BYTES = 4 * strict_yaml.MAX_CHARACTERS

_ADDED_TO = ("secrets", "variables")
"""The list that no layer takes anything out of: a repository's file must not bring to light what its user hides."""
_PART = re.compile(r'"([^"]*)"|([^."]+)')


@dataclass(frozen=True, slots=True, kw_only=True)
class Layer:
    """Settings from one place: a fragment of the tree of :class:`~orchestrator.settings.Settings`."""

    name: str
    """As told to the user: a file's path, ``environment ORCHESTRATE_...``, ``command line --set ...``."""
    data: Mapping[str, Any]
    text: LoadedYaml | None = None
    """Where its values stand; ``None``: the whole layer is one value."""
    project: bool = False
    """It lies beside the tasks file, so it may come with a repository: it may not name programs or addresses."""

    def origin(self, loc: Loc) -> str:
        """Where the value there was set: ``FILE:LINE``, or the layer's name."""
        return f"{self.name}:{self.text.key_position(loc)[0]}" if self.text else self.name

    def fault(self, loc: Loc, what: str, mend: str = "", *, at_key: bool = False) -> Fault:
        """A fault of the value (or the key) there."""
        if self.text is None:
            return Fault(self.name, 0, 0, what, mend)
        return self.text.fault(loc, what, mend, at_key=at_key)


def read_bytes(path: Path, *, name: str) -> bytes:
    """A file a person wrote: regular (no pipe, device, folder) and not too large. ``UsageError`` else."""
    try:
        if path.is_dir():
            raise UsageError(f"{name} is a folder", hint="name a YAML file", slug="bad-file")
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        with os.fdopen(descriptor, "rb") as file:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                raise UsageError(f"{name} is no regular file", hint="name a YAML file", slug="bad-file")
            content = file.read(USER_FILE_BYTES + 1)
    except FileNotFoundError:
        raise UsageError(f"{name} does not exist", hint="check the path", slug="no-file") from None
    except OSError as error:
        raise UsageError(f"{name} cannot be read: {error.strerror}", hint="check the path", slug="bad-file") from None
    if len(content) > USER_FILE_BYTES:
        raise UsageError(f"{name} is larger than {USER_FILE_BYTES:,} bytes", hint="split it", slug="bad-file")
    return content


def decode(content: bytes, *, name: str) -> str:
    """UTF-8 text, a byte-order mark dropped; ``UsageError`` with the place of the first byte that is none."""
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = content[: error.start]
        line, column = before.count(b"\n") + 1, len(before) - (before.rfind(b"\n") + 1) + 1
        what = f"the byte 0x{content[error.start]:02x} is not UTF-8"
        fault = Fault(name, line, column, what, "save the file as UTF-8")
        raise strict_yaml.refuse((fault,), source=name) from None


def file_layer(path: Path, *, name: str) -> tuple[Layer, tuple[Fault, ...]]:
    """A settings file, and what is wrong with its YAML."""
    loaded = strict_yaml.read(decode(read_bytes(path, name=name), name=name), source=name)
    faults = list(loaded.faults)
    data = loaded.data if loaded.data is not None else {}
    if not isinstance(data, dict):
        faults.append(loaded.fault((), "a mapping of settings expected", "write section: {key: value}"))
        data = {}
    return Layer(name=name, data=data, text=loaded), tuple(faults)


def shipped_files() -> list[Path]:
    """Where the shipped defaults lie, weakest first."""
    return [config_dir() / file for file in SHIPPED]


def shipped_layers(folder: Path | None = None) -> list[Layer]:
    """The defaults of ``config/`` (or of that folder). ``UsageError``: the installation was edited and broken.

    Without a ``phase_budgets.yaml`` the built-in budgets hold (B2).
    """
    layers = []
    for file in SHIPPED:
        path = (folder or config_dir()) / file
        if file == BUDGET_FILE and not path.exists():
            layers.append(Layer(name="built-in budgets", data=BUDGETS))
            continue
        layer, faults = file_layer(path, name=f"config/{file}")
        if faults:
            raise strict_yaml.refuse(faults, source=layer.name)
        layers.append(layer)
    return layers


def user_file(environment: Mapping[str, str]) -> Path | None:
    """Where the user's own settings would lie: ``$XDG_CONFIG_HOME`` or ``~/.config``; ``None`` without a home."""
    base = environment.get("XDG_CONFIG_HOME", "")
    if not base.startswith("/"):
        home = environment.get("HOME", "")
        if not home.startswith("/"):
            return None
        base = f"{home}/.config"
    return Path(base) / "orchestrator" / "config.yaml"


def environment_layers(environment: Mapping[str, str]) -> tuple[list[Layer], list[Fault]]:
    """One layer for each ``ORCHESTRATE_...`` variable that names a setting.

    A variable with ``__`` that names no section is a fault; one without is another's, unless it nearly names a setting.
    """
    layers: list[Layer] = []
    faults: list[Fault] = []
    sections = list(Settings.model_fields)
    for variable in sorted(environment):
        if not variable.startswith(VARIABLE):
            continue
        parts = tuple(variable[len(VARIABLE) :].lower().split("__"))
        name = f"environment {variable}"
        if parts[0] in sections:
            _take_value(name, parts, environment[variable], layers, faults)
        elif len(parts) > 1 or nearest(parts[0], sections).startswith("did you mean"):
            faults.append(Fault(name, 0, 0, f"unknown section {shown(parts[0])}", nearest(parts[0], sections)))
    return layers, faults


def set_layers(sets: Sequence[str]) -> tuple[list[Layer], list[Fault]]:
    """One layer for each ``--set key=value``; a part of the key that holds dots stands in double quotes."""
    layers: list[Layer] = []
    faults: list[Fault] = []
    for item in sets:
        key, equals, value = item.partition("=")
        name = f"command line --set {key}"
        parts = tuple(quoted or bare for quoted, bare in _PART.findall(key))
        if not equals or not parts or ".".join(_quoted(part) for part in parts) != key.strip():
            faults.append(Fault(name, 0, 0, f"{shown(item)} is not key=value", "write --set loop.lanes=2"))
            continue
        _take_value(name, parts, value, layers, faults)
    return layers, faults


def _take_value(name: str, parts: tuple[str, ...], value: str, layers: list[Layer], faults: list[Fault]) -> None:
    """Add the layer of one value at that place of the tree; or its faults.

    A list, a mapping or quoted text is read as YAML; anything else is a number, a truth value, null, or plain text,
    in which ``:`` and ``#`` mean themselves.
    """
    text = value.strip()
    if text[:1] in ("[", "{", '"', "'"):
        loaded = strict_yaml.read(text, source=name)
        faults.extend(Fault(name, 0, 0, fault.what, fault.mend) for fault in loaded.faults)
        if loaded.faults:
            return
        data: Any = loaded.data
    else:
        try:
            data = strict_yaml.scalar(text)
        except ValueError as error:
            faults.append(Fault(name, 0, 0, str(error), "write a smaller number, or quote it where text is meant"))
            return
    for part in reversed(parts):
        data = {part: data}
    layers.append(Layer(name=name, data=data))


def _quoted(part: str) -> str:
    return f'"{part}"' if "." in part else part


def dotted(loc: Loc) -> str:
    """A place of the tree as the user writes it: ``models.prices."gpt-4.1".input``."""
    return ".".join(_quoted(str(part)) for part in loc)


def overlay(layers: Sequence[Layer]) -> tuple[dict[str, Any], dict[str, tuple[str, Layer, Loc]]]:
    """All layers in one tree, the later over the earlier, and for each leaf where it came from.

    Mappings are merged key by key; a list of what is hidden is added to; everything else is replaced whole.
    """
    tree: dict[str, Any] = {}
    origins: dict[str, tuple[str, Layer, Loc]] = {}
    for layer in layers:
        for loc, value in _leaves(layer.data, ()):
            _put(tree, loc, value, origins)
            origins[dotted(loc)] = (layer.origin(loc), layer, loc)
    return tree, origins


def _leaves(data: Any, loc: Loc) -> Iterator[tuple[Loc, Any]]:
    """Every value that is no mapping, and every empty mapping."""
    if isinstance(data, Mapping) and data:
        for key, value in data.items():
            yield from _leaves(value, (*loc, key))
    elif loc:
        yield loc, data


def _put(tree: dict[str, Any], loc: Loc, value: Any, origins: dict[str, tuple[str, Layer, Loc]]) -> None:
    """Lay one leaf over the tree; what it covers loses its origin. An empty mapping covers nothing of a mapping."""
    for depth, part in enumerate(loc[:-1], start=1):
        inner = tree.get(str(part))
        if not isinstance(inner, dict):
            origins.pop(dotted(loc[:depth]), None)
            inner = tree[str(part)] = {}
        elif not inner:
            origins.pop(dotted(loc[:depth]), None)
        tree = inner
    last = str(loc[-1])
    covered = tree.get(last)
    if isinstance(covered, dict) and covered:
        if isinstance(value, dict):
            return
        for path in [path for path in origins if path.startswith(dotted(loc) + ".")]:
            del origins[path]
    if loc == _ADDED_TO and isinstance(covered, list) and isinstance(value, list):
        value = covered + [one for one in value if one not in covered]
    tree[last] = {} if isinstance(value, dict) else value  # never a layer's own object: later leaves go into it
