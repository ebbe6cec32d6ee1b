"""Events for tests: a made-up history, and lines that are none."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import strategies as st

from orchestrator.ledger.events import Event, event, new_event_id

START = datetime(2026, 3, 1, tzinfo=UTC)
KINDS = (
    "task:created",
    "task:started",
    "task:completed",
    "task:rework",
    "task:ended",
    "call:answered",
    "phase:completed",
)
FOREIGN = (
    b"",
    b"not json",
    b'{"id":"torn',
    b"[1,2]",
    b'{"id":"no-uuid","timestamp":"2026-03-01T00:00:00Z","eventType":"a","entityType":"b","entityId":"c"}',
    b'{"id":"7f1dfd4c-5d52-4b61-9a2e-6d1b2c3d4e5f","timestamp":"2026-03-01","eventType":"a","entityType":"b","entityId":"c"}',
    b'{"id":"7f1dfd4c-5d52-4b61-9a2e-6d1b2c3d4e5f"}',
    b"\xff\xfe\x00",
    b'{"a":NaN}',
)


def at(seconds: float) -> str:
    """ISO time of so many seconds after the start."""
    return (START + timedelta(seconds=seconds)).isoformat(timespec="milliseconds")


def task_event(kind: str, task: str, after: float, /, **further: Any) -> Event:
    """One event of a task; ``model``, ``tokens``, ``run``, ``chain``, ``request`` as wanted."""
    model, tokens = further.pop("model", None), further.pop("tokens", None)
    agent: dict[str, Any] | None = {"model": model, "role": "impl"} if model else None
    if agent is not None and tokens is not None:
        agent["tokens"] = {"input": tokens[0], "output": tokens[1]}
    chain, request = further.pop("chain", None), further.pop("request", None)
    return event(
        kind,
        id=new_event_id(),
        at=at(after),
        entity=("task", task),
        chain=chain,
        request=request,
        agent=agent,
        metadata=further or None,
    )


@st.composite
def histories(draw: st.DrawFn) -> list[Event]:
    """Events in any order, over few tasks, chains, requests and models, of one or two runs."""
    made: list[Event] = []
    for _ in range(draw(st.integers(0, 25))):
        task = draw(st.sampled_from(["a", "b", "c", "ü\n"]))
        kind = draw(st.sampled_from(KINDS))
        further: dict[str, Any] = {}
        if draw(st.booleans()):
            further |= {"model": draw(st.sampled_from(["m-1", "m-2"])), "tokens": draw(st.sampled_from([None, (5, 7)]))}
        if draw(st.booleans()):
            further |= {"run": draw(st.sampled_from(["r1", "r2"])), "chain": draw(st.sampled_from(["r1/a", "r1/b"]))}
        if draw(st.booleans()):
            further |= {"request": "CR-1", "phase": "build", "seconds": draw(st.integers(0, 9)), "conflicts": 1}
        made.append(task_event(kind, task, draw(st.integers(0, 100_000)), **further))
    spans = [(f"chain:{end}", ("chain", "r1/a")) for end in ("created", "completed")]
    spans += [(f"request:{end}", ("request", "CR-1")) for end in ("created", "closed")]
    drawn = [(kind, entity, draw(st.integers(0, 9_999))) for kind, entity in spans if draw(st.booleans())]
    made += [event(kind, id=new_event_id(), at=at(after), entity=entity) for kind, entity, after in drawn]
    return made
