"""Whole or not at all; and what dead processes left half written goes."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from orchestrator.ledger.durable import sweep, write_whole


def test_half_written_files_of_the_dead_go_and_those_of_the_living_stay(tmp_path: Path) -> None:
    dead = subprocess.Popen([sys.executable, "-c", ""])
    dead.wait()
    gone = tmp_path / f".gate.json.{dead.pid}.tmp"
    names = [gone, tmp_path / f".gate.json.{os.getpid()}.tmp", tmp_path / ".mine.tmp", tmp_path / "gate.json"]
    for path in names:
        path.write_text("half")
    sweep(names)
    assert [path.name for path in names if not path.exists()] == [gone.name]


def test_a_file_is_whole_or_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "report.md"
    write_whole(path, b"first")
    write_whole(path, b"second")
    assert path.read_bytes() == b"second"
    assert [one.name for one in path.parent.iterdir()] == ["report.md"]
