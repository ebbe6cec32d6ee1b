"""Agents side by side: at once, in fixed order, and a helper that fails takes nobody with it (decision 16)."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any, cast

import pytest

from orchestrator.agents.asking import open_talk
from orchestrator.domain.call import Request
from orchestrator.domain.errors import (
    CapReachedError,
    JournalWriteError,
    ModelError,
    ModelFault,
    OrchestrateError,
    ProviderAwayError,
)
from orchestrator.pipeline.side_by_side import FAILED, Part, side_by_side
from orchestrator.pipeline.work import Work
from tests.agents.material import TASK, staff
from tests.fakes.desk import ScriptedDesk


@dataclass
class Place:
    """A work with a journal in memory and a desk that holds as much as it is told to."""

    room: int = 9
    """Calls that fit under the cap."""
    entries: list[dict[str, Any]] = field(default_factory=list)
    held: list[list[str]] = field(default_factory=list)
    given_back: list[str] = field(default_factory=list)
    halted: bool = False

    def hold(self, requests: Sequence[Request]) -> None:
        if len(requests) > self.room:
            raise CapReachedError("no room")
        self.held.append([request.key.role for request in requests])

    def let_go(self, requests: Sequence[Request]) -> None:
        self.given_back += [request.key.role for request in requests]

    def last(self, kind: str, **fields: Any) -> dict[str, Any] | None:
        wanted = {"type": kind, **fields}
        fitting = [one for one in self.entries if wanted.items() <= one.items()]
        return fitting[-1] if fitting else None

    def tell(self, kind: str, **fields: Any) -> None:
        self.entries.append({"type": kind, "task": TASK.id, **fields})

    @property
    def work(self) -> Work:
        night = SimpleNamespace(memory=self, halt=lambda: setattr(self, "halted", True), staff=staff())
        return cast("Work", SimpleNamespace(night=night, desk=self, task=TASK, tell=self.tell))

    def notes(self) -> list[str]:
        return [one["text"] for one in self.entries if one["type"] == "note"]


def part(role: str, run: Callable[[], str], *, required: bool = False, iteration: int = 1) -> Part[str]:
    variables = {"task": TASK, "adr": "", "diff": "", "documents": "", "invariants": (), "checks": ""}
    if role == "local_researcher":
        variables = {"task": TASK, "context": ""}
    talk = open_talk(ScriptedDesk([]), staff(), role, task=TASK.id, iteration=iteration, variables=variables)
    return Part(talk=talk, run=run, required=required)


def failing(error: BaseException) -> Callable[[], str]:
    def run() -> str:
        raise error

    return run


def away(fault: ModelFault = ModelFault.OVERLOADED) -> ModelError:
    return ModelError("it is overloaded", fault=fault, provider="anthropic")


def test_all_are_under_way_at_once_and_told_in_the_order_given() -> None:
    place, barrier = Place(), threading.Barrier(3)

    def run(word: str) -> Callable[[], str]:
        def wait() -> str:
            barrier.wait(60)
            return word

        return wait

    roles = ("reviewer", "security_auditor", "doc_master")
    found = side_by_side(place.work, [part(role, run(role), required=role == "reviewer") for role in roles])
    assert list(found.items()) == [(role, role) for role in roles]
    assert place.held == [list(roles)]


def test_a_helper_that_fails_is_said_and_the_others_stand() -> None:
    place = Place()
    found = side_by_side(
        place.work, [part("reviewer", lambda: "yes", required=True), part("doc_master", failing(away()))]
    )
    assert found == {"reviewer": "yes"}
    assert place.notes() == ["fix-offset: went on without the doc master: it is overloaded"]
    assert "doc_master" in place.given_back  # what was held for it and not asked


def test_a_helper_that_failed_before_a_resume_is_not_asked_again_in_that_round() -> None:
    place = Place()
    side_by_side(place.work, [part("doc_master", failing(away()))])
    assert side_by_side(place.work, [part("doc_master", lambda: "yes")]) == {}
    assert side_by_side(place.work, [part("doc_master", lambda: "yes", iteration=2)]) == {"doc_master": "yes"}
    assert sum(one["type"] == FAILED for one in place.entries) == 1


def test_a_required_ones_error_is_the_tasks_own_once_all_have_ended() -> None:
    place, ended = Place(), threading.Event()

    def slow() -> str:
        ended.set()
        return "yes"

    with pytest.raises(ModelError, match="overloaded"):
        side_by_side(place.work, [part("security_auditor", failing(away()), required=True), part("doc_master", slow)])
    assert ended.is_set()
    assert place.entries == []


def test_under_a_cap_the_last_helpers_stay_out_first_and_a_required_one_pauses() -> None:
    place = Place(room=2)
    parts = [
        part("reviewer", lambda: "a", required=True),
        part("security_auditor", lambda: "b", required=True),
        part("doc_master", lambda: "c"),
    ]
    assert list(side_by_side(place.work, parts)) == ["reviewer", "security_auditor"]
    assert place.notes() == ["fix-offset: went on without the doc master: no room"]
    with pytest.raises(CapReachedError):
        side_by_side(Place(room=1).work, parts)


@pytest.mark.parametrize("error", [JournalWriteError("the disk is full"), KeyboardInterrupt()])
def test_what_concerns_the_whole_run_is_no_helpers_failure(error: BaseException) -> None:
    for parts in (
        [part("doc_master", failing(error))],
        [part("doc_master", failing(error)), part("reviewer", lambda: "yes", required=True)],
    ):
        place = Place()
        with pytest.raises((OrchestrateError, KeyboardInterrupt)):
            side_by_side(place.work, parts)
        assert place.notes() == []


@pytest.mark.parametrize(("provider", "parks"), [("anthropic", True), ("local", False)])
def test_a_provider_that_is_away_is_waited_for_where_the_task_needs_it_anyway(provider: str, parks: bool) -> None:
    """And the helper is asked once it is back: nothing says that it failed."""
    place = Place()
    error = ProviderAwayError("not before 03:40", provider=provider, back_at=None, hint="")
    parts = [part("local_researcher", failing(error))]
    if parks:
        with pytest.raises(ProviderAwayError):
            side_by_side(place.work, parts)
    else:
        assert side_by_side(place.work, parts) == {}
    assert [one["type"] for one in place.entries] == ([] if parks else [FAILED, "note"])
