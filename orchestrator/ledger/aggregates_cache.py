"""The standing of the log as it was last folded, so that the next summary reads only what is new.

Kept beside ``aggregates.json``: the standing's columns, the ids that were folded, and the seal of the log that both
hold for (:mod:`~orchestrator.ledger.aggregates_prefix` says which changes are found when); archives are known by
name, size and the checksum that gzip ends with. A few new events are folded again each time; only many are kept.
"""

from __future__ import annotations

import fcntl
import json
import os
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any

from orchestrator.ledger.aggregates_fold import fold_file, fold_lines
from orchestrator.ledger.aggregates_halves import fold_log
from orchestrator.ledger.aggregates_ids import ID_SIZE, keep_ids, known_ids
from orchestrator.ledger.aggregates_pack import pack, unpack
from orchestrator.ledger.aggregates_prefix import Seal, holds, seal
from orchestrator.ledger.aggregates_state import Standing
from orchestrator.ledger.events import LOG
from orchestrator.ledger.events_read import Fault, archives, line_blocks, packed_id, read_json

_VERSION = 3
_STATE = ".aggregates.state"
_LOCK = ".aggregates.lock"
_KEPT_FROM = 1 << 20
"""Bytes of new lines that are worth writing the standing again; fewer are folded again in some milliseconds."""
_EDGE = 1 << 20
_GZIP_END = 8


def standing_of(state: Path, *, afresh: bool = False) -> Standing:
    """The standing of all events of a state folder; folds what is new, or everything where the old part changed."""
    with _alone(state):
        known = None if afresh else _known(state)
        return _fold_all(state) if known is None else known


def _known(state: Path) -> Standing | None:
    """From the cache and what the log holds beyond it; ``None`` where the cache is no use."""
    kept = _load(state)
    if kept is None:
        return None
    standing, before, ids = kept
    tail = _tail(state, before.length)
    try:
        known = known_ids(state, ids, _ids_in(tail))
    except (OSError, ValueError):
        return None
    folded = set(known)
    fold_lines(tail, standing, folded, (LOG, before.length))
    size = sum(map(len, tail)) + len(tail)
    if size >= _KEPT_FROM:
        with suppress(OSError):
            _save(state, standing, seal(state / LOG, before.length + size, before), ids, b"".join(folded - known))
    return standing


@contextmanager
def _alone(state: Path) -> Iterator[None]:
    """One process at a time brings the cache on; where it cannot be written, nothing needs to be kept apart."""
    try:
        descriptor = os.open(state / _LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    except OSError:
        yield
        return
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def replayed(state: Path, *, since: int | None = None, until: int | None = None) -> Standing:
    """The standing as of a time, or of a window (ms); nothing is cached."""
    standing = Standing()
    standing.since = since if since is not None else standing.since
    standing.until = until if until is not None else standing.until
    _fold_sources(state, standing)
    return standing


def _fold_all(state: Path) -> Standing:
    standing = Standing()
    length, ids = _fold_sources(state, standing)
    with suppress(OSError):  # a cache that cannot be written is none, and no reason to fail
        _save(state, standing, seal(state / LOG, length), 0, ids)
    return standing


def _fold_sources(state: Path, standing: Standing) -> tuple[int, bytes]:
    """Archives, then the log; how many bytes of the log were whole lines, and the ids of all that was folded."""
    seen = set[bytes]()
    for path in archives(state):
        fold_file(path, standing, seen)
    path = state / LOG
    return fold_log(path, standing, seen) if path.exists() else (0, b"".join(seen))


def torn_tail(state: Path) -> Fault | None:
    """What the log ends with instead of a newline: a line being written, or one that a crash cut off."""
    path = state / LOG
    with suppress(FileNotFoundError), path.open("rb") as source:
        size = source.seek(0, os.SEEK_END)
        source.seek(max(0, size - _EDGE))
        last = source.read()
        if last and not last.endswith(b"\n"):
            begins = size - (len(last) - last.rfind(b"\n") - 1)
            return Fault(file=LOG, offset=begins, why="no newline: being written, or torn")
    return None


def _tail(state: Path, offset: int) -> list[bytes]:
    found: list[bytes] = []
    with suppress(FileNotFoundError), (state / LOG).open("rb") as source:
        source.seek(offset)
        for _, lines, _ in line_blocks(source):
            found += lines
    return found


def _ids_in(lines: Sequence[bytes]) -> list[bytes]:
    found = []
    for line in lines:
        with suppress(ValueError, KeyError, TypeError, AttributeError, RecursionError):
            found.append(packed_id(read_json(line)["id"]))
    return found


def _load(state: Path) -> tuple[Standing, Seal, int] | None:
    """The cache, where it is whole and its log is still the one it was made of; else ``None``."""
    try:
        content = (state / _STATE).read_bytes()
        head, _, body = content.partition(b"\n")
        header = json.loads(head)
        if header["version"] != _VERSION or header["crc"] != zlib.crc32(body):
            return None
        before = Seal(**header["seal"])
        if header["archives"] != _archives(state) or not holds(state / LOG, before):
            return None
        return unpack(header, body), before, header["ids"]
    except (OSError, ValueError, KeyError, TypeError, IndexError):
        return None


def _save(state: Path, standing: Standing, of: Seal, ids: int, added: bytes) -> None:
    """Ids are appended, the standing replaced. ``OSError``: it could not be."""
    keep_ids(state, ids, added)
    header, body = pack(standing)
    header |= {"version": _VERSION, "crc": zlib.crc32(body), "ids": ids + len(added) // ID_SIZE}
    header |= {"archives": _archives(state), "seal": asdict(of)}
    beside = state / f"{_STATE}.{os.getpid()}"
    beside.write_bytes(json.dumps(header).encode("ascii") + b"\n" + body)
    beside.replace(state / _STATE)


def _archives(state: Path) -> list[list[Any]]:
    found = []
    for path in archives(state):
        with path.open("rb") as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(max(0, size - _GZIP_END))
            found.append([path.name, size, file.read().hex()])
    return found
