"""Files an executor may have without asking the architect (decision 23)."""

from __future__ import annotations

from pathlib import PurePosixPath

from orchestrator.domain.adr import Adr

_PACKAGE_FILES = frozenset({"__init__.py", "index.ts", "index.tsx", "index.js", "index.mjs", "mod.rs"})
"""Files that only pass on what others define."""


def is_neighbour(path: str, adr: Adr) -> bool:
    """Whether a path may be changed beside the ADR's files: a package's own index file, or a new test of such a file.

    Protected paths are refused before this is asked: tests of the base stay as they are.
    """
    wanted = PurePosixPath(path)
    for file in adr.files:
        planned = PurePosixPath(file.path)
        if wanted.name in _PACKAGE_FILES and wanted.parent == planned.parent:
            return True
        stems = {f"test_{planned.stem}", f"{planned.stem}_test", f"{planned.stem}.test", f"{planned.stem}.spec"}
        if wanted.stem in stems:
            return True
    return False
