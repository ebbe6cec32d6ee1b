"""Killed at any moment, a task's git work can be done again and ends the same (I1, I6); lanes do not meet."""

from __future__ import annotations

import os
import random
import shutil
import signal
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import pytest

from orchestrator.adapters.repository import UserRepository
from orchestrator.domain.edit import FileChange
from tests.adapters.git.conftest import KEEP, NoShell, Open, nothing_to_set_up
from tests.fakes import repositories as made

AT = datetime(2026, 11, 21, 2, 36, tzinfo=UTC)
BRANCH = "orchestrate/r/t"


def work(repository: UserRepository, number: int = 1, branch: str = BRANCH) -> str:
    """A task's git work from beginning to end; the commit."""
    base = repository.pin("main")
    lane = repository.lane(number)
    lane.refresh([base])
    lane.checkout(base)
    tree = lane.stage([FileChange(path=f"src/part{n}.py", content=f"part = '{branch}'\n".encode()) for n in range(20)])
    commit = lane.commit(tree=tree, parents=[base], message="Parts", at=AT)
    repository.receive(lane.git_dir, branch, commit)
    lane.settle(tree)
    return commit


def child(folder: str, cache: str, branch: str) -> None:
    shell, provide = (lambda paths: NoShell()), nothing_to_set_up
    repository = UserRepository(Path(folder), cache=Path(cache), keep=KEEP, shell=shell, provide=provide)
    work(repository, branch=branch)


@pytest.mark.slow
def test_killed_anywhere_it_ends_the_same(tmp_path: Path, home: Path, open_repository: Open) -> None:
    repo = made.staged(tmp_path / "work" / "app")
    before = made.snapshot(tmp_path / "work")
    cache = home / ".cache" / "orchestrator"
    chance = random.Random(20261121)
    whole = 0.0  # how long an undisturbed one takes: the first
    for turn in range(16):
        if turn % 4 == 0:
            shutil.rmtree(cache, ignore_errors=True)
        code = "import sys; from tests.adapters.git.test_crash import child; print(flush=True); child(*sys.argv[1:])"
        told, telling = os.pipe()
        pid = os.posix_spawn(
            sys.executable,
            [sys.executable, "-c", code, str(repo.root), str(cache), f"{BRANCH}{turn}"],
            {**os.environ, "PYTHONPATH": str(Path(__file__).parents[3])},
            file_actions=[(os.POSIX_SPAWN_DUP2, telling, 1)],
        )
        os.close(telling)
        os.read(told, 1)
        os.close(told)
        started = time.monotonic()
        if turn > 0:
            time.sleep(chance.uniform(0.0, whole))
            os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        if turn == 0:
            whole = time.monotonic() - started
        assert made.snapshot(tmp_path / "work") == before
    landed = repo.git("for-each-ref", "refs/heads/orchestrate").splitlines()
    assert 0 < len(landed) < 16, "some were killed before their end, and some after"
    time.sleep(0.3)  # a git of the last one may still be at work for a moment: it is in a session of its own
    repository = open_repository(repo)
    commit = work(repository)
    assert repo.git("rev-parse", BRANCH) == commit
    other = made.plain(tmp_path / "other")
    assert repo.git("rev-parse", "main") == other.head
    undisturbed = open_repository(other)
    assert work(undisturbed) == commit, "the same commit as a run that nothing disturbed"
    repo.git("fsck", "--strict", "--no-dangling")
    assert made.snapshot(tmp_path / "work") == before


def test_lanes_side_by_side(tmp_path: Path, open_repository: Open) -> None:
    repo = made.dirty(tmp_path / "work" / "app")
    before = made.snapshot(tmp_path / "work")
    repository = open_repository(repo)
    for number in range(1, 5):
        repository.lane(number)
    with ThreadPoolExecutor(4) as pool:
        rounds = [(lane, f"orchestrate/r/{lane}-{turn}") for turn in range(3) for lane in range(1, 5)]
        for turn in range(3):
            commits = list(pool.map(lambda each: work(repository, *each), rounds[turn * 4 : turn * 4 + 4]))
            assert len(set(commits)) == 4
    assert made.snapshot(tmp_path / "work") == before
    assert len(repo.git("for-each-ref", "refs/heads/orchestrate").splitlines()) == 12
    repo.git("fsck", "--strict", "--no-dangling")


def test_foreign_locks_are_left_alone_and_do_not_matter(tmp_path: Path, open_repository: Open) -> None:
    repo = made.dirty(tmp_path / "app")
    locks = [repo.root / ".git" / name for name in ("index.lock", "HEAD.lock", "config.lock", "packed-refs.lock")]
    for lock in locks:
        lock.touch()
    repository = open_repository(repo)
    mark = repository.fingerprint()
    work(repository)
    assert repository.fingerprint() == mark
    assert all(lock.exists() for lock in locks)


def test_a_sha256_repository(tmp_path: Path, open_repository: Open) -> None:
    root = tmp_path / "app"
    root.mkdir()
    repo = made.Repo(root)
    repo.git("init", "-q", "-b", "main", "--object-format=sha256")
    repo.git("config", "user.name", "Test")
    repo.git("config", "user.email", "test@example.invalid")
    repo.commit("First", **{"src/app.py": "a = 1\n"})
    commit = work(open_repository(repo))
    assert len(commit) == 64
    assert repo.git("rev-parse", BRANCH) == commit


def test_a_repository_that_borrows_its_own_objects(tmp_path: Path, open_repository: Open) -> None:
    origin = made.plain(tmp_path / "odd: name" / "origin")
    origin.git("clone", "-q", "--shared", str(origin.root), str(tmp_path / "odd: name" / "app"))
    repo = made.Repo(tmp_path / "odd: name" / "app")
    repo.git("config", "user.name", "Test")
    repo.git("config", "user.email", "test@example.invalid")
    repository = open_repository(repo)
    work(repository)
    assert not (repository.lane(1).git_dir / "objects/info/alternates").exists()
    assert repo.git("log", "--format=%s", BRANCH).splitlines() == ["Parts", "Second", "First"]
