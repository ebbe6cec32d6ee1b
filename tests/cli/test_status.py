"""``orchestrate status`` against real journals."""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from pathlib import Path

import pytest

from orchestrator.cli import status
from orchestrator.cli.runs import find_run, run_names
from orchestrator.domain.errors import JournalError, UsageError
from tests.cli.run_folder import recorded
from tests.reports.night import RUN, night, until


def args(state: Path, run: str | None = None, *, line: bool = False, as_json: bool = False) -> argparse.Namespace:
    return argparse.Namespace(run=run, state=str(state), line=line, json=as_json)


def test_status_of_a_run_that_has_ended(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    recorded(tmp_path, night())
    assert status.run(args(tmp_path)) == 0
    golden = Path(__file__).parents[1] / "reports" / "golden" / "status-ended.txt"
    assert capsys.readouterr().out == golden.read_text(encoding="utf-8")


def test_status_as_json(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    recorded(tmp_path, until("gate:finished", 1, task="import-csv"))
    assert status.run(args(tmp_path, as_json=True)) == 0
    data = json.loads(capsys.readouterr().out)
    assert (data["run"], data["outcome"], data["done"], data["current"]) == (RUN, "running", 2, "import-csv")
    task = data["tasks"][2]
    assert task["checks"] == {"lint": True, "build": True, "test": False}
    assert (task["state"], task["phase"], task["iteration"], task["iteration_limit"]) == ("running", "build", 1, 7)
    assert data["quiet"] is True, "an old journal without an end: nobody works on it"


def test_unknown_cost_is_null_in_json(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    recorded(tmp_path, night())
    status.run(args(tmp_path, as_json=True))
    data = json.loads(capsys.readouterr().out)
    assert data["cost_usd"] is None
    assert data["tasks"][0]["cost_usd"] == 0.1052


def test_line_for_a_prompt(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    recorded(tmp_path, night())
    status.run(args(tmp_path, line=True))
    assert capsys.readouterr().out == "10/10 ended with open tasks 1 for you $0.93 + unknown\n"


def test_line_is_silent_where_there_is_no_run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert status.run(args(tmp_path / "none", line=True)) == 0
    assert capsys.readouterr() == ("", "")


def test_no_run_names_the_mend(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no run is recorded") as caught:
        status.run(args(tmp_path))
    assert "--state" in caught.value.hint


def test_the_newest_run_or_the_named_one(tmp_path: Path) -> None:
    recorded(tmp_path, until("run:started"), "20261120-0100-old")
    recorded(tmp_path, until("run:started"), RUN)
    (tmp_path / "zz-not-a-run").mkdir()
    assert run_names(tmp_path) == ["20261120-0100-old", RUN]
    assert find_run(tmp_path, None).name == RUN
    assert find_run(tmp_path, "20261120-0100-old").name == "20261120-0100-old"
    for name in ("../etc", "missing", "zz-not-a-run"):
        with pytest.raises(UsageError) as caught:
            find_run(tmp_path, name)
        assert RUN in caught.value.hint


def test_a_torn_tail_is_no_damage_and_damage_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = recorded(tmp_path, night())
    path = folder / "journal.jsonl"
    whole = path.read_bytes()
    path.write_bytes(whole + b'{"seq":999,"torn')
    assert status.run(args(tmp_path)) == 0
    assert "10 of 10" in capsys.readouterr().out
    path.write_bytes(whole[:500] + b"X" + whole[501:])
    with pytest.raises(JournalError, match="damaged at byte"):
        status.run(args(tmp_path))


def test_status_imports_nothing_heavy() -> None:
    program = "import sys, orchestrator.cli.status; print(*sorted(m for m in sys.modules if '.' not in m))"
    loaded = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=30, check=True)
    assert not {"anthropic", "google", "openai", "pydantic", "jinja2", "rich", "git", "structlog"} & set(
        loaded.stdout.split()
    )
