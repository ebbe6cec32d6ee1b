"""Lanes for tests: folders, limits, a shell with or without the sandbox, a project that installs without network."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from orchestrator.adapters.lane_paths import LanePaths
from orchestrator.adapters.sandbox_probe import SandboxChoice, choose
from orchestrator.adapters.shell import LaneShell, Surroundings
from orchestrator.ports import Command, Profile, Ran
from orchestrator.settings import GateLimits

BACKEND = '''\
"""A build backend without dependencies: an editable wheel is one .pth file. It also leaves what real ones leave."""
import base64, hashlib, os, pathlib, zipfile

def get_requires_for_build_editable(config_settings=None):
    return []

def build_editable(wheel_directory, config_settings=None, metadata_directory=None):
    root = pathlib.Path.cwd()
    (root / "demo.egg-info").mkdir(exist_ok=True)
    (root / "demo.egg-info" / "PKG-INFO").write_text("Name: demo\\n")
    (root / "src" / "demo" / "_version.py").write_text("VERSION = '1.0'\\n")
    info = "demo-1.0.dist-info"
    files = {
        "demo_editable.pth": str(root / "src") + "\\n",
        info + "/METADATA": "Metadata-Version: 2.1\\nName: demo\\nVersion: 1.0\\n",
        info + "/WHEEL": "Wheel-Version: 1.0\\nGenerator: x\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n",
    }
    record = ""
    for name, text in files.items():
        digest = base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=").decode()
        record += "%s,sha256=%s,%d\\n" % (name, digest, len(text))
    files[info + "/RECORD"] = record + info + "/RECORD,,\\n"
    with zipfile.ZipFile(pathlib.Path(wheel_directory) / "demo-1.0-py3-none-any.whl", "w") as wheel:
        for name, text in files.items():
            wheel.writestr(name, text)
    return "demo-1.0-py3-none-any.whl"
'''
PYPROJECT = """\
[project]
name = "demo"
version = "1.0"

[build-system]
requires = []
build-backend = "backend"
backend-path = ["build_backend"]
"""


def limits(**changes: Any) -> GateLimits:
    """Limits small enough for tests."""
    values: dict[str, Any] = {
        "check_timeout_s": 60,
        "setup_timeout_s": 120,
        "output_cap_bytes": 100_000,
        "memory_mb": 2048,
        "processes": 256,
        "file_size_mb": 64,
        "coverage_minimum": 80,
        "dependency_folders": ("node_modules", ".venv", "vendor"),
        "protected": (),
    }
    return GateLimits.model_validate(values | changes)


def surroundings(path: str | None = None, *, home: Path | None = None, **variables: str) -> Surroundings:
    """A user's machine: this one's path and installer settings unless told otherwise."""
    return Surroundings(
        variables={**os.environ, **({"PATH": path} if path else {}), **variables}, home=home or Path.home()
    )


def make_lane(folder: Path) -> LanePaths:
    """A lane with an empty tree."""
    paths = LanePaths.at(folder / "lane-1")
    paths.root.mkdir(parents=True)
    return paths


def sandbox(mode: str) -> SandboxChoice:
    """``bwrap`` or ``none``."""
    return choose("none" if mode == "none" else "bwrap", recorded=False)


def shell(paths: LanePaths, mode: str, around: Surroundings | None = None, **changes: Any) -> LaneShell:
    """The lane's shell."""
    return LaneShell(paths, sandbox=sandbox(mode), limits=limits(**changes), surroundings=around or surroundings())


def gate(lane: LaneShell, line: str, **options: Any) -> Ran:
    """One gate command."""
    return lane.run(Command(line=line, profile=Profile.GATE, timeout_s=options.pop("timeout_s", 30), **options))


def write_project(root: Path, where: str) -> None:
    """A Python project whose package says where it stands."""
    (root / "src/demo").mkdir(parents=True)
    (root / "src/demo/__init__.py").write_text(f"WHERE = {where!r}\n")
    (root / "build_backend").mkdir()
    (root / "build_backend/backend.py").write_text(BACKEND)
    (root / "pyproject.toml").write_text(PYPROJECT)
