"""B4, B11: the desk of one task stops between calls on actual use, observes once, and outlives a fault in reckoning."""

from __future__ import annotations

from pathlib import Path

import pytest

from orchestrator.domain.call import CallKey, Charge, Message, Request, Speaker, Usage
from orchestrator.domain.errors import UsageError
from orchestrator.domain.task import Complexity, Importance, Phase
from orchestrator.ledger.charges import charge_fields
from orchestrator.ledger.journal import Journal
from orchestrator.ledger.spending import Spending
from orchestrator.pipeline.budget_desk import BudgetDesk, BudgetStopError
from orchestrator.pipeline.budget_rules import BudgetRules, rules_of
from orchestrator.policy.budget import Stop, task_budget
from orchestrator.policy.budget_share import Claim
from orchestrator.settings import Budgets, Caps
from orchestrator.settings.load import Loaded, load_settings
from tests.fakes.clock import FakeClock
from tests.fakes.desk import ScriptedDesk

LOADED = load_settings(environment={})
BUDGETS = LOADED.settings.budgets


def request(turn: int) -> Request:
    return Request(
        key=CallKey("t", Phase.BUILD, "executor", 1, turn),
        provider="anthropic",
        model="m",
        system="You write code.",
        messages=(Message(speaker=Speaker.USER, text="Write it."),),
        max_output_tokens=100,
    )


class Seat:
    """A task's desk over a scripted one, its limits all 1,000 tokens."""

    def __init__(self, folder: Path, budgets: Budgets, others: tuple[Claim, ...] = (), cap: int | None = None) -> None:
        self.journal = Journal.create(folder / "journal.jsonl", FakeClock())
        self.told: list[Stop] = []
        self.faults: list[Exception] = []
        self.spending = Spending(self.journal)
        self.desk = BudgetDesk(
            ScriptedDesk(["yes"] * 5),
            spending=self.spending,
            task="t",
            budgets=budgets,
            caps=Caps(max_tokens=cap),
            others=lambda _: (
                Claim(budget=5000, used=self.spending.of("t").tokens, cost_usd=None, ended=False),
                others,
            ),
            told=lambda stop, worst: self.told.append(stop) if worst > 100 else None,
            fault=self.faults.append,
        )
        limits = dict.fromkeys(Phase, 1000)
        self.desk.budget = task_budget(Complexity.MODERATE, Importance.MEDIUM, limits, budgets)

    def spend(self, phase: Phase, tokens: int) -> None:
        fields = charge_fields(Charge(usage=Usage(input_tokens=tokens), cost_usd=None))
        self.journal.append("call:answer", task="t", phase=phase.value, **fields)


def test_it_stops_between_calls_and_says_why(tmp_path: Path) -> None:
    seat = Seat(tmp_path, BUDGETS)
    seat.spend(Phase.BUILD, 1500)
    seat.desk.ask(request(1))
    seat.spend(Phase.BUILD, 1)
    with pytest.raises(BudgetStopError, match="1,501 tokens, above 1,500") as caught:
        seat.desk.ask(request(2))
    assert "remediation" in caught.value.hint
    assert [stop.enforced for stop in seat.told] == [True]


def test_observing_tells_once_and_stops_nothing(tmp_path: Path) -> None:
    seat = Seat(tmp_path, BUDGETS.model_copy(update={"mode": "observe"}))
    seat.spend(Phase.BUILD, 4000)
    for turn in (1, 2, 3):
        seat.desk.ask(request(turn))
    assert [stop.enforced for stop in seat.told] == [False]


def test_the_others_part_of_the_cap_is_theirs_in_observe_mode_too(tmp_path: Path) -> None:
    others = (Claim(budget=5000, used=0, cost_usd=None, ended=False),)
    seat = Seat(tmp_path, BUDGETS.model_copy(update={"mode": "observe"}), others, cap=10_000)
    seat.spend(Phase.BUILD, 5000)
    seat.desk.ask(request(1))
    seat.spend(Phase.BUILD, 1)
    with pytest.raises(BudgetStopError, match="the other tasks' budgets need 5,000"):
        seat.desk.ask(request(2))


def test_a_fault_in_the_reckoning_is_told_and_stops_nothing(tmp_path: Path) -> None:
    seat = Seat(tmp_path, BUDGETS.model_copy(update={"stop_phase_ratio": "x"}))
    seat.spend(Phase.BUILD, 10**6)
    seat.desk.ask(request(1))
    assert len(seat.faults) == 1


def test_changed_budgets_hold_from_the_next_task_and_broken_ones_change_nothing() -> None:
    changed = load_settings(environment={}, sets=["budgets.tokens.build=99000"])
    now: list[Loaded | Exception] = [LOADED]

    def reload() -> Loaded:
        if isinstance(now[0], Exception):
            raise now[0]
        return now[0]

    said: list[str] = []
    rules = BudgetRules(rules_of(LOADED), reload)
    assert rules.read(said.append).digest == LOADED.budget_digest
    assert said == []
    now[0] = changed
    assert rules.read(said.append).budgets.tokens[Phase.BUILD] == 99_000
    now[0] = UsageError("2 faults", faults=("orchestrate.yaml:1:2: unknown key",))
    for _ in range(3):
        assert rules.read(said.append).digest == changed.budget_digest
    now[0] = LOADED
    assert rules.read(said.append).digest == LOADED.budget_digest
    assert [text.split(":")[0].split(",")[0] for text in said] == [
        "budgets changed",
        "the changed budgets cannot be read",
        "budgets changed",
    ]
    assert "orchestrate.yaml:1:2: unknown key" in said[1]
