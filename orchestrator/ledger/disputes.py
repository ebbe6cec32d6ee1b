"""Stops that their owner calls a mistake (B9): ``budget-disputes.jsonl`` in the state folder, beside the runs.

No projection: nothing rebuilds it, and nothing deletes it. One line a dispute, one write each, synced; of two about one
stop the later counts. Lines that are none are passed over.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime
from pathlib import Path

from orchestrator.domain.errors import OrchestrateError

FILE = "budget-disputes.jsonl"
_VERSION = 1


def dispute(state: Path, *, run: str, task: str, reason: str, at: datetime) -> None:
    """Record it. ``OrchestrateError`` where the disk does not take it."""
    row = {"version": _VERSION, "at": at.isoformat(timespec="milliseconds"), "run": run, "task": task, "reason": reason}
    line = json.dumps(row, ensure_ascii=True).encode("ascii") + b"\n"
    path = state / FILE
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o644)
        try:
            if _torn(descriptor):
                line = b"\n" + line
            written = os.write(descriptor, line)
            if written != len(line):
                raise OSError(f"only {written} of {len(line)} bytes were written")
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
    except OSError as error:
        raise OrchestrateError(
            f"{path}: the dispute could not be written: {error.strerror or error}",
            hint="free the disk or mend the folder's rights, then dispute it again",
            slug="dispute-unwritten",
        ) from None


def disputes(state: Path) -> Mapping[tuple[str, str], str]:
    """Run and task -> why the stop was a mistake; empty where there is no such file."""
    try:
        lines = (state / FILE).read_bytes().split(b"\n")
    except OSError:
        return {}
    found: dict[tuple[str, str], str] = {}
    for line in lines:
        with suppress(ValueError, KeyError, TypeError, RecursionError):
            row = json.loads(line)
            found[str(row["run"]), str(row["task"])] = str(row["reason"])
    return found


def _torn(descriptor: int) -> bool:
    """Whether the last line lacks its end: a write that a crash cut short."""
    size = os.fstat(descriptor).st_size
    return size > 0 and os.pread(descriptor, 1, size - 1) != b"\n"
