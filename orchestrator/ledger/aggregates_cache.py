"""The standing of the log as it was last folded, so that the next summary reads only what is new.

Kept beside ``aggregates.json``: the standing's columns, and the ids that were folded. It holds for one log: archives
by name and size, the log's bytes up to an offset by a digest. Of a log beyond 32 MiB the digest takes its first and
last MiB and 256 pieces between them, for hashing all of a million events would take longer than is given; whatever
moves a byte's place is seen, a change in place between the pieces is not. ``metrics refresh`` folds everything anew.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import sys
import zlib
from array import array
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, Any

from orchestrator.ledger.aggregates_state import FAULTS_KEPT, Rows, Standing
from orchestrator.ledger.events import LOG
from orchestrator.ledger.events_read import Fault, archives, json_reader, line_blocks, open_source, packed_id

_VERSION = 1
_STATE = ".aggregates.state"
_IDS = ".aggregates.ids"
_LOCK = ".aggregates.lock"
_WHOLE = 32 << 20
_EDGE = 1 << 20
_PIECES, _PIECE = 256, 4096
_ROWS = ("tasks", "chains", "requests", "models", "phases")
_PLAIN = ("count", "last_id", "duplicates", "foreign")
_MANY_IDS = 20_000
"""New ids from which on all known ones are held in a set; fewer are looked for among them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """How far a log was folded."""

    archives: list[list[Any]]
    """Name and bytes of each."""
    offset: int
    digest: str


def standing_of(state: Path, *, afresh: bool = False) -> Standing:
    """The standing of all events of a state folder; folds what is new, or everything where the old part changed."""
    with _alone(state):
        kept = None if afresh else _load(state)
        return _fold_all(state) if kept is None else _go_on(state, *kept)


def _go_on(state: Path, standing: Standing, mark: Mark, ids: int) -> Standing:
    """Fold what the log holds beyond the mark."""
    tail = _tail(state, mark.offset)
    if not tail:
        return standing
    new = _ids_in(tail)
    stored = (state / _IDS).read_bytes()[: ids * 16]
    known = _known(new, stored)
    before = set(known)
    read = json_reader(sum(len(line) + 1 for line in tail))
    standing.feed(tail, read, known, (LOG, mark.offset))
    offset = mark.offset + sum(len(line) + 1 for line in tail)
    _save(state, standing, offset, ids, known - before)
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
    _feed_sources(state, standing, set())
    return standing


def _fold_all(state: Path) -> Standing:
    standing = Standing()
    seen: set[bytes] = set()
    offset = _feed_sources(state, standing, seen)
    _save(state, standing, offset, 0, seen)
    return standing


def _feed_sources(state: Path, standing: Standing, seen: set[bytes]) -> int:
    """Archives, then the log; how many bytes of the log were whole lines."""
    for path in archives(state):
        _feed(path, standing, seen)
    path = state / LOG
    return _feed(path, standing, seen) if path.exists() else 0


def _feed(path: Path, standing: Standing, seen: set[bytes]) -> int:
    read, end = json_reader(path.stat().st_size), 0
    with open_source(path) as source:
        for offset, lines, torn in line_blocks(source):
            standing.feed(lines, read, seen, (path.name, offset))
            end = offset + sum(map(len, lines)) + len(lines)
            if torn and path.suffix == ".gz":
                standing.feed([torn], read, seen, (path.name, offset))
    return end


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


def _ids_in(lines: Iterable[bytes]) -> list[bytes]:
    read: Callable[[bytes], Any] = json_reader(0)
    found = []
    for line in lines:
        with suppress(ValueError, KeyError, TypeError, AttributeError, IndexError, RecursionError):
            found.append(packed_id(read(line)["id"]))
    return found


def _known(new: Collection[bytes], stored: bytes) -> set[bytes]:
    """Which of these ids were folded before."""
    if len(new) > _MANY_IDS:
        return {stored[place : place + 16] for place in range(0, len(stored), 16)}
    halves = array("Q")
    halves.frombytes(stored)
    wanted = {int.from_bytes(key[:8], sys.byteorder): key for key in new}
    likely = {wanted[half] for half in set(wanted).intersection(halves[0::2])}
    return {key for key in likely if _holds(stored, key)}


