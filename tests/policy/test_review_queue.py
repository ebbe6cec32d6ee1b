"""The order to read in: what matters, is likely right and soon read comes first; and each place says why."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.domain.task import Importance
from orchestrator.policy.review_queue import LEAST_CONFIDENCE, Branch, Place, reading_minutes, review_queue
from orchestrator.settings.budget_defaults import BUDGETS

WORTH = {Importance(name): factor for name, factor in BUDGETS["budgets"]["importance"].items()}
PLAIN = Branch(id="plain", added=40, files=2)


def order(*branches: Branch) -> list[str]:
    return [place.branch.id for place in review_queue(branches, WORTH)]


def place(branch: Branch) -> Place:
    return review_queue([branch], WORTH)[0]


def test_a_line_takes_the_time_its_source_says_and_a_removed_one_half() -> None:
    assert reading_minutes(Branch(id="a", added=400)) == pytest.approx(62)
    assert reading_minutes(Branch(id="a", removed=400)) == pytest.approx(32)
    assert reading_minutes(Branch(id="a", files=4)) == 4


def test_importance_confidence_and_brevity_each_move_a_branch_up() -> None:
    assert order(PLAIN, replace(PLAIN, id="high", importance=Importance.HIGH)) == ["high", "plain"]
    assert order(replace(PLAIN, id="long", added=400), PLAIN) == ["plain", "long"]
    assert order(replace(PLAIN, id="shaky", weakened=1), PLAIN) == ["plain", "shaky"]
    assert order(PLAIN, replace(PLAIN, id="same")) == ["plain", "same"], "equal ones stay as they came"


@pytest.mark.parametrize(
    ("doubt", "words"),
    [
        ({"iterations": 3}, "3 iterations"),
        ({"redesigns": 1}, "1 redesign"),
        ({"send_backs": 1}, "1 send-back"),
        ({"invented": 2}, "2 invented names on the way"),
        ({"suppressions": 1}, "1 check silenced by comment"),
        ({"weakened": 2}, "2 places prove less"),
        ({"findings": 1}, "1 remark left"),
        ({"coverage_known": False}, "coverage unknown"),
        ({"tests_measured": False}, "no test was measured"),
    ],
)
def test_each_doubt_costs_confidence_and_is_told(doubt: dict[str, int], words: str) -> None:
    shaky = place(replace(PLAIN, **doubt))
    assert shaky.confidence < 1
    assert shaky.why == (words, "9 min to read")


def test_without_a_doubt_it_says_so_and_with_many_the_gravest_come_first() -> None:
    assert place(replace(PLAIN, importance=Importance.CRITICAL)).why == (
        "critical importance",
        "right first time",
        "9 min to read",
    )
    why = place(replace(PLAIN, weakened=1, iterations=2, redesigns=1, send_backs=1, findings=1, suppressions=1)).why
    assert why[:2] == ("1 place proves less", "1 redesign")
    assert why[4] == "and 2 more"


def test_what_builds_on_another_comes_behind_it() -> None:
    base = replace(PLAIN, id="base", added=900, importance=Importance.LOW)
    top = replace(PLAIN, id="top", importance=Importance.CRITICAL, after=("base",))
    assert order(top, base, PLAIN) == ["plain", "base", "top"]
    assert "builds on base" in place(top).why
    assert order(replace(PLAIN, id="alone", after=("not-delivered",))) == ["alone"]


@given(
    st.lists(
        st.builds(
            Branch,
            id=st.uuids().map(str),
            importance=st.sampled_from(Importance),
            added=st.integers(0, 10**6),
            files=st.integers(0, 500),
            iterations=st.integers(0, 9),
            weakened=st.integers(0, 99),
        ),
        max_size=12,
    )
)
def test_nobody_is_lost_and_figures_stay_in_their_bounds(branches: list[Branch]) -> None:
    queue = review_queue(branches, WORTH)
    assert sorted(place.branch.id for place in queue) == sorted(branch.id for branch in branches)
    assert all(LEAST_CONFIDENCE <= place.confidence <= 1 and place.score > 0 for place in queue)
    assert all(one.score >= two.score for one, two in pairwise(queue))
