"""``orchestrate report``: the three files again, from the journal alone."""

from __future__ import annotations

import argparse
import json
import os
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from orchestrator.cli import report
from orchestrator.cli.runs import read_run
from orchestrator.domain.errors import JournalError, OrchestrateError, UsageError
from orchestrator.gate.record import report_to_json
from tests.cli.run_folder import recorded
from tests.reports.night import night, until
from tests.reports.papers import detail

GOLDEN = Path(__file__).parents[1] / "reports" / "golden"


def args(state: Path, *, as_json: bool = False, opened: bool = False, profile: bool = False) -> argparse.Namespace:
    return argparse.Namespace(run=None, state=str(state), json=as_json, open=opened, profile=profile)


def test_reports_are_written_and_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = recorded(tmp_path, night())
    assert report.run(args(tmp_path)) == 0
    names = [folder / "report.md", folder / "report.html", folder / "summary.json"]
    assert capsys.readouterr().out.splitlines() == [str(name) for name in names]
    assert (folder / "summary.json").read_text() == (GOLDEN / "summary.json").read_text()


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_deleted_reports_and_papers_come_back_the_same(tmp_path: Path) -> None:
    folder = recorded(tmp_path, night())
    report.run(args(tmp_path))
    first = contents(folder)
    for name in first.keys() - {"journal.jsonl"}:
        (folder / name).unlink()
    report.run(args(tmp_path))
    assert contents(folder) == first
    assert {name.rpartition("/")[2] for name in first if name.startswith("tasks/circular/")} == {
        "budget_report.md",
        "escalation.md",
    }
    assert {name.rpartition("/")[2] for name in first if name.startswith("tasks/fix-offset/")} == {
        "budget_report.md",
        "delivery_report.md",
        "review.md",
    }
    assert not any(name.startswith("tasks/after-ledger/") for name in first), "a skipped task has no papers"


def test_what_a_dead_process_left_half_written_goes_and_a_living_ones_stays(tmp_path: Path) -> None:
    """Found by the machine of whole nights: killed on the last file of all, nothing came after it but this."""
    folder = recorded(tmp_path, night())
    with subprocess.Popen(["true"]) as dead:
        pass
    left, living = folder / f".report.html.{dead.pid}-7.tmp", folder / f".report.html.{os.getppid()}-7.tmp"
    for half in (left, living):
        half.touch()
    assert report.run(args(tmp_path)) == 0
    assert (left.exists(), living.exists()) == (False, True)


def test_after_a_task_its_own_papers_are_written_and_at_the_end_all(tmp_path: Path) -> None:
    found = read_run(recorded(tmp_path, night()))
    report.write_again(found, papers_of="circular")
    assert [path.name for path in (found.folder / "tasks").iterdir()] == ["circular"]
    one = contents(found.folder)
    report.write_again(found)
    everything = contents(found.folder)
    assert one.items() < everything.items()


def test_the_gates_own_record_is_in_the_papers(tmp_path: Path) -> None:
    folder = recorded(tmp_path, night())
    iteration = folder / "tasks" / "add-rate" / "iterations" / "2"
    gate = detail("add-rate").gate
    assert gate is not None
    iteration.mkdir(parents=True, exist_ok=True)
    for name, report_ in {"gate.json": replace(gate, tree="0" * 40), "gate-2.json": gate}.items():
        (iteration / name).write_text(json.dumps(report_to_json(report_)))
    (folder / "tasks" / "fix-offset" / "iterations" / "1").mkdir(parents=True)
    (folder / "tasks" / "fix-offset" / "iterations" / "1" / "gate.json").write_text("{}")
    report.run(args(tmp_path))
    text = (folder / "tasks" / "add-rate" / "delivery_report.md").read_text()
    assert "Tree `7777777777777777777777777777777777777777`." in text, "the last passage counts"
    assert "40 passed, 0 failed, 1 skipped; 91.2 % of lines covered" in text
    assert "No gate was recorded." in (folder / "tasks" / "fix-offset" / "delivery_report.md").read_text()


def test_an_answered_escalation_goes_once_the_task_is_delivered(tmp_path: Path) -> None:
    folder = recorded(tmp_path, night())
    stale = folder / "tasks" / "fix-offset" / "escalation.md"
    stale.parent.mkdir(parents=True)
    stale.write_text("answered")
    report.run(args(tmp_path))
    assert not stale.exists()


def test_conflicts_of_earlier_runs_count(tmp_path: Path) -> None:
    for name in ("20261119-0100-a", "20261120-0100-b"):
        recorded(tmp_path, night(), name)
        report.run(args(tmp_path))
    (tmp_path / "20261118-0100-bad").mkdir()
    (tmp_path / "20261118-0100-bad" / "summary.json").write_text("[]")
    folder = recorded(tmp_path, night())
    report.run(args(tmp_path))
    assert "| Conflicts | 5 % | 11 % | 3 of 27 tasks, earlier runs with it" in (folder / "report.md").read_text()


def test_summary_on_stdout(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    recorded(tmp_path, until("run:paused"))
    assert report.run(args(tmp_path, as_json=True)) == 0
    assert json.loads(capsys.readouterr().out)["outcome"] == "paused"


def test_open_hands_the_page_to_the_browser(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = recorded(tmp_path, night())
    opened = tmp_path / "opened"
    browser = tmp_path / "browser"
    browser.write_text(f'#!/bin/sh\nprintf %s "$1" > {opened}\n')
    browser.chmod(0o755)
    monkeypatch.setenv("BROWSER", str(browser))
    assert report.run(args(tmp_path, opened=True)) == 0
    assert opened.read_text() == (folder / "report.html").as_uri()


def test_a_journal_that_tells_no_run_is_named(tmp_path: Path) -> None:
    recorded(tmp_path, [{"type": "note", "text": "x", "at": "2026-11-21T02:36:00+00:00"}])
    with pytest.raises(JournalError, match="run:started"):
        report.run(args(tmp_path))


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    folder = recorded(tmp_path, night())
    (folder / "report.md").mkdir()
    with pytest.raises(OrchestrateError, match="could not be written"):
        report.run(args(tmp_path))


def test_no_run(tmp_path: Path) -> None:
    with pytest.raises(UsageError):
        report.run(args(tmp_path))


def test_where_the_time_went(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    recorded(tmp_path, night())
    assert report.run(args(tmp_path, profile=True)) == 0
    text = capsys.readouterr().out
    assert "worked 17 min 07 s" in text
    assert "executor         5 min 36 s   33 %  16 times, longest 21 s  99.4k tokens" in text
    assert "context of a call, by agent" in text


def test_profile_and_run_are_projections_of_the_journal(tmp_path: Path) -> None:
    folder = recorded(tmp_path, night())
    names = ("profile.json", "run.json")
    assert report.run(args(tmp_path)) == 0
    first = [(folder / name).read_bytes() for name in names]
    for name in names:
        (folder / name).unlink()
    assert report.run(args(tmp_path)) == 0
    assert [(folder / name).read_bytes() for name in names] == first
    facts = json.loads(first[1])
    assert (facts["run"], len(facts["tasks"]), len(facts["sessions"])) == (folder.name, 10, 2)
    assert "Model calls over time" in (folder / "report.html").read_text()
