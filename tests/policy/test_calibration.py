"""The floor-mean rule on its given figures; learnt intervals against rolling quantiles on rows with known laws."""

from __future__ import annotations

import math
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestrator.domain.task import Complexity, Importance, Phase
from orchestrator.policy.calibration import (
    Defaults,
    Feature,
    StageActual,
    fallback,
    normalised_bases,
    qualifies,
    ratio,
    recalculate,
    window,
)
from orchestrator.policy.calibration_fit import Tuning, quantile
from orchestrator.policy.calibration_interval import Forecaster, Known, intervals, pinball
from orchestrator.policy.calibration_score import hindsight, plain_quantile, replay, rolling, score
from orchestrator.settings.load import load_settings


def feature(total: int, *, pre: int = 0, **posts: int) -> Feature:
    stages = {Phase(name): StageActual(pre=pre, post=post) for name, post in posts.items()}
    return Feature(feature_id=str(total), total=total, stages=stages)


def test_a_stage_is_the_floor_of_the_mean_over_what_was_used() -> None:
    made = recalculate(
        [feature(50_000, plan=10, build=7), feature(50_001, plan=11), feature(50_000, plan=0)], fallback()
    )
    assert made.stages[Phase.PLAN] == 10
    assert made.stages[Phase.BUILD] == 7
    assert made.stages[Phase.DISCOVER] == 5_000
    assert made.usable_budget == 50_000


@pytest.mark.parametrize(
    ("total", "usable"), [(29_999, 30_000), (30_001, 30_001), (100_000, 100_000), (111_500, 100_000)]
)
def test_the_usable_budget_is_held(total: int, usable: int) -> None:
    assert recalculate([feature(total, plan=1)], fallback()).usable_budget == usable


def test_the_multiplier_stays_and_nothing_comes_of_nothing() -> None:
    before = Defaults(usable_budget=60_000, safety_multiplier=2.5)
    assert recalculate([feature(1, plan=1)], before).safety_multiplier == 2.5
    assert recalculate([], before) is before
    assert fallback().usable_budget == 120_000
    assert fallback(by_hand=True).usable_budget == 60_000
    assert fallback(usable=70_000).usable_budget == 70_000


def test_the_window_keeps_the_newest() -> None:
    row = [feature(total, plan=1) for total in range(7)]
    assert [each.total for each in window(row, 5)] == [2, 3, 4, 5, 6]


def test_only_what_was_estimated_and_used_has_a_ratio() -> None:
    assert ratio(feature(1, plan=5)) is None
    assert ratio(feature(1, pre=2, plan=5, build=0)) == 2.5
    assert not qualifies([0, 0])
    assert qualifies([0, 1])


def test_bases_from_the_registry_count_nothing_twice() -> None:
    """A complex, critical task's 3,000 tokens are a moderate, medium one's 1,000 (1.5 x 2.0)."""
    budgets = load_settings(environment={}).settings.budgets
    hard = StageActual(pre=0, post=3_000, complexity=Complexity.COMPLEX, importance=Importance.CRITICAL)
    assert normalised_bases([Feature(feature_id="a", total=1, stages={Phase.PLAN: hard})], budgets) == {
        Phase.PLAN: 1_000
    }


def test_weighted_quantile_of_equal_weights_is_the_plain_one_in_the_middle() -> None:
    values = [(1.0, 1.0), (3.0, 1.0), (5.0, 1.0)]
    assert quantile(values, 3, 0.5) == 3.0
    assert quantile(values, 3, 0.0) == 1.0
    assert quantile(values, 3, 1.0) == 5.0
    assert quantile([(1.0, 0.01), (3.0, 10.0), (5.0, 0.01)], 10.02, 0.5) == pytest.approx(3.0, abs=0.01)
    assert plain_quantile([10, 20], 0.9) == pytest.approx(19)


def test_pinball() -> None:
    assert pinball(10, 4, 0.9) == pytest.approx(5.4)
    assert pinball(4, 10, 0.9) == pytest.approx(0.6)


def seen(count: int, seed: int) -> list[tuple[Known, int]]:
    """Tasks whose use follows their prompt, with a spread; deterministic."""
    chance = random.Random(seed)
    row = []
    for _ in range(count):
        prompt = round(math.exp(chance.gauss(8, 1)))
        row.append((Known(group="simple", prompt=prompt), round(prompt * math.exp(chance.gauss(1, 0.3)))))
    return row


def test_what_is_known_beforehand_is_used() -> None:
    row = seen(150, 7)
    made = score(replay(row))
    tokens = [used for _, used in row]
    assert made.p50_loss < 0.6 * rolling(tokens, 50, 0.5)
    assert made.p90_loss < 0.6 * rolling(tokens, 50, 0.9)
    assert 0.9 <= made.ratio <= 1.1
    assert 0.85 <= made.covered <= 0.95


