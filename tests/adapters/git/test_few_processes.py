"""What git has said once is not asked again: a task's passage through a lane, counted in processes."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from orchestrator.adapters.git import programs
from orchestrator.adapters.lane import GitLane
from orchestrator.adapters.repository import UserRepository
from orchestrator.domain.edit import FileChange
from tests.fakes import repositories as made

AT = datetime(2026, 11, 21, tzinfo=UTC)
LEAST = 13
"""Two trees into the index, one out of it, the change twice, a file, a commit, a pack, refs; 30 before (measured)."""


@pytest.fixture
def said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[], list[str]]]:
    """The git commands since it was asked last: a ``git`` of its own stands first on PATH and writes them down."""
    real, log, folder = shutil.which("git"), tmp_path / "log", tmp_path / "bin"
    folder.mkdir()
    shim = folder / "git"
    shim.write_text(f'#!/bin/sh\nprintf "%s\\n" "$*" >> {log}\nexec {real} "$@"\n')
    shim.chmod(0o755)
    log.touch()
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")
    programs.cache_clear()

    def since() -> list[str]:
        lines = log.read_text().splitlines()
        log.write_text("")
        return lines

    yield since
    programs.cache_clear()


def test_a_second_task_asks_for_what_is_new_and_nothing_else(
    tmp_path: Path, said: Callable[[], list[str]], open_lane: Callable[..., tuple[UserRepository, GitLane, str]]
) -> None:
    repo = made.plain(tmp_path / "app")
    repository, lane, base = open_lane(repo)
    counts: list[list[str]] = []
    commit = base
    for number in (1, 2):
        said()
        commit = passage(lane, base, f"made-{number}.txt")
        repository.receive(lane.git_dir, f"orchestrate/run/t{number}", commit)
        counts.append(said())
    assert repo.git("rev-parse", "orchestrate/run/t2^{tree}") == lane.tree_of(commit)
    assert counts[0], "the counting works"
    assert len(counts[1]) <= LEAST, "\n".join(counts[1])


def passage(lane: GitLane, base: str, path: str) -> str:
    """What the phases of a task ask of a lane."""
    lane.refresh([base])
    base_tree = lane.tree_of(base)
    lane.checkout(base_tree)
    assert path not in lane.files(base_tree)
    tree = lane.stage([FileChange(path=path, content=b"made\n")])
    for _ in range(3):  # build, gate and review each look at it
        assert lane.diff(base_tree, tree).endswith("+made\n")
        assert [line.path for line in lane.changes(base_tree, tree)] == [path]
    assert lane.read(tree, path) == b"made\n"
    lane.checkout(tree)
    assert lane.settle(tree) == ()
    commit = lane.commit(tree=tree, parents=(base,), message="Made\n", at=AT)
    assert lane.tree_of(commit) == tree
    assert lane.changes(base, commit) == lane.changes(base_tree, tree)
    return commit
