"""Starting the driver, and telling what is left of what it started."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil

DRIVER = Path(__file__).with_name("driver.py")
REPOSITORY = Path(__file__).parents[2]


def drive(
    lane: Path, mode: str, line: str, *options: str, env: dict[str, str] | None = None, prefix: tuple[str, ...] = ()
) -> dict[str, Any]:
    """The outcome of one command in a lane; an empty one where the driver itself did not survive."""
    argv = [*prefix, sys.executable, str(DRIVER), str(lane), mode, line, *options]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(REPOSITORY), *_given()]), **(env or {})}
    done = subprocess.run(argv, env=environment, capture_output=True, text=True, timeout=600, check=False)
    if not done.stdout.strip():
        return {"stdout": "", "stderr": done.stderr, "exit_code": done.returncode, "died": True}
    return dict(json.loads(done.stdout))


def _given() -> list[str]:
    given = os.environ.get("PYTHONPATH")
    return [given] if given else []


def alive(marker: str) -> list[psutil.Process]:
    """Processes whose command line holds the marker."""
    found = []
    for process in psutil.process_iter():
        try:
            if marker in " ".join(process.cmdline()) and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process)
        except psutil.Error:
            continue
    return found


def soon(condition: Callable[[], bool], seconds: float = 60.0) -> bool:
    """Whether it becomes true in that time: long, since a busy machine is no failure."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if condition():
            return True
        time.sleep(0.02)
    return condition()


def end(processes: list[psutil.Process]) -> None:
    """End what a positive control left."""
    for process in processes:
        try:
            process.kill()
        except psutil.Error:
            continue
