"""The texts of a made-up night, byte for byte, and the same each time."""

from __future__ import annotations

import json

from orchestrator.reports.inputs import ReportInputs
from orchestrator.reports.rebuild import summary_of
from orchestrator.reports.report import report_html, report_markdown
from orchestrator.reports.summary import summary_json
from orchestrator.reports.task_papers import (
    budget_report_markdown,
    delivery_report_markdown,
    escalation_markdown,
    review_markdown,
)
from orchestrator.reports.timeline import timeline
from tests.reports.golden_file import check_golden
from tests.reports.night import RUN, details, night
from tests.reports.papers import detail, outcome

CONTRACT_FIELDS = ["run", "started_at", "finished_at", "base", "outcome", "tasks", "totals"]
CONTRACT_TASK_FIELDS = [
    *("id", "status", "branch", "commit", "iterations", "iteration_limit", "complexity", "failures", "auto_fixed"),
    *("conflicts", "tokens", "cost_usd", "seconds", "budget_status"),
]


def inputs() -> ReportInputs:
    return ReportInputs(details=details(), timeline=timeline(night()))


def test_report_markdown() -> None:
    check_golden("report.md", report_markdown(summary_of(night()), inputs()))


def test_report_html() -> None:
    check_golden("report.html", report_html(summary_of(night()), inputs()))


def test_summary_json_has_the_contracts_fields_first() -> None:
    text = summary_json(summary_of(night()))
    check_golden("summary.json", text)
    data = json.loads(text)
    assert list(data)[: len(CONTRACT_FIELDS)] == CONTRACT_FIELDS
    assert all(list(task)[: len(CONTRACT_TASK_FIELDS)] == CONTRACT_TASK_FIELDS for task in data["tasks"])
    assert list(data["tasks"][0]["tokens"]) == ["input", "output", "cached"]


def test_unknown_cost_is_null_not_zero() -> None:
    data = json.loads(summary_json(summary_of(night())))
    by_id = {task["id"]: task["cost_usd"] for task in data["tasks"]}
    assert by_id["big-ledger"] is None
    assert by_id["fix-offset"] == 0.1052
    assert by_id["after-ledger"] == 0
    assert data["totals"]["cost_usd"] is None


def test_delivery_report() -> None:
    text = delivery_report_markdown(
        outcome("add-rate"),
        detail("add-rate"),
        run=RUN,
        base="4f2a9c1e7b3d5f60718293a4b5c6d7e8f9012345",
        registry_before={"usable_budget": 60_000, "build": 13_000},
        registry_after={"usable_budget": 61_200, "build": 12_400},
    )
    check_golden("delivery_report.md", text)
    assert "## Performance Registry Updated\n\n| estimate | before | after |" in text


def test_review() -> None:
    check_golden("review.md", review_markdown("add-rate", "New currency rate service", detail("add-rate").reviews))


def test_escalation_names_the_exact_command() -> None:
    text = escalation_markdown(outcome("circular"), detail("circular"), run=RUN, state_dir=f"runs/{RUN}")
    check_golden("escalation.md", text)
    assert f'\norchestrate resume {RUN} --task circular --hint "..."\n' in text
    elsewhere = escalation_markdown(outcome("circular"), detail("circular"), run=RUN, state_dir=f"/var/my runs/{RUN}")
    assert f"\norchestrate resume {RUN} --state '/var/my runs' --task circular --hint \"...\"\n" in elsewhere


def test_budget_report_explains_limits_and_breaches() -> None:
    text = budget_report_markdown(outcome("big-ledger"), detail("big-ledger"))
    check_golden("budget_report.md", text)
    assert "| plan | 4000 x 1.5 x 2.0 x 1.5 | 18000 |" in text
    assert "Spent by: executor 42.0k; 2 calls in 2 rounds." in text