def _holds(stored: bytes, key: bytes) -> bool:
    place = stored.find(key)
    while place >= 0 and place % 16:
        place = stored.find(key, place + 1)
    return place >= 0


def _load(state: Path) -> tuple[Standing, Mark, int] | None:
    """The cache, where it is whole and its log is still the one it was made of; else ``None``."""
    try:
        content = (state / _STATE).read_bytes()
        head, _, body = content.partition(b"\n")
        header = json.loads(head)
        if header["version"] != _VERSION or header["crc"] != zlib.crc32(body):
            return None
        mark = Mark(**header["mark"])
        if mark.archives != _archives(state) or mark.digest != _digest(state / LOG, mark.offset):
            return None
        if (state / _IDS).stat().st_size < header["ids"] * 16:
            return None
        return _unpack(header, body), mark, header["ids"]
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _save(state: Path, standing: Standing, offset: int, ids: int, added: Collection[bytes]) -> None:
    """Ids are appended, the standing replaced. A cache that cannot be written is none, and no reason to fail."""
    mark = Mark(archives=_archives(state), offset=offset, digest=_digest(state / LOG, offset))
    with suppress(OSError):
        _save_ids(state / _IDS, ids, added)
        header, body = _pack(standing)
        header |= {"version": _VERSION, "crc": zlib.crc32(body), "mark": asdict(mark), "ids": ids + len(added)}
        beside = state / f"{_STATE}.{os.getpid()}"
        beside.write_bytes(json.dumps(header).encode("ascii") + b"\n" + body)
        beside.replace(state / _STATE)


def _save_ids(path: Path, ids: int, added: Collection[bytes]) -> None:
    if not ids:
        (beside := path.with_name(f"{path.name}.{os.getpid()}")).write_bytes(b"".join(added))
        beside.replace(path)
        return
    with path.open("r+b") as file:
        file.seek(ids * 16)
        file.write(b"".join(added))
        file.truncate()


def _archives(state: Path) -> list[list[Any]]:
    return [[path.name, path.stat().st_size] for path in archives(state)]


def _digest(path: Path, length: int) -> str:
    """Of the log's first bytes; see the module. Empty where they are not there any more."""
    if length == 0:
        return "empty"
    digest = hashlib.sha256(str(length).encode())
    try:
        with path.open("rb") as file:
            if file.seek(0, os.SEEK_END) < length:
                return ""
            for begins, size in _pieces(length):
                file.seek(begins)
                _absorb(digest, file, size)
    except OSError:
        return ""
    return digest.hexdigest()


def _absorb(digest: Any, file: IO[bytes], size: int) -> None:
    while size > 0:
        piece = file.read(min(size, _EDGE))
        digest.update(piece)
        size -= len(piece) or size


def _pieces(length: int) -> list[tuple[int, int]]:
    if length <= _WHOLE:
        return [(0, length)]
    step = (length - 2 * _EDGE) // _PIECES
    between = [(_EDGE + number * step, _PIECE) for number in range(_PIECES)]
    return [(0, _EDGE), *between, (length - _EDGE, _EDGE)]


def _pack(standing: Standing) -> tuple[dict[str, Any], bytes]:
    header: dict[str, Any] = {name: getattr(standing, name) for name in _PLAIN}
    header["faults"] = [asdict(fault) for fault in standing.faults[:FAULTS_KEPT]]
    parts: list[bytes] = []
    sizes: dict[str, list[int]] = {}
    for kind in _ROWS:
        rows: Rows = getattr(standing, kind)
        pieces = [json.dumps(list(rows.names)).encode("ascii"), *(column.tobytes() for column in rows.columns.values())]
        sizes[kind] = [len(piece) for piece in pieces]
        parts += pieces
    header["sizes"] = sizes
    return header, b"".join(parts)


def _unpack(header: dict[str, Any], body: bytes) -> Standing:
    standing = Standing(**{name: header[name] for name in _PLAIN})
    standing.faults = [Fault(**fault) for fault in header["faults"]]
    place = 0
    for kind in _ROWS:
        rows: Rows = getattr(standing, kind)
        for number, size in enumerate(header["sizes"][kind]):
            piece = body[place : place + size]
            place += size
            if number == 0:
                rows.names = {name: row for row, name in enumerate(json.loads(piece))}
            else:
                list(rows.columns.values())[number - 1].frombytes(piece)
    return standing
