"""Positive controls of the edit rules (promises, 30-32): what plain writing does with the paths that are refused."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.adapters.git.test_lane import HOSTILE as IN_A_LANE
from tests.agents.test_paths import HOSTILE as OF_A_MODEL


def plainly(root: Path, path: str) -> Path | None:
    """Write as a program does that trusts the path; where it went, or ``None`` where the system refused it."""
    try:
        target = Path(os.path.join(root, path))  # noqa: PTH118 - as a trusting program joins them
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text("written\n")
    except (OSError, ValueError):
        return None
    return target.resolve()


def test_plain_writing_does_leave_the_clone(tmp_path: Path) -> None:
    root = tmp_path / "cache" / "clone"
    (root / ".git").mkdir(parents=True)
    (root / "outside").symlink_to(tmp_path)
    spellings = {path for path in (*IN_A_LANE, *OF_A_MODEL) if not path.startswith(("/", "~"))}
    reached = {path: plainly(root, path) for path in sorted(spellings)}
    inside = root.resolve()
    left = {path for path, place in reached.items() if place and not place.is_relative_to(inside)}
    into_git = {path for path, place in reached.items() if place and place.is_relative_to(inside / ".git")}
    assert {"../out", "../x", "outside/passwd"} <= left
    assert ".git/config" in into_git
    folds = {path.name for path in inside.iterdir() if path.name != ".git" and "git" in path.name.lower()}
    assert len(folds) > 8, "on a file system that folds them, these are .git"


@pytest.mark.parametrize("kind", ["link to a file", "dangling link", "hard link", "linked folder"])
def test_plain_writing_goes_through_what_was_planted(kind: str, tmp_path: Path) -> None:
    clone, outside = tmp_path / "clone", tmp_path / "outside"
    (clone / "src").mkdir(parents=True)
    outside.mkdir()
    victim = outside / ("created.py" if kind == "dangling link" else "new.py")
    if kind != "dangling link":
        victim.write_text("precious")
    target = clone / "src" / "new.py"
    if kind == "hard link":
        target.hardlink_to(victim)
    elif kind == "linked folder":
        target.parent.rmdir()
        target.parent.symlink_to(outside)
    else:
        target.symlink_to(victim)
    assert plainly(clone, "src/new.py") is not None
    assert victim.read_text() == "written\n"
