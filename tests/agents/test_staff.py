"""Who does a role, on which model, after how many climbs."""

from __future__ import annotations

from dataclasses import replace

import pytest

from orchestrator.domain.errors import UsageError
from orchestrator.domain.task import Phase
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
        ("local_researcher", 0, "haiku", 1),
        ("local_researcher", 1, "sonnet", 2),
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
    assert (crew.top_climb("executor"), crew.top_climb("architect"), staff().top_climb("local_researcher")) == (1, 0, 2)


def test_on_a_simple_task_agents_begin_low_and_climb_to_their_own_tier_and_beyond() -> None:
    low = staff().begin(low=True)
    assert [low.assign("executor", climb).model for climb in range(3)] == ["lite", "flash", "argon"]
    assert (low.top_climb("executor"), low.low_climbs("executor"), staff().low_climbs("executor")) == (2, 1, 0)
    assert [low.assign(role).model for role in ("architect", "security_auditor", "test_master")] == [
        "opus",
        "opus",
        "haiku",
    ]
    named = staff(executor=Role(tier=2)).begin(low=True)
    assert (named.assign("executor").model, named.low_climbs("executor")) == ("flash", 0)
    without = staff(executor=Role(provider="local")).begin(low=True)
    assert (without.assign("executor").model, without.low_climbs("executor")) == ("qwen", 0)


def test_the_final_review_is_answered_by_the_architects_model_unless_the_user_says_otherwise() -> None:
    review = staff(architect=Role(model="claude-exact")).assign("reviewer")
    assert (review.role, review.model, review.phase, review.max_output_tokens) == (
        "reviewer",
        "claude-exact",
        Phase.DELIVER,
        4000,
    )
    assert staff(reviewer=Role(tier=1)).assign("reviewer").model == "haiku"
    assert staff(reviewer=Role(effort="high")).assign("reviewer").effort == "high"
    assert staff(reviewer=Role(effort="high")).assign("reviewer").model == "opus"


def test_who_is_never_asked_needs_no_model() -> None:
    few = replace(staff(), asked=frozenset({"architect", "executor"}))
    assert few.models_by_provider() == {"anthropic": ("opus",), "google": ("argon", "flash", "lite")}


def test_the_models_to_check_before_the_first_task() -> None:
    assert staff().models_by_provider() == {
        "anthropic": ("haiku", "opus", "sonnet"),
        "google": ("argon", "flash", "lite"),
    }


@pytest.mark.parametrize(
    ("override", "hint"), [(Role(provider="nobody"), "models.providers.nobody"), (Role(provider="command"), "tiers")]
)
def test_what_is_not_set_says_how_to_set_it(override: Role, hint: str) -> None:
    with pytest.raises(UsageError) as error:
        staff(executor=override).assign("executor")
    assert hint in error.value.hint
    with pytest.raises(UsageError, match="no agent"):
        staff().assign("poet")
