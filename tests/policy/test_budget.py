"""B1-B4, R9: limits, breach states, stop-loss and pause advice, on the shipped configuration."""

from __future__ import annotations

import time
from decimal import Decimal
from math import ceil

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.domain.outcome import BudgetStatus
from orchestrator.domain.task import Complexity, Importance, Phase
from orchestrator.policy import budget as policy
from orchestrator.settings import Budgets
from orchestrator.settings.load import load_settings


@pytest.fixture(scope="module")
def budgets() -> Budgets:
    return load_settings(environment={}).settings.budgets


@pytest.mark.parametrize(
    ("base", "complexity", "importance", "weight", "expected"),
    [
        (4000, "complex", "critical", 1.5, 18_000),
        (1500, "tiny", "low", 0.6, 315),
        (1500, "simple", "low", 1.0, 840),
    ],
)
def test_the_three_checks_of_b1(
    budgets: Budgets, base: int, complexity: str, importance: str, weight: float, expected: int
) -> None:
    factor, worth = budgets.complexity[Complexity(complexity)], budgets.importance[Importance(importance)]
    assert policy.limit(base, factor, worth, weight) == expected


@given(
    st.integers(1, 10**9),
    st.decimals(Decimal("0.1"), 10, places=3),
    st.decimals(Decimal("0.1"), 10, places=3),
    st.decimals(Decimal("0.1"), 10, places=3),
)
def test_a_limit_is_the_exact_ceiling(base: int, one: Decimal, two: Decimal, three: Decimal) -> None:
    numerator = base * int(one * 1000) * int(two * 1000) * int(three * 1000)
    assert policy.limit(base, float(one), float(two), float(three)) == -(-numerator // 10**9)


def test_overrides_are_absolute_and_say_so(budgets: Budgets) -> None:
    made = policy.task_budget(Complexity.COMPLEX, Importance.CRITICAL, {Phase.BUILD: 12_000}, budgets)
    assert made.phases[Phase.BUILD].tokens == 12_000
    assert made.phases[Phase.BUILD].how == "set by the task"
    assert made.phases[Phase.PLAN].tokens == ceil(24_000 * 1.5 * 2 * 1.5)
    assert made.phases[Phase.PLAN].how == "24000 x 1.5 x 2 x 1.5"
    assert made.tokens == sum(limit.tokens for limit in made.phases.values())


def test_learnt_bases_replace_the_configured_ones(budgets: Budgets) -> None:
    made = policy.task_budget(Complexity.MODERATE, Importance.MEDIUM, {}, budgets, bases={Phase.DISCOVER: 8_001})
    assert made.phases[Phase.DISCOVER].tokens == 8_001
    assert made.phases[Phase.BUILD].tokens == budgets.tokens[Phase.BUILD]


def test_two_iterations_of_a_moderate_task_stay_within(budgets: Budgets) -> None:
    """Decision 32, with the reckoning written in config/phase_budgets.yaml."""
    made = policy.task_budget(Complexity.MODERATE, Importance.MEDIUM, {}, budgets)
    iteration = 5 * 13_000 + 10_000
    use = {
        Phase.DISCOVER: 10_000,
        Phase.PLAN: 2 * 18_000,
        Phase.BUILD: 2 * iteration,
        Phase.DELIVER: 2 * 17_000 + 8_000,
    }
    assert all(
        policy.status(used, made.phases[phase].tokens, 1.5) is BudgetStatus.WITHIN for phase, used in use.items()
    )
    assert policy.stop_loss(use, made, budgets, worst_call=0) is None


@pytest.mark.parametrize(
    ("used", "expected"),
    [(0, "within"), (1000, "within"), (1001, "warning"), (1500, "warning"), (1501, "exceeded")],
)
def test_breach_states_at_their_bounds(used: int, expected: str) -> None:
    assert policy.status(used, 1000, 1.5).value == expected


def test_latency_warns_and_never_stops(budgets: Budgets) -> None:
    made = policy.task_budget(Complexity.SIMPLE, Importance.LOW, {}, budgets)
    use = policy.phase_use(Phase.BUILD, 10, 100_000.0, made, budgets)
    assert use.status is BudgetStatus.EXCEEDED
    assert policy.stop_loss({Phase.BUILD: 10}, made, budgets, worst_call=0) is None


def test_stop_loss_at_its_lines(budgets: Budgets) -> None:
    made = policy.task_budget(Complexity.MODERATE, Importance.MEDIUM, dict.fromkeys(Phase, 1000), budgets)
    assert policy.stop_loss({Phase.BUILD: 1500}, made, budgets, worst_call=0) is None
    stop = policy.stop_loss({Phase.BUILD: 1501}, made, budgets, worst_call=0)
    assert stop is not None
    assert (stop.phase, stop.line, stop.enforced) == (Phase.BUILD, 1500, True)
    assert "1,501" in stop.why
    at_line = dict.fromkeys(Phase, 1200)
    assert policy.stop_loss(at_line, made, budgets, worst_call=0) is None
    over = policy.stop_loss({**at_line, Phase.DEFINE: 1201}, made, budgets, worst_call=0)
    assert over is not None
    assert (over.phase, over.used, over.line) == (None, 6001, 6000)


def test_no_line_lies_below_one_worst_case_call(budgets: Budgets) -> None:
    made = policy.task_budget(Complexity.MODERATE, Importance.MEDIUM, dict.fromkeys(Phase, 10), budgets)
    assert policy.stop_loss({Phase.BUILD: 8000}, made, budgets, worst_call=8000) is None
    assert policy.stop_loss({Phase.BUILD: 8001}, made, budgets, worst_call=8000) is not None


def test_observe_records_and_off_says_nothing(budgets: Budgets) -> None:
    made = policy.task_budget(Complexity.TINY, Importance.LOW, {}, budgets)
    watched = policy.stop_loss({Phase.BUILD: 10**9}, made, budgets.model_copy(update={"mode": "observe"}), worst_call=0)
    assert watched is not None
    assert not watched.enforced
    off = budgets.model_copy(update={"enabled": False})
    assert policy.stop_loss({Phase.BUILD: 10**9}, made, off, worst_call=0) is None


def test_pause_advice_looks_at_one_phase_only() -> None:
    assert policy.pause_advice(30_000, 20_000, 1.5) == ""
    assert "29,999" in policy.pause_advice(29_999, 20_000, 1.5)
    assert policy.pause_advice(-5, 1, 1.5).startswith("0 tokens")


def test_a_calculation_stays_below_ten_milliseconds_a_task(budgets: Budgets) -> None:
    began = time.perf_counter()
    for _ in range(100):
        made = policy.task_budget(Complexity.COMPLEX, Importance.HIGH, {}, budgets)
        policy.stop_loss(dict.fromkeys(Phase, 1), made, budgets, worst_call=0)
    assert (time.perf_counter() - began) / 100 < 0.010


def test_a_phase_is_widened_unless_the_task_set_its_limit() -> None:
    budget = policy.task_budget(
        Complexity.MODERATE, Importance.MEDIUM, {Phase.PLAN: 500}, load_settings(environment={}).settings.budgets
    )
    wider = policy.widened(budget, Phase.DISCOVER, 60_000, "what searches bring")
    before, after = budget.phases[Phase.DISCOVER], wider.phases[Phase.DISCOVER]
    assert after.tokens == before.tokens + 60_000
    assert after.how == f"{before.how}, 60,000 for what searches bring"
    assert policy.widened(budget, Phase.PLAN, 1, "x") == budget
    assert policy.widened(budget, Phase.DISCOVER, 0, "x") == budget
