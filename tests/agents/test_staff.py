"""Who does a role, on which model, after how many climbs."""

from __future__ import annotations

import pytest

from orchestrator.domain.errors import UsageError
from orchestrator.settings import Role
from tests.agents.material import staff


@pytest.mark.parametrize(
    ("role", "climb", "model", "tier"),
    [
        ("architect", 0, "opus", 3),
        ("architect", 2, "opus", 3),
        ("executor", 0, "flash", 2),
        ("executor", 1, "argon", 3),
        ("executor", 5, "argon", 3),
        ("researcher", 0, "haiku", 1),
        ("researcher", 1, "sonnet", 2),
    ],
)
def test_tiers_and_climbing(role: str, climb: int, model: str, tier: int) -> None:
    assignment = staff().assign(role, climb)
    assert (assignment.model, assignment.tier) == (model, tier)


def test_overrides() -> None:
    crew = staff(
        executor=Role(provider="anthropic", tier=2, effort="high", max_output_tokens=99),
        architect=Role(model="claude-exact"),
        reviewer=Role(provider="local"),
    )
    executor = crew.assign("executor")
    assert (executor.provider, executor.model, executor.effort, executor.max_output_tokens) == (
        "anthropic",
        "sonnet",
        "high",
        99,
    )
    assert crew.assign("executor", 1).model == "opus"
    assert crew.assign("architect", 1).model == "claude-exact"
    assert crew.assign("reviewer").model == "qwen"  # the only tier there is
    assert (crew.top_climb("executor"), crew.top_climb("architect"), staff().top_climb("researcher")) == (1, 0, 2)


def test_the_models_to_check_before_the_first_task() -> None:
    assert staff().models_by_provider() == {"anthropic": ("haiku", "opus", "sonnet"), "google": ("argon", "flash")}


@pytest.mark.parametrize(
    ("override", "hint"), [(Role(provider="nobody"), "models.providers.nobody"), (Role(provider="command"), "tiers")]
)
def test_what_is_not_set_says_how_to_set_it(override: Role, hint: str) -> None:
    with pytest.raises(UsageError) as error:
        staff(executor=override).assign("executor")
    assert hint in error.value.hint
    with pytest.raises(UsageError, match="no agent"):
        staff().assign("poet")
