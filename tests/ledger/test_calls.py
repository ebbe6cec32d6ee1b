"""What the desk promises: order, one purchase an answer, caps that are never passed, honest charges."""

from __future__ import annotations

import json
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from orchestrator.domain.call import Answer, CallKey, Charge, Message, Request, Speaker, ToolCall, ToolResult, Usage
from orchestrator.domain.errors import CapReachedError, JournalError, ModelError, ModelFault, ProviderAwayError
from orchestrator.domain.task import Phase
from orchestrator.ledger.calls import CallDesk
from orchestrator.ledger.charges import close_open_intents, total_charge
from orchestrator.ledger.journal import Journal
from orchestrator.ledger.purse import Purse, WorstCase, input_bound
from orchestrator.logs import close_log, open_log
from orchestrator.settings import CallDeadlines, Caps, Models, Provider, Retries
from tests.fakes.clock import FakeClock
from tests.fakes.llm import FlatPrices, Scripted, ScriptedLlm, answer

MODELS = Models(
    providers={"anthropic": Provider(adapter="anthropic")},
    deadlines=CallDeadlines(first_byte_s=1, idle_s=1, total_s=2),
    retries=Retries(waits_s=(2, 4, 8), retry_after_cap_s=300),
)


def request(turn: int = 1, model: str = "m-1", text: str = "Write it.") -> Request:
    return Request(
        key=CallKey("t1", Phase.BUILD, "executor", 1, turn),
        provider="anthropic",
        model=model,
        system="You write code.",
        messages=(Message(speaker=Speaker.USER, text=text),),
        max_output_tokens=1000,
    )


class Shop:
    """A desk over a scripted model, in a folder."""

    def __init__(self, folder: Path, script: list[Scripted], caps: Caps | None = None, *, again: bool = False) -> None:
        self.clock = FakeClock()
        path = folder / "journal.jsonl"
        self.journal = Journal.reopen(path, self.clock) if again else Journal.create(path, self.clock)
        self.calls = folder / "calls"
        self.lost = close_open_intents(self.journal, self.calls) if again else ()
        self.llm = ScriptedLlm(script)
        self.purse = Purse(caps or Caps(), total_charge(self.journal.entries))
        self.desk = CallDesk(
            journal=self.journal,
            folder=self.calls,
            llms={"anthropic": self.llm},
            prices=FlatPrices(),
            purse=self.purse,
            models=MODELS,
            clock=self.clock,
        )

    def types(self) -> list[str]:
        return [entry["type"] for entry in self.journal.entries]


def fault(kind: ModelFault, *, retry_after_s: float | None = None, billed: bool = False) -> ModelError:
    return ModelError("no", fault=kind, provider="anthropic", retry_after_s=retry_after_s, billed=billed)


def test_the_intent_stands_before_the_request_and_the_answer_on_disk_before_it_is_used(tmp_path: Path) -> None:
    seen: list[list[str]] = []
    shop = Shop(tmp_path, [lambda _: (seen.append(shop.types()), answer("done"))[1]])
    got = shop.desk.ask(request())
    assert seen == [["call:intent"]]
    assert shop.types() == ["call:intent", "call:answer"]
    stored = json.loads((tmp_path / "calls/t1.build.executor.1.1.json").read_bytes())
    assert stored["answer"]["text"] == got.text == "done"
    assert stored["request"]["system"] == "You write code."
    assert shop.purse.spent == Charge(usage=Usage(input_tokens=100, output_tokens=50), cost_usd=Decimal("0.0003"))


def test_more_than_was_held_is_charged_whole_and_said(tmp_path: Path) -> None:
    """A coding command's own turns: what it may use is a setting, what it used is what it says."""
    used = replace(answer("done"), usage=Usage(input_tokens=900_000, output_tokens=50), cost_usd=Decimal("1.75"))
    shop = Shop(tmp_path, [used, used], Caps(max_tokens=1_000_000))
    shop.desk.ask(replace(request(), own_tokens=500_000))
    assert shop.types() == ["call:intent", "call:answer", "note"]
    assert shop.journal.entries[0]["worst_input_tokens"] > 500_000
    assert "900,050 tokens were used, 50" in shop.journal.entries[-1]["text"]
    assert "models.providers.anthropic.tokens_per_call" in shop.journal.entries[-1]["text"]
    assert shop.purse.spent == Charge(usage=Usage(input_tokens=900_000, output_tokens=50), cost_usd=Decimal("1.75"))
    with pytest.raises(CapReachedError):
        shop.desk.ask(replace(request(2), own_tokens=500_000))


