"""A command's process tree: who belongs to it, what it holds in memory, and its end."""

from __future__ import annotations

import contextlib
import time
from dataclasses import dataclass
from pathlib import Path

import psutil

POLL_S = 0.02
SETTLE_S = 5.0
"""How long killed processes get to leave the process table; a process in uninterruptible sleep may take longer."""


@dataclass(frozen=True, slots=True)
class Weight:
    """What a tree takes."""

    resident_bytes: int
    processes: int


class Pressure:
    """A cheap look at the whole machine (two small files of /proc), to know when a tree deserves a real look early.

    A fork bomb doubles every few milliseconds and a hog takes gigabytes a second: the real look alone comes too late.
    """

    def __init__(self) -> None:
        self._tasks = _tasks()
        self._available = _available()

    def risen(self, *, processes: int | None, memory: int | None) -> bool:
        """Whether the machine has lost half of one of these limits since this object was made."""
        if processes is not None and _tasks() - self._tasks > processes // 2:
            return True
        return memory is not None and self._available - _available() > memory // 2


def _tasks() -> int:
    """Scheduling entities of the machine; 0 where it does not tell."""
    try:
        return int(Path("/proc/loadavg").read_text().split()[3].partition("/")[2])
    except (OSError, IndexError, ValueError):
        return 0


def _available() -> int:
    """Bytes of memory the kernel could give out; 0 where it does not tell."""
    try:
        for line in Path("/proc/meminfo").read_text().splitlines():
            if line.startswith("MemAvailable:"):
                return int(line.split()[1]) << 10
    except (OSError, IndexError, ValueError):
        return 0
    return 0


class Tree:
    """All processes below (and with) one that this program started.

    Processes once seen are remembered with their creation time, so that one which escaped its parents is still known
    and a process id that was given to somebody else is never touched (I11).
    """

    def __init__(self, pid: int) -> None:
        self._seen: dict[int, psutil.Process] = {}
        self._root: psutil.Process | None = None
        with contextlib.suppress(psutil.Error):
            self._root = psutil.Process(pid)
            self._seen[pid] = self._root

    def members(self) -> list[psutil.Process]:
        """Those alive now, the root first."""
        if self._root is not None:
            with contextlib.suppress(psutil.Error):
                for process in self._root.children(recursive=True):
                    self._seen.setdefault(process.pid, process)
        self._seen = {pid: process for pid, process in self._seen.items() if process.is_running()}
        return list(self._seen.values())

    def weigh(self) -> Weight:
        """Resident memory of all members together (shared pages counted for each) and their number."""
        members = self.members()
        resident = 0
        for process in members:
            with contextlib.suppress(psutil.Error):
                resident += process.memory_info().rss
        return Weight(resident_bytes=resident, processes=len(members))

    def kill(self) -> None:
        """KILL, again and again until nobody is left; zombies count as gone."""
        deadline = time.monotonic() + SETTLE_S
        while alive := [process for process in self.members() if _alive(process)]:
            for process in alive:
                with contextlib.suppress(psutil.Error):
                    process.kill()
            if time.monotonic() > deadline:
                return
            time.sleep(POLL_S)


def kill_marked(variable: str, value: str) -> None:
    """KILL every process of this user whose environment at its start held ``variable=value``.

    The belt for a command that killed its own supervisor: the mark is inherited by all it started.
    """
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error, OSError):
            if process.environ().get(variable) == value:
                process.kill()


def _alive(process: psutil.Process) -> bool:
    try:
        return bool(process.status() != psutil.STATUS_ZOMBIE)
    except psutil.Error:
        return False
