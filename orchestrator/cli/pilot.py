"""``orchestrate pilot``: the bundled pilot, worked through with recorded answers. No keys, no network, no model.

The folder is made anew each time: the project's repository, its backlog, a cache of its own and the run's state.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sys
import time
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from orchestrator.domain.errors import ExitCode, UsageError

EXPECTED = {"delivered": 8, "needs_human": 2}
"""How the pilot's ten tasks end, as designed."""
MARKER = "orchestrate-pilot"
"""A file of this name says that a folder was made here, and may be made anew."""


def run(arguments: argparse.Namespace) -> int:
    """Make the pilot's folder anew, run it, and compare how it ended with how it should."""
    from orchestrator.cli import main

    folder = Path(arguments.dir).resolve()
    tasks = prepare(folder)
    os.environ["XDG_CACHE_HOME"] = str(folder / "cache")
    tools = Path(sys.executable).parent  # the extra `pilot` is installed there, activated or not
    os.environ["PATH"] = f"{tools}{os.pathsep}{os.environ.get('PATH', os.defpath)}"
    began = time.monotonic()
    command = ["run", str(tasks), "--models", f"replay:{folder / 'calls'}", "--sandbox", arguments.sandbox]
    code = main([*command, *(["--json"] if arguments.json else [])])
    if code not in (ExitCode.OK, ExitCode.TASKS_OPEN):
        return code
    run_folder = max((folder / "runs").glob("*/summary.json")).parent
    faults = differences(run_folder)
    print(_verdict(folder, run_folder, faults, time.monotonic() - began), file=sys.stderr if arguments.json else None)
    return ExitCode.INTERNAL if faults else ExitCode.OK


def prepare(folder: Path) -> Path:
    """The pilot's repository, backlog and answers in a fresh folder; the tasks file.

    Raises :class:`UsageError` where the folder holds something this command did not make.
    """
    from orchestrator.adapters.git import Git
    from orchestrator.resources import pilot_dir

    if folder.exists() and any(folder.iterdir()) and not (folder / MARKER).is_file():
        raise UsageError(
            f"{folder}: is not empty, and was not made by `orchestrate pilot`",
            hint="name another folder: orchestrate pilot --dir DIR",
        )
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    (folder / MARKER).write_text("made by `orchestrate pilot`; made anew by the next\n", encoding="utf-8")
    (folder / ".gitignore").write_text("*\n", encoding="utf-8")
    source = pilot_dir()
    shutil.copytree(source / "project", folder / "tally", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(source / "calls", folder / "calls")
    for name in ("tasks.yaml", "orchestrate.yaml"):
        shutil.copyfile(source / name, folder / name)
    git = Git(directory=folder / "tally")
    git.run("init", "--quiet", "--initial-branch=main")
    git.run("config", "user.name", "Pilot")
    git.run("config", "user.email", "pilot@example.invalid")
    git.run("add", "--all")
    git.run("-c", "user.name=Pilot", "-c", "user.email=pilot@example.invalid", "commit", "--quiet", "-m", "tally 0.3.0")
    return folder / "tasks.yaml"


def differences(run_folder: Path) -> tuple[str, ...]:
    """Where a pilot's run is not what it was designed to be; empty: it is."""
    summary: Mapping[str, Any] = json.loads((run_folder / "summary.json").read_text(encoding="utf-8"))
    tasks = summary["tasks"]
    faults = []
    ended = dict(Counter(task["status"] for task in tasks))
    if ended != EXPECTED:
        faults.append(f"ended as {ended}, not as {EXPECTED}")
    if summary["totals"].get("healed") != 1:
        faults.append(f"{summary['totals'].get('healed')} environment failures healed by themselves, not 1")
    for task in tasks:
        if not (run_folder / "tasks" / task["id"] / "adr.md").is_file():
            faults.append(f"{task['id']} has no ADR")
        if task["status"] == "delivered" and not task["branch"]:
            faults.append(f"{task['id']} has no branch")
    return tuple(faults)


def _verdict(folder: Path, run_folder: Path, faults: tuple[str, ...], seconds: float) -> str:
    if faults:
        return "\n".join(["The pilot did not end as designed:", *(f"  {fault}" for fault in faults)])
    here = os.path.relpath(run_folder)
    return (
        f"The pilot ended as designed in {seconds:.0f} s: 8 tasks delivered, 2 wait for a human.\n"
        f"  branches   git -C {os.path.relpath(folder / 'tally')} branch\n"
        f"  report     {here}/report.html\n"
        f"  decisions  {here}/tasks/*/adr.md"
    )
