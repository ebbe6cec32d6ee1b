"""Reading the reports a check left. What wrote them is foreign code: no link is followed, no pipe opened, sizes capped.

Known limit: a report says what the test process wrote. Only the one the gate asked for adds tests, the worst word on a
test counts, and a summary that was printed must not deny it; but code under test that changes the runner within its own
process, before the runner sees an outcome, can make all of these agree. Protection of what runners load, the flags of
``integrity_scan`` and the review stand against that.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from orchestrator.gate.toolchains import EvidenceLimits
from orchestrator.redaction import hidden

_SUFFIXES = (".xml", ".json", ".info", ".lcov", ".tap")
_DEPTH = 3
_FOLLOW = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC

Stamp = tuple[int, int, int]
"""Modification time, size and inode: what changes when a report is written."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportFile:
    """A report's place and text."""

    name: str
    """Relative to the folder it was found in."""
    text: str


def scratch_reports(scratch: Path | None, limits: EvidenceLimits) -> Iterator[ReportFile]:
    """Every report below the scratch folder, by name, up to the limits."""
    if scratch is None:
        return
    names = sorted(_names(scratch, "", _DEPTH))
    for name in names[: limits.reports]:
        text = read_report(scratch, name, limits.report_bytes)
        if text is not None:
            yield ReportFile(name=name, text=text)


def stamps(root: Path, path: str, places: Sequence[str]) -> Mapping[str, Stamp]:
    """The usual places' reports as they are before a check: only what it wrote is its own."""
    folder = root if path == "." else root / path
    found = ((place, _stamp(folder, place)) for place in places)
    return {place: stamp for place, stamp in found if stamp is not None}


def written_reports(
    root: Path, path: str, places: Sequence[str], before: Mapping[str, Stamp], limits: EvidenceLimits
) -> Iterator[ReportFile]:
    """Reports at the repository's usual places that were written since ``before``."""
    folder = root if path == "." else root / path
    for place in places:
        stamp = _stamp(folder, place)
        if stamp is None or stamp == before.get(place):
            continue
        text = read_report(folder, place, limits.report_bytes)
        if text is not None:
            yield ReportFile(name=place, text=text)


def read_report(folder: Path, name: str, limit: int) -> str | None:
    """A regular file's text, without secrets.

    ``None`` where it is missing, a link (in any of its folders), too large or no UTF-8.
    """
    try:
        descriptor = _open(folder, name)
    except OSError:
        return None
    found = os.fstat(descriptor)
    if not stat.S_ISREG(found.st_mode) or found.st_size > limit:
        os.close(descriptor)
        return None
    with os.fdopen(descriptor, "rb") as stream:
        content = stream.read(limit + 1)
    if len(content) > limit:
        return None
    return hidden(content.decode("utf-8", "replace").removeprefix("\ufeff"))


def _open(folder: Path, name: str) -> int:
    """Folder by folder without following a link: nobody can swap one in between."""
    at = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    parts = name.split("/")
    try:
        for part in parts[:-1]:
            below = os.open(part, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=at)
            os.close(at)
            at = below
        return os.open(parts[-1], _FOLLOW, dir_fd=at)
    finally:
        os.close(at)


def _stamp(folder: Path, name: str) -> Stamp | None:
    try:
        found = os.lstat(folder / name)
    except OSError:
        return None
    return (found.st_mtime_ns, found.st_size, found.st_ino) if stat.S_ISREG(found.st_mode) else None


def _names(folder: Path, prefix: str, depth: int) -> Iterator[str]:
    try:
        entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
    except OSError:
        return
    for entry in entries:
        if entry.is_dir(follow_symlinks=False) and depth > 0:
            yield from _names(folder / entry.name, f"{prefix}{entry.name}/", depth - 1)
        elif entry.name.endswith(_SUFFIXES) and entry.is_file(follow_symlinks=False):
            yield f"{prefix}{entry.name}"
