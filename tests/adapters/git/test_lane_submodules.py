"""Submodules come from what the user already has; what they do not have is named and stays empty."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from orchestrator.adapters.lane_files import UnsafePathError
from orchestrator.domain.edit import FileChange
from tests.fakes import repositories as made


def test_a_submodule_the_user_has_is_checked_out(tmp_path: Path, open_lane: Callable) -> None:
    repo = made.with_submodule(tmp_path / "app")
    _, lane, base = open_lane(repo)
    assert (lane.root / "lib/src/app.py").read_bytes() == (repo.root / "lib/src/app.py").read_bytes()
    assert not (lane.root / "lib/.git").exists()
    assert "lib" not in lane.files(base)
    assert lane.provide(base, None).notes == ()


def test_what_foreign_code_did_to_it_is_undone(tmp_path: Path, open_lane: Callable) -> None:
    _, lane, base = open_lane(made.with_submodule(tmp_path / "app"))
    (lane.root / "lib/src/app.py").write_text("tampered\n")
    (lane.root / "lib/debug.log").write_text("ignored there, but not here\n")
    (lane.root / "lib/new").mkdir()
    (lane.root / "lib/new/.git").mkdir()
    assert set(lane.settle(base)) == {
        "put back lib/src/app.py",
        "removed lib/debug.log",
        "removed planted lib/new/.git",
    }
    assert b"a + b" in (lane.root / "lib/src/app.py").read_bytes()
    shutil.rmtree(lane.root / "lib")
    lane.checkout(base)
    assert (lane.root / "lib/src/app.py").exists()


def test_edits_in_it_are_refused(tmp_path: Path, open_lane: Callable) -> None:
    _, lane, _ = open_lane(made.with_submodule(tmp_path / "app"))
    for path in ("lib/src/app.py", "lib/new.py", "lib"):
        with pytest.raises(UnsafePathError, match="submodule lib"):
            lane.stage([FileChange(path=path, content=b"x")])


def test_one_the_user_does_not_have_is_named(tmp_path: Path, open_lane: Callable) -> None:
    repo = made.with_submodule(tmp_path / "app")
    repo.git("submodule", "--quiet", "deinit", "-f", "lib")
    shutil.rmtree(repo.root / ".git/modules")
    _, lane, base = open_lane(repo)
    assert lane.provide(base, None).notes == (
        "submodule lib is empty: its commit is not in the repository's .git/modules",
    )
    assert list((lane.root / "lib").iterdir()) == []
    (lane.root / "lib/planted.py").write_text("x")
    lane.settle(base)
    assert list((lane.root / "lib").iterdir()) == []


def test_a_name_that_leads_elsewhere_is_not_followed(tmp_path: Path, open_lane: Callable) -> None:
    repo = made.with_submodule(tmp_path / "app")
    (repo.root / ".git/modules/lib").rename(tmp_path / "elsewhere")
    gitmodules = (repo.root / ".gitmodules").read_text().replace('"lib"', '"../../../elsewhere"')
    repo.write(".gitmodules", gitmodules)
    shutil.rmtree(repo.root / "lib")
    repo.git("update-index", "--add", ".gitmodules")
    repo.git("commit", "-q", "-m", "hostile")
    _, lane, _ = open_lane(repo)
    assert list((lane.root / "lib").iterdir()) == []


def test_leaving_a_tree_with_one_takes_its_files_along(tmp_path: Path, open_lane: Callable) -> None:
    repo = made.with_submodule(tmp_path / "app")
    _, lane, base = open_lane(repo)
    before = repo.git("rev-parse", "HEAD~1")
    lane.checkout(before)
    assert not (lane.root / "lib").exists()
    lane.checkout(base)
    assert (lane.root / "lib/src/app.py").exists()
