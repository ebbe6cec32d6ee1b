"""What the events mean so far, in columns: one row a task, chain, request, model.

Folding is commutative but for ``lastEventId`` (times keep their earliest or latest, the rest adds up), so events that
arrive late or from several processes change nothing. Columns are plain arrays: a million events' standing is read back
from its cache in milliseconds.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from orchestrator.ledger.events_read import LIFECYCLE, Fault, instant_ms, packed_id, why_foreign

NEVER = -(1 << 62)
"""No such time is known."""
NONE = -1
"""No such row."""
FAULTS_KEPT = 20
_MOST_TOKENS = 1 << 48
"""Of one event: what is beyond is no count of tokens, and would not fit a column."""


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
        if name in self.names:
            return self.names[name]
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


@dataclass(slots=True)
class Standing:
    """A fold over events; :meth:`feed` takes raw lines, each event once."""

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

    def feed(
        self, lines: Sequence[bytes], read: Callable[[bytes], Any], seen: set[bytes], where: tuple[str, int]
    ) -> None:
        """Fold whole lines in. ``seen``: ids folded before, added to; ``where``: file and offset, for faults."""
        fold, until, add = self._fold, self.until, seen.add
        for number, line in enumerate(lines):
            if not line:
                continue
            try:
                made = read(line)
                stated = made["id"]
                key = packed_id(stated)
                at = instant_ms(made["timestamp"])
                if key in seen:
                    self.duplicates += 1
                    continue
                if at < until:
                    fold(made, at)
                    self.count += 1
                    self.last_id = stated
                add(key)
            except (ValueError, KeyError, TypeError, AttributeError, OverflowError, IndexError, RecursionError):
                self._foreign(line, where[0], where[1] + sum(len(one) + 1 for one in lines[:number]))

    def _foreign(self, line: bytes, file: str, offset: int) -> None:
        self.foreign += 1
        if len(self.faults) < FAULTS_KEPT:
            self.faults.append(Fault(file=file, offset=offset, why=why_foreign(line) or "no event of ours"))

    def _fold(self, made: dict[str, Any], at: int) -> None:
        """One event. All that may be wrong with it is found before anything is changed."""
        kind, entity, name = made["eventType"], made["entityType"], made["entityId"]
        if not (type(kind) is type(entity) is type(name) is str and kind and entity and name):
            raise ValueError("a name is missing")
        agent = made.get("agent")
        used = _tokens(agent) if agent is not None else (0, 0)
        about = made.get("metadata")
        if kind not in LIFECYCLE:
            if agent is not None:
                self._call(kind, self._model(agent["model"], used, at), at)
            elif kind == "phase:completed" and type(about) is dict:
                self._phase(about, at)
            return
        chain, request = made.get("chainId"), made.get("requestId")
        if not (isinstance(chain, str | None) and isinstance(request, str | None)):
            raise TypeError("chainId and requestId are texts")
        model_row = self._model(agent["model"], used, at) if agent is not None else NONE
        request_row = self.requests.row(request) if request else NONE
        chain_row = self._chain(chain, request_row) if chain else NONE
        if entity == "task":
            self._task(kind, name, at, (chain_row, model_row), about if type(about) is dict else {})
        elif entity == "chain":
            self._span(self.chains, self._chain(name, request_row), kind, ("chain:created", "chain:completed"), at)
        elif entity == "request":
            self._span(self.requests, self.requests.row(name), kind, ("request:created", "request:closed"), at)

    def _chain(self, name: str, request: int) -> int:
        row = self.chains.row(name)
        if request != NONE:
            self.chains.columns["request"][row] = request
        return row

    def _model(self, name: str, tokens: tuple[int, int], at: int) -> int:
        row = self.models.row(name)
        if at >= self.since:
            columns = self.models.columns
            columns["input"][row] += tokens[0]
            columns["output"][row] += tokens[1]
        return row

    def _span(self, rows: Rows, row: int, kind: str, kinds: tuple[str, str], at: int) -> None:
        if kind == kinds[0]:
            _earliest(rows.columns["created"], row, at)
        elif kind == kinds[1]:
            _latest(rows.columns["ended"], row, at)

    def _task(self, kind: str, name: str, at: int, belongs: tuple[int, int], about: dict[str, Any]) -> None:
        run = about.get("run")
        row = self.tasks.row(f"{run}\x1f{name}" if type(run) is str else name)
        columns = self.tasks.columns
        chain, model = belongs
        if chain != NONE:
            columns["chain"][row] = chain
        if kind == "task:created":
            _earliest(columns["created"], row, at)
        elif kind == "task:started":
            _earliest(columns["started"], row, at)
        elif kind == "task:completed":
            if at >= columns["completed"][row]:
                columns["completed"][row] = at
                columns["model"][row] = model
            _ended(columns, row, about)
        elif kind == "task:ended":
            _ended(columns, row, about)
        elif kind == "task:rework":
            columns["reworks"][row] += 1
            if model != NONE and at >= self.since:
                self.models.columns["reworks"][model] += 1

    def _call(self, kind: str, model: int, at: int) -> None:
        if kind == "call:answered" and at >= self.since:
            self.models.columns["calls"][model] += 1

    def _phase(self, about: dict[str, Any], at: int) -> None:
        phase, seconds = about.get("phase"), about.get("seconds")
        if type(phase) is str and isinstance(seconds, int | float) and at >= self.since:
            row = self.phases.row(phase)
            self.phases.columns["ms"][row] += round(seconds * 1000)
            self.phases.columns["times"][row] += 1


def _tokens(agent: dict[str, Any]) -> tuple[int, int]:
    """What an agent used; an error where it is no agent."""
    if type(agent["model"]) is not str:
        raise TypeError("a model is a text")
    used = agent.get("tokens")
    if used is None:
        return 0, 0
    given, made = used.get("input", 0), used.get("output", 0)
    if not (type(given) is type(made) is int and 0 <= given < _MOST_TOKENS and 0 <= made < _MOST_TOKENS):
        raise TypeError("tokens are whole numbers")
    return given, made


def _ended(columns: dict[str, array[int]], row: int, about: dict[str, Any]) -> None:
    columns["ended"][row] = 1
    conflicts = about.get("conflicts")
    if type(conflicts) is int:
        columns["conflicts"][row] = max(conflicts, columns["conflicts"][row])


def _earliest(column: array[int], row: int, at: int) -> None:
    if column[row] == NEVER or at < column[row]:
        column[row] = at


def _latest(column: array[int], row: int, at: int) -> None:
    column[row] = max(column[row], at)
