"""The entries of an open journal: on disk, where they are; in memory only where each begins, its type and its task.

A night writes some 35 entries a task. As dictionaries they take 3 KiB each, so a long night would grow by 20 MiB every
200 tasks; the index takes 22 bytes an entry. What was looked at last is kept ready: a task under way reads nothing
twice.
"""

from __future__ import annotations

import os
import threading
import weakref
from array import array
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain
from typing import Any, overload

Entry = dict[str, Any]
Decode = Callable[[bytes, int], Entry]
"""A line without its end, and its number; raises what is to be said of one that is damaged."""

READY = 256
"""Entries kept ready: those of the last tasks, in some 0.8 MiB."""
_BLOCK = 128
"""Entries read at once by who goes through all of them."""


class Shelf:
    """The lines of one file, in order. Threads may share it."""

    def __init__(self, descriptor: int, decode: Decode) -> None:
        """``descriptor``: of the file, readable; a copy of it is kept for as long as this object lives."""
        self._file = os.dup(descriptor)
        weakref.finalize(self, os.close, self._file)
        self._decode = decode
        self._begins = array("Q", [0])
        self._kinds = array("H")
        self._kind_numbers: dict[str, int] = {}
        self._by_kind: dict[str, array[int]] = {}
        self._by_task: dict[str, array[int]] = {}
        self._ready: OrderedDict[int, Entry] = OrderedDict()
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._kinds)

    def add(self, entry: Entry, length: int) -> None:
        """The next line, of so many bytes, its end included. May be interrupted at any point and begun again."""
        with self._lock:
            seq, kind, task = len(self._kinds), str(entry["type"]), entry.get("task")
            number = self._kind_numbers.setdefault(kind, len(self._kind_numbers))
            _note(self._by_kind.setdefault(kind, array("I")), seq)
            if isinstance(task, str):
                _note(self._by_task.setdefault(task, array("I")), seq)
            if len(self._begins) == seq + 1:
                self._begins.append(self._begins[seq] + length)
            self._keep(seq, entry)
            self._kinds.append(number)  # last: from here on it is there

    def entry(self, seq: int) -> Entry:
        """That entry."""
        with self._lock:
            known = self._ready.get(seq)
            if known is None:
                begin, end = self._begins[seq], self._begins[seq + 1]
                known = self._decode(os.pread(self._file, end - begin, begin)[:-1], seq)
                self._keep(seq, known)
            else:
                self._ready.move_to_end(seq)
            return known

    def between(self, start: int, end: int) -> Iterator[Entry]:
        """Those from ``start`` up to ``end``, oldest first, read in blocks; they are not kept ready."""
        if end - start <= READY:
            yield from (self.entry(seq) for seq in range(start, end))
            return
        for first in range(start, end, _BLOCK):
            last = min(first + _BLOCK, end)
            begin = self._begins[first]
            lines = os.pread(self._file, self._begins[last] - begin, begin).split(b"\n")
            for seq in range(first, last):
                yield self._decode(lines[seq - first], seq)

    def seqs(self, kind: str, task: str | None = None) -> Sequence[int]:
        """Numbers of the entries of that type, of one task where it is given; oldest first."""
        with self._lock:
            if task is None:
                return self._by_kind.get(kind, array("I"))[:]
            number = self._kind_numbers.get(kind)
            return [seq for seq in self._by_task.get(task, ()) if self._kinds[seq] == number]

    def of_task(self, task: str) -> list[Entry]:
        """All entries of that task, oldest first."""
        with self._lock:
            seqs = tuple(self._by_task.get(task, ()))
        return [self.entry(seq) for seq in seqs]

    def _keep(self, seq: int, entry: Entry) -> None:
        self._ready[seq] = entry
        if len(self._ready) > READY:
            self._ready.popitem(last=False)


def _note(seqs: array[int], seq: int) -> None:
    if not seqs or seqs[-1] != seq:
        seqs.append(seq)


def in_order(*parts: Iterable[Entry]) -> list[Entry]:
    """Entries of several kinds, as they were written."""
    return sorted(chain.from_iterable(parts), key=lambda entry: int(entry["seq"]))


class Entries(Sequence[Entry]):
    """The entries there were at one moment; read as they are asked for."""

    def __init__(self, shelf: Shelf, start: int = 0, end: int | None = None) -> None:
        self._shelf = shelf
        self._start = start
        self._end = len(shelf) if end is None else end

    def __len__(self) -> int:
        return max(0, self._end - self._start)

    @overload
    def __getitem__(self, index: int) -> Entry: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Entry]: ...
    def __getitem__(self, index: int | slice) -> Entry | Sequence[Entry]:
        if isinstance(index, slice):
            start, end, step = index.indices(len(self))
            if step == 1:
                return Entries(self._shelf, self._start + start, self._start + max(start, end))
            return [self[at] for at in range(start, end, step)]
        at = index if index >= 0 else len(self) + index
        if not 0 <= at < len(self):
            raise IndexError(index)
        return self._shelf.entry(self._start + at)

    def __iter__(self) -> Iterator[Entry]:
        return self._shelf.between(self._start, self._end)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Sequence):
            return NotImplemented
        return len(self) == len(other) and all(one == another for one, another in zip(self, other, strict=True))

    __hash__ = None  # type: ignore[assignment]
