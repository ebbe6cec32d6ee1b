"""The project of this folder: its tasks file, else orchestrate.yaml, else all detected."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Sequence
from pathlib import Path

from orchestrator.intake import Project, load_project

TASKS = "tasks.yaml"
_NO_TASKS = "version: 1\ntasks: [{id: gate, title: The gate by hand}]\n"


def project_here(tasks: str | None, sets: Sequence[str]) -> tuple[Project, bool]:
    """The project that a run of this folder would have, and whether there is a tasks file: else its one task is a
    stand-in."""
    path = Path(tasks) if tasks else Path.cwd() / TASKS
    if tasks or path.is_file():
        return load_project(path, environment=os.environ, sets=sets), True
    with tempfile.TemporaryDirectory() as made:
        stand_in = Path(made) / TASKS
        stand_in.write_text(_NO_TASKS, encoding="utf-8")
        return load_project(stand_in, environment=os.environ, sets=sets, placed=path), False
