"""A provider that is away, through the real SDKs: what trips it, what is journaled, when it is asked again, in a resume
too. The clock is the tests' own: hours pass without a second's wait.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from orchestrator.domain.call import Charge, FinishReason, Request
from orchestrator.domain.errors import ExitCode, ModelError, ModelFault, ProviderAwayError
from orchestrator.ledger.breaker import Breaker
from orchestrator.ledger.calls import CallDesk
from orchestrator.ledger.charges import close_open_intents, total_charge
from orchestrator.ledger.journal import Journal
from orchestrator.ledger.purse import Purse
from orchestrator.ports import Llm
from orchestrator.settings import CallDeadlines, Caps, Models, Provider, Retries
from tests.adapters.models.common import request, served
from tests.fakes.clock import FakeClock
from tests.fakes.llm import FlatPrices
from tests.fakes.loopback import Fault, Kind, Loopback, Reply, SeenRequest, status

BOTH = ("anthropic", "google")
MODELS = Models(
    providers={name: Provider(adapter="anthropic") for name in BOTH},
    deadlines=CallDeadlines(first_byte_s=20, idle_s=20, total_s=20),
    retries=Retries(waits_s=(2, 4, 8), retry_after_cap_s=300),
)
LONG_LIMIT = status(429, headers={"retry-after": "3600"})
SPENT_DAY = status(
    429, details=({"violations": [{"quotaId": "GenerateRequestsPerDayPerProjectPerModel", "quotaValue": "50"}]},)
)
NO_CREDIT = status(400, message="Your credit balance is too low to access the API.")


class Shop:
    """A desk over real adapters; ``again``: another process goes on with the folder."""

    def __init__(
        self,
        folder: Path,
        llms: Mapping[str, Llm],
        clock: FakeClock,
        *,
        again: bool = False,
        ask_now: bool = False,
    ) -> None:
        path = folder / "journal.jsonl"
        self.clock = clock
        self.journal = Journal.reopen(path, clock) if again else Journal.create(path, clock)
        close_open_intents(self.journal, folder / "calls")
        self.breaker = Breaker(self.journal, clock, MODELS.outages, ask_now=ask_now)
        self.purse = Purse(Caps(), total_charge(self.journal.entries))
        self.desk = CallDesk(
            journal=self.journal,
            folder=folder / "calls",
            llms=llms,
            prices=FlatPrices(),
            purse=self.purse,
            models=MODELS,
            clock=clock,
            breaker=self.breaker,
        )

    def of(self, kind: str) -> list[dict[str, Any]]:
        return [dict(entry) for entry in self.journal.of_type(kind)]


def turn(provider: str, number: int = 1) -> Request:
    asked = request(provider)
    return replace(asked, key=replace(asked.key, task=f"t-{provider}", turn=number))


class Wire:
    """What each provider's server says; changed while a test goes on."""

    def __init__(self) -> None:
        self.say: Reply | Callable[[SeenRequest], Reply] = Reply(text="done")

    def __call__(self, seen: SeenRequest) -> Reply:
        return self.say(seen) if callable(self.say) else self.say


@pytest.mark.parametrize("provider", BOTH)
def test_a_long_limit_is_not_waited_out_by_the_call(provider: str, tmp_path: Path) -> None:
    """Row 16: one request, no sleep, nothing charged; until its end nothing more is sent; then it goes on."""
    wire, clock = Wire(), FakeClock()
    wire.say = Reply(fault=LONG_LIMIT)
    with served(provider, wire) as (llm, server):
        shop = Shop(tmp_path, {provider: llm}, clock)
        until = clock.now() + timedelta(hours=1)
        for _ in range(3):
            with pytest.raises(ProviderAwayError) as caught:
                shop.desk.ask(turn(provider))
            assert caught.value.back_at == until
        assert (server.count, clock.slept) == (1, [])
        [away] = shop.of("provider:away")
        assert (away["provider"], away["fault"], away["resume_at"]) == (provider, "rate_limit", until.isoformat())
        assert shop.purse.spent == Charge()
        wire.say = Reply(text="at last")
        clock.pass_time(3599)
        with pytest.raises(ProviderAwayError):
            shop.desk.ask(turn(provider))
        clock.pass_time(1)
        assert shop.desk.ask(turn(provider)).text == "at last"
        assert server.count == 2
    assert [entry["provider"] for entry in shop.of("provider:back")] == [provider]
    assert [entry["attempt"] for entry in shop.of("call:intent")] == [1, 2]


