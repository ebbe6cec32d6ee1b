"""What the events mean so far, in columns: one row a task, chain, request, model, phase.

Folding is commutative but for ``lastEventId`` (times keep their earliest or latest, the rest adds up), so events that
arrive late or from several processes change nothing. Columns are plain arrays: a million events' standing is read back
from its cache in milliseconds.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from itertools import chain
from operator import itemgetter, methodcaller
from typing import Any

from orchestrator.ledger.events_read import LIFECYCLE, MOST_TOKENS, Fault, to_ms

NEVER = -(1 << 62)
"""No such time is known."""
NONE = -1
"""No such row."""
_LONGEST_S = 1e9
"""Seconds of one phase, thirty years: what is beyond is no time a phase took, and could not be added up for long."""
_MOST_CONFLICTS = 1 << 20

_TEXT = {str, type(None)}
_ENDS = {"task:completed", "task:ended"}

Made = dict[str, Any]
_Row = tuple[tuple[str, str, str], Made, datetime, tuple[int, ...] | None]
"""Event type, entity's type and id; the event; when; what its agent used: nothing, input and output tokens, or it has
none."""


@dataclass(slots=True)
class Rows:
    """Names and their columns."""

    times: tuple[str, ...]
    counts: tuple[str, ...]
    names: dict[str, int] = field(default_factory=dict)
    columns: dict[str, array[int]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name in (*self.times, *self.counts):
            self.columns.setdefault(name, array("q"))

    def row(self, name: str) -> int:
        """The row of that name, made where it is new."""
        number = self.names.get(name)
        if number is not None:
            return number
        number = self.names[name] = len(self.names)
        for column in self.times:
            self.columns[column].append(NEVER)
        for column in self.counts:
            self.columns[column].append(NONE if column in {"chain", "request", "model"} else 0)
        return number

    def __len__(self) -> int:
        return len(self.names)


def _tasks() -> Rows:
    return Rows(("created", "started", "completed"), ("reworks", "chain", "model", "conflicts", "ended"))


def _spans() -> Rows:
    return Rows(("created", "ended"), ("request",))


def _models() -> Rows:
    return Rows((), ("input", "output", "reworks", "calls"))


def _phases() -> Rows:
    return Rows((), ("ms", "times"))


_TEXTS = itemgetter("eventType", "entityType", "entityId")
_AGENT = methodcaller("get", "agent")


@dataclass(frozen=True, slots=True)
class Checked:
    """Some events of which all that :meth:`Standing.apply` looks at is known to be of its form; column by column."""

    made: list[Made]
    names: list[tuple[str, str, str]]
    """Event type, entity's type and id."""
    moments: list[datetime]
    used: list[tuple[int, ...] | None]
    """Input and output tokens of the agents; ``None``: no agent."""


def checked(made: list[Made]) -> Checked:
    """``ValueError``, ``KeyError``, ``TypeError`` or ``AttributeError`` where one of them is no event (M2)."""
    names = list(map(_TEXTS, made))
    texts = list(chain.from_iterable(names))
    if not (set(map(type, texts)) <= {str} and all(texts)):
        raise ValueError("a name is missing")
    moments = [datetime.fromisoformat(one["timestamp"]) for one in made]
    if None in [moment.tzinfo for moment in moments]:
        raise ValueError("timestamp has no zone")
    used = [None if agent is None else _tokens(agent) for agent in map(_AGENT, made)]
    for kind, one in zip(texts[::3], made, strict=True):
        if kind in LIFECYCLE and not (type(one.get("chainId")) in _TEXT and type(one.get("requestId")) in _TEXT):
            raise TypeError("chainId and requestId are texts")
    return Checked(made, names, moments, used)


def _tokens(agent: dict[str, Any]) -> tuple[int, ...]:
    """What an agent used; an error where it is no agent."""
    if type(agent["model"]) is not str:
        raise TypeError("a model is a text")
    used = agent.get("tokens")
    if used is None:
        return ()
    given, made = used.get("input", 0), used.get("output", 0)
    if not (type(given) is type(made) is int and 0 <= given < MOST_TOKENS and 0 <= made < MOST_TOKENS):
        raise TypeError("tokens are whole numbers")
    return given, made


