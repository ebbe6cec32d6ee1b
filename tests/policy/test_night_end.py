"""When a batch will be done: lanes, chains, spreads, and the same answer each time."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestrator.policy.night_end import Length, night_end


def sure(task: str, seconds: float, *depends_on: str) -> Length:
    return Length(task=task, depends_on=depends_on, low=seconds, middle=seconds, high=seconds)


def test_what_is_sure_adds_up() -> None:
    tasks = [sure("a", 100), sure("b", 200), sure("c", 300)]
    for lanes, end in ((1, 600), (2, 400), (3, 300), (9, 300)):
        made = night_end(tasks, lanes)
        assert made.p50_s == pytest.approx(end)
        assert made.p90_s == pytest.approx(end)
    assert night_end([], 1).p90_s == 0


def test_a_chain_takes_one_lane_however_many_there_are() -> None:
    chain = [sure("a", 100), sure("b", 100, "a"), sure("c", 100, "b")]
    assert night_end(chain, 3).p50_s == pytest.approx(300)
    assert night_end([sure("b", 100, "not-in-this-run")], 1).p50_s == pytest.approx(100)


def test_one_task_is_done_by_its_own_levels() -> None:
    made = night_end([Length(task="a", low=600, middle=1_200, high=3_600)], 1)
    assert made.p50_s == pytest.approx(1_200, rel=0.1)
    assert made.p90_s == pytest.approx(3_600, rel=0.15)


def test_many_tasks_even_out() -> None:
    """The p90 of ten is far below ten p90s; the p50 is above ten middles: long ones reach further than short ones."""
    tasks = [Length(task=str(number), low=600, middle=1_200, high=3_600) for number in range(10)]
    made = night_end(tasks, 1)
    assert 12_000 < made.p50_s < made.p90_s < 30_000
    assert night_end(tasks, 1) == made


@settings(max_examples=15, deadline=None)
@given(st.lists(st.integers(1, 5_000), min_size=1, max_size=5), st.integers(1, 4))
def test_longer_tasks_never_end_earlier_and_p90_is_never_before_p50(middles: list[int], lanes: int) -> None:
    def tasks(longer: int) -> list[Length]:
        return [
            Length(task=str(place), low=middle * longer / 2, middle=middle * longer, high=middle * longer * 2)
            for place, middle in enumerate(middles)
        ]

    usual, longer = night_end(tasks(1), lanes), night_end(tasks(2), lanes)
    assert usual.p50_s <= usual.p90_s
    assert usual.p90_s <= night_end(tasks(1), 1).p90_s + 1e-6
    assert longer.p50_s >= usual.p50_s
    assert longer.p90_s >= usual.p90_s