@pytest.mark.parametrize("provider", BOTH)
@pytest.mark.parametrize("headers", [{}, {"retry-after": "7"}])
def test_a_short_limit_is_waited_out_by_the_call(provider: str, headers: dict[str, str], tmp_path: Path) -> None:
    """Row 16: with a short Retry-After, and without one."""
    clock = FakeClock()
    replies = iter([Reply(fault=status(429, headers=headers)), Reply(text="done")])
    with served(provider, lambda _: next(replies)) as (llm, _):
        shop = Shop(tmp_path, {provider: llm}, clock)
        assert shop.desk.ask(turn(provider)).text == "done"
    assert clock.slept == [7.0 if headers else 2]
    assert shop.of("provider:away") == []


@pytest.mark.parametrize("provider", BOTH)
@pytest.mark.parametrize("code", [503, 529])
def test_an_outage_of_hours_is_looked_at_ever_more_seldom(provider: str, code: int, tmp_path: Path) -> None:
    """Row 17: four requests as L10 says, then one after 5, 10, 20, 30, 30 minutes."""
    wire, clock = Wire(), FakeClock()
    wire.say = Reply(fault=status(code))
    with served(provider, wire) as (llm, server):
        shop = Shop(tmp_path, {provider: llm}, clock)
        waits = []
        for looked in range(5):
            with pytest.raises(ProviderAwayError) as caught:
                shop.desk.ask(turn(provider))
            assert server.count == 4 + looked
            assert caught.value.back_at is not None
            waits.append((caught.value.back_at - clock.now()).total_seconds() / 60)
            clock.pass_time(waits[-1] * 60)
        assert waits == [5, 10, 20, 30, 30]
        assert clock.slept == [2, 4, 8]
        wire.say = Reply(text="up again")
        assert shop.desk.ask(turn(provider)).text == "up again"
        wire.say = Reply(fault=status(code))
        with pytest.raises(ProviderAwayError):
            shop.desk.ask(turn(provider, 2))
        assert server.count == 9 + 4, "after an answer, four attempts again"
    assert shop.purse.spent.usage.total == 150, "refusals cost nothing"


def test_a_spent_day_ends_at_midnight_where_the_provider_counts_its_days(tmp_path: Path) -> None:
    """02:36 UTC is 18:36 the day before in California, whose midnight is 08:00 UTC."""
    clock = FakeClock()
    with served("google", Reply(fault=SPENT_DAY)) as (llm, server):
        shop = Shop(tmp_path, {"google": llm}, clock)
        with pytest.raises(ProviderAwayError) as caught:
            shop.desk.ask(turn("google"))
        assert server.count == 1
    assert caught.value.back_at is not None
    assert caught.value.back_at.astimezone().utctimetuple()[3:5] in {(8, 0), (7, 0)}
    assert caught.value.exit_code is ExitCode.PAUSED


def test_a_quota_without_a_date_is_its_owners_to_raise(tmp_path: Path) -> None:
    clock = FakeClock()
    with served("anthropic", Reply(fault=NO_CREDIT)) as (llm, server):
        shop = Shop(tmp_path, {"anthropic": llm}, clock)
        with pytest.raises(ProviderAwayError):
            shop.desk.ask(turn("anthropic"))
        clock.pass_time(86_400)
        with pytest.raises(ProviderAwayError) as caught:
            shop.desk.ask(turn("anthropic"))
        assert server.count == 1
        assert (caught.value.back_at, caught.value.exit_code) == (None, ExitCode.PROVIDER)
        assert "spend limit" in caught.value.hint
        resumed = Shop(tmp_path, {"anthropic": llm}, clock, again=True)
        server.reset(lambda _: Reply(text="paid"))
        assert resumed.desk.ask(turn("anthropic")).text == "paid", "who resumes has seen to it"


@pytest.mark.parametrize("provider", BOTH)
def test_what_only_needs_the_other_provider_goes_on(provider: str, tmp_path: Path) -> None:
    other = "google" if provider == "anthropic" else "anthropic"
    with served(provider, Reply(fault=LONG_LIMIT)) as (away, _), Loopback(lambda _: Reply(text="here")) as server:
        from tests.adapters.models.common import adapter

        llm = adapter(other, server)
        shop = Shop(tmp_path, {provider: away, other: llm}, FakeClock())
        with pytest.raises(ProviderAwayError):
            shop.desk.ask(turn(provider))
        assert shop.desk.ask(turn(other)).text == "here"
        llm.close()