@dataclass(slots=True)
class Standing:
    """A fold over events."""

    since: int = NEVER
    """Tokens, calls, reworks and phases are counted from here on, ms; tasks by when they were completed."""
    until: int = -NEVER
    """Events from here on are not there yet, ms."""
    count: int = 0
    last_id: str = ""
    duplicates: int = 0
    foreign: int = 0
    faults: list[Fault] = field(default_factory=list)
    tasks: Rows = field(default_factory=_tasks)
    chains: Rows = field(default_factory=_spans)
    requests: Rows = field(default_factory=_spans)
    models: Rows = field(default_factory=_models)
    phases: Rows = field(default_factory=_phases)

    def apply(self, events: Checked) -> None:
        """Fold events in that were not folded before. Cannot fail."""
        rows: Iterable[_Row] = zip(events.names, events.made, events.moments, events.used, strict=True)
        if self.until != -NEVER:
            rows = [row for row in rows if to_ms(row[2]) < self.until]
        life, calls, phases = [], [], []
        last = None
        for row in rows:
            last, kind = row, row[0][0]
            self.count += 1
            if kind in LIFECYCLE:
                life.append(row)
            elif row[3] is not None:
                calls.append(row)
            elif kind == "phase:completed":
                phases.append(row)
        if last is not None:
            self.last_id = last[1]["id"]
        self._lives(life)
        if self.since != NEVER:
            calls, phases = ([row for row in rows if to_ms(row[2]) >= self.since] for rows in (calls, phases))
        self._calls(calls)
        self._phases(phases)

    def _calls(self, rows: list[_Row]) -> None:
        """What models used, outside of the lifecycle's own events."""
        columns, row_of = self.models.columns, self.models.row
        given, made, calls = columns["input"], columns["output"], columns["calls"]
        for names, event, _, used in rows:
            model = row_of(event["agent"]["model"])
            if used:
                given[model] += used[0]
                made[model] += used[1]
            calls[model] += names[0] == "call:answered"

    def _phases(self, rows: list[_Row]) -> None:
        """Where the time went."""
        columns, row_of = self.phases.columns, self.phases.row
        total, times = columns["ms"], columns["times"]
        for _, event, _, _ in rows:
            about = event.get("metadata")
            if type(about) is not dict:
                continue
            phase, seconds = about.get("phase"), about.get("seconds")
            if type(phase) is str and isinstance(seconds, int | float) and 0 <= seconds <= _LONGEST_S:
                row = row_of(phase)
                total[row] += round(seconds * 1000)
                times[row] += 1

    def _lives(self, rows: list[_Row]) -> None:
        """Tasks, chains and requests that begin and end."""
        requests, chains = self.requests.row, self.chains
        of_request = chains.columns["request"]
        for (kind, entity, name), made, moment, used in rows:
            at = to_ms(moment)
            model = NONE if used is None else self._model(made, used, at, kind)
            request_id, chain_id = made.get("requestId"), made.get("chainId")
            request = requests(request_id) if request_id else NONE
            chain_row = chains.row(chain_id) if chain_id else NONE
            if entity == "chain" and name != chain_id:
                chain_row = chains.row(name)
            if request >= 0 <= chain_row:
                of_request[chain_row] = request
            if entity == "task":
                self._task(kind, name, at, (chain_row, model), made.get("metadata"))
            elif entity == "chain":
                _span(chains, chain_row, kind, ("chain:created", "chain:completed"), at)
            elif entity == "request":
                _span(self.requests, requests(name), kind, ("request:created", "request:closed"), at)

    def _model(self, made: Made, used: tuple[int, ...], at: int, kind: str) -> int:
        row = self.models.row(made["agent"]["model"])
        if at >= self.since:
            columns = self.models.columns
            if used:
                columns["input"][row] += used[0]
                columns["output"][row] += used[1]
            if kind == "task:rework" and made["entityType"] == "task":
                columns["reworks"][row] += 1
        return row

    def _task(self, kind: str, name: str, at: int, belongs: tuple[int, int], about: object) -> None:
        run = about.get("run") if isinstance(about, dict) else None
        row = self.tasks.row(f"{run}\x1f{name}" if type(run) is str else name)
        columns = self.tasks.columns
        chain_row, model = belongs
        if chain_row != NONE:
            columns["chain"][row] = chain_row
        if kind == "task:created":
            _earliest(columns["created"], row, at)
        elif kind == "task:started":
            _earliest(columns["started"], row, at)
        elif kind == "task:rework":
            columns["reworks"][row] += 1
        elif kind in _ENDS:
            if kind == "task:completed" and at >= columns["completed"][row]:
                columns["completed"][row] = at
                columns["model"][row] = model
            _ended(columns, row, about)


def _ended(columns: dict[str, array[int]], row: int, about: object) -> None:
    columns["ended"][row] = 1
    conflicts = about.get("conflicts") if isinstance(about, dict) else None
    if type(conflicts) is int and columns["conflicts"][row] < conflicts < _MOST_CONFLICTS:
        columns["conflicts"][row] = conflicts


def _span(rows: Rows, row: int, kind: str, kinds: tuple[str, str], at: int) -> None:
    if kind == kinds[0]:
        _earliest(rows.columns["created"], row, at)
    elif kind == kinds[1]:
        rows.columns["ended"][row] = max(rows.columns["ended"][row], at)


def _earliest(column: array[int], row: int, at: int) -> None:
    if column[row] == NEVER or at < column[row]:
        column[row] = at
