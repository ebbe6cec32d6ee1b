"""Expected and measured, the time line, the summary rebuilt from the journal, the run's folder."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from orchestrator.domain.outcome import RunOutcome, RunSummary
from orchestrator.domain.task import Phase
from orchestrator.reports.artefacts import READ_LIMIT
from orchestrator.reports.folder import read_inputs, write_reports
from orchestrator.reports.inputs import ReportInputs
from orchestrator.reports.measured import Row, expected_and_measured, saved_iterations
from orchestrator.reports.rebuild import summary_of
from orchestrator.reports.report import report_html, report_markdown
from orchestrator.reports.timeline import timeline
from orchestrator.reports.todo import todos
from tests.reports.night import RUN, details, night, until

INTERRUPTED = {"type": "run:interrupted", "at": "2026-11-21T04:00:00+00:00"}


def row(summary: RunSummary, what: str, inputs: ReportInputs | None = None) -> Row:
    return next(row for row in expected_and_measured(summary, inputs or ReportInputs()) if row.what == what)


def test_what_the_night_measures() -> None:
    summary = summary_of(night())
    assert row(summary, "Executor's success").measured == "67 %"
    assert row(summary, "Hallucinations").remark.startswith("1 of 16 iterations")
    assert row(summary, "Iterations, simple").measured == "0.7"
    assert row(summary, "Iterations, simple").expected == "1.5 against 3"
    assert row(summary, "Gate, one passage").measured == "5.0 s"
    assert row(summary, "Night's length").expected == "18 h 00 min (2 h a task)"


def test_shares_of_tokens_against_30_50_20() -> None:
    """B12; what a task used in discover, define and plan is planning, in deliver verification."""
    summary = summary_of(night())
    tokens = Counter[Phase]()
    for task in summary.tasks:
        for use in task.phases:
            tokens[use.phase] += use.tokens
    planning = tokens[Phase.DISCOVER] + tokens[Phase.DEFINE] + tokens[Phase.PLAN]
    for name, part, share in (
        ("planning", planning, 30),
        ("building", tokens[Phase.BUILD], 50),
        ("verification", tokens[Phase.DELIVER], 20),
    ):
        found = row(summary, f"Tokens for {name}")
        assert (found.expected, found.source) == (f"{share} %", "B12")
        assert found.measured == f"{100 * part / tokens.total():.0f} %"


def test_iterations_saved_by_category() -> None:
    saved = {task.id: saved_iterations(task) for task in summary_of(night()).tasks}
    assert saved["unused-names"] == 1.0
    assert saved["add-rate"] == 0.5
    assert saved["import-csv"] == 0.5
    assert saved["circular"] == 0.0


@pytest.mark.parametrize(
    ("earlier", "conflicts", "measured", "remark"),
    [
        (10, 0, "said from 20 tasks on", "1 of 19 tasks"),
        (11, 0, "5 %", "no arbiter"),
        (11, 2, "15 %", "no arbiter"),
        (11, 3, "20 %", "reconsider a third, arbitrating agent"),
    ],
)
def test_conflicts_are_said_from_twenty_tasks_on(earlier: int, conflicts: int, measured: str, remark: str) -> None:
    inputs = ReportInputs(earlier_tasks=earlier, earlier_conflicts=conflicts)
    found = row(summary_of(night()), "Conflicts", inputs)
    assert found.measured == measured
    assert remark in found.remark


def test_an_empty_run_measures_nothing_and_says_so() -> None:
    summary = replace(summary_of(night()), tasks=())
    rows = expected_and_measured(summary, ReportInputs())
    assert row(summary, "Executor's success").measured == "no data"
    assert all(row.measured for row in rows)


def test_timeline_cuts_the_time_between_sessions() -> None:
    line = timeline(night())
    assert line.seconds == pytest.approx(1_027.1)
    assert len(line.breaks_s) == 1
    assert {span.phase for span in line.spans} == {"setup", "discover", "define", "plan", "build", "deliver"}
    assert all(0 <= span.start_s <= span.end_s <= line.seconds for span in line.spans)
    assert len([mark for mark in line.gates if mark.task == "circular"]) == 5


def test_a_phase_under_way_reaches_to_now() -> None:
    line = timeline(until("iteration:started", 1, task="fix-offset"))
    last = line.spans[-1]
    assert (last.task, last.phase, last.end_s) == ("fix-offset", "build", line.seconds)


@pytest.mark.parametrize(
    ("events", "outcome", "ended"),
    [
        (night(), RunOutcome.PARTLY, 10),
        (list(until("run:paused")), RunOutcome.PAUSED, 5),
        (list(until("session:started", 2)), RunOutcome.RUNNING, 5),
        (
            [*until("run:paused"), {"type": "run:interrupted", "at": "2026-11-21T04:00:00+00:00"}],
            RunOutcome.INTERRUPTED,
            5,
        ),
    ],
    ids=["ended", "paused", "running", "interrupted"],
)
def test_summary_is_rebuilt_from_the_journal(events: list[dict[str, object]], outcome: RunOutcome, ended: int) -> None:
    summary = summary_of(events)
    assert summary.outcome is outcome
    assert len(summary.tasks) == ended
    assert summary.repo == "~/code/shop"
    assert summary.checkout_before == "9f" * 32
    assert len(summary.waiting) == 10 - ended


def test_a_reopened_task_has_no_outcome_until_it_ends_again() -> None:
    summary = summary_of([*night(), {"type": "task:reopened", "task": "circular"}])
    assert "circular" not in {task.id for task in summary.tasks}


def test_no_run_is_an_error() -> None:
    with pytest.raises(ValueError, match="run:started"):
        summary_of([{"type": "note", "text": "x"}])


def test_the_pause_comes_first_of_what_waits() -> None:
    waiting = todos(summary_of(list(until("run:paused"))))
    assert waiting[0].task is None
    assert waiting[0].command == f"orchestrate resume {RUN}"
    assert [todo.task.id for todo in todos(summary_of(night())) if todo.task] == [
        "big-ledger",
        "circular",
        "report-totals",
    ]


def fill(folder: Path) -> None:
    task = folder / "tasks" / "circular"
    (task / "iterations" / "5").mkdir(parents=True)
    (task / "iterations" / "4").mkdir()
    (task / "adr.md").write_text(
        "# Break the ring\n\nStatus: accepted\nDate: 2026-11-21\n\n"
        "## Context\n\nA ring.\n\n## Decision\n\nMove Order.\n\n"
        "## Rationale\n\nLess.\n"
    )
    (task / "iterations" / "4" / "changes.patch").write_text("older")
    (task / "iterations" / "5" / "changes.patch").write_text("diff --git a/x b/x\n+new\n")
    (task / "iterations" / "5" / "test.log").write_bytes(b"\xff ImportError\n" + b"x" * READ_LIMIT + b"\nthe end\n")


def test_a_runs_folder_is_read(tmp_path: Path) -> None:
    fill(tmp_path)
    events = night()
    detail = read_inputs(tmp_path, summary_of(events), events).detail("circular")
    assert detail.adr is not None
    assert (detail.adr.title, detail.adr.status, detail.adr.date) == ("Break the ring", "accepted", "2026-11-21")
    assert detail.adr.decision == "Move Order."
    assert detail.diff == "diff --git a/x b/x\n+new\n"
    assert detail.failing_check == "test"
    assert detail.failing_output.startswith("\ufffd ImportError")
    assert detail.failing_output.endswith("the end\n")
    assert "bytes not read" in detail.failing_output
    assert sum(call.tokens for call in detail.calls) == 26_700


def test_a_link_in_a_runs_folder_is_not_followed(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("# key\n")
    task = tmp_path / "run" / "tasks" / "circular"
    task.mkdir(parents=True)
    (task / "adr.md").symlink_to(secret)
    events = night()
    assert read_inputs(tmp_path / "run", summary_of(events), events).detail("circular").adr is None


def test_reports_are_written_twice_the_same(tmp_path: Path) -> None:
    fill(tmp_path)
    events = night()
    summary = summary_of(events)
    inputs = read_inputs(tmp_path, summary, events)
    first = [path.read_bytes() for path in write_reports(tmp_path, summary, inputs)]
    paths = write_reports(tmp_path, summary, inputs)
    assert [path.name for path in paths] == ["report.md", "report.html", "summary.json"]
    assert [path.read_bytes() for path in paths] == first
    assert not list(tmp_path.glob("*.tmp"))


def test_reviews_and_limits_are_read_from_folder_and_journal(tmp_path: Path) -> None:
    task = tmp_path / "tasks" / "fix-offset"
    task.mkdir(parents=True)
    review = {"findings": [{"text": "never rounded", "file": "src/rate.py", "line": 3}], "text": "Prose."}
    (task / "review-1.json").write_text(json.dumps(review))
    limits = [{"phase": "plan", "tokens": 36_000, "latency_s": 300, "how": "24000 x 1 x 1 x 1.5"}]
    events = [*night(), {"type": "task:defined", "task": "fix-offset", "limits": limits}]
    detail = read_inputs(tmp_path, summary_of(events), events).detail("fix-offset")
    assert detail.reviews[0].findings[0].text == "never rounded"
    assert detail.reviews[0].text == "Prose."
    assert detail.limits[0].how == "24000 x 1 x 1 x 1.5"
    (task / "review-1.json").write_text("[1]")
    detail = read_inputs(tmp_path, summary_of(events), events).detail("fix-offset")
    assert (detail.reviews[0].verdict, detail.reviews[0].findings) == ("accept", ())


def test_a_report_of_many_huge_tasks_can_be_opened() -> None:
    summary = summary_of(night())
    many = tuple(replace(summary.tasks[7], id=f"task-{number}") for number in range(300))
    one = replace(details()["circular"], diff="+x\n" * 100_000, failing_output="y\n" * 100_000)
    inputs = ReportInputs(details={task.id: one for task in many})
    assert len(report_html(replace(summary, tasks=many), inputs)) < 15_000_000
    assert len(report_markdown(replace(summary, tasks=many), inputs)) < 3_000_000
