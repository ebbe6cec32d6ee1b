"""``orchestrate watch``: the picture of a run that another process writes."""

from __future__ import annotations

import io
import json
import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from orchestrator.cli.watch import follow, watch
from tests.cli.run_folder import Recorder, recorded
from tests.cli.tmux import Terminal
from tests.reports.night import night, until
from tests.system import needs

ROOT = Path(__file__).parents[2]
LINES = ROOT / "tests" / "reports" / "golden" / "lines.txt"


@pytest.fixture(autouse=True)
def _utc(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "UTC")


def test_an_ended_run_is_told_and_watching_ends(tmp_path: Path) -> None:
    stream = io.StringIO()
    assert watch(recorded(tmp_path, night()), stream, sleep=never) == 0
    assert len(stream.getvalue().splitlines()) == len(LINES.read_text(encoding="utf-8").splitlines())


def never(seconds: float) -> None:
    raise AssertionError(f"waited {seconds} s for a run that has ended")


def writes(*steps: Callable[[], object]) -> Callable[[float], None]:
    """A ``sleep`` in which the other process does its next step."""
    left = list(steps)

    def sleep(seconds: float) -> None:
        assert left, "the run has ended, but watching goes on"
        left.pop(0)()

    return sleep


def test_what_another_process_writes_is_shown_as_it_comes(tmp_path: Path) -> None:
    first = list(until("gate:finished", 3))
    rest = night()[len(first) :]
    recorder = Recorder(tmp_path)
    recorder.write(first)
    stream = io.StringIO()
    sleep = writes(lambda: recorder.write(rest[:10]), lambda: None, lambda: recorder.write(rest[10:]))
    # the night pauses once on its way: a pause ends the watching
    assert watch(recorder.folder, stream, as_json=True, sleep=sleep) == 0
    recorder.journal.close()
    shown = [json.loads(line)["seq"] for line in stream.getvalue().splitlines()]
    pause = next(event["seq"] for event in night() if event["type"] == "run:paused")
    assert shown == list(range(pause + 1))


def test_a_line_counts_once_it_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    path.write_bytes(b'{"type":"a"}\n{"type":')

    def grow() -> None:
        with path.open("ab") as file:
            file.write(b'"b"}\nnot json\n[1]\n{"type":"c"}\n')

    seen = [entry["type"] for entry in follow(path, 0, writes(grow, lambda: os.truncate(path, 0), path.unlink))]
    assert seen == ["a", "b", "c"]


def test_ctrl_c_leaves_the_run_alone(tmp_path: Path) -> None:
    def interrupt(seconds: float) -> None:
        raise KeyboardInterrupt

    folder = recorded(tmp_path, until("gate:finished", 3))
    before = (folder / "journal.jsonl").read_bytes()
    assert watch(folder, io.StringIO(), sleep=interrupt) == 0
    assert (folder / "journal.jsonl").read_bytes() == before


@needs("tmux")
def test_watch_in_a_terminal(tmp_path: Path) -> None:
    recorder = Recorder(tmp_path / "runs")
    first = list(until("gate:finished", 4))
    recorder.write(first)
    program = (
        "import argparse; from orchestrator.cli.watch import run;"
        f"raise SystemExit(run(argparse.Namespace(run=None, state={str(tmp_path / 'runs')!r}, json=False)))"
    )
    environ = {"PYTHONPATH": str(ROOT), "LC_ALL": "C.UTF-8"}
    with Terminal(tmp_path, [sys.executable, "-c", program], width=60, height=30, environ=environ) as pane:
        assert "▸ import-csv" in pane.wait_for("RED")
        assert "hint  no sign of life" in pane.text(), "an old journal: its writer has gone"
        assert "done  5:22" in pane.text(), "time nobody worked in does not count"
        recorder.write(night()[len(first) : len(first) + 30])
        pane.wait_for("▸ typo-readme")
        pane.press("C-c")
        pane.wait_for("ended 0")
    recorder.journal.close()
