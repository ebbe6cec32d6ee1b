"""One run per repository, one user per lane (I13): a lock on a file, which the kernel lets go with its holder.

The lock is ``flock`` on a file in the tool's own cache folder, so nothing is written into the repository. The file
stays when the lock goes: removing it would let two holders lock two files of one name. It is bound to the open file,
so a child started by exec does not inherit it; one that only forked and lives on would.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import socket
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Self

from orchestrator.crash_points import crash_point
from orchestrator.domain.errors import RefusedError

_MODE = 0o600
_HOLDER_LIMIT = 4096


@dataclass(frozen=True, slots=True, kw_only=True)
class Holder:
    """Who holds a lock, as they wrote it down; empty where they had no time to."""

    pid: int | None = None
    run: str = ""
    started: str = ""
    host: str = ""

    def __str__(self) -> str:
        if self.pid is None:
            return "another process"
        parts = [f"process {self.pid}", f"run {self.run}" if self.run else "", f"since {self.started[:19]}"]
        parts.append(f"on {self.host}" if self.host != socket.gethostname() else "")
        return ", ".join(part for part in parts if part)


class FileLock:
    """A held lock; ends with :meth:`release`, the ``with`` block, or the process."""

    def __init__(self, path: Path, descriptor: int) -> None:
        self.path = path
        self._descriptor: int | None = descriptor

    def release(self) -> None:
        """Let go; safe to repeat."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.release()


def acquire(path: Path, *, what: str, run: str, at: datetime) -> FileLock:
    """Take the lock or say who has it; never waits.

    ``what`` is named in the error (``the repository /home/me/app``). Raises ``RefusedError``.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, _MODE)
    except OSError as error:
        raise RefusedError(
            f"cannot open the lock file {path}: {error.strerror}",
            hint="make its folder writable, or set XDG_CACHE_HOME to one that is",
            slug="lock",
        ) from error
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        holder = _read(descriptor)
        os.close(descriptor)
        raise RefusedError(
            f"{what} is in use by {holder}",
            hint="wait for it, or end it; `orchestrate status` shows where it stands",
            slug="locked",
        ) from None
    try:
        _write(descriptor, {"pid": os.getpid(), "run": run, "started": at.isoformat(), "host": socket.gethostname()})
        crash_point("lock.taken")
    except BaseException:
        os.close(descriptor)  # else nobody could let it go while this process lives
        raise
    return FileLock(path, descriptor)


def lock_file(cache: Path, common_dir: Path) -> Path:
    """Where the lock of that repository stands: named by the real path of its common git folder."""
    digest = hashlib.sha256(os.fsencode(common_dir.resolve())).hexdigest()
    return cache / "locks" / f"{digest[:32]}.lock"


def _write(descriptor: int, holder: Mapping[str, object]) -> None:
    os.ftruncate(descriptor, 0)
    os.pwrite(descriptor, json.dumps(holder).encode(), 0)


def _read(descriptor: int) -> Holder:
    with suppress(OSError, ValueError, TypeError, KeyError):
        data = json.loads(os.pread(descriptor, _HOLDER_LIMIT, 0))
        return Holder(pid=int(data["pid"]), run=str(data["run"]), started=str(data["started"]), host=str(data["host"]))
    return Holder()
