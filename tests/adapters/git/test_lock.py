"""One run per repository (I13): a second is told who holds it, and the lock dies with its holder."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from datetime import UTC, datetime
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import pytest

from orchestrator import crash_points
from orchestrator.adapters.lock import acquire, lock_file
from orchestrator.domain.errors import ExitCode, RefusedError
from tests.fakes import repositories as made

AT = datetime(2026, 11, 21, 2, 36, tzinfo=UTC)


def hold(path: Path, ready: Any) -> None:
    lock = acquire(path, what="the repository x", run="other-run", at=AT)
    ready.send(os.getpid())
    signal.pause()
    lock.release()


def test_a_second_is_told_who_and_the_lock_dies_with_its_holder(tmp_path: Path) -> None:
    path = tmp_path / "locks" / "a.lock"
    here, there = get_context("spawn").Pipe()
    process = get_context("spawn").Process(target=hold, args=(path, there))
    process.start()
    pid = here.recv()
    with pytest.raises(RefusedError) as error:
        acquire(path, what="the repository /srv/app", run="mine", at=AT)
    assert f"the repository /srv/app is in use by process {pid}, run other-run, since 2026-11-21T02:36" in str(
        error.value
    )
    assert error.value.exit_code == ExitCode.REFUSED
    process.kill()
    process.join()
    acquire(path, what="x", run="mine", at=AT).release()


def test_released_locks_can_be_taken_again(tmp_path: Path) -> None:
    path = tmp_path / "a.lock"
    with acquire(path, what="x", run="1", at=AT), pytest.raises(RefusedError, match="run 1"):
        acquire(path, what="x", run="2", at=AT)
    lock = acquire(path, what="x", run="2", at=AT)
    lock.release()
    lock.release()


@pytest.mark.parametrize("content", [b"", b"{", b'{"pid": "x"}', b"\xff" * 9000])
def test_a_damaged_note_of_the_holder_changes_nothing(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "a.lock"
    with acquire(path, what="x", run="1", at=AT):
        path.write_bytes(content)
        with pytest.raises(RefusedError, match="in use by another process"):
            acquire(path, what="x", run="2", at=AT)


def test_children_do_not_inherit_it(tmp_path: Path) -> None:
    path = tmp_path / "a.lock"
    lock = acquire(path, what="x", run="1", at=AT)
    told, telling = os.pipe()
    script = ["sh", "-c", "echo; exec sleep 30"]
    child = os.posix_spawn("/bin/sh", script, dict(os.environ), file_actions=[(os.POSIX_SPAWN_DUP2, telling, 1)])
    os.read(told, 1)
    try:
        lock.release()
        acquire(path, what="x", run="2", at=AT).release()
    finally:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        os.close(told)
        os.close(telling)


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(RefusedError, match="cannot open the lock file") as error:
        acquire(tmp_path / "file" / "a.lock", what="x", run="1", at=AT)
    assert "XDG_CACHE_HOME" in error.value.hint


def test_two_worktrees_of_a_repository_share_one_lock(tmp_path: Path, open_repository: Callable) -> None:
    linked = made.linked_worktree(tmp_path / "side")
    with open_repository(linked).hold(run="one", at=AT), pytest.raises(RefusedError, match="run one"):
        open_repository(tmp_path / "side-main").hold(run="two", at=AT)


def test_a_link_to_a_repository_has_its_lock(tmp_path: Path) -> None:
    (tmp_path / "app" / ".git").mkdir(parents=True)
    (tmp_path / "link").symlink_to(tmp_path / "app")
    assert lock_file(tmp_path, tmp_path / "link" / ".git") == lock_file(tmp_path, tmp_path / "app" / ".git")


def test_a_lane_is_used_by_one_at_a_time(tmp_path: Path, open_repository: Callable) -> None:
    repo = made.plain(tmp_path / "app")
    first, second = open_repository(repo), open_repository(repo)
    lane = first.lane(1)
    assert first.lane(1) is lane
    with pytest.raises(RefusedError, match=r"the lane .*lane-1 is in use by process"):
        second.lane(1)
    assert second.lane(2).root != lane.root
    first.close()
    assert second.lane(1).root == lane.root


@pytest.mark.parametrize("point", ["lock.taken", "clone.before"])
def test_an_interrupt_on_the_way_leaves_no_lock(point: str, tmp_path: Path, open_repository: Callable) -> None:
    """Found by the soak: a lock that nobody held any more was held until the process ended."""
    repository = open_repository(made.plain(tmp_path / "app"))
    armed = [True]

    def interrupt(name: str) -> None:
        if name == point and armed:
            armed.clear()
            raise KeyboardInterrupt

    crash_points.arm(interrupt)
    try:
        with pytest.raises(KeyboardInterrupt):
            repository.lane(1)
        assert repository.lane(1).paths.home.is_dir()
    finally:
        crash_points._hooks.remove(interrupt)
