"""The backup is asked for in the backlog: these tests wait for it."""

from pathlib import Path

import pytest

backup = pytest.importorskip("tally.backup", reason="not written yet")


def test_a_backup_is_kept_beside_the_file(backup_disk: Path) -> None:
    hours = backup_disk / "hours.txt"
    hours.write_text("2026-03-02 website 45m\n")
    kept = backup.keep(hours)
    assert kept == backup_disk / "hours.txt.bak"
    assert kept.read_text() == "2026-03-02 website 45m\n"


def test_nothing_to_keep(backup_disk: Path) -> None:
    with pytest.raises(FileNotFoundError):
        backup.keep(backup_disk / "hours.txt")
