"""What a night cost and saved, from the journal: tiers, skipping, side by side."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from orchestrator.reports.report import saving_words
from orchestrator.reports.savings import savings_of

START = "2026-11-21T02:00:00.000+00:00"


def at(second: float) -> str:
    return f"2026-11-21T02:00:{second:06.3f}+00:00"


def answer(role: str, model: str, cost: str | None, deep: str | None, **more: Any) -> dict[str, Any]:
    return {
        "type": "call:answer",
        "at": at(more.pop("ends", 10.0)),
        "task": "a",
        "role": role,
        "model": model,
        "seconds": 0.0,
        "input_tokens": 80,
        "output_tokens": 20,
        "cached_tokens": 0,
        "cache_write_tokens": 0,
        "thinking_tokens": 0,
        "estimated": False,
        "cost_usd": cost,
        **({"deep_model": "opus", "deep_cost_usd": deep} if deep else {}),
        **more,
    }


def started() -> list[dict[str, Any]]:
    return [
        {"type": "run:started", "at": START, "run": "r", "base": "b", "tasks": [{"id": "a"}]},
        {"type": "session:started", "at": START},
    ]


def test_the_same_tokens_at_the_deepest_models_price() -> None:
    found = savings_of(
        [
            *started(),
            answer("architect", "opus", "0.40", "0.40"),
            answer("executor", "lite", "0.02", "0.30"),
            answer("executor", "flash", "0.10", "0.30"),
        ]
    )
    assert found is not None
    assert (found.cost_usd, found.deep_cost_usd, found.deep_model) == (Decimal("0.52"), Decimal("1.00"), "opus")
    assert found.share == 48.0
    assert [(row.role, row.model, row.calls, row.tokens) for row in found.agents] == [
        ("architect", "opus", 1, 100),
        ("executor", "lite", 1, 100),
        ("executor", "flash", 1, 100),
    ]
    assert [(row.task, row.models) for row in found.routes] == [("a", ("lite", "flash"))]
    (words,) = saving_words(found)
    assert "cost $0.5200; the same tokens at opus's price are $1.00: the tiers saved $0.4800, 48 %" in words


def test_what_is_not_known_is_said_and_no_zero() -> None:
    assert savings_of(started()) is None
    old = savings_of([*started(), answer("executor", "lite", "0.02", None)])  # a journal of before it was kept
    assert old is not None
    assert (old.share, old.compared, saving_words(old)) == (None, 0, ())
    unpriced = savings_of([*started(), answer("executor", "own", None, "0.30"), answer("executor", "x", "1", "2")])
    assert unpriced is not None
    assert unpriced.share == 50.0  # of the answer that can be compared
    assert "since a price is not known: 1 answer." in saving_words(unpriced)[1]
    dearer = savings_of([*started(), answer("executor", "fable", "0.60", "0.30")])
    assert dearer is not None
    assert "the tiers lost $0.3000, 100 %" in saving_words(dearer)[0]


def skipped(when: str, agents: list[str], *named: str) -> dict[str, Any]:
    rows = [{"agent": name, "why": "w", "by_type": True, "tokens": 1000} for name in named]
    rows.append({"agent": "issue_creator", "why": "joins complex tasks", "by_type": False, "tokens": 0})
    return {"type": "crew:chosen", "at": START, "task": "a", "when": when, "agents": agents, "skipped": rows}


def test_who_was_skipped_by_type_and_who_was_asked_after_all() -> None:
    opened = skipped("opened", ["executor"], "test_master", "security_auditor")
    kept = savings_of([*started(), opened, answer("executor", "lite", "1", "1")])
    assert kept is not None
    assert [(row.agent, row.made_up) for row in kept.skipped] == [("test_master", False), ("security_auditor", False)]
    assert kept.skipped_tokens == 2000
    built = skipped("built", ["executor", "security_auditor"], "test_master")
    changed = savings_of([*started(), opened, built, answer("executor", "lite", "1", "1")])
    assert changed is not None
    assert {row.agent: row.made_up for row in changed.skipped} == {"test_master": False, "security_auditor": True}
    assert changed.skipped_tokens == 1000


def test_answers_side_by_side_are_counted_once_in_time() -> None:
    found = savings_of(
        [
            *started(),
            answer("architect", "opus", "1", "1", ends=4.0, seconds=4.0),
            answer("doc_master", "haiku", "1", "1", ends=12.0, seconds=2.0),
            answer("security_auditor", "opus", "1", "1", ends=14.0, seconds=4.0),
            answer("reviewer", "opus", "1", "1", ends=15.0, seconds=5.0),
        ]
    )
    assert found is not None
    assert found.overlapped_s == 6.0  # eleven seconds of answers, from the tenth to the fifteenth
    assert "6.0 s of answers not waited for" in saving_words(found)[-1]
