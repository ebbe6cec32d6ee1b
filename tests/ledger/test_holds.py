"""Calls that go out side by side are reserved for at once, in their order, or not at all (decision 16)."""

from __future__ import annotations

from pathlib import Path

import pytest

from orchestrator.domain.call import Request
from orchestrator.domain.errors import CapReachedError
from orchestrator.ledger.purse import input_bound
from orchestrator.settings import Caps
from tests.fakes.llm import answer
from tests.ledger.test_calls import Shop, request

THREE = (request(1), request(2), request(3))
EACH = input_bound(THREE[0]) + 1000
"""The worst case of one of them, tokens."""


def shop(folder: Path, cap: int, answers: int = 3, *, again: bool = False) -> Shop:
    return Shop(folder, [answer("yes")] * answers, Caps(max_tokens=cap), again=again)


def fits(made: Shop, one: Request) -> bool:
    """Whether another call's worst case still fits beside what is held and spent."""
    try:
        made.desk.hold([one])
    except CapReachedError:
        return False
    made.desk.let_go([one])
    return True


def test_what_is_held_keeps_others_out_and_is_used_up_by_the_calls_themselves(tmp_path: Path) -> None:
    made = shop(tmp_path, 3 * EACH)
    made.desk.hold(THREE)
    assert not fits(made, request(9))
    for one in THREE:
        assert made.desk.ask(one).text == "yes"  # its own worst case is held once, not twice
    assert made.purse.spent.usage.total == 3 * 150
    assert fits(made, request(9))


def test_a_set_that_does_not_fit_is_refused_whole(tmp_path: Path) -> None:
    made = shop(tmp_path, 3 * EACH - 1)
    with pytest.raises(CapReachedError):
        made.desk.hold(THREE)
    assert made.llm.requests == []
    made.desk.hold(THREE[:2])  # nothing stayed held of the three


def test_what_was_never_asked_is_given_back_once(tmp_path: Path) -> None:
    made = shop(tmp_path, 3 * EACH)
    made.desk.hold(THREE)
    made.desk.ask(THREE[0])
    made.desk.let_go(THREE)
    made.desk.let_go(THREE)
    assert fits(made, request(9))


def test_an_answer_that_was_bought_before_is_not_held_for_again(tmp_path: Path) -> None:
    first = shop(tmp_path, 3 * EACH, 1)
    first.desk.ask(THREE[0])
    first.journal.close()
    made = shop(tmp_path, 2 * EACH + 150, 2, again=True)
    made.desk.hold(THREE)  # two worst cases and what the first one cost
    assert [made.desk.ask(one).text for one in THREE] == ["yes"] * 3
    assert len(made.llm.requests) == 2