def test_an_answer_is_never_bought_twice(tmp_path: Path) -> None:
    shop = Shop(tmp_path, [answer("first")])
    assert shop.desk.ask(request()).text == shop.desk.ask(request()).text == "first"
    resumed = Shop(tmp_path, [], again=True)
    assert resumed.desk.ask(request()).text == "first"
    assert resumed.purse.spent.usage.total == 150


def test_retries_wait_2_4_8_seconds_or_as_asked(tmp_path: Path) -> None:
    script: list[Scripted] = [
        fault(ModelFault.RATE_LIMIT, retry_after_s=11),
        fault(ModelFault.OVERLOADED),
        fault(ModelFault.INCOMPLETE),
        answer("at last"),
    ]
    shop = Shop(tmp_path, script)
    assert shop.desk.ask(request()).text == "at last"
    assert shop.clock.slept == [11, 4, 8]
    assert shop.types().count("call:intent") == len(shop.llm.requests) == 4
    assert shop.types().count("call:retry") == 3


def test_four_requests_at_most(tmp_path: Path) -> None:
    shop = Shop(tmp_path, [fault(ModelFault.SERVER)] * 5)
    with pytest.raises(ProviderAwayError):
        shop.desk.ask(request())
    assert len(shop.llm.requests) == 4


@pytest.mark.parametrize(
    "kind",
    [ModelFault.BAD_REQUEST, ModelFault.AUTHENTICATION, ModelFault.PERMISSION, ModelFault.NOT_FOUND, ModelFault.QUOTA],
)
def test_what_cannot_heal_is_not_tried_again(tmp_path: Path, kind: ModelFault) -> None:
    shop = Shop(tmp_path, [fault(kind)])
    with pytest.raises(ProviderAwayError if kind is ModelFault.QUOTA else ModelError):
        shop.desk.ask(request())
    assert shop.clock.slept == []
    assert shop.purse.spent == Charge()


def test_a_wait_beyond_the_cap_is_not_the_calls(tmp_path: Path) -> None:
    shop = Shop(tmp_path, [fault(ModelFault.RATE_LIMIT, retry_after_s=3600)])
    with pytest.raises(ProviderAwayError, match=r"is not asked before .* \(rate limit\)"):
        shop.desk.ask(request())
    assert shop.clock.slept == []


def test_a_failure_that_may_be_billed_is_charged_at_its_worst_case(tmp_path: Path) -> None:
    shop = Shop(tmp_path, [fault(ModelFault.INCOMPLETE, billed=True), answer("done")])
    shop.desk.ask(request())
    usage = shop.purse.spent.usage
    assert usage.estimated
    assert usage.output_tokens == 1000 + 50
    assert total_charge(shop.journal.entries) == shop.purse.spent


def test_an_answer_without_usage_is_estimated_and_marked(tmp_path: Path) -> None:
    shop = Shop(tmp_path, [replace(answer("x" * 41), usage=None), answer("counted")])
    log = open_log(tmp_path / "run.log.jsonl")
    got = shop.desk.ask(request())
    shop.desk.ask(request(turn=2))
    close_log(log)
    assert got.usage == Usage(input_tokens=6, output_tokens=11, estimated=True)
    assert [entry["estimated"] for entry in shop.journal.of_type("call:answer")] == [True, False]
    warned = [json.loads(line) for line in (tmp_path / "run.log.jsonl").read_text().splitlines()]
    assert [(line["level"], line["used"], line["call"]) for line in warned] == [
        ("warning", 17, "t1.build.executor.1.1")
    ], "with a warning, once"


