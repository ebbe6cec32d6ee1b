"""The main loop when a provider is away: its tasks wait apart, others go on, and nobody waits longer than is set."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from orchestrator.domain.errors import ModelError, ModelFault, ProviderAwayError
from orchestrator.domain.outcome import RunOutcome, TaskOutcome, TaskStatus
from orchestrator.domain.task import Task
from orchestrator.ledger.breaker import Breaker
from orchestrator.ledger.journal import Journal
from orchestrator.reports.rebuild import summary_of
from orchestrator.runner import run_night
from orchestrator.settings.outages import Outages
from tests.fakes.clock import FakeClock
from tests.reports.night import night as told_night

DELIVERED = next(task for task in summary_of(told_night()).tasks if task.status is TaskStatus.DELIVERED)
LIMIT = ModelError("busy", fault=ModelFault.RATE_LIMIT, provider="google", retry_after_s=3600)


class Evening:
    """A night whose tasks are done by the test; its clock does not sleep."""

    def __init__(self, folder: Path, *tasks: Task, limits: Outages | None = None) -> None:
        self.clock = FakeClock()
        self.journal = Journal.create(folder / "journal.jsonl", self.clock)
        self.breaker = Breaker(self.journal, self.clock, limits or Outages())
        self.batch = SimpleNamespace(tasks=tasks)
        self.memory = SimpleNamespace(outcome=lambda _: None)
        self.repository = SimpleNamespace(lane=lambda number: number)
        self.log: list[str] = []

    def run(self, work: Callable[[str], None], lanes: int = 1) -> RunOutcome:
        def one(_night: Any, _lane: Any, task: Task, _before: Any) -> TaskOutcome:
            self.log.append(task.id)
            work(task.id)
            return outcome(task.id)

        reported: list[str] = []
        ended = run_night(self, lanes, lambda done: reported.append(done.id), one)  # type: ignore[arg-type]
        assert sorted(reported) == sorted(task.id for task in self.batch.tasks), "each is reported once"
        return ended

    def ask(self, provider: str, answers: Callable[[], bool], error: ModelError = LIMIT) -> None:
        """As the desk does: refused while it is away, else asked."""
        self.breaker.refuse(provider)
        if not answers():
            raise self.breaker.failed(provider, error)
        self.breaker.answered(provider)

    def types(self) -> list[str]:
        return [entry["type"] for entry in self.journal.entries]


def outcome(task: str) -> TaskOutcome:
    from dataclasses import replace

    return replace(DELIVERED, id=task)


def task(name: str, *depends_on: str) -> Task:
    return Task(id=name, title=name, depends_on=depends_on)


@pytest.mark.parametrize("lanes", [1, 3])
def test_what_needs_no_one_who_is_away_is_done_meanwhile(tmp_path: Path, lanes: int) -> None:
    evening = Evening(tmp_path, task("a"), task("b"), task("c", "a"), task("d"))
    begun = evening.clock.now()

    def work(name: str) -> None:
        if name == "a":
            evening.ask("google", lambda: (evening.clock.now() - begun).total_seconds() >= 3600)

    assert evening.run(work, lanes) is RunOutcome.DELIVERED
    assert sorted(evening.log) == ["a", "a", "b", "c", "d"]
    assert evening.log[-2:] == ["a", "c"], "taken up again when it is time, and its follower after it"
    assert sum(evening.clock.slept) == 3600
    assert evening.types() == ["provider:away", "task:parked", "provider:back"]


def test_all_that_need_it_wait_together_and_it_is_asked_once(tmp_path: Path) -> None:
    evening = Evening(tmp_path, task("a"), task("b"), task("c"))
    asked: list[str] = []
    begun = evening.clock.now()

    def work(name: str) -> None:
        def answers() -> bool:
            asked.append(name)
            return (evening.clock.now() - begun).total_seconds() >= 3600

        evening.ask("google", answers)

    assert evening.run(work) is RunOutcome.DELIVERED
    assert asked == ["a", "a", "b", "c"], "b and c were not sent while it was away"
    assert evening.types().count("provider:away") == 1


def test_an_outage_longer_than_the_night_pauses_it(tmp_path: Path) -> None:
    evening = Evening(tmp_path, task("a"), task("b"))
    down = ModelError("down", fault=ModelFault.OVERLOADED, provider="google")

    def work(name: str) -> None:
        if name == "a":
            evening.ask("google", lambda: False, down)

    with pytest.raises(ProviderAwayError, match=r"google is not asked before .*overloaded.*down") as caught:
        evening.run(work)
    assert evening.log.count("b") == 1, "what does not need it is done first"
    assert 8 * 3600 - 1800 <= sum(evening.clock.slept) <= 8 * 3600
    assert len(evening.log) < 25, "asked seldom"
    assert "resume" in caught.value.hint


@pytest.mark.parametrize(
    ("limits", "error", "code"),
    [
        (Outages(wait_up_to_s=0), LIMIT, 5),
        (Outages(wait_up_to_s=3599), LIMIT, 5),
        (Outages(), ModelError("credit", fault=ModelFault.QUOTA, provider="google", hint="raise it"), 4),
    ],
)
def test_what_is_not_worth_waiting_for_is_not_waited_for(
    tmp_path: Path, limits: Outages, error: ModelError, code: int
) -> None:
    evening = Evening(tmp_path, task("a"), task("b"), limits=limits)

    def work(name: str) -> None:
        if name == "a":
            evening.ask("google", lambda: False, error)

    with pytest.raises(ProviderAwayError) as caught:
        evening.run(work)
    assert int(caught.value.exit_code) == code
    assert (evening.log, evening.clock.slept) == (["a", "b"], [])


def test_a_machine_that_slept_through_the_wait_goes_on_when_it_wakes(tmp_path: Path) -> None:
    """Row 64: the wall clock went on while the process stood still."""
    evening = Evening(tmp_path, task("a"))
    begun = evening.clock.now()
    real = evening.clock.sleep

    def sleep(seconds: float) -> None:
        real(seconds)
        evening.clock.set_wall(7 * 3600)

    evening.clock.sleep = sleep  # type: ignore[method-assign]

    def work(_: str) -> None:
        evening.ask("google", lambda: (evening.clock.now() - begun).total_seconds() >= 3600)

    assert evening.run(work) is RunOutcome.DELIVERED
    assert len(evening.clock.slept) == 1
