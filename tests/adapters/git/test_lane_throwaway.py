"""The ``.git`` that gate commands see: it answers, takes commits, and is lost (decision 7)."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from orchestrator.adapters.lane_throwaway import remove_throwaway, throwaway_git
from orchestrator.domain.edit import FileChange
from tests.fakes import repositories as made
from tests.fakes.repositories import Repo


def plant(lane) -> Repo:
    throwaway_git(lane.paths, lane.root / ".git", str(lane.git_dir / "objects"))
    return Repo(lane.root)


def contents(folder: Path) -> dict[str, tuple[int, bytes]]:
    """Modes and bytes; times are left out, since git's gc may freshen a pack it reads."""
    return {path: (mode, content) for path, (mode, _, content) in made.snapshot(folder).items()}


def test_status_log_describe_and_show_work_in_it(tmp_path: Path, open_lane: Callable) -> None:
    repo = made.odd_files(tmp_path / "app")
    _, lane, base = open_lane(repo)
    seen = plant(lane)
    assert seen.git("status", "--porcelain") == ""
    assert seen.git("rev-parse", "HEAD") == base
    assert seen.git("describe", "--tags", "--long") == repo.git("describe", "--tags", "--long")
    assert seen.git("log", "--format=%s").splitlines() == ["Odd files", "Second", "First"]
    assert seen.git("ls-files") == repo.git("ls-files")
    assert seen.git("for-each-ref", "--format=%(refname)") == "refs/tags/v1.0"
    assert seen.git("fsck", "--no-dangling") == ""


def test_staged_work_shows_as_staged(tmp_path: Path, open_lane: Callable) -> None:
    _, lane, _ = open_lane(made.plain(tmp_path / "app"))
    lane.stage([FileChange(path="src/new.py", content=b"n = 1\n")])
    assert plant(lane).git("status", "--porcelain") == "A  src/new.py"


def test_what_is_done_in_it_is_lost(tmp_path: Path, open_lane: Callable) -> None:
    _, lane, base = open_lane(made.plain(tmp_path / "app"))
    before = contents(lane.git_dir)
    index = lane.paths.index.read_bytes()
    seen = plant(lane)
    seen.write("src/app.py", "committed by a test\n")
    seen.git("commit", "-qam", "by a test")
    seen.git("tag", "v9")
    seen.git("config", "core.fsmonitor", "evil")
    seen.git("gc", "-q", "--prune=now")
    assert seen.git("rev-parse", "HEAD~1") == base
    remove_throwaway(lane.root / ".git")
    assert not (lane.root / ".git").exists()
    assert contents(lane.git_dir) == before
    assert lane.paths.index.read_bytes() == index
    assert lane.settle(base) == ("put back src/app.py",)


def test_whatever_stands_in_its_place_goes(tmp_path: Path, open_lane: Callable) -> None:
    _, lane, base = open_lane(made.plain(tmp_path / "app"))
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "precious").touch()
    target = lane.root / ".git"
    for put in (
        lambda: target.symlink_to(outside),
        lambda: target.write_text("gitdir: /x"),
        lambda: target.symlink_to("dangling"),
        target.mkdir,
    ):
        put()
        assert plant(lane).git("rev-parse", "HEAD") == base
        remove_throwaway(target)
        assert not target.is_symlink()
        assert not target.exists()
    remove_throwaway(target)
    assert (outside / "precious").exists()


def test_a_shallow_history_stays_readable(tmp_path: Path, open_lane: Callable) -> None:
    _, lane, _ = open_lane(made.shallow(tmp_path / "app"))
    assert plant(lane).git("log", "--format=%s") == "Second"
