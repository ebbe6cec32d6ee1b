"""The index of one language's sources on disk: which files hold a word, which define it, and how.

A cache and nothing more: it is built from the files, tells by size and times which of them it still knows, and is built
anew where it does not fit the code that reads it. It is read through a memory map, so that a fresh process answers
without loading it.
"""

from __future__ import annotations

import json
import mmap
import os
import stat
import struct
import sys
import tempfile
import zlib
from array import array
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from orchestrator.failures.index.names import Definition, Form
from orchestrator.failures.index.toplevel import names_of
from orchestrator.failures.index.word_table import WordTable, pack, words_of

RACY_NS = 50_000_000
"""A file written this shortly before it was read may change again without its times showing it (git's "racily clean"
entries; the kernel stamps files with a clock of 1 to 10 ms): it is not believed to be known."""
_MAGIC = b"orchestrate index 1\n"
_READERS = ("toplevel.py", "python_names.py", "js_names.py", "other_names.py", "word_table.py", "store.py")
_PARTS = 12
_HEAD = struct.Struct(f"={len(_MAGIC)}sI{_PARTS}Q")
State = tuple[int, int, int]
"""Size in bytes, and the times of the last change of content and of the entry, in nanoseconds."""


@cache
def _signature() -> int:
    """Changes with the code that reads names, the Python that parses them, and the machine's byte order."""
    folder = Path(__file__).parent
    sources = b"".join((folder / name).read_bytes() for name in _READERS)
    return zlib.crc32(sources + f"{sys.version_info[:2]} {sys.byteorder}".encode())


def state_of(path: str) -> State | None:
    """What tells whether the file is still the one that was read; ``None`` where it is no plain file."""
    try:
        found = os.lstat(path)
    except (OSError, ValueError):
        return None
    return (found.st_size, found.st_mtime_ns, found.st_ctime_ns) if stat.S_ISREG(found.st_mode) else None


def encode_names(names: Mapping[str, Definition]) -> bytes:
    """A file's definitions; the file's own path is left out."""
    rows = {
        key: (one.name, one.line, one.form, one.exported, one.module, one.original, one.type_only, one.default)
        for key, one in names.items()
    }
    return json.dumps(rows, separators=(",", ":")).encode()


def decode_names(path: str, data: bytes) -> dict[str, Definition]:
    """The definitions of the file at that path."""
    return {
        key: Definition(
            name=name, file=path, line=line, form=Form(form), exported=exported,
            module=module, original=original, type_only=type_only, default=default,
        )
        for key, (name, line, form, exported, module, original, type_only, default) in json.loads(data).items()
    }  # fmt: skip


def write_store(target: Path, root: str, paths: Sequence[str], read: Callable[[str], bytes], now_ns: int) -> None:
    """Index the files and put the result in place at once. ``now_ns``: the wall clock. Raises ``OSError``."""
    holding: defaultdict[bytes, list[int]] = defaultdict(list)
    defining: defaultdict[bytes, list[int]] = defaultdict(list)
    states, firsts, rows, position = array("q"), array("I", [0]), [], 0
    for number, path in enumerate(paths):
        state = state_of(f"{root}/{path}")
        data = read(path)
        late = state is None or state[0] != len(data) or max(state[1:]) >= now_ns - RACY_NS
        states.extend(state if state and not late else (-1, 0, 0))
        names = names_of(path, data)
        words = words_of(data)
        for word in words:
            holding[word].append(number)
        for name in names:
            needle = name.encode("utf-8", "surrogatepass")
            if needle in words:  # others are asked of the sources: names with "$" or beyond ASCII
                defining[needle].append(number)
        rows.append(encode_names(names))
        position += len(rows[-1])
        firsts.append(position)
    listing = "\0".join(paths).encode("utf-8", "surrogateescape")
    parts = [listing, states.tobytes(), b"".join(rows), firsts.tobytes(), *pack(holding), *pack(defining)]
    _place(target, parts)


def _place(target: Path, parts: list[bytes]) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(_HEAD.pack(_MAGIC, _signature(), *map(len, parts)))
            for part in parts:
                stream.write(bytes(-stream.tell() % 8))  # numbers lie at even places
                stream.write(part)
        Path(name).replace(target)
    except BaseException:
        Path(name).unlink()
        raise


@dataclass(frozen=True, slots=True)
class Store:
    """An index read from disk. It answers for the files as they were when it was written."""

    paths: tuple[str, ...]
    states: memoryview
    holding: WordTable
    defining: WordTable
    rows: memoryview
    firsts: memoryview

    def state(self, number: int) -> State:
        """The file's state when it was read; a size of -1 never matches."""
        size, changed, entry = self.states[3 * number : 3 * number + 3]
        return size, changed, entry

    def names(self, number: int) -> dict[str, Definition]:
        """Its definitions."""
        return decode_names(self.paths[number], bytes(self.rows[self.firsts[number] : self.firsts[number + 1]]))


def read_store(source: Path) -> Store | None:
    """The index at that place; ``None`` where there is none, or it was written by other code or only in part."""
    try:
        with source.open("rb") as stream:
            data = memoryview(mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ))
        magic, signature, *lengths = _HEAD.unpack_from(data)
        if magic != _MAGIC or signature != _signature():
            return None
        parts, position = [], _HEAD.size
        for length in lengths:
            position += -position % 8
            parts.append(data[position : position + length])
            position += length
        if position != len(data):
            return None
        paths = tuple(bytes(parts[0]).decode("utf-8", "surrogateescape").split("\0")) if parts[0] else ()
        states, firsts = parts[1].cast("q"), parts[3].cast("I")
        if len(states) != 3 * len(paths) or len(firsts) != len(paths) + 1:
            return None
        return Store(paths, states, WordTable(parts[4:8]), WordTable(parts[8:12]), parts[2], firsts)
    except (OSError, ValueError, TypeError, struct.error):
        return None
