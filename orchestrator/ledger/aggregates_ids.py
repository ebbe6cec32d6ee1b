"""The ids of all events that were folded, on disk, and quickly asked for a few.

``.aggregates.ids`` holds them one behind the other; of up to 50,000 all are read. Of more, ``.aggregates.seen`` has a
byte for each possible beginning of 24 bits: 0 where no id begins so, else a mark of the id's next byte, or 255 for
several ids. It may know too many ids (of a summary that was interrupted), never too few: that an id is new is most
often told by one byte of it.
"""

from __future__ import annotations

import mmap
import os
from collections.abc import Collection
from pathlib import Path

_IDS = ".aggregates.ids"
_SEEN = ".aggregates.seen"
_SIZE = 16
_SLOTS = 1 << 24
_SEVERAL = 255
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
            likely = [key for key in asked if seen[_slot(key)] in {_mark(key), _SEVERAL}]
    end = count * _SIZE
    with (state / _IDS).open("rb") as file:
        if file.seek(0, os.SEEK_END) < end:
            raise ValueError("ids are missing")
        if count < _FEW or len(likely) > _MANY:
            file.seek(0)
            return _split(file.read(end)).intersection(likely)
        with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as stored:
            return {key for key in likely if _is_in(stored, key, end)}


def keep_ids(state: Path, count: int, added: Collection[bytes]) -> None:
    """Have these follow the first ``count``."""
    if count + len(added) >= _FEW:
        _keep_table(state, count, added)
    if not count:
        _replace(state / _IDS, b"".join(added))
        return
    with (state / _IDS).open("r+b") as file:
        file.seek(count * _SIZE)
        file.write(b"".join(added))
        file.truncate()


def _keep_table(state: Path, count: int, added: Collection[bytes]) -> None:
    """Before the ids themselves: it may know more than they."""
    if count >= _FEW:
        with (state / _SEEN).open("r+b") as file, mmap.mmap(file.fileno(), _SLOTS) as seen:
            _mark_all(seen, added)
        return
    table = bytearray(_SLOTS)
    if count:
        _mark_all(table, _split((state / _IDS).read_bytes()[: count * _SIZE]))
    _mark_all(table, added)
    _replace(state / _SEEN, table)


def _split(packed: bytes) -> set[bytes]:
    return {packed[place : place + _SIZE] for place in range(0, len(packed), _SIZE)}


def _slot(key: bytes) -> int:
    return int.from_bytes(key[:3], "big")


def _mark(key: bytes) -> int:
    return key[3] % 254 + 1


def _mark_all(table: bytearray | mmap.mmap, added: Collection[bytes]) -> None:
    for key in added:
        slot, mark = key[0] << 16 | key[1] << 8 | key[2], key[3] % 254 + 1
        known = table[slot]
        if known != mark:
            table[slot] = _SEVERAL if known else mark


def _is_in(stored: mmap.mmap, key: bytes, end: int) -> bool:
    place = stored.find(key, 0, end)
    while place >= 0 and place % _SIZE:
        place = stored.find(key, place + 1, end)
    return place >= 0


def _replace(path: Path, content: bytes | bytearray) -> None:
    beside = path.with_name(f"{path.name}.{os.getpid()}")
    beside.write_bytes(content)
    beside.replace(path)
