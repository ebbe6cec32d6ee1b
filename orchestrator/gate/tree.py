"""What detection may look at: a repository's tracked files, and which programs a gate command would find."""

from __future__ import annotations

import fnmatch
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Protocol

from orchestrator.ports import Lane

_MAX_CHARACTERS = 1_000_000
"""Of a configuration file; longer ones are not read."""
_SKIPPED = frozenset(
    {"node_modules", ".venv", "venv", ".tox", ".nox", "site-packages", ".git", "vendor", "third_party"}
)


class TreeReader(Protocol):
    """A tree to look at; detection asks nothing else."""

    @property
    def files(self) -> Sequence[str]:
        """Tracked paths, POSIX slashes, sorted."""

    def read(self, path: str) -> str | None:
        """A file's text; ``None`` where it is missing or is no text."""

    def which(self, program: str) -> str | None:
        """Where a gate command would find the program."""


@dataclass(frozen=True)
class LaneTree:
    """A lane's tree as detection sees it."""

    lane: Lane
    tree: str
    _texts: dict[str, str | None] = field(default_factory=dict)

    @cached_property
    def files(self) -> Sequence[str]:
        """Tracked paths."""
        return self.lane.files(self.tree)

    def read(self, path: str) -> str | None:
        """A tracked file's text, ``None`` where it is missing, a link, too long or not UTF-8."""
        if path not in self._texts:
            content = self.lane.read(self.tree, path)
            self._texts[path] = _decoded(content)
        return self._texts[path]

    def which(self, program: str) -> str | None:
        """Where the lane's shell would find it."""
        return self.lane.shell.which(program)


def _decoded(content: bytes | None) -> str | None:
    if content is None or len(content) > _MAX_CHARACTERS:
        return None
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return None


@dataclass(frozen=True)
class Place:
    """One folder of a tree, seen as if it were the top: paths are relative to it."""

    tree: TreeReader
    path: str = "."

    @cached_property
    def files(self) -> tuple[str, ...]:
        """Tracked files below, without those of installed packages and vendored code."""
        prefix = "" if self.path == "." else f"{self.path}/"
        below = (file.removeprefix(prefix) for file in self.tree.files if file.startswith(prefix))
        return tuple(file for file in below if not _SKIPPED.intersection(file.split("/")))

    @cached_property
    def names(self) -> frozenset[str]:
        """Files that lie in the folder itself."""
        return frozenset(file for file in self.files if "/" not in file)

    @cached_property
    def folders(self) -> frozenset[str]:
        """Every folder below."""
        found: set[str] = set()
        for file in self.files:
            parts = file.split("/")[:-1]
            found.update("/".join(parts[: count + 1]) for count in range(len(parts)))
        return frozenset(found)

    def read(self, file: str) -> str:
        """A file's text; empty where there is none."""
        if file not in self.files:
            return ""
        return self.tree.read(self.whole(file)) or ""

    def whole(self, file: str) -> str:
        """The file's path from the repository's top."""
        return file if self.path == "." else f"{self.path}/{file}"

    def named(self, patterns: Sequence[str]) -> str | None:
        """The first file of the folder itself that one of the patterns (of names) means."""
        for pattern in patterns:
            found = sorted(name for name in self.names if fnmatch.fnmatchcase(name, pattern))
            if found:
                return found[0]
        return None

    def below(self, path: str) -> Place:
        """A folder of this one."""
        return Place(self.tree, path if self.path == "." else f"{self.path}/{path}")
