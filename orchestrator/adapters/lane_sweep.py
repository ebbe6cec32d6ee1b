"""What stands in a work tree besides its tracked files, and removing it without following a link.

One walk, in this program: git would descend into dependency folders, does not show entries named ``.git``, and takes a
folder with one for a repository of its own.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Collection, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

_USABLE = stat.S_IRWXU


@dataclass(frozen=True, slots=True, kw_only=True)
class Tracked:
    """The paths that belong into a work tree, and every folder above one of them."""

    files: frozenset[str]
    folders: frozenset[str]
    submodules: frozenset[str] = frozenset()
    """Folders whose content is another repository's; also in ``folders``."""

    @classmethod
    def of(cls, paths: Iterable[str], submodules: Iterable[str] = ()) -> Tracked:
        """From repository-relative paths of files (those in submodules too) and of submodules."""
        files, inner = frozenset(paths), frozenset(submodules)
        folders: set[str] = set(inner)
        for path in (*files, *inner):
            parent = path.rpartition("/")[0]
            while parent and parent not in folders:
                folders.add(parent)
                parent = parent.rpartition("/")[0]
        return cls(files=files, folders=frozenset(folders), submodules=inner)

    def submodule_of(self, path: str) -> str | None:
        """The submodule a path lies in, or is."""
        return next((each for each in self.submodules if path == each or path.startswith(f"{each}/")), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Stray:
    """Something untracked."""

    path: str
    """Repository-relative; a folder as a whole where nothing below it is tracked and ``whole`` was asked for."""
    folder: bool
    git_entry: bool
    """It is named ``.git``: planted, whatever it holds."""


def strays(root: Path, tracked: Tracked, keep: Collection[str], *, whole: bool) -> Iterator[Stray]:
    """What is not tracked, without the folders named in ``keep`` (at any depth, where nothing below them is tracked
    and the folder they stand in belongs to the tree).

    ``whole``: an untracked folder is one stray; else its files are, and an empty folder is. Folders that foreign code
    made unreadable are made usable again on the way.
    """
    waiting = [""]
    while waiting:
        folder = waiting.pop()
        entries = _entries(root / folder if folder else root)
        if not entries and folder and folder not in tracked.folders:
            yield Stray(path=folder, folder=True, git_entry=False)
        for entry in entries:
            path = f"{folder}/{entry.name}" if folder else entry.name
            is_folder = entry.is_dir(follow_symlinks=False)
            if entry.name == ".git":
                yield Stray(path=path, folder=is_folder, git_entry=True)
            elif not is_folder:
                if path not in tracked.files:
                    yield Stray(path=path, folder=False, git_entry=False)
            elif path in tracked.folders or (not whole and path not in tracked.files and entry.name not in keep):
                waiting.append(path)
            elif path not in tracked.files and entry.name not in keep:
                yield Stray(path=path, folder=True, git_entry=False)


def remove(root: Path, path: str) -> None:
    """Remove a file, a link itself, or a folder with all in it, whatever its modes. Missing is fine."""
    target = root / path
    if target.is_symlink() or not target.is_dir():
        with suppress(FileNotFoundError):
            target.unlink()
        return
    remove_folder(target)


def remove_folder(folder: Path) -> None:
    """Remove a real folder with all in it; links in it are removed, not followed. No depth overflows the stack."""
    pending: list[tuple[Path, bool]] = [(folder, False)]
    while pending:
        current, emptied = pending.pop()
        if emptied:
            with suppress(FileNotFoundError):
                current.rmdir()
            continue
        pending.append((current, True))
        for entry in _entries(current):
            if entry.is_dir(follow_symlinks=False):
                pending.append((current / entry.name, False))
            else:
                with suppress(FileNotFoundError):
                    (current / entry.name).unlink()


def remove_emptied(root: Path, path: str, tracked: Tracked) -> None:
    """Remove the folders above a removed path that are empty now and do not belong to the tree."""
    parent = path.rpartition("/")[0]
    while parent and parent not in tracked.folders:
        try:
            (root / parent).rmdir()
        except OSError:
            return
        parent = parent.rpartition("/")[0]


def _entries(folder: Path) -> list[os.DirEntry[str]]:
    """The folder's entries; its mode is mended where it cannot be read or written."""
    with suppress(FileNotFoundError):
        mode = folder.lstat().st_mode
        if stat.S_IMODE(mode) & _USABLE != _USABLE:
            folder.chmod(stat.S_IMODE(mode) | _USABLE)
        with os.scandir(folder) as found:
            return list(found)
    return []
