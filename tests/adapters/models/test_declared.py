"""A schema of the answer and the provider's own search, as each protocol wants them declared, counted and charged."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

from orchestrator.adapters.models import anthropic_turns, google_turns, openai_turns
from orchestrator.adapters.models.google_llm import _config
from orchestrator.adapters.models.prices import PriceList
from orchestrator.agents.schemas import FINDINGS
from orchestrator.domain.call import CallKey, Message, Request, Speaker, Usage
from orchestrator.domain.task import Phase
from orchestrator.ledger.purse import input_bound
from orchestrator.settings import Price

PLAIN = Request(
    key=CallKey("t", Phase.DELIVER, "security_auditor"),
    provider="p",
    model="m",
    system="Look.",
    messages=(Message(speaker=Speaker.USER, text="Here."),),
    max_output_tokens=100,
    effort="low",
)
STRUCTURED = replace(PLAIN, schema=FINDINGS)
SEARCHING = replace(PLAIN, searches=3, search_tokens=30_000)


def test_anthropic_takes_the_schema_beside_the_effort_and_never_a_forced_tool() -> None:
    body = anthropic_turns.body(STRUCTURED)
    assert body["output_config"] == {"effort": "low", "format": {"type": "json_schema", "schema": dict(FINDINGS)}}
    assert "tool_choice" not in body
    assert "tools" not in body
    assert anthropic_turns.body(PLAIN)["output_config"] == {"effort": "low"}
    assert "output_config" not in anthropic_turns.body(replace(PLAIN, effort=None))


def test_anthropic_searches_as_often_as_is_allowed_and_counts_it() -> None:
    (tool,) = anthropic_turns.body(SEARCHING)["tools"]
    assert (tool["name"], tool["max_uses"]) == ("web_search", 3)
    used = anthropic_turns.usage(
        {"input_tokens": 9, "output_tokens": 1, "server_tool_use": {"web_search_requests": 2, "web_fetch_requests": 0}}
    )
    assert used == Usage(input_tokens=9, output_tokens=1, searches=2)


def test_google_takes_both() -> None:
    config = _config(STRUCTURED)
    assert (config.response_mime_type, config.response_json_schema) == ("application/json", dict(FINDINGS))
    assert config.tools is None
    searching = _config(SEARCHING)
    assert searching.response_mime_type is None
    (tool,) = searching.tools or []
    assert getattr(tool, "google_search", None) is not None
    raw = {
        "candidates": [{"finishReason": "STOP", "groundingMetadata": {"webSearchQueries": ["a", "b"]}}],
        "usageMetadata": {"promptTokenCount": 5},
    }
    assert google_turns.answer(raw, SEARCHING, 0.0).usage == Usage(input_tokens=5, searches=2)


def test_the_openai_protocol_takes_the_schema() -> None:
    body = openai_turns.body(STRUCTURED, cap_name="max_tokens")
    assert body["response_format"]["json_schema"]["schema"] == dict(FINDINGS)
    assert "response_format" not in openai_turns.body(PLAIN, cap_name="max_tokens")


def test_the_worst_case_holds_the_schema_and_what_searches_may_bring() -> None:
    assert input_bound(STRUCTURED) > input_bound(PLAIN) + 400
    assert input_bound(SEARCHING) >= input_bound(PLAIN) + 30_000


def test_a_search_costs_its_fee_beside_the_tokens_and_nothing_is_known_without_a_price() -> None:
    prices = PriceList({"m": Price(input=Decimal(1), output=Decimal(1))}, per_search=Decimal("0.01"), listed={})
    at = datetime(2026, 11, 21, tzinfo=UTC)
    used = Usage(input_tokens=1_000_000, searches=3)
    assert prices.cost(provider="p", model="m", usage=used, at=at) == Decimal("1.03")
    assert prices.cost(provider="p", model="other", usage=used, at=at) is None