def test_without_facts_it_is_no_worse_than_a_rolling_quantile_and_not_biased() -> None:
    row = [(Known(), used) for _, used in seen(150, 8)]
    made, tokens = score(replay(row)), [used for _, used in row]
    assert made.p50_loss < 1.05 * rolling(tokens, 50, 0.5)
    assert 0.9 <= made.ratio <= 1.1
    assert 0.85 <= made.covered <= 0.95


def test_a_shift_is_followed() -> None:
    """Twice the use from one day on: the newest tasks count most."""
    row = [(Known(), 10_000 + 100 * (n % 7)) for n in range(30)] + [
        (Known(), 40_000 + 100 * (n % 7)) for n in range(15)
    ]
    caster = Forecaster()
    for known, used in row:
        caster.learn(known, used)
    made = caster.forecast(Known())
    assert made is not None
    assert 30_000 < made.p50 < 45_000


def kinds(*names: str) -> dict[str, Known]:
    return {name: Known(group=name) for name in names}


def test_groups_differ_once_they_are_known_and_lean_on_all_before() -> None:
    row = [(Known(group="simple"), 5_000), (Known(group="complex"), 50_000)] * 8
    made = intervals(row, kinds("simple", "complex", "tiny"))
    assert made["simple"].p50 < made["tiny"].p50 < made["complex"].p50
    assert made["simple"].learnt_from == 16
    assert intervals([], kinds("simple")) == {}


def test_groups_that_do_not_differ_lend_each_other_their_experience() -> None:
    """A kind seen once, among many tasks that all use the same: its one odd task does not make the estimate."""
    row = [(Known(group=f"g{number % 4}"), 10_000 + 400 * (number % 5)) for number in range(40)]
    made = intervals([*row, (Known(group="new"), 20_000)], kinds("new", "g0"))
    assert made["new"].p50 < 1.35 * made["g0"].p50


def test_a_task_without_a_fact_is_told_from_the_history_alone() -> None:
    caster = Forecaster()
    for known, used in seen(60, 3):
        caster.learn(known, used)
    without, small, large = (caster.forecast(Known(group="simple", prompt=prompt)) for prompt in (None, 500, 50_000))
    assert without is not None
    assert small is not None
    assert large is not None
    assert small.p50 < without.p50 < large.p50
    assert small.p90 < large.p10


def test_coverage_is_steered_into_its_band_when_the_spread_grows() -> None:
    """Three times the spread from task 60 on: the p90 moves out until nine in ten lie under it again."""
    chance = random.Random(11)
    row = [(Known(), round(math.exp(10 + chance.gauss(0, 0.2 if number < 60 else 0.6)))) for number in range(260)]
    made = replay(row)
    assert 0.85 <= score(made[100:]).covered <= 0.95
    assert 0.85 <= score(made).covered <= 0.95


def test_the_constants_are_no_secret_of_one_stream() -> None:
    """Half and double of each: the loss stays within a twentieth."""
    row = seen(120, 21)
    usual = score(replay(row))
    for changed in (Tuning(ridge=0.4), Tuning(rate=1.5), Tuning(rate=6.0), Tuning(steer=1.2), Tuning(shape_prior=12.0)):
        made = score(replay(row, changed))
        assert made.p50_loss == pytest.approx(usual.p50_loss, rel=0.05)
        assert made.p90_loss == pytest.approx(usual.p90_loss, rel=0.1)


def test_what_hindsight_knows_is_at_least_as_good_as_one_level() -> None:
    row = [("a", 10), ("b", 100), ("a", 12), ("b", 110), ("a", 11)]
    assert hindsight(row, 0.5) < hindsight([("", used) for _, used in row], 0.5)
    assert hindsight([("a", 7), ("a", 7)], 0.9) == 0.0


@settings(max_examples=30, deadline=None)
@given(st.lists(st.integers(100, 10**6), min_size=3, max_size=15), st.integers(2, 50))
def test_more_use_never_makes_a_smaller_estimate(row: list[int], times: int) -> None:
    """All tasks that many times as large: every level is larger too, in about that proportion."""

    def levels(used: list[int]) -> tuple[int, int, int, int]:
        made = intervals([(Known(), each) for each in used], {"next": Known()})["next"]
        return made.p10, made.p50, made.likely, made.p90

    for small, large in zip(levels(row), levels([each * times for each in row]), strict=True):
        assert large >= small
        assert large == pytest.approx(times * small, rel=0.02, abs=times)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.integers(0, 10**9), min_size=1, max_size=12))
def test_any_row_gives_an_ordered_interval(row: list[int]) -> None:
    caster = Forecaster()
    assert caster.forecast(Known()) is None
    for used in row:
        caster.learn(Known(), used)
    made = caster.forecast(Known())
    assert made is not None
    assert 0 <= made.p10 <= made.p50 <= made.p90
    assert made.likely >= 0
