"""The decision table of the build loop, row by row."""

from __future__ import annotations

import pytest

from orchestrator.domain.failure import Category, CheckKind
from orchestrator.policy.moves import (
    Attempt,
    Limits,
    MoveKind,
    Used,
    after_conflict,
    climbs,
    next_move,
    stuck_reason,
)

LIMITS = Limits(iterations=5, autofix_rounds=2, environment_retries=2, redesigns=1, top_tier=3)


def attempt(
    tree: str = "t1",
    failures: str = "f1",
    category: Category | None = Category.TACTICAL,
    check: CheckKind | None = CheckKind.TEST,
    tier: int = 2,
    adr: int = 1,
) -> Attempt:
    return Attempt(
        tree=tree, failures=frozenset(failures.split()), category=category, failed_check=check, tier=tier, adr=adr
    )


GREEN = attempt(failures="", category=None, check=None)


@pytest.mark.parametrize(
    ("history", "used", "expected"),
    [
        ((GREEN,), Used(), MoveKind.ACCEPT),
        ((attempt(category=Category.TRIVIAL),), Used(), MoveKind.AUTOFIX),
        ((attempt(category=Category.TRIVIAL),), Used(autofix_rounds=1), MoveKind.AUTOFIX),
        ((attempt(category=Category.TRIVIAL),), Used(autofix_rounds=2), MoveKind.RETRY),
        ((attempt(category=Category.TRIVIAL),), Used(fixable=False), MoveKind.RETRY),
        ((attempt(category=Category.TACTICAL),), Used(), MoveKind.RETRY),
        ((attempt(category=Category.HALLUCINATION),), Used(), MoveKind.WARN),
        ((attempt(category=Category.STRATEGIC),), Used(), MoveKind.REDESIGN),
        ((attempt(category=Category.STRATEGIC),), Used(redesigns=1), MoveKind.HUMAN),
        ((attempt(category=Category.ENVIRONMENT),), Used(), MoveKind.AGAIN),
        ((attempt(category=Category.ENVIRONMENT),), Used(environment_retries=2), MoveKind.PAUSE),
    ],
)
def test_one_attempt(history: tuple[Attempt, ...], used: Used, expected: MoveKind) -> None:
    assert next_move(history, LIMITS, used).kind is expected


def test_green_at_the_limit_is_accepted() -> None:
    history = (*tuple(attempt(tree=f"t{n}", failures=f"f{n}") for n in range(4)), GREEN)
    assert next_move(history, LIMITS, Used()).kind is MoveKind.ACCEPT


def test_the_limit_goes_to_a_human() -> None:
    history = tuple(attempt(tree=f"t{n}", failures=f"f{n}") for n in range(5))
    move = next_move(history, LIMITS, Used())
    assert move.kind is MoveKind.HUMAN
    assert "5 iterations" in move.why


def test_trivial_at_the_limit_is_still_fixed_without_an_iteration() -> None:
    history = tuple(attempt(tree=f"t{n}", failures=f"f{n}") for n in range(4))
    history += (attempt(tree="t9", failures="f9", category=Category.TRIVIAL),)
    assert next_move(history, LIMITS, Used()).kind is MoveKind.AUTOFIX


def test_an_environment_failure_at_the_limit_uses_no_iteration() -> None:
    history = tuple(attempt(tree=f"t{n}", failures=f"f{n}", category=Category.ENVIRONMENT) for n in range(5))
    assert next_move(history, LIMITS, Used()).kind is MoveKind.AGAIN


def test_the_same_failure_twice_is_stuck() -> None:
    history = (attempt(tree="t1"), attempt(tree="t2"))
    move = next_move(history, LIMITS, Used())
    assert move.kind is MoveKind.REDESIGN
    assert "same failure" in move.why
    assert next_move(history, LIMITS, Used(redesigns=1)).kind is MoveKind.HUMAN


def test_the_same_tree_twice_is_stuck() -> None:
    assert stuck_reason((attempt(tree="t1", failures="a"), attempt(tree="t1", failures="b"))) != ""


def test_two_alternating_states_are_stuck() -> None:
    history = (attempt(tree="1", failures="a"), attempt(tree="2", failures="b"), attempt(tree="3", failures="a"))
    assert stuck_reason(history) == "two failures alternate"


def test_a_redesign_begins_afresh() -> None:
    history = (attempt(tree="t1"), attempt(tree="t2"), attempt(tree="t3", adr=2))
    assert stuck_reason(history) == ""
    assert next_move(history, LIMITS, Used(redesigns=1)).kind is MoveKind.RETRY


def test_standing_still_climbs_a_tier() -> None:
    history = (attempt(tree="t1", failures="a"), attempt(tree="t2", failures="b"))
    assert next_move(history, LIMITS, Used()).kind is MoveKind.ESCALATE
    top = (attempt(tree="t1", failures="a", tier=3), attempt(tree="t2", failures="b", tier=3))
    assert next_move(top, LIMITS, Used()).kind is MoveKind.RETRY


@pytest.mark.parametrize(
    "second",
    [
        attempt(tree="t2", failures="a"),
        attempt(tree="t2", failures="c d", check=CheckKind.COVERAGE),
        attempt(tree="t2", failures="c d", tier=3),
    ],
)
def test_progress_stays_on_its_tier(second: Attempt) -> None:
    history = (attempt(tree="t1", failures="a b"), second)
    assert next_move(history, LIMITS, Used()).kind is MoveKind.RETRY


def test_a_conflict_goes_to_the_architect_then_to_a_human() -> None:
    assert after_conflict("it needs another file", LIMITS, Used(), 1).kind is MoveKind.REDESIGN
    assert after_conflict("it needs another file", LIMITS, Used(redesigns=1), 1).kind is MoveKind.HUMAN
    assert after_conflict("it needs another file", LIMITS, Used(), 5).kind is MoveKind.HUMAN


@pytest.mark.parametrize(
    ("kind", "tier", "own_tier", "climbing"),
    [
        (MoveKind.RETRY, 0, 1, True),
        (MoveKind.WARN, 0, 1, True),
        (MoveKind.REDESIGN, 0, 1, True),
        (MoveKind.RETRY, 1, 1, False),
        (MoveKind.RETRY, 0, 0, False),
        (MoveKind.ESCALATE, 1, 1, True),
        (MoveKind.ESCALATE, 0, 0, True),
        (MoveKind.AUTOFIX, 0, 1, False),
        (MoveKind.AGAIN, 0, 1, False),
        (MoveKind.HUMAN, 0, 1, False),
    ],
)
def test_who_began_low_climbs_at_the_first_failure_and_who_did_not_where_it_stands_still(
    kind: MoveKind, tier: int, own_tier: int, climbing: bool
) -> None:
    limits = Limits(iterations=3, autofix_rounds=2, environment_retries=2, redesigns=1, top_tier=2, own_tier=own_tier)
    assert climbs(kind, tier, limits) is climbing
