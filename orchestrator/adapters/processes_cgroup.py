"""A control group that caps a command's number of processes, where this user may make one (root, delegated users).

The kernel refuses the fork instead of the watchdog finding it too late. Elsewhere RLIMIT_NPROC inside the sandbox does
the same for every user but root; where neither is to be had, the watchdog remains.
"""

from __future__ import annotations

import contextlib
import os
import time
from dataclasses import dataclass
from pathlib import Path

ROOT = Path("/sys/fs/cgroup")
PREFIX = "orchestrate-"
OWN = Path("/proc/self/cgroup")
REMOVE_S = 2.0
POLL_S = 0.01
STALE_S = 60.0
"""A group that nobody joined in this time never will be."""


@dataclass(frozen=True, slots=True)
class ProcessCap:
    """A control group; empty until a process joins it."""

    folder: Path

    @property
    def door(self) -> Path:
        """A process that writes ``0`` to this file joins."""
        return self.folder / "cgroup.procs"

    def remove(self) -> None:
        """Remove it; its processes have ended, though the kernel may take a moment to see it."""
        deadline = time.monotonic() + REMOVE_S
        while time.monotonic() < deadline:
            try:
                self.folder.rmdir()
            except FileNotFoundError:
                return
            except OSError:
                time.sleep(POLL_S)
            else:
                return


def cap_processes(most: int) -> ProcessCap | None:
    """A group of at most so many processes and threads; ``None`` where this user cannot have one."""
    for parent in _parents():
        _sweep(parent)
        folder = parent / f"{PREFIX}{os.getpid()}-{time.monotonic_ns()}"
        try:
            folder.mkdir()
        except OSError:
            continue
        try:
            (folder / "pids.max").write_text(str(most))
        except OSError:
            with contextlib.suppress(OSError):
                folder.rmdir()
            continue
        return ProcessCap(folder)
    return None


def _sweep(parent: Path) -> None:
    """Empty groups of runs that were killed before they could remove them; the kernel keeps those in use."""
    for folder in parent.glob(f"{PREFIX}*-*"):
        with contextlib.suppress(OSError):
            if time.time() - folder.stat().st_mtime > STALE_S:
                folder.rmdir()


def _parents() -> list[Path]:
    """Groups below which a capped one may be made: this process's own, then the top; version 2, then version 1."""
    found = []
    try:
        lines = OWN.read_text().splitlines()
    except OSError:
        return []
    for line in lines:
        _, controllers, own = line.split(":", 2)
        if controllers == "" and _offers_pids(ROOT / own.lstrip("/")):
            found.append(ROOT / own.lstrip("/"))
        elif "pids" in controllers.split(","):
            found.append(ROOT / "pids" / own.lstrip("/"))
    if _offers_pids(ROOT):
        found.append(ROOT)
    return [folder for folder in found if os.access(folder, os.W_OK)]


def _offers_pids(folder: Path) -> bool:
    try:
        return "pids" in (folder / "cgroup.subtree_control").read_text().split()
    except OSError:
        return False
