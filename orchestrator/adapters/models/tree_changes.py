"""What changed between two looks at a tree, written in the executor's answer format (contract).

Deliberate limits: the format carries text. Binary files, links and a changed executable bit are named in a note and
not carried over; line endings and a missing final newline stay as they were, by the rules for edits.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

_SKIPPED_FOLDERS = frozenset(
    {".git", "__pycache__", ".pytest_cache", ".mypy_cache", ".ruff_cache", "node_modules", ".venv", "venv", ".tox"}
)
"""Never part of an answer: git's own, and what tools leave behind."""
_MAX_BYTES = 5_000_000
"""A larger file is no source text; it is compared by size and time only, and named where it changed."""
_MARKER = 7
_LONGEST_MARKER = 40


@dataclass(frozen=True, slots=True)
class Content:
    """A file as it was seen."""

    data: bytes | None
    """``None``: not text to carry (a link, a device, too large); ``stamp`` tells a change."""
    executable: bool = False
    stamp: str = ""


Snapshot = Mapping[str, Content]
"""By path relative to the tree, POSIX slashes."""


def snapshot(tree: Path) -> Snapshot:
    """Every file of the tree. Links are looked at, never followed."""
    return dict(sorted(_walk(tree, "")))


def _walk(folder: Path, prefix: str) -> Iterator[tuple[str, Content]]:
    with os.scandir(folder) as entries:
        for entry in entries:
            path = f"{prefix}{entry.name}"
            if entry.is_dir(follow_symlinks=False):
                if entry.name.casefold() not in _SKIPPED_FOLDERS:
                    yield from _walk(folder / entry.name, f"{path}/")
            elif entry.name.casefold() != ".git":
                yield path, _look(folder / entry.name)


def _look(path: Path) -> Content:
    info = path.lstat()
    if stat.S_ISLNK(info.st_mode):
        return Content(None, stamp=f"link to {path.readlink()}")
    if not stat.S_ISREG(info.st_mode):
        return Content(None, stamp=f"mode {info.st_mode:o}")
    executable = bool(info.st_mode & stat.S_IXUSR)
    if info.st_size > _MAX_BYTES:
        return Content(None, executable, f"{info.st_size} bytes, {info.st_mtime_ns}")
    return Content(path.read_bytes(), executable)


def describe(before: Snapshot, after: Snapshot) -> tuple[str, tuple[str, ...]]:
    """The changes as an answer (empty where there are none), and notes on what it cannot carry."""
    gone = {path: before[path] for path in before if path not in after and not _unnameable(path)}
    new = {path: after[path] for path in after if path not in before}
    moved = _moves(gone, new)
    # paths stand in backticks: so a bare word or a name with blanks is read as a path as well
    parts: list[str] = [f"RENAME `{old}` -> `{target}`" for old, target in moved.items()]
    parts += [f"DELETE `{path}`" for path in gone if path not in moved]
    notes = [note for path in before if path not in after and (note := _unnameable(path))]
    fresh = {path: content for path, content in new.items() if path not in moved.values()}
    changed = {path: after[path] for path in after if path in before and before[path] != after[path]}
    for path, content in {**fresh, **changed}.items():
        old = before.get(path)
        text, note = _edit(path, old, content)
        parts += [text] if text else []
        notes += [note] if note else []
    return ("\n\n".join(parts) + "\n" if parts else ""), tuple(notes)


def _moves(gone: Snapshot, new: Snapshot) -> dict[str, str]:
    """Files that went and came again with the same bytes, each once."""
    moves: dict[str, str] = {}
    for old, content in gone.items():
        for target, same in new.items():
            if content.data and content == same and target not in moves.values() and not _unnameable(target):
                moves[old] = target
                break
    return moves


def _edit(path: str, old: Content | None, new: Content) -> tuple[str, str]:
    """The block for one file, and a note where something of it cannot be carried."""
    was, now = _text(old) if old else "", _text(new)
    if was is None or now is None:
        return "", f"{path}: not carried over (no UTF-8 text, or a link)"
    if note := _unnameable(path):
        return "", note
    bit = new.executable != (old.executable if old else False)
    note = f"{path}: the executable bit is not carried over" if bit else ""
    if was == now and old is not None:
        return "", note or f"{path}: only line endings or the end of the file changed; not carried over"
    return f"`{path}`\n{_block(was, now)}", note


def _unnameable(path: str) -> str:
    """Why that path cannot stand on a line of an answer; empty where it can."""
    if path.isprintable() and path == path.strip() and "`" not in path and "->" not in path:
        return ""
    return f"{path!r}: not carried over (its name cannot stand on a line)"


def _text(content: Content) -> str | None:
    """The text in lines ended by ``\\n``; ``None``: not text."""
    if content.data is None or b"\0" in content.data:
        return None
    try:
        text = content.data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return None
    text = text.replace("\r\n", "\n")
    return text if not text or text.endswith("\n") else text + "\n"


def _block(was: str, now: str) -> str:
    width = _width(was + now)
    fence = "`" * 3
    lines = (fence, f"{'<' * width} SEARCH\n{was}{'=' * width}\n{now}{'>' * width} REPLACE", fence)
    return "\n".join(lines)


def _width(text: str) -> int:
    """Markers longer than any line of the text that looks like one."""
    longest = _MARKER - 1
    for line in text.split("\n"):
        bare = line.strip()
        for mark in "<=>":
            if bare.startswith(mark * 5):
                longest = max(longest, len(bare) - len(bare.lstrip(mark)))
    return min(longest + 1, _LONGEST_MARKER)
