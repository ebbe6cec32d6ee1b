"""The live view on real terminals and pipes: pictures, plain lines, JSON lines; never an error, never a wait."""

from __future__ import annotations

import io
import json
import os
import re
import subprocess
import sys
import threading
import time
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from orchestrator.cli.live import JsonLines, PlainLines, draws_pictures, open_listener
from orchestrator.cli.outlet import Outlet
from orchestrator.cli.picture import draw, visible
from orchestrator.reports.fold import fold
from orchestrator.reports.progress import Progress, TaskProgress
from tests.cli.tmux import Terminal
from tests.reports.hostile import NASTY
from tests.reports.night import RUN, night, until
from tests.system import needs

ROOT = Path(__file__).parents[2]
SHOW = [sys.executable, "-m", "tests.cli.show_night"]
LINES = ROOT / "tests" / "reports" / "golden" / "lines.txt"
FREE_TEXT = ("headline", "why", "reason", "title", "text", "hint", "note")
CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]")


def terminal(folder: Path, *words: str, width: int, height: int, **environ: str) -> Terminal:
    plain = {"PYTHONPATH": str(ROOT), "LC_ALL": "C.UTF-8", "COLUMNS": "80", **environ}  # a stale COLUMNS
    return Terminal(folder, [*SHOW, *words], width=width, height=height, environ=plain)


@needs("tmux")
@pytest.mark.parametrize("width", [60, 120])
def test_picture_in_a_terminal(tmp_path: Path, width: int) -> None:
    with terminal(tmp_path, "gate:finished", "4", width=width, height=30) as pane:
        text = pane.wait_for("RED")
        assert all(len(line) <= width for line in text.splitlines())
        lines = [line.rstrip() for line in text.splitlines() if line.strip()]
        assert lines.pop(0) == "said on stderr", "above the picture, not in it"
        assert lines[0].startswith(RUN)
        assert lines[0].endswith("2/10 done  5:25")
        row = next(line for line in lines if "import-csv" in line)
        assert row.startswith("▸ import-csv")
        assert re.search(r"build +1/7", row)
        assert row.endswith("$0.08  1:11")
        assert ("New import of CSV" in row) == (width == 120)
        assert "gate  lint ok  build ok  test RED" in lines
        assert any("hallucination: csv.DictReader has no attribute" in line for line in lines)
        assert "next  typo-readme and 6 more" in lines
        pane.press("Enter")
        final = pane.wait_for("ended 0")
        assert "10/10 done" in final
        assert f"{RUN}  ended with open tasks" in final
        assert re.search(r"\? circular +needs you +5/5", final)
        assert final.count("fix-offset") == 1, "one picture, drawn over itself"


@needs("tmux")
def test_picture_fits_a_low_window_and_follows_its_size(tmp_path: Path) -> None:
    with terminal(tmp_path, "gate:finished", "4", width=60, height=14) as pane:
        text = pane.wait_for("RED")
        assert "▸ import-csv" in text
        assert "before" in text
        assert "after" in text
        pane.resize(120, 30)
        pane.wait_for("New import of CSV")
        pane.wait_for("report-totals")  # a frame may be half drawn when it is looked at


@needs("tmux")
def test_no_color_dumb_and_latin_terminals(tmp_path: Path) -> None:
    for name in ("colour", "none", "dumb", "ascii"):
        (tmp_path / name).mkdir()
    with terminal(tmp_path / "colour", "gate:finished", "4", width=80, height=30) as pane:
        pane.wait_for("RED")
        assert "\x1b[3" in pane.text(escapes=True)
    with terminal(tmp_path / "none", "gate:finished", "4", width=80, height=30, NO_COLOR="1") as pane:
        pane.wait_for("RED")
        assert not re.search(r"\x1b\[[0-9;]*[349]\dm", pane.text(escapes=True)), "no colour, bold at most"
    with terminal(tmp_path / "dumb", "gate:finished", "4", width=120, height=50, TERM="dumb") as pane:
        text = pane.wait_for("gate red: 1 hallucination")
        assert "import-csv: iteration 1 of 7" in text
        assert "▸" not in text
    with terminal(
        tmp_path / "ascii",
        "gate:finished",
        "4",
        width=80,
        height=30,
        LC_ALL="C",
        PYTHONUTF8="0",
        PYTHONCOERCECLOCALE="0",
    ) as pane:
        assert "> import-csv" in pane.wait_for("RED")


def shown(*words: str, **environ: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [*SHOW, *words],
        cwd=ROOT,
        env={**os.environ, "TERM": "xterm-256color", "TZ": "UTC", **environ},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=30,
        check=True,
    )


def test_plain_lines_in_a_pipe() -> None:
    done = shown("run:paused", "1", PYTHONIOENCODING="utf-8")
    assert b"\x1b" not in done.stdout
    assert done.stdout.decode() == LINES.read_text(encoding="utf-8")
    assert done.stderr == b"said on stderr\n"


def test_json_lines_in_a_pipe() -> None:
    done = shown("run:paused", "1", "json")
    assert [json.loads(line) for line in done.stdout.splitlines()] == json.loads(json.dumps(night()))


def test_json_lines_leave_out_the_journals_chain_and_are_ascii() -> None:
    stream = io.StringIO()
    nasty = NASTY.replace("\ud800\udfff", "\ud800 \udfff")  # as a pair JSON reads them as one character
    listener = JsonLines(stream)
    listener({"seq": 0, "prev": "0" * 8, "crc": "1" * 8, "type": "note", "at": "x", "text": nasty})
    listener.close()
    assert stream.getvalue().isascii()
    assert json.loads(stream.getvalue()) == {"seq": 0, "type": "note", "at": "x", "text": nasty}