def test_the_estimate_counts_look_ups_and_what_they_answered(tmp_path: Path) -> None:
    asked = ToolCall(id="1", name="read", arguments={"path": "a" * 30})
    found = ToolResult(id="1", name="read", content="y" * 400)
    turns = (Message(speaker=Speaker.MODEL, tool_calls=(asked,)), Message(speaker=Speaker.USER, tool_results=(found,)))
    plain = request()
    shop = Shop(tmp_path, [replace(answer("x" * 41), usage=None, tool_calls=(asked,))])
    got = shop.desk.ask(replace(plain, messages=(*plain.messages, *turns)))
    arguments = len('{"path": ""}') + 30
    prompt = len(plain.system) + len(plain.messages[0].text) + arguments + 400
    assert got.usage == Usage(input_tokens=-(-prompt // 4), output_tokens=-(-(41 + arguments) // 4), estimated=True)


class Killed(BaseException):
    """The process dies here."""


def test_an_intent_without_an_answer_is_charged_marked_and_asked_once_more(tmp_path: Path) -> None:
    shop = Shop(tmp_path, [Killed()])
    with pytest.raises(Killed):
        shop.desk.ask(request())
    resumed = Shop(tmp_path, [answer("second")], again=True)
    assert resumed.lost == ("t1.build.executor.1.1",)
    worst = input_bound(request()) + 1000
    assert resumed.purse.spent.usage.total == worst
    assert resumed.purse.spent.usage.estimated
    assert resumed.desk.ask(request()).text == "second"
    assert [entry["attempt"] for entry in resumed.journal.of_type("call:intent")] == [1, 2]
    third = Shop(tmp_path, [], again=True)
    assert third.lost == ()
    assert third.purse.spent.usage.total == worst + 150


def test_an_answer_saved_but_not_journaled_is_taken_up(tmp_path: Path) -> None:
    shop = Shop(tmp_path, [answer("received")])
    shop.desk.ask(request())
    lines = (tmp_path / "journal.jsonl").read_bytes().splitlines(keepends=True)
    (tmp_path / "journal.jsonl").write_bytes(lines[0])
    resumed = Shop(tmp_path, [], again=True)
    assert resumed.lost == ()
    assert resumed.desk.ask(request()).text == "received"
    assert resumed.purse.spent == shop.purse.spent


def test_a_changed_answer_file_stops(tmp_path: Path) -> None:
    Shop(tmp_path, [answer("mine")]).desk.ask(request())
    path = tmp_path / "calls/t1.build.executor.1.1.json"
    path.write_text(path.read_text().replace("mine", "hers"))
    with pytest.raises(JournalError, match="checksum"):
        Shop(tmp_path, [], again=True).desk.ask(request())


def test_a_call_that_does_not_fit_is_not_sent(tmp_path: Path) -> None:
    shop = Shop(tmp_path, [], Caps(max_tokens=900))
    with pytest.raises(CapReachedError) as caught:
        shop.desk.ask(request())
    assert "--max-tokens" in caught.value.hint
    assert shop.types() == []
    assert shop.llm.requests == []


def test_an_unknown_price_is_refused_under_a_money_cap(tmp_path: Path) -> None:
    shop = Shop(tmp_path, [], Caps(max_cost_usd=Decimal(1)))
    with pytest.raises(CapReachedError, match="no price"):
        shop.desk.ask(request(model="unpriced-1"))


def test_settling_twice_charges_once() -> None:
    purse = Purse(Caps(max_tokens=100), Charge())
    ticket = purse.reserve(WorstCase(input_tokens=60, output_tokens=0, cost_usd=None))
    other = purse.reserve(WorstCase(input_tokens=40, output_tokens=0, cost_usd=None))
    purse.settle(ticket, Charge(usage=Usage(input_tokens=10)))
    purse.settle(ticket, Charge(usage=Usage(input_tokens=10)))
    assert purse.spent.usage.total == 10
    purse.settle(other, None)
    assert purse.reserve(WorstCase(input_tokens=90, output_tokens=0, cost_usd=None)) > other


def test_the_input_bound_is_above_any_count_of_tokens() -> None:
    text = "日本語 and code: x = {}\n" * 50
    assert input_bound(request(text=text)) > len(text.encode())


def test_type_of_answer_is_kept() -> None:
    assert isinstance(answer("x"), Answer)
