"""What a night needs of the machine: room on its disks, and that it stays awake."""

from __future__ import annotations

import os
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

TRIED_BYTES = 64 << 20
"""Reserved for a moment to see that a quota or a limit of this user allows it: free blocks do not tell of those."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Room:
    """What a folder's file system has left for this user."""

    folder: Path
    free: int
    """Bytes."""
    refused: str = ""
    """Why a file of :data:`TRIED_BYTES` (or of all that is asked for, where that is less) could not be reserved."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wakefulness:
    """Whether the machine might fall asleep."""

    can_sleep: bool
    """The kernel knows a state of sleep."""
    on_battery: bool


def room(folder: Path, wanted: int) -> Room:
    """Free bytes where that folder is, or will be; a try at reserving some of it, undone at once."""
    there = folder
    while not there.is_dir() and there != there.parent:
        there = there.parent
    free = shutil.disk_usage(there).free
    refused = ""
    try:
        with tempfile.TemporaryFile(dir=there) as file:
            os.posix_fallocate(file.fileno(), 0, max(1, min(TRIED_BYTES, wanted, free)))
    except OSError as error:
        refused = error.strerror or str(error)
    return Room(folder=there, free=free, refused=refused)


def size_of(folder: Path) -> int:
    """Bytes on disk of all files below it, links not followed; what vanishes meanwhile counts nothing."""
    total = 0
    for here, _, names in os.walk(folder, onerror=None):
        for name in names:
            try:
                total += os.lstat(f"{here}/{name}").st_blocks * 512
            except OSError:
                continue
    return total


def wakefulness(system: Path = Path("/sys")) -> Wakefulness:
    """As the kernel tells it below that folder; a machine that tells nothing (a container) does not sleep by itself."""
    return Wakefulness(
        can_sleep=bool(set(_read(system / "power/state").split()) & {"freeze", "standby", "mem", "disk"}),
        on_battery=any(
            _read(supply / "status").strip() == "Discharging" for supply in system.glob("class/power_supply/*")
        ),
    )


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
