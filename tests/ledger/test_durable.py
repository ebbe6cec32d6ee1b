"""Whole or not at all; and what dead processes left half written goes."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from orchestrator.ledger.durable import sweep, write_whole


def test_half_written_files_of_the_dead_go_and_those_of_the_living_stay(tmp_path: Path) -> None:
    dead = subprocess.Popen([sys.executable, "-c", ""])
    dead.wait()
    gone = tmp_path / f".gate.json.{dead.pid}.tmp"
    lane = tmp_path / f".gate.json.{dead.pid}-140737488.tmp"
    names = [gone, lane, tmp_path / f".gate.json.{os.getpid()}.tmp", tmp_path / ".mine.tmp", tmp_path / "gate.json"]
    for path in names:
        path.write_text("half")
    sweep(names)
    assert [path.name for path in names if not path.exists()] == [gone.name, lane.name]


def test_a_file_is_whole_or_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "report.md"
    write_whole(path, b"first")
    write_whole(path, b"second")
    assert path.read_bytes() == b"second"
    assert [one.name for one in path.parent.iterdir()] == ["report.md"]


def test_a_write_that_fails_leaves_nothing_beside(tmp_path: Path) -> None:
    """Found by the machine of whole nights: a rename that failed left the half-written one to stay."""
    (tmp_path / "report.md").mkdir()
    with pytest.raises(IsADirectoryError):
        write_whole(tmp_path / "report.md", b"text")
    assert [one.name for one in tmp_path.iterdir()] == ["report.md"]


def test_lanes_that_write_one_file_at_once_do_not_meet(tmp_path: Path) -> None:
    """The base's state is written by whichever lane gets there; the last whole one stays."""
    path, faults = tmp_path / "base.json", list[Exception]()

    def lane(number: int) -> None:
        try:
            for _ in range(20):
                write_whole(path, str(number).encode() * 100)
        except OSError as error:
            faults.append(error)

    threads = [threading.Thread(target=lane, args=(number,)) for number in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert faults == []
    assert path.read_text() in {str(number) * 100 for number in range(3)}
    assert [each.name for each in tmp_path.iterdir()] == ["base.json"]
