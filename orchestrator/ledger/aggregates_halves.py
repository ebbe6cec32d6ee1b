"""A large log folded by two processes at once, half each, and the halves put together: the same standing as by one.

The second half is another process's, forked from this one. Whatever comes between (the process dies, an id of the
second half stands in the first too), the half is folded again here, behind the first.
"""

from __future__ import annotations

import json
import os
import signal
import threading
from array import array
from dataclasses import dataclass
from pathlib import Path
from struct import iter_unpack

from orchestrator.ledger.aggregates_fold import FAULTS_KEPT, fold_file
from orchestrator.ledger.aggregates_ids import ID_SIZE
from orchestrator.ledger.aggregates_pack import pack, unpack
from orchestrator.ledger.aggregates_state import NEVER, NONE, Rows, Standing

_WORTH = 8 << 20
"""Bytes from which on a second process is worth its start: as many are folded in a tenth of a second."""

_WHOLE = b"whole"
"""Ends what the other process sends."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Half:
    standing: Standing
    ids: bytes
    end: int


def fold_log(path: Path, standing: Standing, seen: set[bytes]) -> tuple[int, bytes]:
    """Where its whole lines end, and the ids of all that is folded by now. ``seen``: ids folded before; used up."""
    middle = _middle(path)
    if not middle:
        return fold_file(path, standing, seen), _used_up(seen)
    process, source = _start(path, middle, standing)
    try:
        fold_file(path, standing, seen, stop=middle)
        second = _received(source, seen)
    finally:
        os.close(source)
        os.kill(process, signal.SIGKILL)
        os.waitpid(process, 0)
    if second is None:
        return fold_file(path, standing, seen, middle), _used_up(seen)
    ids = _used_up(seen)
    merge(standing, second.standing)
    return second.end, ids + second.ids


def _used_up(seen: set[bytes]) -> bytes:
    """The ids one behind the other; the set's memory, most of all there is, is free for what comes."""
    ids = b"".join(seen)
    seen.clear()
    return ids


def _middle(path: Path) -> int:
    """Where the second half's first line begins; 0: one process is better, or all that can safely be had."""
    size = path.stat().st_size
    if size < _WORTH or threading.active_count() > 1 or len(os.sched_getaffinity(0)) == 1:
        return 0
    with path.open("rb") as source:
        source.seek(size // 2)
        source.readline()
        return source.tell() if source.tell() < size else 0


def _start(path: Path, begin: int, like: Standing) -> tuple[int, int]:
    """The other process, and where its half is read."""
    source, sink = os.pipe()
    process = os.fork()
    if process:
        os.close(sink)
        return process, source
    try:  # what fails here is done again by the first process, which then says so
        os.close(source)
        _second_half(path, begin, Standing(since=like.since, until=like.until), sink)
    finally:
        os._exit(0)


def _second_half(path: Path, begin: int, standing: Standing, sink: int) -> None:
    seen = set[bytes]()
    end = fold_file(path, standing, seen, begin)
    ids = _used_up(seen)
    header, body = pack(standing)
    header |= {"end": end, "ids": len(ids)}
    with os.fdopen(sink, "wb") as pipe:
        pipe.write(json.dumps(header).encode("ascii") + b"\n")
        pipe.write(ids)
        pipe.write(body)
        pipe.write(_WHOLE)


def _received(source: int, seen: set[bytes]) -> _Half | None:
    """``None``: it did not come whole, or an id of it was seen before."""
    with os.fdopen(source, "rb", closefd=False) as pipe:
        line = pipe.readline()
        if not line.endswith(b"\n"):
            return None
        header = json.loads(line)
        ids, body = pipe.read(header["ids"]), pipe.read()
    if not body.endswith(_WHOLE) or any(key in seen for (key,) in iter_unpack(f"{ID_SIZE}s", ids)):
        return None
    return _Half(standing=unpack(header, body), ids=ids, end=header["end"])


def merge(first: Standing, second: Standing) -> None:
    """Have ``first`` mean what both do, folded one behind the other."""
    first.count += second.count
    first.last_id = second.last_id or first.last_id
    first.duplicates += second.duplicates
    first.foreign += second.foreign
    first.faults = (first.faults + second.faults)[:FAULTS_KEPT]
    models = _rows(first.models, second.models, add=("input", "output", "reworks", "calls"))
    _rows(first.phases, second.phases, add=("ms", "times"))
    requests = _rows(first.requests, second.requests, earliest=("created",), latest=("ended",))
    chains = _rows(first.chains, second.chains, earliest=("created",), latest=("ended",))
    _replaced(first.chains, second.chains, chains, ("request", requests))
    _tasks(first, second, chains, models)


def _tasks(first: Standing, second: Standing, chains: list[int], models: list[int]) -> None:
    before, later = first.tasks.columns["completed"][:], second.tasks.columns["completed"]
    maximal = ("completed", "conflicts", "ended")
    tasks = _rows(first.tasks, second.tasks, earliest=("created", "started"), latest=maximal, add=("reworks",))
    _replaced(first.tasks, second.tasks, tasks, ("chain", chains))
    of, others = first.tasks.columns["model"], second.tasks.columns["model"]
    for row, at, model in zip(tasks, later, others, strict=True):
        if at != NEVER and (row >= len(before) or at >= before[row]):
            of[row] = NONE if model == NONE else models[model]


def _rows(
    first: Rows,
    second: Rows,
    *,
    earliest: tuple[str, ...] = (),
    latest: tuple[str, ...] = (),
    add: tuple[str, ...] = (),
) -> list[int]:
    """Which row of the first each of the second's is; those columns brought together."""
    places = [first.row(name) for name in second.names]
    for column in add:
        into = first.columns[column]
        for row, value in zip(places, second.columns[column], strict=True):
            into[row] += value
    for column in latest:
        into = first.columns[column]
        for row, value in zip(places, second.columns[column], strict=True):
            into[row] = max(into[row], value)
    for column in earliest:
        _earliest(first.columns[column], second.columns[column], places)
    return places


def _earliest(into: array[int], values: array[int], places: list[int]) -> None:
    for row, value in zip(places, values, strict=True):
        if into[row] == NEVER or NEVER != value < into[row]:
            into[row] = value


def _replaced(first: Rows, second: Rows, places: list[int], column: tuple[str, list[int]]) -> None:
    """What the second knows holds over what the first did."""
    name, rows = column
    into = first.columns[name]
    for row, value in zip(places, second.columns[name], strict=True):
        if value != NONE:
            into[row] = rows[value]
