"""A run's journal, entry by entry, as events (decision 11): pure, and the same each time it is done.

Each entry that causes an event carries its id (``event_id``). Events that no single entry causes (a chain is done, a
request can be closed) take an id derived from the run's own, so that a resume or a rebuild makes the same one again. A
resume takes its old way through the journal once more; what it repeats (a task's start, an iteration) is no new event.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from orchestrator.ledger.events import Event, derived_id, event

_IMPLEMENTING = ("executor", "test")
"""Roles that write code or tests begin so; all others control (M2)."""
_DELIVERED = "delivered"
_CALLS = {"call:answer": "call:answered", "call:failed": "call:failed", "call:lost": "call:lost"}
_PHASE = ("phase", "tokens", "seconds", "tokens_so_far", "token_limit", "status")
_GATE = ("iteration", "passage", "passed", "categories", "seconds")
_ENDED = ("status", "iterations", "seconds", "tokens", "cost_usd")

Entry = Mapping[str, Any]


class Projection:
    """What a run's entries so far mean; give it each entry once, in the journal's order."""

    def __init__(self, run: str) -> None:
        self._run = run
        self._seed = derived_id("run", run)
        self._chain: dict[str, str] = {}
        self._request: dict[str, str] = {}
        self._model: dict[str, str] = {}
        """The model that last wrote code, by task."""
        self._delivered: set[str] = set()
        self._told: set[tuple[str, ...]] = set()
        self._readers: dict[str, Callable[[Entry], Iterator[Event]]] = {
            "run:started": self._run_started,
            "task:started": self._task_started,
            "task:reopened": self._task_reopened,
            "iteration:started": self._iteration,
            "review:finished": self._review,
            "task:finished": self._task_finished,
            "phase:left": self._phase,
            "gate:finished": self._gate,
            **dict.fromkeys(_CALLS, self._call),
        }

    def events(self, entry: Entry) -> tuple[Event, ...]:
        """The events an entry causes, most often none."""
        kind = entry["type"]
        reader = self._readers.get(kind)
        if reader is None and kind.startswith("budget:") and "task" in entry:
            reader = self._budget
        return tuple(reader(entry)) if reader is not None else ()

    def _run_started(self, entry: Entry) -> Iterator[Event]:
        self._seed = self._id(entry)
        tasks = entry["tasks"]
        self._chain = {task: f"{self._run}/{first}" for task, first in chains_of(tasks).items()}
        self._request = {task["id"]: task.get("request") or self._run for task in tasks}
        for request in dict.fromkeys(self._request.values()):
            yield self._derived("request:created", entry, ("request", request), request=request)
        for task in tasks:
            chain = self._chain[task["id"]]
            if self._once("chain", chain):
                request = self._request[task["id"]]
                yield self._derived("chain:created", entry, ("chain", chain), chain=chain, request=request)
        for task in tasks:
            further = {"complexity": task["complexity"]} if "complexity" in task else {}
            yield self._of_task(
                "task:created", entry, derived_id(self._seed, "task:created", task["id"]), task, further
            )

    def _task_started(self, entry: Entry) -> Iterator[Event]:
        if self._once("started", entry["task"]):
            yield self._plain("task:started", entry, ("complexity", "iteration_limit"))

    def _task_reopened(self, entry: Entry) -> Iterator[Event]:
        yield self._plain("task:reopened", entry, ())

    def _iteration(self, entry: Entry) -> Iterator[Event]:
        number = int(entry["iteration"])
        if number > 1 and self._once("iteration", entry["task"], str(number)):
            yield self._rework(entry, {"reason": "iteration", "iteration": number})

    def _review(self, entry: Entry) -> Iterator[Event]:
        number = entry.get("number", 0)  # older journals do not count them
        if entry["verdict"] == "send_back" and self._once("review", entry["task"], str(number)):
            yield self._rework(entry, {"reason": "send-back", "review": number})

    def _rework(self, entry: Entry, further: Mapping[str, Any]) -> Event:
        return self._of_task(
            "task:rework", entry, self._id(entry), {"id": entry["task"]}, further, agent=self._author(entry)
        )

    def _task_finished(self, entry: Entry) -> Iterator[Event]:
        task = entry["task"]
        done = entry["status"] == _DELIVERED
        outcome = entry.get("outcome") or {}
        further = {name: entry[name] for name in _ENDED if entry.get(name) not in (None, "")}
        further |= {"conflicts": outcome["conflicts"]} if "conflicts" in outcome else {}
        if not done:
            yield self._of_task("task:ended", entry, self._id(entry), {"id": task}, further, agent=self._author(entry))
            return
        if self._once("completed", task):
            self._delivered.add(task)
            yield self._of_task(
                "task:completed", entry, self._id(entry), {"id": task}, further, agent=self._author(entry)
            )
            yield from self._done_with(task, entry)

    def _done_with(self, task: str, entry: Entry) -> Iterator[Event]:
        """The chain and the request that end with this task."""
        chain, request = self._chain.get(task), self._request.get(task)
        if chain is not None and self._all_delivered(self._chain, chain):
            yield self._derived("chain:completed", entry, ("chain", chain), chain=chain, request=request)
        chains = {self._chain[name] for name, one in self._request.items() if one == request}
        if request is not None and all(self._all_delivered(self._chain, one) for one in chains):
            yield self._derived("request:closed", entry, ("request", request), request=request)

    def _all_delivered(self, belongs: Mapping[str, str], to: str) -> bool:
        return all(task in self._delivered for task, one in belongs.items() if one == to)

    def _phase(self, entry: Entry) -> Iterator[Event]:
        yield self._plain("phase:completed", entry, _PHASE)

    def _gate(self, entry: Entry) -> Iterator[Event]:
        yield self._plain("gate:finished", entry, _GATE)

    def _budget(self, entry: Entry) -> Iterator[Event]:
        left_out = {"seq", "prev", "at", "type", "crc", "task", "event_id"}
        yield self._plain(entry["type"], entry, [name for name in entry if name not in left_out])

    def _call(self, entry: Entry) -> Iterator[Event]:
        role = _role(entry["role"])
        if role == "impl":
            self._model[entry["task"]] = entry["model"]
        tokens = {"input": entry["input_tokens"], "output": entry["output_tokens"]}
        agent = {"model": entry["model"], "role": role, "tokens": tokens}
        names = ("call", "role", "phase", "iteration", "seconds", "cost_usd", "fault")
        further = {name: entry[name] for name in names if entry.get(name) is not None}
        further |= {"estimated": True} if entry["estimated"] else {}
        yield self._of_task(_CALLS[entry["type"]], entry, self._id(entry), {"id": entry["task"]}, further, agent=agent)

    def _author(self, entry: Entry) -> Mapping[str, Any] | None:
        """Whose work it is; tokens stand on the calls alone, so that they are counted once."""
        model = self._model.get(entry["task"])
        return {"model": model, "role": "impl"} if model else None

    def _plain(self, kind: str, entry: Entry, names: tuple[str, ...] | list[str]) -> Event:
        further = {name: entry[name] for name in names if entry.get(name) is not None}
        return self._of_task(kind, entry, self._id(entry), {"id": entry["task"]}, further)

    def _of_task(
        self,
        kind: str,
        entry: Entry,
        id: str,  # noqa: A002 - the schema's own name
        task: Mapping[str, Any],
        further: Mapping[str, Any],
        *,
        agent: Mapping[str, Any] | None = None,
    ) -> Event:
        name = task["id"]
        return event(
            kind,
            id=id,
            at=entry["at"],
            entity=("task", name),
            chain=self._chain.get(name),
            request=self._request.get(name),
            agent=agent,
            metadata={"run": self._run, **further},
        )

    def _derived(
        self, kind: str, entry: Entry, entity: tuple[str, str], *, chain: str | None = None, request: str | None = None
    ) -> Event:
        made = derived_id(self._seed, kind, entity[1])
        about = {"run": self._run}
        return event(kind, id=made, at=entry["at"], entity=entity, chain=chain, request=request, metadata=about)

    def _id(self, entry: Entry) -> str:
        """The entry's own event id; journals of before it was written take one from the entry's place and checksum."""
        stated = entry.get("event_id")
        return str(stated) if stated else derived_id(self._run, str(entry["seq"]), str(entry["crc"]))

    def _once(self, *key: str) -> bool:
        known = key in self._told
        self._told.add(key)
        return not known


def chains_of(tasks: list[Mapping[str, Any]]) -> dict[str, str]:
    """Task -> first task (in the file's order) of its chain: tasks that depend on each other, however far apart."""
    first = {task["id"]: task["id"] for task in tasks}

    def root(name: str) -> str:
        while first[name] != name:
            name = first[name]
        return name

    place = {task["id"]: number for number, task in enumerate(tasks)}
    for task in tasks:
        for needed in task.get("depends_on") or ():
            if needed in first:
                one, other = sorted((root(task["id"]), root(needed)), key=place.__getitem__)
                first[other] = one
    return {name: root(name) for name in first}


def _role(role: str) -> str:
    return "impl" if role.startswith(_IMPLEMENTING) else "control"
