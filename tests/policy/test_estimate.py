"""What ``plan`` reckons with."""

from __future__ import annotations

from decimal import Decimal

import pytest

from orchestrator.domain.call import Usage
from orchestrator.domain.task import Complexity, Importance, Phase
from orchestrator.policy.budget import task_budget
from orchestrator.policy.estimate import estimate
from orchestrator.settings import Settings
from orchestrator.settings.load import load_settings

STAFFED = frozenset(Phase) - {Phase.DEFINE}


@pytest.fixture(scope="module")
def settings() -> Settings:
    return load_settings(environment={}).settings


def one_cent_a_thousand(phase: Phase, usage: Usage, calls: int) -> Decimal | None:
    return Decimal(usage.total) / 100_000


@pytest.mark.parametrize("complexity", list(Complexity))
@pytest.mark.parametrize("importance", list(Importance))
def test_low_is_below_likely_is_below_high_and_high_within_the_stop_loss(
    settings: Settings, complexity: Complexity, importance: Importance
) -> None:
    budget = task_budget(complexity, importance, {}, settings.budgets)
    limit = settings.loop.iterations.of(complexity)
    made = estimate(budget, limit, settings.budgets, STAFFED, one_cent_a_thousand)
    assert 0 < made.low.tokens < made.likely.tokens < made.high.tokens
    assert made.high.tokens <= budget.tokens * settings.budgets.stop_task_ratio
    assert made.likely.tokens <= budget.tokens
    assert made.high.iterations <= limit
    assert made.low.seconds < made.likely.seconds < made.high.seconds
    assert made.likely.cost_usd == Decimal(made.likely.tokens) / 100_000


def test_one_unknown_price_makes_the_cost_unknown(settings: Settings) -> None:
    budget = task_budget(Complexity.SIMPLE, Importance.MEDIUM, {}, settings.budgets)
    made = estimate(budget, 3, settings.budgets, STAFFED, lambda phase, *_: None if phase is Phase.PLAN else Decimal(1))
    assert made.likely.cost_usd is None


def test_reading_and_writing_are_priced_apart(settings: Settings) -> None:
    budget = task_budget(Complexity.SIMPLE, Importance.MEDIUM, {}, settings.budgets)
    seen: dict[Phase, Usage] = {}

    def note(phase: Phase, usage: Usage, calls: int) -> Decimal:
        seen[phase] = usage
        return Decimal(0)

    estimate(budget, 3, settings.budgets, STAFFED, note)
    plan = seen[Phase.PLAN]
    assert Phase.DEFINE not in seen
    assert plan.output_tokens == pytest.approx(0.45 * plan.total, abs=1)
    assert seen[Phase.BUILD].output_tokens == pytest.approx(0.14 * seen[Phase.BUILD].total, abs=1)
