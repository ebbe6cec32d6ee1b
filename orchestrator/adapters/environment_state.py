"""What a lane remembers of its environments: which one is active, and whether its setup was finished.

``env/active.json`` names the active one; ``env/<lock hash>/`` holds its virtual environment and, while another one is
active, its dependency folders and products. A setup that was cut off stays ``unfinished`` and is made again.
"""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path

from orchestrator.adapters.lane_paths import LanePaths

VERSION = 1
HASH_LENGTH = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Active:
    """The environment that stands in the lane."""

    lock_hash: str
    finished: bool
    digest: str = ""
    folders: tuple[str, ...] = ()
    """Dependency folders in the tree that setup made, repository-relative."""
    notes: tuple[str, ...] = ()


def resolved(paths: LanePaths) -> LanePaths:
    """The same folders without links in their names: inside the sandbox only the real ones exist."""
    return replace(paths, **{part.name: getattr(paths, part.name).resolve() for part in fields(paths)})


def folder_of(paths: LanePaths, lock_hash: str) -> Path:
    """Where that environment is kept."""
    return paths.env / lock_hash[:HASH_LENGTH]


def venv_of(paths: LanePaths, active: Active | None) -> Path | None:
    """The virtual environment of the active environment; ``None`` where it has none."""
    if active is None:
        return None
    venv = folder_of(paths, active.lock_hash) / "venv"
    return venv if (venv / "bin").is_dir() else None


def read_active(paths: LanePaths) -> Active | None:
    """The active environment; ``None`` where there is none, or the record is damaged (it is made again)."""
    try:
        data = json.loads((paths.env / "active.json").read_text(encoding="utf-8"))
        if data.pop("version") != VERSION:
            return None
        return Active(**{**data, "folders": tuple(data["folders"]), "notes": tuple(data["notes"])})
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None


def write_active(paths: LanePaths, active: Active) -> None:
    """Atomically and durably: a crash leaves the old record or the new one."""
    paths.env.mkdir(parents=True, exist_ok=True)
    target = paths.env / "active.json"
    fresh = target.with_suffix(".new")
    with fresh.open("w", encoding="utf-8") as file:
        json.dump({"version": VERSION, **asdict(active)}, file, indent=1)
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(target)
    descriptor = os.open(paths.env, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
