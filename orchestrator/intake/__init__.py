"""What a run is given: tasks.yaml and orchestrate.yaml, validated whole before anything starts."""

from __future__ import annotations

from orchestrator.intake.load import (
    PROJECT_FILE,
    Project,
    load_batch,
    load_project,
    load_project_settings,
    restrict,
)

__all__ = ["PROJECT_FILE", "Project", "load_batch", "load_project", "load_project_settings", "restrict"]
