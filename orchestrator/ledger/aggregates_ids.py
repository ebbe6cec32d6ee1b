"""The ids of all events that were folded, on disk, and quickly asked for a few.

``.aggregates.ids`` holds them one behind the other; of up to 50,000 all are read. Of more, ``.aggregates.seen`` has a
byte for each value of 24 of an id's bits, and in it a bit for each value of three more. It may know too many ids (of
a summary that was interrupted, or by the same bits: one in 130 of a million), never too few.
"""

from __future__ import annotations

import mmap
import os
from collections.abc import Collection
from pathlib import Path
from struct import unpack_from

_IDS = ".aggregates.ids"
_SEEN = ".aggregates.seen"
ID_SIZE = 16
"""Bytes of a packed id."""
_SLOTS = 1 << 24
_PLACE = _SLOTS - 1
_BITS = tuple(1 << (rest & 7) for rest in range(256))
"""By what follows those 24 bits."""
_AT_ONCE = 1 << 15
_FEW = 50_000
"""Ids that are read quicker (800 kB) than a table of them is kept."""
_MANY = 200
"""Ids that may be known, from which on all are held in a set: finding one in a million takes some milliseconds."""


def known_ids(state: Path, count: int, asked: Collection[bytes]) -> set[bytes]:
    """Which of these are among the first ``count``. ``OSError``, ``ValueError``: the files are damaged."""
    likely = asked
    if count >= _FEW:
        with (state / _SEEN).open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as seen:
            if len(seen) != _SLOTS:
                raise ValueError("the table of ids is damaged")
            likely = [key for key in asked if _may_be_in(seen, key)]
    end = count * ID_SIZE
    with (state / _IDS).open("rb") as file:
        if file.seek(0, os.SEEK_END) < end:
            raise ValueError("ids are missing")
        if count < _FEW or len(likely) > _MANY:
            file.seek(0)
            return _split(file.read(end)).intersection(likely)
        with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as stored:
            return {key for key in likely if _is_in(stored, key, end)}


def keep_ids(state: Path, count: int, added: bytes) -> None:
    """Have these, one behind the other, follow the first ``count``."""
    if count + len(added) // ID_SIZE >= _FEW:
        _keep_table(state, count, added)
    if not count:
        _replace(state / _IDS, added)
        return
    with (state / _IDS).open("r+b") as file:
        file.seek(count * ID_SIZE)
        file.write(added)
        file.truncate()


def _keep_table(state: Path, count: int, added: bytes) -> None:
    """Before the ids themselves: it may know more than they."""
    if count >= _FEW:
        with (state / _SEEN).open("r+b") as file, mmap.mmap(file.fileno(), _SLOTS) as seen:
            _mark_all(seen, added)
        return
    table = bytearray(_SLOTS)
    if count:
        _mark_all(table, (state / _IDS).read_bytes()[: count * ID_SIZE])
    _mark_all(table, added)
    _replace(state / _SEEN, table)


def _split(packed: bytes) -> set[bytes]:
    return {packed[place : place + ID_SIZE] for place in range(0, len(packed), ID_SIZE)}


def _may_be_in(table: mmap.mmap, key: bytes) -> bool:
    first = unpack_from("=I", key)[0]
    return bool(table[first & _PLACE] & _BITS[first >> 24])


def _mark_all(table: bytearray | mmap.mmap, added: bytes) -> None:
    words = memoryview(added).cast("I")
    step = ID_SIZE // words.itemsize
    for begin in range(0, len(words), step * _AT_ONCE):
        for first in words[begin : begin + step * _AT_ONCE : step].tolist():
            table[first & _PLACE] |= _BITS[first >> 24]


def _is_in(stored: mmap.mmap, key: bytes, end: int) -> bool:
    place = stored.find(key, 0, end)
    while place >= 0 and place % ID_SIZE:
        place = stored.find(key, place + 1, end)
    return place >= 0


def _replace(path: Path, content: bytes | bytearray) -> None:
    beside = path.with_name(f"{path.name}.{os.getpid()}")
    beside.write_bytes(content)
    beside.replace(path)
