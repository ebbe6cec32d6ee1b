"""Files that survive a crash: whole or not at all."""

from __future__ import annotations

import os
import re
import threading
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from orchestrator.crash_points import crash_point
from orchestrator.redaction import hidden_bytes

_PACKED = frozenset({".gz", ".xz", ".zst", ".bz2"})

_HALF = re.compile(r"\..+\.(\d{1,10})(?:-\d{1,20})?\.tmp")


def sync_folder(folder: Path) -> None:
    """Make the names in a folder durable: a new file's name is lost without this."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def write_whole(path: Path, content: bytes) -> None:
    """Write beside, sync, rename over, sync the folder, without secrets. ``OSError`` leaves the old file as it was, and
    nothing beside it.

    A digest of what is written is taken of :func:`~orchestrator.redaction.hidden_bytes` of it. What is packed goes as
    it is: what went into it was hidden before.
    """
    if path.suffix not in _PACKED:
        content = hidden_bytes(content)
    kind = _kind(path)
    crash_point("file.before", kind)
    path.parent.mkdir(parents=True, exist_ok=True)
    # The thread's too: two lanes may write the same file, a base's state among them.
    beside = path.with_name(f".{path.name}.{os.getpid()}-{threading.get_ident()}.tmp")
    try:
        _write_synced(beside, content)
        crash_point("file.written", kind)
        beside.replace(path)
    except OSError as error:
        error.filename = error.filename or str(path)  # a write by its descriptor does not say where
        with suppress(OSError):
            beside.unlink()
        raise
    crash_point("file.renamed", kind)
    sync_folder(path.parent)
    crash_point("file.after", kind)


def _write_synced(path: Path, content: bytes) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644)
    try:
        write_all(descriptor, content)
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _kind(path: Path) -> str:
    """The file's name, for crash points: answers, numbered files and files named by a digest under one name each."""
    if path.parent.name == "calls":
        return "answer"
    return re.sub(r"-\d+(?=\.)", "", re.sub(r"[0-9a-f]{40,}", "digest", path.name))


def sweep(paths: Iterable[Path]) -> None:
    """Of these files, remove those that :func:`write_whole` left half written in a process that is dead."""
    for path in paths:
        owner = _HALF.fullmatch(path.name)
        if owner and not _lives(int(owner[1])):
            path.unlink(missing_ok=True)


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:  # it lives, as another user's
        pass
    return True


def write_all(descriptor: int, content: bytes) -> None:
    """Write everything: a short write is no error to the system (a full disk, a file-size limit), but is one here."""
    view = memoryview(content)
    while view:
        written = os.write(descriptor, view)
        if written <= 0:
            raise OSError("nothing was written")
        view = view[written:]
