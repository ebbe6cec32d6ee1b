"""Decision 14: thinking counts into the output cap, so a reservation holds what a thinking model may bill."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from orchestrator.domain.call import Charge, FinishReason, Usage
from orchestrator.domain.errors import CapReachedError
from orchestrator.ledger.calls import CallDesk
from orchestrator.ledger.journal import Journal
from orchestrator.ledger.purse import Purse, input_bound
from orchestrator.settings import CallDeadlines, Caps, Models, Provider, Retries
from tests.adapters.models.common import PROVIDERS, request, served
from tests.fakes.clock import FakeClock
from tests.fakes.llm import FlatPrices
from tests.fakes.loopback import Reply

CAP = 1_000
THOUGHT = Usage(input_tokens=40, output_tokens=CAP, thinking_tokens=990)
"""An answer that spent its whole cap, nearly all of it on thinking."""


@pytest.mark.parametrize("provider", PROVIDERS)
def test_thinking_tokens_count_into_the_output_cap(provider: str, tmp_path: Path) -> None:
    asked = request(provider, max_output_tokens=CAP, effort="high")
    worst = input_bound(asked) + CAP
    purse = Purse(Caps(max_tokens=worst + 40 + CAP - 1), Charge())  # one token short of the same call again
    reply = Reply(text="cut", thinking="hm " * 990, usage=THOUGHT, reason=FinishReason.LENGTH)
    with served(provider, reply) as (llm, server):
        desk = CallDesk(
            journal=Journal.create(tmp_path / "journal.jsonl", FakeClock()),
            folder=tmp_path / "calls",
            llms={provider: llm},
            prices=FlatPrices(),
            purse=purse,
            models=Models(
                providers={provider: Provider(adapter="anthropic")},
                deadlines=CallDeadlines(first_byte_s=20, idle_s=20, total_s=20),
                retries=Retries(waits_s=(), retry_after_cap_s=1),
            ),
            clock=FakeClock(),
        )
        answer = desk.ask(asked)
        sent = json.dumps(server.requests[0].body)
        again = request(provider, max_output_tokens=CAP, effort="high", key=replace(asked.key, turn=asked.key.turn + 1))
        with pytest.raises(CapReachedError):
            desk.ask(again)
        assert server.count == 1, "what does not fit is not sent"
    assert answer.usage is not None
    assert (answer.usage.output_tokens, answer.usage.thinking_tokens) == (CAP, 990)
    assert purse.spent.usage.output_tokens == CAP <= worst, "thinking is charged, and was reserved"
    assert sent.count(str(CAP)) == 1, "one cap for thinking and text together"
    assert "budget" not in sent.lower(), "no budget of thinking beside it"
