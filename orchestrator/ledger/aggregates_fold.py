"""Lines of the log folded into a standing: many at once where all are as they should be, else one by one.

What is wrong with a line (torn, foreign, there twice) is found before anything of its batch is folded; the batch is
then done again line by line, so that both ways mean the same.
"""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import orjson

from orchestrator.ledger.aggregates_state import Standing, checked
from orchestrator.ledger.events_read import (
    Fault,
    line_blocks,
    open_source,
    packed_id,
    packed_ids,
    read_json,
    why_foreign,
)

FAULTS_KEPT = 20
_BATCH = 256
"""Lines that are read, checked and folded together: their objects still fit the processor's cache (measured)."""
_FAULTS = (ValueError, KeyError, TypeError, AttributeError, OverflowError, IndexError, RecursionError)


def fold_file(path: Path, standing: Standing, seen: set[bytes], begin: int = 0, stop: int | None = None) -> int:
    """Fold the log or an archive, or the part of a log from one line's beginning to another's; where its whole lines
    end. ``seen``: ids folded before, added to.
    """
    end = begin
    with open_source(path) as source, _without_collector():
        source.seek(begin)
        for offset, lines, torn in line_blocks(source, stop):
            fold_lines(lines, standing, seen, (path.name, offset))
            end = offset + sum(map(len, lines)) + len(lines)
            if torn and path.suffix == ".gz":
                fold_lines([torn], standing, seen, (path.name, offset))
    return end


def fold_lines(lines: Sequence[bytes], standing: Standing, seen: set[bytes], where: tuple[str, int]) -> None:
    """Fold whole lines; ``where``: file and offset of the first, for what is named as no event."""
    file, offset = where
    for begin in range(0, len(lines), _BATCH):
        batch = lines[begin : begin + _BATCH]
        if not _take(list(filter(None, batch)), orjson.loads, standing, seen):
            _one_by_one(batch, standing, seen, (file, offset))
        offset += sum(map(len, batch)) + len(batch)


def _take(lines: Sequence[bytes], read: Callable[[bytes], Any], standing: Standing, seen: set[bytes]) -> bool:
    """Fold them all, or (``False``) none: one is no event, or there already."""
    try:
        made = list(map(read, lines))
        keys = packed_ids([one["id"] for one in made])
        new = set(keys)
        if len(new) != len(keys) or not new.isdisjoint(seen):
            return False
        events = checked(made)
    except _FAULTS:
        return False
    standing.apply(events)
    seen |= new
    return True


def _one_by_one(batch: Sequence[bytes], standing: Standing, seen: set[bytes], where: tuple[str, int]) -> None:
    file, offset = where
    for line in batch:
        if line and not _take([line], read_json, standing, seen):
            if why := _why_not(line, seen):
                _name(standing, Fault(file=file, offset=offset, why=why))
            else:
                standing.duplicates += 1
        offset += len(line) + 1


def _why_not(line: bytes, seen: set[bytes]) -> str:
    """Empty: it is there already."""
    try:
        made = read_json(line)
        if packed_id(made["id"]) in seen:
            checked([made])
            return ""
    except _FAULTS:
        pass
    return why_foreign(line) or "no event of ours"


def _name(standing: Standing, fault: Fault) -> None:
    standing.foreign += 1
    if len(standing.faults) < FAULTS_KEPT:
        standing.faults.append(fault)


@contextmanager
def _without_collector() -> Iterator[None]:
    """Folding makes many objects and no cycles: looking for some takes a third of its time."""
    collects = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collects:
            gc.enable()
