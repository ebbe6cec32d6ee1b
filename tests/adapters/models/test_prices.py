"""Prices by date, by length of the prompt, by the user's own table; unknown is not zero."""

from __future__ import annotations

import socket
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from orchestrator.adapters.models.prices import PriceList
from orchestrator.domain.call import Usage
from orchestrator.settings import Price

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
MILLION = Usage(input_tokens=1_000_000, output_tokens=1_000_000)


def cost(model: str, usage: Usage = MILLION, *, provider: str = "google", at: datetime = NOW) -> Decimal | None:
    return PriceList().cost(provider=provider, model=model, usage=usage, at=at)


@pytest.mark.parametrize(
    ("at", "dollars"),
    [
        (datetime(2026, 11, 30, 12, tzinfo=UTC), "12"),
        (datetime(2026, 12, 1, 12, tzinfo=UTC), "24"),
    ],
)
def test_argon_doubles_in_december(at: datetime, dollars: str) -> None:
    assert cost("gemini-4-argon", at=at) == Decimal(dollars)
    assert cost("models/gemini-4-argon", at=at) == Decimal(dollars)


def test_cached_and_written_tokens_have_their_own_prices() -> None:
    usage = Usage(input_tokens=1_000_000, output_tokens=0, cached_tokens=600_000, cache_write_tokens=300_000)
    # opus 5.5: 4 in, 0.20 read, 5 written, by the million
    assert cost("claude-opus-5-5", usage, provider="anthropic") == Decimal("0.4") + Decimal("0.12") + Decimal("1.5")


def test_a_long_prompt_is_rated_as_a_whole() -> None:
    short = cost("claude-haiku-5-5", Usage(input_tokens=100_000, output_tokens=0), provider="anthropic")
    long = cost("claude-haiku-5-5", Usage(input_tokens=200_000, output_tokens=0), provider="anthropic")
    assert (short, long) == (Decimal("0.01"), Decimal("0.1"))


def test_unknown_is_none() -> None:
    assert cost("gemini-99-xenon") is None
    assert cost("qwen3-coder", provider="openai") is None
    assert cost("claude-opus-5-5", provider="local") is None  # whatever a local server calls its model


def test_the_users_prices_win() -> None:
    prices = PriceList({"gemini-4-argon": Price(input=Decimal(1), output=Decimal(2), cache_read=Decimal("0.5"))})
    usage = Usage(input_tokens=1_000_000, output_tokens=500_000, cached_tokens=400_000, cache_write_tokens=100_000)
    # 0.5 M plain + 0.1 M written at input's price, 0.4 M read, 0.5 M output
    assert prices.cost(provider="google", model="gemini-4-argon", usage=usage, at=NOW) == Decimal("1.8")
    free = PriceList({"local": Price(input=Decimal(0), output=Decimal(0))})
    assert free.cost(provider="openai", model="local", usage=MILLION, at=NOW) == 0


def test_a_command_has_a_price_a_call() -> None:
    prices = PriceList(per_call={"my-cli": Decimal("0.25")})
    assert prices.cost(provider="my-cli", model="any", usage=MILLION, at=NOW) == Decimal("0.25")
    assert prices.cost(provider="other-cli", model="any", usage=MILLION, at=NOW) is None


def test_nothing_is_fetched(monkeypatch: pytest.MonkeyPatch) -> None:
    def never(*_: object, **__: object) -> None:
        raise AssertionError("the price list went to the network")

    monkeypatch.setattr(socket, "create_connection", never)
    monkeypatch.setattr(socket.socket, "connect", never)
    assert cost("gemini-4-argon") is not None
