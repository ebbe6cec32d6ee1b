"""The repository as the classifier sees it: a folder, its tracked files, its environment, what the change did."""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from orchestrator.failures.diff import Diff, parse_diff

_SKIPPED = frozenset(
    {
        ".git",
        "node_modules",
        ".venv",
        "venv",
        "__pycache__",
        ".tox",
        ".mypy_cache",
        ".ruff_cache",
        ".pytest_cache",
        "dist",
        "build",
        "target",
        ".cache",
        "coverage",
        "site-packages",
        ".npmcache",
        ".deps",
    }
)
_READ_ONLY = os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK
"""No link is followed, no pipe waited on."""
FILES_CAP = 100_000
"""Files listed of a folder whose tracked files nobody named."""


@dataclass(frozen=True)
class RepositoryView:
    """A tree as it stood when the check failed. Nothing here runs or imports anything of it."""

    root: Path
    files: tuple[str, ...] = ()
    """Tracked paths, POSIX slashes; empty: the folder is walked, without dependency folders."""
    environment: tuple[Path, ...] = ()
    """``site-packages`` and ``node_modules`` folders outside the root."""
    diff: str | None = None
    """The change against its base as a unified diff; empty: nothing was changed; ``None``: not known."""
    files_changed: tuple[str, ...] = ()
    index_store: Path | None = None
    """Folder for the index of the sources on disk, outside anything a check can write; ``None``: nothing is kept."""

    @cached_property
    def changes(self) -> Diff:
        """The diff, read."""
        return parse_diff(self.diff or "")

    @property
    def change_known(self) -> bool:
        """Whether the diff tells all that was changed."""
        return _known(self)

    @cached_property
    def paths(self) -> tuple[str, ...]:
        """Tracked paths, or those found by walking."""
        return self.files or tuple(sorted(_walk(self.root)))

    @cached_property
    def path_set(self) -> frozenset[str]:
        """For look-ups."""
        return frozenset(self.paths)

    @cached_property
    def _by_name(self) -> dict[str, list[str]]:
        names: dict[str, list[str]] = {}
        for path in self.paths:
            names.setdefault(path.rsplit("/", 1)[-1], []).append(path)
        return names

    def read(self, path: str) -> bytes | None:
        """A file's bytes; ``None`` where it is not there, not a plain file, or leads out of the root."""
        try:
            handle = os.open(f"{self.root}/{path}", _READ_ONLY)
        except (OSError, ValueError):
            return None
        try:
            state = os.fstat(handle)
            if not stat.S_ISREG(state.st_mode):
                return None
            data = os.read(handle, state.st_size + 1)
            while len(data) < state.st_size and (more := os.read(handle, state.st_size)):
                data += more
        except OSError:
            return None
        finally:
            os.close(handle)
        return data

    def locate(self, printed: str | None) -> str | None:
        """The tracked path a tool's printed path means: itself, or the longest tracked path it ends with.

        A relative path nobody tracks is given back as it is; an absolute one outside the tree is ``None``.
        """
        if not printed:
            return None
        path = printed.replace("\\", "/")
        if path in self.path_set:
            return path
        known = self._by_name.get(path.rsplit("/", 1)[-1], ())
        fitting = [entry for entry in known if path.endswith("/" + entry)]
        if fitting:
            return max(fitting, key=len)
        fitting = [entry for entry in known if entry.endswith("/" + path)]
        if len(fitting) == 1:
            return fitting[0]
        return None if path.startswith("/") or path[1:3] == ":/" else path


@dataclass(frozen=True)
class TextView:
    """No repository at hand: only what the change says of itself, if anything."""

    diff: str | None = None
    files_changed: tuple[str, ...] = ()
    paths: tuple[str, ...] = field(default=(), init=False)

    @cached_property
    def changes(self) -> Diff:
        """The diff, read."""
        return parse_diff(self.diff or "")

    @property
    def change_known(self) -> bool:
        """Whether the diff tells all that was changed."""
        return _known(self)

    def read(self, path: str) -> bytes | None:
        """Nothing to read."""
        return None

    def locate(self, printed: str | None) -> str | None:
        """The changed path it ends with, else the path as printed."""
        if not printed:
            return None
        path = printed.replace("\\", "/")
        for known in (*self.files_changed, *self.changes.files):
            if path == known or path.endswith("/" + known):
                return known
        return path


View = RepositoryView | TextView


def _known(view: View) -> bool:
    return view.diff is not None and (bool(view.changes.files) or not view.files_changed)


def _walk(root: Path) -> list[str]:
    found: list[str] = []
    top = str(root)
    for folder, names, files in os.walk(top):
        names[:] = [name for name in names if name not in _SKIPPED]
        inside = os.path.relpath(folder, top).replace(os.sep, "/")
        prefix = "" if inside == "." else inside + "/"
        found.extend(prefix + name for name in files)
        if len(found) > FILES_CAP:
            break
    return found[:FILES_CAP]
