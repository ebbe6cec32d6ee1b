"""What past runs used: journals from before there were budgets are read like any other (B11)."""

from __future__ import annotations

from typing import Any

from orchestrator.domain.task import Phase
from orchestrator.ledger.budget_history import past_run
from orchestrator.settings.load import load_settings


def test_a_journal_without_budget_fields_is_read_and_has_no_limit() -> None:
    at = {"at": "2026-11-10T02:00:00+00:00"}
    entries: list[dict[str, Any]] = [
        {"type": "run:started", "run": "old", "tasks": [{"id": "a"}], **at},
        {"type": "task:defined", "task": "a", **at},
        {"type": "phase:entered", "task": "a", "phase": "build", **at},
        {"type": "phase:left", "task": "a", "phase": "build", **at},
        {"type": "task:finished", "task": "a", "status": "delivered", **at},
    ]
    (task,) = past_run("old", entries, load_settings(environment={}).settings.budgets).tasks
    assert (task.seen.status, task.seen.budget, task.seen.stopped, task.seen.disputed) == ("delivered", 0, "", "")
    assert [use.phase for use in task.seen.phases] == list(Phase)
    assert (task.overrides, task.estimates, task.calls) == ({}, {}, ())
