"""What a batch is expected to take, and what will not fit."""

from __future__ import annotations

from decimal import Decimal

import pytest

from orchestrator.domain.call import Usage
from orchestrator.domain.task import Complexity, Phase, Task
from orchestrator.policy.outlook import Outlook, outlook, split
from orchestrator.settings import Caps, Settings
from orchestrator.settings.load import load_settings

STAFFED = frozenset(Phase) - {Phase.DEFINE}


@pytest.fixture(scope="module")
def settings() -> Settings:
    return load_settings(environment={}).settings


def tokens_as_dollars(phase: Phase, usage: Usage, calls: int) -> Decimal | None:
    return Decimal(usage.total) / 1_000_000


def capped(settings: Settings, tokens: int | None, cost: str | None) -> Outlook:
    caps = Caps(max_tokens=tokens, max_cost_usd=Decimal(cost) if cost else None)
    tasks = [Task(id=f"t{n}", title="t") for n in range(4)]
    return outlook(tasks, settings.model_copy(update={"caps": caps}), STAFFED, tokens_as_dollars)


def test_the_caps_leave_room_for_the_first_tasks_only(settings: Settings) -> None:
    one = capped(settings, None, None).tasks[0].expected
    assert capped(settings, None, None).beyond_high == ()
    assert capped(settings, one.likely.tokens * 2, None).beyond_likely == ("t2", "t3")
    assert capped(settings, one.likely.tokens * 2 - 1, None).beyond_likely == ("t1", "t2", "t3")
    by_cost = capped(settings, None, str(one.high.cost_usd * 3))
    assert by_cost.beyond_high == ("t3",)
    assert by_cost.beyond_likely == ()


def test_totals_are_the_sums(settings: Settings) -> None:
    found = capped(settings, None, None)
    assert found.total.likely.tokens == sum(one.expected.likely.tokens for one in found.tasks)
    assert found.total.high.cost_usd == sum(one.expected.high.cost_usd or 0 for one in found.tasks)


def test_a_complex_task_has_seven_iterations_and_a_larger_budget(settings: Settings) -> None:
    tasks = [Task(id="a", title="t", complexity=Complexity.COMPLEX), Task(id="b", title="fix a typo")]
    hard, tiny = outlook(tasks, settings, STAFFED, tokens_as_dollars).tasks
    assert (hard.iteration_limit, tiny.iteration_limit) == (7, 3)
    assert hard.budget.tokens == pytest.approx(3 * tiny.budget.tokens, abs=10)


def test_a_split_follows_the_acceptance_then_the_files() -> None:
    by_acceptance = Task(id="a", title="t", acceptance=("one", "two", "three"), files=("x", "y"))
    assert split(by_acceptance, 2) == "split it by acceptance into a chain: a-1: one, two; a-2: three"
    assert split(Task(id="a", title="t", files=("x", "y")), 2).startswith("split it by files into a chain: a-1: x; a-2")
    assert split(Task(id="a", title="t"), 3).startswith("split it into a chain of 3")
