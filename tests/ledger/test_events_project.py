"""M2: what of a run's journal becomes an event, who did it, and what closes with what; a resume repeats nothing."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from orchestrator.domain.call import Charge, Usage
from orchestrator.ledger.charges import charge_fields
from orchestrator.ledger.events import Event
from orchestrator.ledger.events_project import Projection

TASKS = [
    {"id": "a", "request": "CR-1", "depends_on": []},
    {"id": "b", "request": "CR-1", "depends_on": ["a"]},
    {"id": "c", "request": "CR-1", "depends_on": []},
    {"id": "d", "request": None, "depends_on": []},
]
CHARGED = charge_fields(Charge(usage=Usage(input_tokens=10, output_tokens=5)))


def call(task: str, role: str, model: str) -> dict[str, Any]:
    return {"type": "call:answer", "task": task, "role": role, "model": model, "call": f"{task}.{role}", **CHARGED}


def worked(task: str, status: str = "delivered") -> Iterator[dict[str, Any]]:
    """Two answers of the executor, a review that sends it back once, and a third."""
    yield {"type": "task:started", "task": task}
    yield call(task, "architect", "deep-1")
    for number in (1, 2):
        yield {"type": "iteration:started", "task": task, "iteration": number}
        yield call(task, "executor", "quick-1")
    yield call(task, "reviewer", "deep-1")
    yield {"type": "review:finished", "task": task, "number": 1, "verdict": "send_back"}
    yield {"type": "iteration:started", "task": task, "iteration": 3}
    yield call(task, "executor", "quick-2")
    yield {"type": "review:finished", "task": task, "number": 2, "verdict": "accept"}
    yield {"type": "task:finished", "task": task, "status": status, "outcome": {"conflicts": 1}}


def projected(*entries: dict[str, Any]) -> list[Event]:
    projection = Projection("r")
    start = {"type": "run:started", "tasks": TASKS}
    made = []
    for number, entry in enumerate((start, *entries), 1):
        at = f"2026-11-21T02:{number // 60:02}:{number % 60:02}+00:00"
        made.extend(projection.events({"seq": number, "crc": f"{number:08x}", "at": at, **entry}))
    return made


def of(made: list[Event], kind: str) -> list[Event]:
    return [one for one in made if one["eventType"] == kind]


def test_chains_and_requests_live_with_their_tasks() -> None:
    made = projected(*worked("a"), *worked("c"))
    assert {one["entityId"] for one in of(made, "task:created")} == {"a", "b", "c", "d"}
    assert {one["entityId"] for one in of(made, "chain:created")} == {"r/a", "r/c", "r/d"}, "alone is a chain of one"
    assert {one["entityId"] for one in of(made, "request:created")} == {"CR-1", "r"}, "no ticket: the run's own"
    assert [one["entityId"] for one in of(made, "chain:completed")] == ["r/c"]
    assert of(made, "request:closed") == [], "b is open"
    made = projected(*worked("a"), *worked("c"), *worked("b"), *worked("d", "needs_human"))
    assert [one["entityId"] for one in of(made, "chain:completed")] == ["r/c", "r/a"]
    assert [one["entityId"] for one in of(made, "request:closed")] == ["CR-1"]
    assert [one["entityId"] for one in of(made, "task:completed")] == ["a", "c", "b"], "on delivery only"
    assert [one["entityId"] for one in of(made, "task:ended")] == ["d"]
    assert {one["chainId"] for one in made if one["entityId"] in ("a", "b")} == {"r/a"}


def test_rework_is_each_further_iteration_and_each_send_back_and_whose_it_is() -> None:
    made = projected(*worked("a"))
    told = [(one["metadata"]["reason"], one["agent"]["model"]) for one in of(made, "task:rework")]
    assert told == [("iteration", "quick-1"), ("send-back", "quick-1"), ("iteration", "quick-1")]
    [done] = of(made, "task:completed")
    assert done["agent"] == {"model": "quick-2", "role": "impl"}, "tokens stand on the calls alone"


def test_who_controls_and_who_implements() -> None:
    roles = ("architect", "reviewer", "researcher", "security-auditor", "executor", "test-master")
    made = projected(*(call("a", role, f"m-{role}") for role in roles))
    assert [one["agent"]["role"] for one in of(made, "call:answered")] == ["control"] * 4 + ["impl"] * 2
    assert {one["agent"]["model"] for one in made if "agent" in one} == {f"m-{role}" for role in roles}
    assert all(one["agent"]["tokens"] == {"input": 10, "output": 5} for one in of(made, "call:answered"))


@given(
    st.lists(st.tuples(st.sampled_from("abcd"), st.booleans()), min_size=1, max_size=6, unique_by=lambda one: one[0])
)
def test_a_resume_that_goes_its_old_way_again_makes_no_event_twice(ended: list[tuple[str, bool]]) -> None:
    """Of what counts tasks; calls are journaled once anyway."""
    entries = [entry for task, done in ended for entry in worked(task, "delivered" if done else "failed")]
    again = [entry for entry in entries if entry["type"] not in ("call:answer", "task:finished")]
    kinds = ("task:created", "task:started", "task:rework", "task:completed", "chain:completed", "request:closed")
    once, twice = projected(*entries), projected(*entries, *again)
    for kind in kinds:
        assert [one["id"] for one in of(once, kind)] == [one["id"] for one in of(twice, kind)], kind
    assert len({one["id"] for one in twice}) == len(twice)
