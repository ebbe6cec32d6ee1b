"""More files than anybody wants (promises, 41, 55): bounded time, few words, nothing left."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from orchestrator.domain.edit import FileChange
from tests.adapters.git.conftest import home, open_lane, open_repository  # noqa: F401 - fixtures
from tests.fakes import repositories as made

PLANTED = 3_000
COUNT = int(os.environ.get("ORCHESTRATE_TEST_FILES", "4000"))


def test_a_great_many_files_are_cleared_and_told_in_few_words(tmp_path: Path, open_lane: Callable) -> None:  # noqa: F811
    _, lane, base = open_lane(made.plain(tmp_path / "app"))
    for folder in ("many", "many/deep", "src/more"):
        (lane.root / folder).mkdir(parents=True)
        for number in range(PLANTED // 3):
            (lane.root / folder / f"{number}.txt").touch()
    notes = lane.settle(base)
    assert {path.name for path in lane.root.iterdir()} == {"src", "tests", ".gitignore", "README.md"}
    assert len(notes) <= 101, "each is removed, and not each is told"
    assert any(f"{PLANTED}" in note or "more" in note for note in notes)


@pytest.mark.slow
def test_a_large_tree_is_handled_in_bounded_time(tmp_path: Path, open_lane: Callable) -> None:  # noqa: F811
    repo = made.plain(tmp_path / "app")
    per_folder = 100
    blob = repo.git("hash-object", "-w", "README.md")
    listing = tmp_path / "listing"
    names = (f"{number // per_folder:05}/{number % per_folder:03}.txt" for number in range(COUNT))
    listing.write_text("".join(f"100644 {blob}\tmany/{name}\n" for name in names))
    _index(repo, listing)
    repository, lane, base = open_lane(repo)
    assert len(lane.files(base)) == COUNT + 4
    tree = lane.stage([FileChange(path="many/00000/000.txt", content=b"changed\n")])
    assert [line.path for line in lane.changes(base, tree)] == ["many/00000/000.txt"]
    (lane.root / "many/00001/000.txt").write_text("tampered\n")
    assert lane.settle(tree) == ("put back many/00001/000.txt",)
    assert repository.fingerprint() == repository.fingerprint()


def _index(repo: made.Repo, listing: Path) -> None:
    with listing.open("rb") as lines:
        subprocess.run(["git", "-C", str(repo.root), "update-index", "--index-info"], stdin=lines, check=True)
    repo.git("commit", "-q", "-m", "Many")
