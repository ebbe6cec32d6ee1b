"""The user's checkout moved, in every state a user leaves it in; plain git judges afterwards."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from orchestrator.adapters.repository import UserRepository
from orchestrator.domain.errors import RefusedError
from orchestrator.ports import Shift, Shifted
from tests.fakes.repositories import ODD_NAMES, STATES, Repo, linked_worktree, odd_files, plain, sparse, with_submodule

Open = Callable[..., UserRepository]


def target(repo: Repo, **files: str | None) -> Shift:
    """A commit on top of HEAD with those files written or gone, made without touching the checkout."""
    index = repo.root / "scratch-index"
    head = repo.head

    def git(*argv: str) -> str:
        return repo.git("-c", "core.sparseCheckout=false", *argv)

    os.environ["GIT_INDEX_FILE"] = str(index)
    try:
        git("read-tree", head)
        for path, content in files.items():
            if content is None:
                git("update-index", "--force-remove", path)
                continue
            scratch = repo.root / "scratch-blob"
            scratch.write_text(content)
            oid = git("hash-object", "-w", "--no-filters", str(scratch))
            scratch.unlink()
            git("update-index", "--add", "--cacheinfo", f"100644,{oid},{path}")
        tree = git("write-tree")
    finally:
        del os.environ["GIT_INDEX_FILE"]
        index.unlink(missing_ok=True)
    new = repo.git("commit-tree", "-p", head, "-m", "next", tree)
    return Shift(branch=repo.git("symbolic-ref", "--short", "HEAD"), old=head, new=new)


def shifted(repository: UserRepository, shift: Shift) -> list[str]:
    told: list[str] = []
    repository.checkout().shift(shift, note="test: moved", owner="nobody", begin=lambda: told.append("begun"))
    return told


@pytest.mark.parametrize("state", ["clean", "stashed", "worktree", "shallow", "submodule", "odd", "sparse"])
def test_in_every_state_there_and_back(tmp_path: Path, open_repository: Open, state: str) -> None:
    repo = STATES[state](tmp_path / "repo")
    before = repo.git("status", "--porcelain"), repo.head
    shift = target(repo, **{"brand/new.txt": "new\n", "tests/test_app.py": None, "README.md": "# Other\n"})
    repository = open_repository(repo)
    assert shifted(repository, shift) == ["begun"]
    assert repo.head == shift.new
    assert repo.git("status", "--porcelain") == before[0]
    assert not (repo.root / "tests" / "test_app.py").exists()
    shifted(repository, Shift(branch=shift.branch, old=shift.new, new=shift.old))
    assert (repo.git("status", "--porcelain"), repo.head) == before
    assert not (repo.root / "brand").exists()
    assert repo.git("fsck", "--no-dangling") == ""


@pytest.mark.parametrize("state", ["detached", "mid-merge", "mid-rebase"])
def test_refused_where_a_move_is_not_plain(tmp_path: Path, open_repository: Open, state: str) -> None:
    repo = STATES[state](tmp_path / "repo")
    with pytest.raises(RefusedError, match=r"HEAD is detached|is not finished"):
        open_repository(repo).checkout().standing()


def test_odd_names_and_links_come_over(tmp_path: Path, open_repository: Open) -> None:
    repo = odd_files(tmp_path / "repo")
    gone = {f"odd/{name}": None for name in ODD_NAMES}
    shift = target(repo, **gone, link=None)
    shifted(open_repository(repo), shift)
    assert not (repo.root / "odd").exists()
    assert not (repo.root / "link").is_symlink()
    assert repo.git("status", "--porcelain") == ""


def test_what_is_in_the_way_is_named_whatever_its_name(tmp_path: Path, open_repository: Open) -> None:
    repo = odd_files(tmp_path / "repo")
    for name in ODD_NAMES:
        (repo.root / "odd" / name).write_text("mine\n")
    shift = target(repo, **{f"odd/{name}": "theirs\n" for name in ODD_NAMES})
    with pytest.raises(RefusedError) as refused:
        shifted(open_repository(repo), shift)
    for name in ODD_NAMES:
        assert f"odd/{name}" in refused.value.message
        assert (repo.root / "odd" / name).read_text() == "mine\n"


def test_a_link_planted_where_a_folder_comes_is_not_followed(tmp_path: Path, open_repository: Open) -> None:
    repo = plain(tmp_path / "repo")
    (tmp_path / "elsewhere").mkdir()
    (repo.root / "brand").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(RefusedError, match="brand"):
        shifted(open_repository(repo), target(repo, **{"brand/new.txt": "new\n"}))
    assert list((tmp_path / "elsewhere").iterdir()) == []


def test_a_touched_but_unchanged_file_is_no_overlap(tmp_path: Path, open_repository: Open) -> None:
    repo = plain(tmp_path / "repo")
    os.utime(repo.root / "README.md", (1, 1))
    shift = target(repo, **{"README.md": "# Other\n"})
    shifted(open_repository(repo), shift)
    assert (repo.root / "README.md").read_text() == "# Other\n"


def test_the_main_worktree_is_left_alone_when_a_linked_one_moves(tmp_path: Path, open_repository: Open) -> None:
    repo = linked_worktree(tmp_path / "repo")
    main = Repo(tmp_path / "repo-main")
    head, status = main.head, main.git("status", "--porcelain")
    shifted(open_repository(repo), target(repo, **{"README.md": "# Other\n"}))
    assert (main.head, main.git("status", "--porcelain")) == (head, status)
    assert repo.git("status", "--porcelain").strip() == "M src/app.py"


def test_a_submodule_keeps_its_files(tmp_path: Path, open_repository: Open) -> None:
    repo = with_submodule(tmp_path / "repo")
    shifted(open_repository(repo), target(repo, **{"README.md": "# Other\n"}))
    assert (repo.root / "lib" / "README.md").exists()
    assert repo.git("status", "--porcelain") == ""


def test_sparse_stays_sparse(tmp_path: Path, open_repository: Open) -> None:
    repo = sparse(tmp_path / "repo")
    shifted(open_repository(repo), target(repo, **{"tests/test_app.py": "changed = True\n"}))
    assert not (repo.root / "tests").exists()
    assert repo.git("status", "--porcelain") == ""


def test_recovery_leaves_a_branch_that_moved_on(tmp_path: Path, open_repository: Open) -> None:
    repo = plain(tmp_path / "repo")
    shift = target(repo, **{"README.md": "# Other\n"})
    repository = open_repository(repo)
    assert repository.checkout().recover(shift, owner="test") is Shifted.TAKEN_BACK
    mine = repo.commit("mine", **{"README.md": "# Mine\n"})
    assert repository.checkout().recover(shift, owner="test") is Shifted.MOVED_ON
    assert repo.head == mine
    assert (repo.root / "README.md").read_text() == "# Mine\n"
