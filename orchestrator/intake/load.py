"""Reads the tasks file and what stands beside it: a batch to run and the settings to run it with, or every fault."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from orchestrator import strict_yaml
from orchestrator.domain.errors import UsageError
from orchestrator.domain.task import Batch
from orchestrator.intake.batch import build
from orchestrator.intake.checks import task_faults
from orchestrator.intake.documents import GateEntry, ProjectDocument, SharedDocument, TasksDocument
from orchestrator.settings import GateLimits, Settings
from orchestrator.settings.faults import explain, nearest
from orchestrator.settings.layers import Layer, decode, read_bytes, shipped_files, user_file
from orchestrator.settings.load import Loaded, try_load
from orchestrator.strict_yaml import Fault, LoadedYaml, shown

PROJECT_FILE = "orchestrate.yaml"
"""What a project's tasks files share; looked for beside the tasks file."""

_COMMANDS = frozenset(GateEntry.model_fields)
_LIMITS = frozenset(GateLimits.model_fields)
_SECTIONS = frozenset(Settings.model_fields) - {"gate"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Project:
    """What to run, and the settings in force."""

    batch: Batch
    file: Path
    """The tasks file that was read: a run keeps a copy of it."""
    text: LoadedYaml
    """What it says, with the place of each key."""
    loaded: Loaded
    reload: Callable[[], Loaded]
    """The settings as their files say now: budgets are read again between tasks (B2). ``UsageError`` as at start."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Read:
    """One file, read: its document (``None`` where it has faults), the settings in it, its faults."""

    text: LoadedYaml
    document: SharedDocument | None
    layer: Layer
    faults: tuple[Fault, ...]
    digest: str


def load_project(
    path: Path,
    *,
    environment: Mapping[str, str],
    sets: Sequence[str] = (),
    only: Sequence[str] = (),
    placed: Path | None = None,
) -> Project:
    """The batch of a tasks file and the settings in force for it.

    ``placed``: where a copied tasks file (a run keeps one) stood when it was read first: its paths are relative to
    that, and ``orchestrate.yaml`` is looked for beside it. ``sets`` are ``key=value`` of the command line; ``only`` ids
    restrict the batch. ``UsageError`` with every fault of the tasks file, of ``orchestrate.yaml`` beside it, of the
    user's file, the environment and the command line.
    """
    tasks = _read(path, TasksDocument)
    stands = placed or path
    beside = stands.parent / PROJECT_FILE
    alone = beside.exists() and _same(beside, path)
    project = _read(beside, ProjectDocument) if beside.exists() and not alone else None
    files = [project, tasks] if project else [tasks]
    loaded, faults = try_load(environment=environment, sets=sets, project=[file.layer for file in files])
    budgets = loaded.settings.budgets if loaded else None
    every = [*faults, *(fault for file in files for fault in file.faults), *task_faults(tasks.text, budgets)]
    if project:
        every.extend(task_faults(project.text, None))
    every.extend(_missing_repo(files, stands))
    if every or loaded is None or not isinstance(tasks.document, TasksDocument):
        raise strict_yaml.refuse(tuple(every))
    documents = [file.document for file in files if file.document is not None]
    batch = build(stands.resolve(), tasks.digest, tasks.document, documents)

    again = (lambda: loaded) if alone else _reloading(stands.parent, environment, sets)
    return Project(batch=restrict(batch, only), file=path, text=tasks.text, loaded=loaded, reload=again)


def load_batch(path: Path, *, only: Sequence[str] = ()) -> Batch:
    """The batch of a tasks file, with the shipped settings and ``orchestrate.yaml`` beside it alone."""
    return load_project(path, environment={}, only=only).batch


def load_project_settings(
    folder: Path, *, environment: Mapping[str, str], sets: Sequence[str] = (), over: Sequence[Layer] = ()
) -> Loaded:
    """The settings in force in that folder, without a tasks file; ``over`` its own. ``UsageError`` with every fault."""
    beside = folder / PROJECT_FILE
    project = [_read(beside, ProjectDocument)] if beside.exists() else []
    layers = [*(file.layer for file in project), *over]
    loaded, faults = try_load(environment=environment, sets=sets, project=layers)
    every = [*faults, *(fault for file in project for fault in file.faults)]
    if every or loaded is None:
        raise strict_yaml.refuse(tuple(every))
    return loaded


def _reloading(folder: Path, environment: Mapping[str, str], sets: Sequence[str]) -> Callable[[], Loaded]:
    """Reads the settings again; files that say what they said last time are not read into settings a second time."""
    known: list[tuple[tuple[bytes | None, ...], Loaded]] = []

    def reload() -> Loaded:
        own = user_file(environment)
        said = tuple(_bytes(path) for path in (*shipped_files(), folder / PROJECT_FILE, own) if path is not None)
        if not known or known[0][0] != said:
            known[:] = [(said, load_project_settings(folder, environment=environment, sets=sets))]
        return known[0][1]

    return reload


def _bytes(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except OSError:  # missing; what cannot be read is told by who reads it
        return None


def restrict(batch: Batch, only: Sequence[str]) -> Batch:
    """Those tasks of the batch alone; all of it without ids. ``UsageError``: an unknown id, a dependency left out."""
    if not only:
        return batch
    known = {task.id: task for task in batch.tasks}
    for one in only:
        if one not in known:
            raise UsageError(
                f"--only {shown(one)}: no task of {batch.source.name} has that id", hint=nearest(one, known)
            )
    chosen = tuple(task for task in batch.tasks if task.id in only)
    for task in chosen:
        lacking = [dependency for dependency in task.depends_on if dependency not in only]
        if lacking:
            hint = "add " + " ".join(f"--only {dependency}" for dependency in lacking)
            raise UsageError(f"--only {task.id}: it depends on {', '.join(lacking)}, left out", hint=hint)
    return replace(batch, tasks=chosen)


def _same(one: Path, other: Path) -> bool:
    return one.resolve() == other.resolve()


def _read(path: Path, model: type[SharedDocument]) -> _Read:
    """One of the two files. What is no file, or no text, is told at once: there is nothing else to say."""
    content = read_bytes(path, name=str(path))
    text = strict_yaml.read(decode(content, name=str(path)), source=str(path))
    faults = list(text.faults)
    data: dict[str, Any] = {}
    if isinstance(text.data, dict):
        data = text.data
    elif text.complete and (text.data is not None or model is TasksDocument):
        what = "the file is empty" if text.data is None else "a mapping expected: the file has no keys"
        faults.append(text.fault((), what, "write tasks: and a list; `orchestrate schema` shows the format"))
    sections = _settings_of(data, all_sections=model is ProjectDocument)
    document = None
    if isinstance(text.data, dict) or (text.complete and text.data is None and model is ProjectDocument):
        rest, gate_faults = _document_of(text, data, sections)
        document, found = _validated(text, rest, model)
        faults.extend((*gate_faults, *found))
    layer = Layer(name=str(path), data=sections, text=text, project=True)
    digest = hashlib.sha256(content).hexdigest()
    return _Read(text=text, document=document, layer=layer, faults=tuple(faults), digest=digest)


def _settings_of(data: Mapping[str, Any], *, all_sections: bool) -> dict[str, Any]:
    """The settings in a file: the gate's limits in either, the other sections in orchestrate.yaml alone."""
    found: dict[str, Any] = {}
    for key in Settings.model_fields:
        if key == "gate":
            gate = data.get("gate")
            limits = {name: value for name, value in gate.items() if name in _LIMITS} if isinstance(gate, dict) else {}
            if limits:
                found["gate"] = limits
        elif all_sections and key in data:
            found[key] = data[key]
    return found


def _document_of(
    text: LoadedYaml, data: Mapping[str, Any], sections: Mapping[str, Any]
) -> tuple[dict[str, Any], list[Fault]]:
    """The file without its settings; and keys under ``gate`` that are neither command, limit nor a folder."""
    rest = {key: value for key, value in data.items() if key not in sections or key == "gate"}
    faults: list[Fault] = []
    for key in [key for key in rest if key in _SECTIONS]:
        del rest[key]
        mend = f"it stands in {PROJECT_FILE}, or in your own file"
        faults.append(text.fault((key,), f"{shown(key)} is a section of the settings", mend, at_key=True))
    if isinstance(rest.get("gate"), dict):
        rest["gate"], more = _gate_of(text, rest["gate"])
        faults.extend(more)
    return rest, faults


def _gate_of(text: LoadedYaml, gate: Mapping[str, Any]) -> tuple[dict[str, Any], list[Fault]]:
    """The gate without its limits."""
    faults: list[Fault] = []
    kept: dict[str, Any] = {}
    for key, value in gate.items():
        if key in _COMMANDS and value is False:
            faults.append(text.fault(("gate", key), f"{key}: false is no command", "write none to switch it off"))
        elif key in _COMMANDS or _is_folder(key, value):
            kept[key] = value
        elif key not in _LIMITS:
            mend = nearest(key, [*GateEntry.model_fields, *GateLimits.model_fields])
            faults.append(text.fault(("gate", key), f"unknown key {shown(key)}", mend, at_key=True))
    return kept, faults


def _is_folder(key: str, value: Any) -> bool:
    """Whether a key under ``gate`` means a folder: its value is a mapping, and it is no misspelt word of the gate."""
    if not isinstance(value, dict):
        return False
    misspelt = nearest(key, _COMMANDS | _LIMITS).startswith("did you mean")
    return not misspelt or set(value) <= _COMMANDS


def _validated(
    text: LoadedYaml, data: dict[str, Any], model: type[SharedDocument]
) -> tuple[SharedDocument | None, list[Fault]]:
    """The document, or what is wrong with it; what the YAML's own faults spoiled is not told again."""
    try:
        return model.model_validate_json(json.dumps(data), strict=True), []
    except ValidationError as error:
        places = [tuple(detail["loc"]) for detail in error.errors(include_url=False)]
        faults = explain(error, model, text)
        return None, [fault for fault, loc in zip(faults, places, strict=True) if loc not in text.spoiled]


def _missing_repo(files: Sequence[_Read], path: Path) -> list[Fault]:
    """A repository that is no folder."""
    faults = []
    for file in files:
        repo = file.text.data.get("repo") if isinstance(file.text.data, dict) else None
        if isinstance(repo, str) and ("\0" in repo or not (path.parent / repo).is_dir()):
            what = f"repo: {shown(repo)} is no folder"
            faults.append(file.text.fault(("repo",), what, "name the repository, relative to this file's folder"))
    return faults
