"""From the paths a report names to those of the repository."""

from __future__ import annotations

import posixpath
from collections.abc import Collection
from dataclasses import dataclass
from functools import cached_property


@dataclass(frozen=True)
class ReportPaths:
    """Resolves report paths for one check."""

    files: Collection[str]
    """Tracked paths of the tree."""
    root: str
    """The work tree's absolute path as the check may have seen it."""
    path: str = "."
    """Folder the check ran in."""

    @cached_property
    def _tracked(self) -> frozenset[str]:
        return frozenset(self.files)

    @cached_property
    def _by_name(self) -> dict[str, list[str]]:
        found: dict[str, list[str]] = {}
        for file in self.files:
            found.setdefault(posixpath.basename(file), []).append(file)
        return found

    def resolve(self, named: str, prefixes: Collection[str] = ()) -> str | None:
        """The tracked file the report means; ``None`` where none, or more than one, fits.

        Tried: as it stands below the check's folder, below the report's own ``prefixes`` (Cobertura's sources), below
        the root, and at last the one tracked file whose path the named one ends with.
        """
        named = named.replace("\\", "/").removeprefix("file://")
        for candidate in (named, *(f"{prefix.rstrip('/')}/{named}" for prefix in prefixes)):
            found = self._inside(candidate)
            if found in self._tracked:
                return found
        if not posixpath.isabs(named):
            return None
        ends = [file for file in self._by_name.get(posixpath.basename(named), []) if named.endswith(f"/{file}")]
        return max(ends, key=len, default=None)

    def _inside(self, named: str) -> str:
        if not posixpath.isabs(named):
            return posixpath.normpath(posixpath.join(self.path, named))
        return posixpath.normpath(named).removeprefix(posixpath.normpath(self.root)).lstrip("/")
