"""Before the first task: under a money cap every model that may be asked has a price (I4)."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from orchestrator.adapters.models.anthropic_llm import AnthropicLlm
from orchestrator.agents.catalog import load_catalog
from orchestrator.agents.staff import Staff, hired
from orchestrator.domain.errors import ModelError, UsageError
from orchestrator.domain.task import Task
from orchestrator.settings.load import load_settings
from orchestrator.wiring_models import check_models, check_prices, prices_of
from tests.fakes.llm import ScriptedLlm

NOW = datetime(2026, 11, 21, tzinfo=UTC)
UNPRICED = "models.roles.executor={provider: local, model: my-own-7b}"


def checked(*sets: str) -> None:
    settings = load_settings(environment={}, sets=sets).settings
    check_prices(Staff(load_catalog(), settings.models), settings, prices_of(settings.models), NOW)


def test_an_unknown_price_with_a_money_cap_is_refused_with_its_mend() -> None:
    with pytest.raises(UsageError, match=r"the price of my-own-7b \(local\) is not known") as caught:
        checked(UNPRICED)
    assert caught.value.slug == "unknown-price"
    assert "models.prices.my-own-7b: {input: USD, output: USD}" in caught.value.hint
    assert "--max-cost none" in caught.value.hint


def test_with_a_price_or_without_that_cap_it_is_let_through() -> None:
    checked()
    checked(UNPRICED, "models.prices.my-own-7b={input: 0, output: 0}")
    checked(UNPRICED, "caps.max_cost_usd=null")


def test_a_key_that_only_helpers_need_is_asked_for_with_the_way_to_do_without() -> None:
    local = "{provider: local, model: own}"
    sets = [f"models.roles.{role}={local}" for role in ("architect", "executor", "reviewer")]
    staff = hired(load_settings(environment={}, sets=sets).settings, [Task(id="a", title="New report")])
    assert staff.asked_at("anthropic") == ("security_auditor",)
    with pytest.raises(ModelError) as caught:
        check_models(staff, {"anthropic": AnthropicLlm(api_key=None), "local": ScriptedLlm([])})
    assert "ANTHROPIC_API_KEY" in caught.value.hint
    assert caught.value.hint.endswith("or leave out whom it is for: agents.join.security_auditor: never")
