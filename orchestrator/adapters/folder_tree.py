"""A folder as detection sees a tree: for ``init`` where there is no commit to look at yet."""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

_SKIPPED = frozenset({".git", "node_modules", ".venv", "venv", "__pycache__", ".tox", ".nox", "runs"})
_MOST = 50_000
"""Files that are listed: enough to tell what a folder is."""
_LARGEST = 1_000_000
"""Bytes of a file that is read, as for a lane's tree."""


@dataclass(frozen=True)
class FolderTree:
    """Files on disk, links not followed (:class:`orchestrator.gate.tree.TreeReader`)."""

    root: Path

    @cached_property
    def files(self) -> Sequence[str]:
        """Paths below the folder, POSIX slashes, sorted."""
        found: list[str] = []
        for folder, folders, names in os.walk(self.root):
            folders[:] = sorted(set(folders) - _SKIPPED)
            here = Path(folder).relative_to(self.root)
            found += [(here / name).as_posix() for name in names]
            if len(found) > _MOST:
                break
        return sorted(found[:_MOST])

    def read(self, path: str) -> str | None:
        """A file's text; ``None`` where it is missing, a link, too long or no UTF-8."""
        file = self.root / path
        try:
            if file.is_symlink() or not file.is_file() or file.stat().st_size > _LARGEST:
                return None
            return file.read_text(encoding="utf-8-sig")
        except (OSError, UnicodeDecodeError):
            return None

    def which(self, program: str) -> str | None:
        """Where this machine's path has the program."""
        return shutil.which(program)
