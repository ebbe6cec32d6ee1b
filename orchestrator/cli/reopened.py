"""A run that is on disk, as the project it was begun with: what ``resume`` and ``land`` go on from."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import Any

from orchestrator.cli.runs import FoundRun
from orchestrator.domain.errors import UsageError
from orchestrator.domain.redactor import MARK
from orchestrator.intake import Project, load_project


def start_of(found: FoundRun) -> Mapping[str, Any]:
    """The run's first word about itself; an error where it has none."""
    for entry in found.entries:
        if entry["type"] == "run:started":
            return entry
    raise UsageError(
        f"{found.folder}: the run had not begun: nothing was asked, nothing was spent",
        hint="start it again: orchestrate run TASKS.yaml",
        slug="run-not-begun",
    )


def project_of(folder: Path, start: Mapping[str, Any], sets: Sequence[str]) -> Project:
    """The run's own copy of its tasks file; paths in it are relative to where the file stood."""
    source = _stands(folder, start)
    project = load_project(
        _whole(folder / "tasks.yaml", source, start), environment=os.environ, sets=sets, placed=source
    )
    ids = {str(task["id"]) for task in start["tasks"]}
    tasks = tuple(task for task in project.batch.tasks if task.id in ids)
    return replace(project, batch=replace(project.batch, tasks=tasks))


def _stands(folder: Path, start: Mapping[str, Any]) -> Path:
    """Where the tasks file stands: as when the run began, or beside the state folder where all was moved together.

    ``UsageError`` where the repository is not where it was.
    """
    source, repo = Path(str(start["tasks_file"])), Path(str(start.get("repo") or folder))
    if repo.is_dir():
        return source
    moved = folder.parent.parent / source.name
    if not source.exists() and _is(moved, start):
        return moved
    raise UsageError(
        f"{repo}: the repository of this run is not there any more",
        hint=f"put it back, or link it from there: ln -s WHERE-IT-IS {repo}; then: orchestrate resume",
        slug="repository-moved",
    )


def _is(file: Path, start: Mapping[str, Any]) -> bool:
    """Whether the file is what the run began with."""
    try:
        return sha256(file.read_bytes()).hexdigest() == start.get("tasks_digest")
    except OSError:
        return False


def _whole(copy: Path, source: Path, start: Mapping[str, Any]) -> Path:
    """The copy; or, where secrets are hidden in it, the file it was made of, which must be what it was."""
    try:
        if MARK.encode() not in copy.read_bytes():
            return copy
        if _is(source, start):
            return source
    except OSError:
        pass
    raise UsageError(
        f"{source}: holds a secret, which the run's own copy leaves out, and is not what it was when the run began",
        hint=f"put it back as it was; or take the secret out, and start anew: orchestrate run {source}",
        slug="tasks-changed",
    )
