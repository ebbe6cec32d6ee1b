"""A lint that mends what it judges (``--fix``, ``fix = true``): what it passes is not what is delivered (I10)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from orchestrator.domain.failure import Category, CheckKind, Failure
from orchestrator.domain.gate import CheckResult

REWRITTEN = "rewritten"
"""The code of such a failure: the check's own command is its fixer."""

Stamp = tuple[int, int]


def file_stamps(root: Path, files: Iterable[str]) -> dict[str, Stamp]:
    """Modification time and size of each tracked file that is there, links not followed."""
    return {file: stamp for file in files if (stamp := _stamp(root / file)) is not None}


def rewritten(
    result: CheckResult, root: Path, before: Mapping[str, Stamp], text_of: Callable[[str], str | None]
) -> tuple[Failure, ...]:
    """A failure for each tracked file whose content is another after the check; by path."""
    touched = [file for file, stamp in sorted(before.items()) if _stamp(root / file) != stamp]
    return tuple(
        Failure(
            check=CheckKind.LINT,
            tool=result.tool or "generic",
            code=REWRITTEN,
            category=Category.TRIVIAL,
            file=file,
            message=f"`{result.command}` rewrites it: as it stands it does not pass",
            why="the gate judges the tree that is delivered (I10); the check's own rewriting is taken as the fix",
        )
        for file in touched
        if _text(root / file) != text_of(file)
    )


def _stamp(path: Path) -> Stamp | None:
    try:
        info = path.lstat()
    except OSError:
        return None
    return info.st_mtime_ns, info.st_size


def _text(path: Path) -> str | None:
    if path.is_symlink():
        return None
    try:
        return path.read_bytes().decode("utf-8-sig")
    except (OSError, UnicodeDecodeError):
        return None
