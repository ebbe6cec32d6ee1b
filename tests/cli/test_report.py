"""``orchestrate report``: the three files again, from the journal alone."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import pytest

from orchestrator.cli import report
from orchestrator.domain.errors import JournalError, OrchestrateError, UsageError
from tests.cli.run_folder import recorded
from tests.reports.night import night, until

GOLDEN = Path(__file__).parents[1] / "reports" / "golden"


def args(state: Path, *, as_json: bool = False, opened: bool = False, profile: bool = False) -> argparse.Namespace:
    return argparse.Namespace(run=None, state=str(state), json=as_json, open=opened, profile=profile)


def test_reports_are_written_and_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = recorded(tmp_path, night())
    assert report.run(args(tmp_path)) == 0
    names = [folder / "report.md", folder / "report.html", folder / "summary.json"]
    assert capsys.readouterr().out.splitlines() == [str(name) for name in names]
    assert (folder / "summary.json").read_text() == (GOLDEN / "summary.json").read_text()


def test_deleted_reports_come_back_the_same(tmp_path: Path) -> None:
    folder = recorded(tmp_path, night())
    report.run(args(tmp_path))
    first = {path.name: path.read_bytes() for path in folder.iterdir()}
    for name in ("report.md", "report.html", "summary.json"):
        (folder / name).unlink()
    report.run(args(tmp_path))
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == first


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
