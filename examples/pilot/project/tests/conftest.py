"""Fixtures of the suite."""

import errno
import os
from pathlib import Path

import pytest


@pytest.fixture
def backup_disk(tmp_path: Path) -> Path:
    """A small disk that is full the first time in a night, and has been cleaned up by the second.

    It shows what happens when the surroundings fail and not the code: that stays the same.
    """
    marker = Path(os.environ.get("XDG_CACHE_HOME", tmp_path)) / "tally-backup-disk-cleaned"
    if not marker.exists():
        marker.parent.mkdir(parents=True, exist_ok=True)
        marker.touch()
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(tmp_path))
    return tmp_path
