"""The digest of a log's prefix (M3): whether what was folded is still what the log begins with.

SHA-256 by pieces of a MiB. What is found when:

- the log is another file than then (copied, moved, written anew by an editor), is shorter, or its time says that
  nothing was added since: every piece is compared, so every change is found at once;
- the log of up to 32 MiB has grown: the same;
- a larger log has grown: its first and its last piece, and eight that chance picks. Whatever moved bytes (a line put
  in, taken out, made longer) is found at once by the last; a change in place that moves nothing is found with a
  chance of eight in the number of pieces each time, since reading all of a third of a GiB takes longer than the whole
  summary may. The tool itself only ever appends;
- ``metrics refresh`` folds every event anew and asks no digest.

An unchanged file (same inode, size, and time, the time not of this very moment) is not read at all.
"""

from __future__ import annotations

import hashlib
import os
import random
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import IO

_PIECE = 1 << 20
_WHOLE = 32
"""Pieces up to which all are compared: 32 MiB take about 20 ms."""
_PICKED = 8
_RACY_NS = 2_000_000_000
"""A file changed less than this before it was looked at may change once more within the same tick of its clock."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Seal:
    """What a log's first bytes were."""

    length: int
    pieces: list[str]
    """Of each MiB, the last one up to ``length``."""
    file: list[int]
    """Device, inode, size, time of change in ns, as the seal was made; the time 0: too fresh to tell by."""


def seal(path: Path, length: int, before: Seal | None = None) -> Seal:
    """Of a log's first ``length`` bytes; ``before``: of fewer bytes of the same log, which are not read again."""
    if not length:
        return Seal(length=0, pieces=[], file=[])
    pieces = before.pieces[: before.length // _PIECE] if before is not None else []
    with path.open("rb") as file:
        stamp = _stamp(file)
        missing = range(len(pieces), -(-length // _PIECE))
        pieces = pieces + [_digest(file, number, length) for number in missing]
    return Seal(length=length, pieces=pieces, file=stamp)


def holds(path: Path, known: Seal) -> bool:
    """Whether the log still begins with those bytes; see the module for what is looked at."""
    if not known.length:
        return True
    try:
        with path.open("rb") as file:
            now = _stamp(file)
            if now[2] < known.length:
                return False
            if now == known.file and now[3]:
                return True
            return all(_digest(file, number, known.length) == known.pieces[number] for number in _asked(known, now))
    except OSError:
        return False


def _asked(known: Seal, now: list[int]) -> Iterable[int]:
    count = len(known.pieces)
    grown = now[:2] == known.file[:2] and now[2] > known.file[2]
    if count <= _WHOLE or not grown:
        return range(count)
    picked = random.sample(range(1, count - 1), _PICKED)
    return (count - 1, 0, *picked)


def _digest(file: IO[bytes], number: int, length: int) -> str:
    file.seek(number * _PIECE)
    return hashlib.sha256(file.read(min(_PIECE, length - number * _PIECE))).hexdigest()[:32]


def _stamp(file: IO[bytes]) -> list[int]:
    stat = os.fstat(file.fileno())
    settled = time.time_ns() - stat.st_mtime_ns > _RACY_NS
    return [stat.st_dev, stat.st_ino, stat.st_size, stat.st_mtime_ns if settled else 0]
