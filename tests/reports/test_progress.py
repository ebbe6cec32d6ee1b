"""Where a run stands, at every moment of the made-up night."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal

import pytest

from orchestrator.ledger.charges import total_charge
from orchestrator.reports.console import next_up, status_line, status_text
from orchestrator.reports.event_lines import event_line
from orchestrator.reports.fold import fold, step
from orchestrator.reports.progress import Progress
from orchestrator.reports.route import route
from tests.reports.golden_file import check_golden
from tests.reports.night import RUN, START, night, until


def test_waiting_at_the_start() -> None:
    progress = fold(until("run:started"))
    assert progress.run == RUN
    assert [task.state for task in progress.tasks.values()] == ["waiting"] * 10
    assert next_up(progress) == "fix-offset and 9 more"


def test_in_the_middle_of_a_gate() -> None:
    progress = fold(until("check:finished", 3, task="add-rate"))
    task = progress.tasks["add-rate"]
    assert (task.state, task.phase, task.iteration, task.iteration_limit) == ("running", "build", 1, 5)
    assert [(check.check, check.passed) for check in task.checks] == [("lint", True), ("build", True), ("test", False)]
    assert progress.current == "add-rate"
    assert progress.doing == "gate: test: pytest -q"


def test_a_gate_of_many_folders_keeps_each_check() -> None:
    gate = [{"type": "gate:started", "task": "a"}]
    checks = [
        {"type": "check:finished", "task": "a", "check": "lint", "path": path, "command": "lint", "passed": passed}
        for path, passed in (("api", True), ("web", False), ("web", True))
    ]
    progress = fold([*until("task:started"), *gate, *checks])
    assert [check.passed for check in progress.tasks["a"].checks] == [True, True], "the last word of each counts"
    begun = {"type": "check:started", "task": "a", "of": "gate", "check": "test", "path": "web", "command": "npm test"}
    assert step(progress, begun).doing == "gate: test in web: npm test"
    assert step(progress, gate[0]).tasks["a"].checks == ()


def test_what_was_interrupted_does_not_seem_to_run() -> None:
    stopped = {"type": "run:interrupted", "at": "2026-11-21T04:00:00+00:00"}
    told = status_text(fold([*until("edits:applied", task="add-rate"), stopped]))
    assert ": interrupted, " in told
    assert "hint:  go on with `orchestrate resume " in told
    assert "begun" in told
    assert "running" not in told


def test_a_gate_without_checks_is_not_called_green() -> None:
    progress = fold(until("edits:applied", task="add-rate"))
    for kind, word in (("baseline:finished", "green"), ("gate:finished", "passed")):
        event = {"type": kind, "task": "add-rate", word: True, "checks": 0, "seconds": 0}
        assert "nothing is proved" in event_line(event, progress)
        assert " green" in event_line({**event, "checks": 1}, progress)


def test_an_invented_name_has_a_line_of_its_own() -> None:
    found = {"type": "existence:found", "task": "add-rate", "symbols": ["a", "b", "c", "d"], "headline": "x.py:1: a"}
    progress = step(fold(until("edits:applied", task="add-rate")), found)
    assert (progress.tasks["add-rate"].headline, progress.tasks["add-rate"].category) == ("x.py:1: a", "hallucination")
    assert progress.doing == ""
    assert "invented names stopped before a test ran: a, b, c and 1 more: x.py:1: a" in event_line(found, progress)
    way = [found, {"type": "move:decided", "task": "add-rate", "move": "warn"}]
    assert route(way, "add-rate") == "an invented name stopped before a test ran (x.py:1: a)"


def test_a_call_in_flight_is_said() -> None:
    progress = fold(until("call:intent", 2))
    assert progress.doing == "executor asks gemini-3-pro"
    assert progress.doing_since == progress.last_at


def test_the_next_iteration_forgets_the_last_gate() -> None:
    progress = fold(until("edits:applied", 2, task="add-rate"))
    assert progress.tasks["add-rate"].checks == ()
    assert progress.tasks["add-rate"].headline == ""


def test_the_gate_after_an_autofix_starts_anew() -> None:
    progress = fold(until("check:finished", 2, task="unused-names"))
    assert [check.check for check in progress.tasks["unused-names"].checks] == ["lint"]
    assert progress.tasks["unused-names"].auto_fixed == 1


def test_sums_agree_with_the_ledger() -> None:
    progress = fold(night())
    charge = total_charge(night())
    assert progress.tokens == charge.usage.total
    assert charge.cost_usd is None
    assert progress.unpriced == 2
    costs = [event.get("cost_usd") for event in night() if event["type"].startswith("call:")]
    known = sum(Decimal(cost) for cost in costs if cost)
    assert progress.cost_usd == known
    assert sum(task.tokens for task in progress.tasks.values()) == progress.tokens


def test_a_pause_and_a_resume() -> None:
    paused = fold(until("run:paused"))
    assert paused.ended
    assert paused.hint == f"orchestrate resume {RUN}"
    resumed = fold(until("session:started", 2))
    assert not resumed.ended
    assert resumed.hint == ""
    assert resumed.sessions == 2


def test_a_provider_that_is_away_is_told_until_it_answers_again() -> None:
    at, noon = "2026-11-21T02:40:00+00:00", "2026-11-21T11:40:00+00:00"
    away = {"type": "provider:away", "at": at, "provider": "anthropic", "fault": "quota", "resume_at": noon}
    parked = {"type": "task:parked", "at": at, "task": "add-rate", "provider": "anthropic"}
    story = [*until("call:intent"), away, parked]
    progress = fold(story)
    now = datetime.fromisoformat(at)
    local = datetime.fromisoformat(noon).astimezone()
    assert f"anthropic: waiting until {local:%H:%M}" in (shown := status_text(progress, now)), shown
    assert progress.tasks["add-rate"].state == "waiting"
    assert not progress.quiet(now + timedelta(hours=9)), "it waits, as it said"
    assert progress.quiet(now + timedelta(hours=10))
    tomorrow = {**away, "resume_at": "2026-11-23T03:40:00+00:00", "message": "no more today"}
    line = event_line(tomorrow, fold([*story, tomorrow]), UTC)
    assert re.search(r"anthropic: waiting until 2026-11-2[23] \d\d:40 \(quota\): no more today", line), line
    paused = fold([*story, {"type": "run:paused", "at": at, "reason": "x"}])
    assert "anthropic: not asked before " in status_text(paused, now)
    owner = fold([*story, {**away, "resume_at": None}])
    assert "anthropic: not asked again before a resume (quota)" in status_text(owner, now)
    assert fold([*story, {"type": "provider:back", "at": at, "provider": "anthropic"}]).away == {}


def test_time_between_sessions_does_not_count() -> None:
    progress = fold(night())
    assert progress.last_at is not None
    whole = (progress.last_at - START).total_seconds()
    assert progress.elapsed(progress.last_at + timedelta(days=1)) == pytest.approx(whole - 3_600)


def test_a_reopened_task_waits_again() -> None:
    progress = fold([*night(), {"type": "task:reopened", "task": "circular", "hint": "x", "at": START.isoformat()}])
    assert progress.tasks["circular"].state == "waiting"


def test_events_of_the_future_and_broken_ones_are_survived() -> None:
    progress = fold(night())
    odd = [
        {},
        {"type": "moon:landed", "at": "yesterday"},
        {"type": "task:started"},
        {"type": "check:finished", "task": "unheard-of", "at": 7, "check": None, "passed": "?"},
        {"type": "call:answer", "task": "x", "input_tokens": "many", "cost_usd": "NaN dollars"},
        {"type": "run:started", "tasks": [None, 3]},
    ]
    for event in odd:
        progress = step(progress, event)
    assert isinstance(progress, Progress)


def test_every_line_of_the_night() -> None:
    progress = Progress()
    lines = []
    for event in night():
        progress = step(progress, event)
        lines.append(event_line(event, progress))
    east = timezone(timedelta(hours=1))
    assert lines[0].startswith("02:36:00 ")
    assert event_line(night()[0], progress, east).startswith("03:36:00 ")
    check_golden("lines.txt", "\n".join(filter(None, lines)) + "\n")


def test_status_text() -> None:
    progress = fold(until("gate:finished", 1, task="import-csv"))
    assert progress.last_at is not None
    check_golden("status-running.txt", status_text(progress, progress.last_at + timedelta(seconds=5)))
    check_golden("status-ended.txt", status_text(fold(night()), None))


def test_status_line_for_a_prompt() -> None:
    assert status_line(Progress()) == ""
    running = fold(until("gate:finished", 1, task="import-csv"))
    assert status_line(running, running.last_at) == "2/10 build import-csv 1/7 $0.30"
    assert running.last_at is not None
    assert "no sign of life" in status_line(running, running.last_at + timedelta(hours=1))
    assert status_line(fold(night())) == "10/10 ended with open tasks 1 for you $0.93 + unknown"