def test_hostile_events_are_inert_on_a_terminal() -> None:
    stream = io.StringIO()
    listener = PlainLines(stream)
    events: list[dict[str, Any]] = [
        {
            **event,
            **{key: NASTY for key in ("headline", "why", "reason", "title", "text", "hint", "note") if key in event},
        }
        for event in night()
    ]
    for event in events:
        listener(event)
    listener.close()
    assert not CONTROL.search(stream.getvalue())
    assert len(stream.getvalue().splitlines()) == len(LINES.read_text(encoding="utf-8").splitlines())
    for cut in (60, len(events)):
        progress = fold(events[:cut])
        assert progress.last_at
        console = Console(width=60, file=io.StringIO(), color_system=None)
        console.print(draw(progress, progress.last_at, width=60, height=30))
        assert isinstance(console.file, io.StringIO)
        assert not CONTROL.search(console.file.getvalue())


@pytest.mark.parametrize(
    "event", [{}, {"type": None}, {"type": "task:started"}, {"type": "call:failed", "wait_s": "soon"}]
)
def test_a_listener_never_raises(event: dict[str, Any]) -> None:
    for listener in (PlainLines(io.StringIO()), JsonLines(io.StringIO())):
        listener(event)
        listener({"type": object(), "at": object()})
        listener.close()
        listener.close()


class Stuck(io.StringIO):
    """A reader that takes the first line and then nothing until it is let go."""

    def __init__(self) -> None:
        super().__init__()
        self.entered = threading.Event()
        self.release = threading.Event()

    def write(self, text: str) -> int:
        self.entered.set()
        assert self.release.wait(30)
        return super().write(text)


def test_a_reader_that_stalls_holds_nothing_up_and_is_told_what_it_missed() -> None:
    stream = Stuck()
    outlet = Outlet(stream, dropped=lambda number: f"({number} lines not shown)", bound=5)
    outlet.put("0")
    assert stream.entered.wait(30)
    begin = time.monotonic()
    for number in range(1, 1_001):
        outlet.put(str(number))
    assert time.monotonic() - begin < 1
    stream.release.set()
    while outlet._queue.qsize():
        time.sleep(0.001)
    outlet.put("last")
    outlet.close()
    assert stream.getvalue().split("\n") == ["0", "1", "2", "3", "4", "5", "(995 lines not shown)", "last", ""]


def test_a_reader_that_has_gone_is_no_error() -> None:
    command = f"{' '.join(SHOW)} run:paused 1 | head -2"
    done = subprocess.run(
        ["bash", "-o", "pipefail", "-c", command], cwd=ROOT, capture_output=True, timeout=30, check=True
    )
    assert done.stderr == b"said on stderr\n"
    assert len(done.stdout.splitlines()) == 2


def test_a_full_disk_is_no_error() -> None:
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(
            [*SHOW, "run:paused", "1"], cwd=ROOT, stdout=full, stderr=subprocess.PIPE, timeout=30, check=True
        )
    assert done.stderr == b"said on stderr\n"


def test_the_right_listener_for_the_stream() -> None:
    pipe = io.StringIO()
    assert isinstance(open_listener(pipe, environ={"TERM": "xterm"}), PlainLines)
    assert isinstance(open_listener(pipe, as_json=True), JsonLines)
    assert not draws_pictures(pipe, {"TERM": "xterm"})


def test_seeded_events_are_known_but_not_shown() -> None:
    stream = io.StringIO()
    listener = PlainLines(stream)
    before = list(until("session:started", 2))
    listener.seed(before[:-1])
    for event in night()[len(before) - 1 :]:
        listener(event)
    listener.close()
    lines = stream.getvalue().splitlines()
    assert lines[0].endswith("resumed")
    assert "10 of 10 tasks done" in lines[-1]


def test_the_rows_that_fit_hold_the_task_under_way() -> None:
    tasks = [TaskProgress(id=str(number), state="delivered" if number < 50 else "waiting") for number in range(100)]
    tasks[50] = TaskProgress(id="50", state="running")
    rows, above, below = visible(tasks, 10)
    assert len(rows) == 8
    assert "50" in {task.id for task in rows}
    assert len(above) + len(rows) + len(below) == 100
    assert visible(tasks[:3], 10) == (tasks[:3], (), ())


def test_a_thousand_tasks_fold_and_draw_in_no_time() -> None:
    tasks = [
        {"id": f"task-{number}", "title": "t", "complexity": "simple", "iteration_limit": 3} for number in range(1_000)
    ]
    at = "2026-11-21T02:36:00+00:00"
    events = [{"type": "run:started", "run": "r", "at": at, "tasks": tasks}]
    events += [{"type": "task:started", "task": f"task-{number % 1_000}", "at": at} for number in range(5_000)]
    begin = time.process_time()
    progress = fold(events)
    assert time.process_time() - begin < 2
    assert isinstance(progress, Progress)
    assert progress.last_at
    console = Console(width=80, height=24, file=io.StringIO())
    console.print(draw(progress, progress.last_at + timedelta(seconds=1), width=80, height=24))
    assert isinstance(console.file, io.StringIO)
    assert len(console.file.getvalue().splitlines()) <= 24
