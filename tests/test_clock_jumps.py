"""Row 63: the wall clock is put on or back in mid-run, an hour comes twice, the zone changes: nothing breaks by it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from orchestrator.cli.runs import find_run, read_run, run_names
from orchestrator.ledger.aggregates import aggregates
from orchestrator.ledger.aggregates_cache import standing_of
from orchestrator.ledger.events_sync import refresh_log
from orchestrator.reports.console import status_text
from orchestrator.reports.fold import fold
from orchestrator.reports.inputs import ReportInputs
from orchestrator.reports.rebuild import summary_of
from orchestrator.reports.report import report_html, report_markdown
from orchestrator.reports.timeline import timeline
from tests.cli.run_folder import recorded
from tests.reports.night import night

HOUR = 3600


def jumped(seconds: float) -> list[dict[str, Any]]:
    """The night, its wall clock put on (or back) in its middle."""
    events = list(night())
    by = timedelta(seconds=seconds)
    for event in events[len(events) // 2 :]:
        event["at"] = (datetime.fromisoformat(event["at"]) + by).isoformat(timespec="milliseconds")
    return events


@pytest.mark.parametrize("hours", [-30, -1, 1, 30])
def test_a_night_whose_clock_jumped_is_read_and_told(tmp_path: Path, hours: int) -> None:
    folder = recorded(tmp_path, jumped(hours * HOUR))
    entries = read_run(folder).entries
    assert len(entries) == len(list(night()))
    line, plain = timeline(entries), timeline(list(night()))
    assert all(0 <= span.start_s <= span.end_s <= line.seconds for span in line.spans)
    assert len(line.spans) == len(plain.spans)
    assert line.seconds <= plain.seconds + max(hours, 0) * HOUR
    progress = fold(entries)
    for now in (None, progress.last_at, datetime(2020, 1, 1, tzinfo=UTC), datetime(2040, 1, 1, tzinfo=UTC)):
        assert progress.elapsed(now) >= 0
        assert "-" not in status_text(progress, now).splitlines()[0].rpartition(", ")[2], "no time below nothing"
    summary = summary_of(entries)
    assert [task.status for task in summary.tasks] == [task.status for task in summary_of(list(night())).tasks]
    assert summary.charge == summary_of(list(night())).charge
    assert report_markdown(summary, ReportInputs())
    assert report_html(summary, ReportInputs())


@pytest.mark.parametrize("hours", [-30, 30])
def test_no_cycle_time_is_below_nothing(tmp_path: Path, hours: int) -> None:
    recorded(tmp_path, jumped(hours * HOUR))
    refresh_log(tmp_path)
    figures = aggregates(standing_of(tmp_path), datetime.now(UTC))["tasks"]
    assert figures["completed"] > 0
    assert figures["avgCycleTimeMs"] >= 0
    assert figures["p50CycleTimeMs"] >= 0


@pytest.fixture
def _berlin(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("TZ", "Europe/Berlin")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.mark.usefixtures("_berlin")
def test_the_newest_run_is_the_one_that_began_last(tmp_path: Path) -> None:
    """02:50 in summer time, then, twenty minutes later, 02:10 in winter time: their names sort the other way round."""
    starts = (datetime(2026, 10, 25, 0, 50, tzinfo=UTC), datetime(2026, 10, 25, 1, 10, tzinfo=UTC))
    names = [f"{at.astimezone():%Y%m%d-%H%M}-x" for at in starts]
    assert names == ["20261025-0250-x", "20261025-0210-x"]
    first = next(iter(night()))
    for name, at in zip(names, starts, strict=True):
        recorded(tmp_path, [{**first, "at": at.isoformat()}], name)
    assert run_names(tmp_path) == names
    assert find_run(tmp_path, None).name == names[1]
    (tmp_path / "20261025-0330-torn").mkdir()
    (tmp_path / "20261025-0330-torn" / "journal.jsonl").write_text("{")
    (tmp_path / "notes").mkdir()
    (tmp_path / "notes" / "journal.jsonl").write_text("")
    assert run_names(tmp_path) == ["notes", *names, "20261025-0330-torn"]
