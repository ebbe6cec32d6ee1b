"""Before the first task: under a money cap every model that may be asked has a price (I4)."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from orchestrator.adapters.models.anthropic_llm import AnthropicLlm
from orchestrator.agents.catalog import load_catalog
from orchestrator.agents.staff import Staff, hired
from orchestrator.domain.call import Usage
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


def test_coding_clis_are_held_and_charged_by_what_is_known_of_them() -> None:
    """Claude Code by its own bound, Codex by the price list; else what is given."""
    million = Usage(input_tokens=1_000_000)
    prices = prices_of(load_settings(environment={}).settings.models)
    assert prices.cost(provider="claude-code", model="claude-sonnet-5-5", usage=million, at=NOW) == 2
    small = Usage(input_tokens=10_000, output_tokens=1_000)
    # USD 0.10 and 0.50 by the million
    assert prices.cost(provider="codex", model="gpt-6-luna", usage=small, at=NOW) == Decimal("0.0015")
    checked("models.roles.executor.provider=claude-code")
    checked("models.roles.executor.provider=codex")
    for change in ("tokens_per_call=0", "output=text", 'tiers={"2": my-own-7b}'):
        with pytest.raises(UsageError, match=r"\(codex\) is not known") as caught:
            checked("models.roles.executor.provider=codex", f"models.providers.codex.{change}")
        assert "models.providers.codex.cost_per_call: USD" in caught.value.hint


def test_a_key_that_only_helpers_need_is_asked_for_with_the_way_to_do_without() -> None:
    local = "{provider: local, model: own}"
    sets = [f"models.roles.{role}={local}" for role in ("architect", "executor", "reviewer")]
    staff = hired(load_settings(environment={}, sets=sets).settings, [Task(id="a", title="New report")])
    assert staff.asked_at("anthropic") == ("security_auditor",)
    with pytest.raises(ModelError) as caught:
        check_models(staff, {"anthropic": AnthropicLlm(api_key=None), "local": ScriptedLlm([])})
    assert "ANTHROPIC_API_KEY" in caught.value.hint
    assert caught.value.hint.endswith("or leave out whom it is for: agents.join.security_auditor: never")
