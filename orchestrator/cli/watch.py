"""``orchestrate watch [RUN]``: the live picture of a run that another process works on, from its journal alone.

Reads ``args.run``, ``args.state`` and ``args.json``. Ends when the run ends or pauses; Ctrl-C leaves the run alone.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, TextIO

from orchestrator.cli.live import LiveListener, open_listener
from orchestrator.cli.runs import JOURNAL, find_run, read_run
from orchestrator.domain.errors import ExitCode
from orchestrator.reports.fold import fold

POLL_S = 0.25
READ_BYTES = 1 << 20
_ENDS = frozenset({"run:finished", "run:paused", "run:interrupted"})


def run(args: argparse.Namespace) -> int:
    """Watch until the run ends."""
    return watch(find_run(args.state, args.run), sys.stdout, as_json=args.json)


def watch(folder: Path, stream: TextIO, *, as_json: bool = False, sleep: Callable[[float], None] = time.sleep) -> int:
    """Show what happened, then what happens, until an event that ends the session is the newest one."""
    found = read_run(folder)
    listener = open_listener(stream, as_json=as_json)
    try:
        for entry in found.entries:
            listener(entry)
        if not fold(found.entries).ended:
            _go_on(folder / JOURNAL, found.good_bytes, listener, sleep)
    except KeyboardInterrupt:
        return ExitCode.OK  # only the watching ends
    finally:
        listener.close()
    return ExitCode.OK


def _go_on(path: Path, offset: int, listener: LiveListener, sleep: Callable[[float], None]) -> None:
    for entry in follow(path, offset, sleep):
        listener(entry)
        if entry.get("type") in _ENDS:
            return


def follow(path: Path, offset: int, sleep: Callable[[float], None]) -> Iterator[Mapping[str, Any]]:
    """Entries written behind that byte, as they come; ends where the file goes away or shrinks.

    A line counts once its newline is there. Its checksum is left to whoever uses the journal for more than a look.
    """
    pending = b""
    while True:
        try:
            with path.open("rb") as file:
                file.seek(offset)
                chunk = file.read(READ_BYTES)
                if path.stat().st_size < offset:
                    return
        except OSError:
            return
        offset += len(chunk)
        *lines, pending = (pending + chunk).split(b"\n")
        yield from filter(None, map(_entry, lines))
        if not chunk:
            sleep(POLL_S)


def _entry(line: bytes) -> Mapping[str, Any] | None:
    try:
        entry = json.loads(line)
    except ValueError:
        return None
    return entry if isinstance(entry, dict) else None
