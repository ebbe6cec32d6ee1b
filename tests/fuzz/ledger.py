"""A hypothesis machine over a run's ledger: calls are bought, processes die anywhere, tails are torn, the clock jumps,
and others want the same run. What must hold is asked after every step, of what is on disk (I3, I4, I5, I13)."""

from __future__ import annotations

import os
import tempfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from orchestrator import crash_points
from orchestrator.adapters.lock import FileLock, acquire
from orchestrator.domain.call import Answer, CallKey, Deadlines, Message, Request, Speaker
from orchestrator.domain.errors import (
    CapReachedError,
    JournalError,
    ModelError,
    ModelFault,
    PausedError,
    ProviderAwayError,
    RefusedError,
)
from orchestrator.domain.task import Phase
from orchestrator.ledger.calls import CallDesk
from orchestrator.ledger.charges import close_open_intents, total_charge
from orchestrator.ledger.journal import Journal, read_journal
from orchestrator.ledger.purse import Purse
from orchestrator.settings import CallDeadlines, Caps, Models, Provider, Retries
from tests.fakes.clock import FakeClock
from tests.fakes.llm import FlatPrices, answer

CAP = 60_000
"""Tokens: reached now and then."""
MODELS = Models(
    providers={"anthropic": Provider(adapter="anthropic")},
    deadlines=CallDeadlines(first_byte_s=1, idle_s=1, total_s=2),
    retries=Retries(waits_s=(2, 4, 8), retry_after_cap_s=300),
)
FAULTS = (
    (ModelFault.OVERLOADED, False),
    (ModelFault.INCOMPLETE, True),
    (ModelFault.BAD_REQUEST, False),
    (ModelFault.TIMEOUT, True),
)


class Dead(BaseException):
    """The process dies here."""


