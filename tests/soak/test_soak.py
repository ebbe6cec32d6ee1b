"""Three nights of the soak, and that it would see what is left over."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from tests.soak.__main__ import MIB, Left, _left_over


@pytest.mark.slow
def test_three_nights_in_one_process_leave_nothing() -> None:
    argv = [sys.executable, "-m", "tests.soak", "--night", "small", "--runs", "3", "--seed", "7"]
    done = subprocess.run(argv, cwd=Path(__file__).parents[2], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.endswith("; 0 things wrong\n")


def test_what_is_left_over_is_seen(tmp_path: Path) -> None:
    """The control."""
    base = Left.now(tmp_path)
    assert list(_left_over(base, base, base, grown=True)) == []
    (tmp_path / "left").touch()
    with (tmp_path / "left").open(), subprocess.Popen(["sleep", "60"]) as child:
        seen = list(_left_over(base, base, Left.now(tmp_path), grown=True))
        child.kill()
    for word in ("1 processes", "descriptors", "temporary files"):
        assert any(word in fault for fault in seen), seen
    grown = replace(base, resident=base.resident + 6 * MIB, threads=base.threads + 1)
    assert len(list(_left_over(base, base, grown, grown=True))) == 2
