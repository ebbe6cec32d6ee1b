"""The user's checkout as it stands, uncommitted work and all: read for ``gate``, and given the fixes a user asked for.

Reading changes nothing. Writing is done for ``gate --fix`` alone, file by file, and only where a file is still the one
that was read.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from orchestrator.adapters.fingerprint import changed_paths
from orchestrator.adapters.git import Git
from orchestrator.adapters.git_config import UserConfig
from orchestrator.adapters.lane_files import path_fault, write_changes
from orchestrator.domain.edit import FileChange

_LARGEST = 16 * 1024 * 1024
"""Bytes of an uncommitted file that is taken along, as for the checkout's fingerprint."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Uncommitted:
    """What the checkout has that its commit does not."""

    changes: tuple[FileChange, ...]
    left_out: tuple[str, ...]
    """Paths that are not taken along, with why."""


def uncommitted(root: Path, user: UserConfig) -> Uncommitted:
    """Changed, staged, deleted and untracked files; what is ignored stays out. ``GitError`` where git fails."""
    git = Git(directory=root, config=(*user.overrides, *user.conversion, *user.excludes))
    argv = ("--porcelain=v2", "-z", "--untracked-files=all", "--no-renames", "--ignore-submodules=all")
    entries = [entry for entry in git.run("status", *argv).split(b"\0") if entry]
    changes: list[FileChange] = []
    left_out: list[str] = []
    for path in sorted(set(changed_paths(entries))):
        change = _read(root, path)
        if isinstance(change, str):
            left_out.append(f"{path}: {change}")
        else:
            changes.append(change)
    return Uncommitted(changes=tuple(changes), left_out=tuple(left_out))


def write_back(root: Path, before: Sequence[FileChange], after: Sequence[FileChange]) -> tuple[str, ...]:
    """Write those files, their modes kept; the paths of files that are no longer as they were read, and stay.

    ``before``: the same files as they were read.
    """
    was = {change.path: change.content for change in before}
    wanted: list[FileChange] = []
    left: list[str] = []
    for change in after:
        now = _read(root, change.path)
        if isinstance(now, str) or now.content != was.get(change.path):
            left.append(change.path)
        else:
            wanted.append(FileChange(path=change.path, content=change.content, executable=now.executable))
    write_changes(root, wanted)
    return tuple(left)


def _read(root: Path, path: str) -> FileChange | str:
    if fault := path_fault(path):
        return fault
    target = root / path
    if not _inside(root, target):
        return "a folder on the way is a link"
    try:
        descriptor = os.open(target, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError:
        return FileChange(path=path, content=None)
    except OSError as error:
        return f"it cannot be read ({error.strerror})"
    with os.fdopen(descriptor, "rb") as stream:
        found = os.fstat(descriptor)
        if not stat.S_ISREG(found.st_mode):
            return "it is no plain file"
        if found.st_size > _LARGEST:
            return "it is larger than 16 MB"
        return FileChange(path=path, content=stream.read(), executable=bool(found.st_mode & 0o100))


def _inside(root: Path, target: Path) -> bool:
    return target.parent.resolve().is_relative_to(root.resolve()) and not any(
        parent.is_symlink() for parent in target.parents if parent != root and parent.is_relative_to(root)
    )
