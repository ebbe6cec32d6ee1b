"""Runs one command in a lane from a process of its own, as a run would: ``driver.py LANE MODE LINE [key=value ...]``.

A program of its own because what a gate can see of its parent (environment, arguments) exists only in a real parent,
and because some attacks would end the test run. Prints the outcome as JSON. Keys: ``profile``, ``timeout_s``,
``processes``, ``memory_mb``, ``file_size_mb``, ``allow``.
"""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from pathlib import Path

from orchestrator.adapters.lane_paths import LanePaths
from orchestrator.adapters.sandbox_probe import choose
from orchestrator.adapters.shell import LaneShell, Surroundings
from orchestrator.ports import Command, Profile
from orchestrator.settings import GateLimits


def limits(**changes: object) -> GateLimits:
    """Limits small enough for tests."""
    values: dict[str, object] = {
        "check_timeout_s": 60,
        "setup_timeout_s": 120,
        "output_cap_bytes": 1_000_000,
        "memory_mb": 1024,
        "processes": 128,
        "file_size_mb": 16,
        "coverage_minimum": 80,
        "dependency_folders": ("node_modules", ".venv"),
        "protected": (),
    }
    return GateLimits.model_validate(values | changes)


def main(lane: str, mode: str, line: str, *options: str) -> None:
    """One command, one outcome."""
    chosen = dict(option.split("=", 1) for option in options)
    changes: dict[str, object] = {
        name: int(chosen[name]) for name in ("processes", "memory_mb", "file_size_mb") if name in chosen
    }
    if chosen.get("allow"):
        changes["allow"] = tuple(chosen["allow"].split(","))
    shell = LaneShell(
        LanePaths.at(Path(lane)),
        sandbox=choose("none" if mode == "none" else "bwrap", recorded=False),
        limits=limits(**changes),
        surroundings=Surroundings.here(None),
    )
    profile = Profile(chosen.get("profile", "gate"))
    ran = shell.run(Command(line=line, profile=profile, timeout_s=float(chosen.get("timeout_s", "300"))))
    print(json.dumps({**asdict(ran), "scratch": str(ran.scratch)}))


if __name__ == "__main__":
    main(*sys.argv[1:])
