"""I4, decision 14: three lanes whose calls are under way at once, answered in any order, never pass a cap together."""

from __future__ import annotations

import tempfile
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from orchestrator.domain.call import Answer, CallKey, Charge, Deadlines, Message, Request, Speaker, Usage
from orchestrator.domain.errors import CapReachedError, ModelError, ModelFault
from orchestrator.domain.task import Phase
from orchestrator.ledger.calls import CallDesk
from orchestrator.ledger.charges import total_charge
from orchestrator.ledger.journal import Journal
from orchestrator.ledger.purse import Purse, input_bound
from orchestrator.settings import CallDeadlines, Caps, Models, Provider, Retries
from tests.fakes.clock import FakeClock
from tests.fakes.llm import FlatPrices, answer

LANES = 3
MODELS = Models(
    providers={"anthropic": Provider(adapter="anthropic")},
    deadlines=CallDeadlines(first_byte_s=1, idle_s=1, total_s=2),
    retries=Retries(waits_s=(), retry_after_cap_s=300),
)


@dataclass(frozen=True)
class Planned:
    """A call, and what comes of it."""

    cap: int
    """Of its output."""
    share: float
    """Of the cap that the answer uses."""
    fails: bool
    """It breaks off, and may be billed whole."""


CALLS = st.lists(st.builds(Planned, st.integers(1, 4000), st.floats(0, 1), st.booleans()), min_size=1, max_size=4)


class HoldingLlm:
    """Holds every call until it is let go."""

    def __init__(self) -> None:
        self.moved = threading.Condition()
        self.held: dict[str, Request] = {}
        self.ended: set[str] = set()
        self._free: set[str] = set()

    def ask(self, request: Request, _: Deadlines) -> Answer:
        lane = request.key.task
        with self.moved:
            self.held[lane] = request
            self.moved.notify_all()
            assert self.moved.wait_for(lambda: lane in self._free, 60)
            self._free.remove(lane)
        planned = _plan_in(request)
        if planned.fails:
            raise ModelError("cut", fault=ModelFault.UNKNOWN, provider="anthropic", billed=True)
        used = Usage(input_tokens=input_bound(request) // 2, output_tokens=int(planned.cap * planned.share))
        return answer("done", usage=used)

    def let_go(self, lane: str) -> None:
        with self.moved:
            del self.held[lane]
            self._free.add(lane)
            self.moved.notify_all()

    def all_settled(self) -> tuple[Request, ...]:
        """Wait until each lane's call is held here, or the lane has ended; the calls that are held."""
        with self.moved:
            assert self.moved.wait_for(lambda: len(self.held) + len(self.ended) == LANES, 60)
            return tuple(self.held.values())

    def end(self, lane: str) -> None:
        with self.moved:
            self.ended.add(lane)
            self.moved.notify_all()

    def check(self, models: Sequence[str]) -> None:
        raise AssertionError(models)

    def close(self) -> None:
        return None


def _plan_in(request: Request) -> Planned:
    cap, share, fails = request.messages[0].text.split()
    return Planned(int(cap), float(share), fails == "1")


def asked(lane: int, turn: int, planned: Planned) -> Request:
    return Request(
        key=CallKey(f"lane-{lane}", Phase.BUILD, "executor", 1, turn),
        provider="anthropic",
        model="m-1",
        system="You write code.",
        messages=(Message(speaker=Speaker.USER, text=f"{planned.cap} {planned.share!r} {int(planned.fails)}"),),
        max_output_tokens=planned.cap,
    )


@settings(max_examples=25, deadline=None)
@given(
    plans=st.lists(CALLS, min_size=LANES, max_size=LANES),
    order=st.lists(st.integers(0, LANES - 1), min_size=4 * LANES, max_size=4 * LANES),
    room=st.integers(0, 6000),
    money=st.booleans(),
)
def test_calls_of_three_lanes_under_way_at_once_never_pass_a_cap(
    plans: list[list[Planned]], order: list[int], room: int, money: bool
) -> None:
    first = [asked(lane, 1, plan[0]) for lane, plan in enumerate(plans)]
    tokens = sum(input_bound(one) + one.max_output_tokens for one in first) + room
    dollars = Decimal(sum(input_bound(one) + 4 * one.max_output_tokens for one in first) + room) / 1_000_000
    caps = Caps(max_cost_usd=dollars) if money else Caps(max_tokens=tokens)
    with tempfile.TemporaryDirectory() as name:
        journal = Journal.create(Path(name) / "journal.jsonl", FakeClock())
        purse, llm = Purse(caps, Charge()), HoldingLlm()
        desk = CallDesk(
            journal=journal,
            folder=Path(name) / "calls",
            llms={"anthropic": llm},
            prices=FlatPrices(),
            purse=purse,
            models=MODELS,
            clock=FakeClock(),
        )

        def work(lane: int) -> None:
            try:
                for turn, planned in enumerate(plans[lane], 1):
                    try:
                        desk.ask(asked(lane, turn, planned))
                    except ModelError:
                        continue
            except CapReachedError:
                pass
            finally:
                llm.end(f"lane-{lane}")

        threads = [threading.Thread(target=work, args=(lane,), daemon=True) for lane in range(LANES)]
        for thread in threads:
            thread.start()
        held = llm.all_settled()
        assert len(held) == LANES, "the caps hold each lane's first call: all three are under way at once"
        for choice in order:
            spent = purse.spent
            assert spent.cost_usd is not None
            together = spent.usage.total + sum(input_bound(one) + one.max_output_tokens for one in held)
            paid = spent.cost_usd + sum(
                Decimal(input_bound(one) + 4 * one.max_output_tokens) / 1_000_000 for one in held
            )
            assert money or together <= tokens
            assert not money or paid <= dollars
            if not held:
                break
            llm.let_go(held[choice % len(held)].key.task)
            held = llm.all_settled()
        for thread in threads:
            thread.join(60)
        assert held == ()
        assert total_charge(journal.entries) == purse.spent, "what is charged is what the journal says"
        journal.close()
