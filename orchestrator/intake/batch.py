"""From documents to the domain's records; the later document wins."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import TypeVar

from orchestrator.domain.task import Batch, GateConfig, Invariant, Task
from orchestrator.intake.documents import GateEntry, InvariantEntry, SharedDocument, TaskEntry, TasksDocument

OFF = "none"
"""The word that switches a check of the gate off (decision 21)."""
TOP = "."

_Value = TypeVar("_Value")


def build(source: Path, digest: str, tasks: TasksDocument, documents: Sequence[SharedDocument]) -> Batch:
    """The batch of a tasks file; ``documents`` are all that speak for it, weakest first, its own among them."""
    repo = _last(document.repo for document in documents)
    return Batch(
        source=source,
        digest=digest,
        repo=(source.parent / repo).resolve() if repo else source.parent,
        base=_last(document.base for document in documents),
        request=_last(document.request for document in documents),
        invariants=_invariants(documents),
        setup=_setup(documents),
        gate=_gate(documents),
        tasks=tuple(_task(entry) for entry in tasks.tasks),
    )


def _last(values: Iterable[_Value | None]) -> _Value | None:
    """The last value that was given."""
    found = None
    for value in values:
        found = value if value is not None else found
    return found


def _setup(documents: Sequence[SharedDocument]) -> tuple[str, ...] | None:
    """``None``: nobody said, so it is detected."""
    commands = _last(document.setup for document in documents)
    return tuple(commands) if commands is not None else None


def _invariants(documents: Sequence[SharedDocument]) -> tuple[Invariant, ...]:
    """All of them, in their order; of two with the same id, the later."""
    entries: dict[str, InvariantEntry] = {}
    for document in documents:
        entries.update({entry.id: entry for entry in document.invariants})
    return tuple(
        Invariant(id=entry.id, text=entry.text.strip(), keywords=tuple(entry.keywords), check=entry.check)
        for entry in entries.values()
    )


def _gate(documents: Sequence[SharedDocument]) -> tuple[GateConfig, ...]:
    """One record a path, command by command; the repository's top first."""
    paths: dict[str, list[GateEntry]] = {TOP: []}
    for document in documents:
        paths[TOP].append(document.gate)
        folders: Mapping[str, GateEntry] = document.gate.__pydantic_extra__ or {}
        for path, entry in folders.items():
            paths.setdefault(path.strip("/").removeprefix("./") or TOP, []).append(entry)
    configs = (_config(path, entries) for path, entries in paths.items())
    return tuple(config for config in configs if config is not None)


def _config(path: str, entries: Sequence[GateEntry]) -> GateConfig | None:
    """The gate of one path; ``None`` where nothing was said about it."""
    if not any(entry.model_fields_set & set(GateEntry.model_fields) for entry in entries):
        return None
    return GateConfig(
        path=path,
        lint=_command(entry.lint for entry in entries),
        build=_command(entry.build for entry in entries),
        test=_command(entry.test for entry in entries),
        coverage_minimum=_last(entry.coverage.minimum for entry in entries if entry.coverage),
    )


def _command(values: Iterable[str | None]) -> str | None:
    """``None``: detected; empty: switched off."""
    command = _last(values)
    return "" if command == OFF else command


def _task(entry: TaskEntry) -> Task:
    return Task(
        id=entry.id,
        title=entry.title,
        description=entry.description.strip(),
        acceptance=tuple(line.strip() for line in entry.acceptance),
        files=tuple(entry.files),
        depends_on=tuple(entry.depends_on),
        complexity=entry.complexity,
        importance=entry.importance,
        importance_reason=entry.importance_reason,
        budget=MappingProxyType(dict(entry.budget)),
        protect=tuple(entry.protect),
        allow=tuple(entry.allow),
        scope_open=entry.scope == "open",
        allow_dependencies=entry.allow_dependencies,
        request=entry.request,
    )