@pytest.mark.parametrize("provider", BOTH)
def test_a_resume_waits_the_rest(provider: str, tmp_path: Path) -> None:
    wire, clock = Wire(), FakeClock()
    wire.say = Reply(fault=LONG_LIMIT)
    with served(provider, wire) as (llm, server):
        first = Shop(tmp_path, {provider: llm}, clock)
        with pytest.raises(ProviderAwayError):
            first.desk.ask(turn(provider))
        until = clock.now() + timedelta(hours=1)
        wire.say = Reply(text="done")
        clock.pass_time(600)
        second = Shop(tmp_path, {provider: llm}, clock, again=True)
        with pytest.raises(ProviderAwayError) as caught:
            second.desk.ask(turn(provider))
        assert (caught.value.back_at, server.count) == (until, 1)
        found = second.breaker.away(provider)
        assert found is not None
        assert found.left_s(clock) == 3000
        clock.pass_time(3000)
        assert second.desk.ask(turn(provider)).text == "done"
        third = Shop(tmp_path, {provider: llm}, clock, again=True)
        assert third.breaker.away(provider) is None


def test_who_resumes_may_ask_at_once(tmp_path: Path) -> None:
    wire, clock = Wire(), FakeClock()
    wire.say = Reply(fault=LONG_LIMIT)
    with served("google", wire) as (llm, server):
        for asked, ask_now in enumerate((False, True, True), 1):
            shop = Shop(tmp_path, {"google": llm}, clock, again=asked > 1, ask_now=ask_now)
            for _ in range(2):
                with pytest.raises(ProviderAwayError):
                    shop.desk.ask(turn("google"))
            assert server.count == asked, "once each time"
        wire.say = Reply(text="raised")
        shop = Shop(tmp_path, {"google": llm}, clock, again=True, ask_now=True)
        assert shop.desk.ask(turn("google")).text == "raised"
    assert [entry["type"] for entry in shop.journal.entries][-1] == "provider:back"


@pytest.mark.parametrize("back_s", [-7200, 7200])
def test_a_clock_that_is_put_back_or_on_makes_no_wait_longer(back_s: float, tmp_path: Path) -> None:
    """Row 63. Put on, the wait ends at once: one request too early is refused, and told so."""
    clock = FakeClock()
    with served("anthropic", Reply(fault=LONG_LIMIT)) as (llm, _):
        shop = Shop(tmp_path, {"anthropic": llm}, clock)
        with pytest.raises(ProviderAwayError):
            shop.desk.ask(turn("anthropic"))
    found = shop.breaker.away("anthropic")
    assert found is not None
    clock.set_wall(back_s)
    assert found.left_s(clock) == (3600 if back_s < 0 else 0)
    clock.pass_time(3600)
    assert found.is_due(clock)


def test_a_call_that_never_heals_while_others_do_fails_alone(tmp_path: Path) -> None:
    def script(seen: SeenRequest) -> Reply:
        return Reply(fault=Fault(kind=Kind.NO_FINAL)) if seen.call_id.endswith(".1") else Reply(text="done")

    clock = FakeClock()
    with served("anthropic", script) as (llm, _):
        shop = Shop(tmp_path, {"anthropic": llm}, clock)
        for other in (2, 3):
            with pytest.raises(ProviderAwayError):
                shop.desk.ask(turn("anthropic", 1))
            clock.pass_time(1800)
            shop.desk.ask(turn("anthropic", other))
        with pytest.raises(ModelError) as caught:
            shop.desk.ask(turn("anthropic", 1))
        assert caught.value.fault is ModelFault.INCOMPLETE
        assert shop.breaker.away("anthropic") is None, "the provider is not to blame"


def test_an_answer_that_says_the_account_is_limited_is_not_kept(tmp_path: Path) -> None:
    replies = iter([Reply(text="", word="PUP_LIMITED_DISABLED", reason=FinishReason.LIMITED), Reply(text="done")])
    with served("google", lambda _: next(replies)) as (llm, _):
        shop = Shop(tmp_path, {"google": llm}, FakeClock())
        with pytest.raises(ProviderAwayError, match="limits this account"):
            shop.desk.ask(turn("google"))
        assert shop.of("call:answer") == []
        resumed = Shop(tmp_path, {"google": llm}, FakeClock(), again=True)
        assert resumed.desk.ask(turn("google")).text == "done"


@pytest.mark.parametrize("provider", BOTH)
@pytest.mark.parametrize("code", [401, 403, 404])
def test_a_refused_key_or_model_is_one_error_and_no_outage(provider: str, code: int, tmp_path: Path) -> None:
    """Row 18."""
    with served(provider, Reply(fault=status(code))) as (llm, server):
        shop = Shop(tmp_path, {provider: llm}, FakeClock())
        with pytest.raises(ModelError) as caught:
            shop.desk.ask(turn(provider))
        assert server.count == 1
    assert caught.value.exit_code is ExitCode.PROVIDER
    assert shop.of("provider:away") == []