class Oracle:
    """Answers, fails, or outlives the process; and knows what it was asked, whatever becomes of that."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.asked: Counter[str] = Counter()
        self.script: list[ModelFault | type[Dead] | None] = []
        self.billed: dict[ModelFault, bool] = dict(FAULTS)

    def ask(self, request: Request, deadlines: Deadlines) -> Answer:
        del deadlines
        call = request.key.call_id
        assert not (self._folder / "calls" / f"{call}.json").exists(), "its answer is on disk"
        self.asked[call] += 1
        entries = read_journal(self._folder / "journal.jsonl").entries
        intents = [entry for entry in entries if entry["type"] == "call:intent" and entry["call"] == call]
        assert len(intents) == self.asked[call], "an intent stands before each request"
        step = self.script.pop(0) if self.script else None
        if step is Dead:
            raise Dead
        if isinstance(step, ModelFault):
            raise ModelError("no", fault=step, provider="anthropic", billed=self.billed[step])
        return answer(f"answer to {call}")

    def check(self, models: Any) -> None:
        del models

    def close(self) -> None:
        return None


class Ledger(RuleBasedStateMachine):
    """One run's ledger through the lives of its processes."""

    def __init__(self) -> None:
        super().__init__()
        self._temporary = tempfile.TemporaryDirectory(prefix="ledger-", ignore_cleanup_errors=True)
        self.folder = Path(self._temporary.name)
        self.clock = FakeClock()
        self.provider = Oracle(self.folder)
        self.known: tuple[dict[str, Any], ...] = ()
        self.journal: Journal | None = None
        self.lock: FileLock | None = None
        self.purse = Purse(Caps(max_tokens=CAP), total_charge(()))

    @initialize()
    def begin(self) -> None:
        self._open(lambda: Journal.create(self.folder / "journal.jsonl", self.clock))

    def _open(self, journal: Callable[[], Journal]) -> None:
        self.lock = acquire(self.folder / "lock", what="the run", run="r", at=self.clock.now())
        self.journal = journal()
        close_open_intents(self.journal, self.folder / "calls")
        self.purse = Purse(Caps(max_tokens=CAP), total_charge(self.journal.entries))
        self.desk = CallDesk(
            journal=self.journal,
            folder=self.folder / "calls",
            llms={"anthropic": self.provider},
            prices=FlatPrices(),
            purse=self.purse,
            models=MODELS,
            clock=self.clock,
        )

    def _die(self) -> None:
        """What a kill leaves of a process: no descriptor, no lock, no memory; nothing is synced or finished."""
        assert self.journal is not None
        assert self.lock is not None
        os.close(self.journal._descriptor)
        self.lock.release()
        self.journal = self.lock = None

    @precondition(lambda self: self.journal is not None)
    @rule(call=st.integers(0, 5), script=st.lists(st.sampled_from([fault for fault, _ in FAULTS]), max_size=5))
    def step(self, call: int, script: list[Any]) -> None:
        """Buy an answer, or have it again."""
        self.provider.script = list(script)
        try:
            got = self.desk.ask(_request(call))
            assert got.text == f"answer to {_request(call).key.call_id}"
        except (ModelError, CapReachedError, PausedError, ProviderAwayError):
            pass

    @precondition(lambda self: self.journal is not None)
    @rule(call=st.integers(0, 5), point=st.integers(1, 14))
    def kill(self, call: int, point: int) -> None:
        """The process dies at the point-th crash point on its way, or while the provider has the request."""
        passed = Counter[str]()

        def die(name: str) -> None:
            passed["all"] += 1
            if passed["all"] == point:
                raise Dead

        self.provider.script = [Dead] if point == 14 else []
        crash_points.arm(die)
        try:
            self.desk.ask(_request(call))
        except (Dead, CapReachedError, ProviderAwayError):
            pass
        finally:
            crash_points._hooks.remove(die)
        self._die()

    @precondition(lambda self: self.journal is None)
    @rule(torn=st.integers(0, 90))
    def resume(self, torn: int) -> None:
        """Go on; a write that was under way may have left a part of its line."""
        path = self.folder / "journal.jsonl"
        line = b'{"seq":9999,"prev":"00000000","at":"2026-11-21T02:36:00.000+00:00","type":"note","text":"torn"'
        with path.open("ab") as file:
            file.write(line[:torn])
        self._open(lambda: Journal.reopen(path, self.clock))

    @rule(hours=st.integers(-72, 72))
    def clock_jumps(self, hours: int) -> None:
        """Daylight saving, a corrected clock, a machine that slept."""
        self.clock.pass_time(hours * 3600.0)

    @precondition(lambda self: self.journal is not None)
    @rule()
    def second_process(self) -> None:
        """Another wants the same run, and is told who has it."""
        with pytest.raises(RefusedError, match="in use by"):
            acquire(self.folder / "lock", what="the run", run="other", at=self.clock.now())
        with pytest.raises(JournalError):
            Journal.create(self.folder / "journal.jsonl", self.clock)

    @invariant()
    def what_was_written_stays(self) -> None:
        if not (self.folder / "journal.jsonl").exists():
            return
        entries = read_journal(self.folder / "journal.jsonl").entries
        assert entries[: len(self.known)] == self.known
        self.known = entries
        answers = Counter(entry["call"] for entry in entries if entry["type"] == "call:answer")
        assert all(count == 1 for count in answers.values())
        ended = Counter(
            entry["call"] for entry in entries if entry["type"] in {"call:answer", "call:failed", "call:lost"}
        )
        if self.journal is not None:
            assert ended == self.provider_accounts(entries)
            assert total_charge(entries) == self.purse.spent
            assert self.purse.spent.usage.total <= CAP

    def provider_accounts(self, entries: tuple[dict[str, Any], ...]) -> Counter[str]:
        """Attempts by call: each of them is accounted for once; what was sent is among them."""
        intents = Counter(entry["call"] for entry in entries if entry["type"] == "call:intent")
        assert all(intents[call] >= count for call, count in self.provider.asked.items())
        self.provider.asked = Counter(intents)  # an intent that died before its request counts as one
        return intents

    def teardown(self) -> None:
        if self.journal is not None:
            self._die()
        self._temporary.cleanup()


def _request(call: int) -> Request:
    return Request(
        key=CallKey(f"t{call}", Phase.BUILD, "executor", 1, 1),
        provider="anthropic",
        model="m-1",
        system="You write code.",
        messages=(Message(speaker=Speaker.USER, text="Write it." * (call + 1)),),
        max_output_tokens=2000,
    )
