"""The user's checkout: every state can be started from, and is left byte for byte as it was (I1, I2, I14)."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from orchestrator.adapters.repository import cache_home
from orchestrator.domain.edit import FileChange
from orchestrator.domain.errors import GitError, RefusedError, UsageError
from tests.adapters.git.conftest import Open
from tests.fakes import repositories as made

AT = datetime(2026, 11, 21, 2, 36, tzinfo=UTC)
BRANCH = "orchestrate/20261121-0236-pilot/task"


def deliver(repository, lane, base: str, branch: str = BRANCH, text: str = "delivered = True\n") -> str:
    tree = lane.stage([FileChange(path="src/new.py", content=text.encode())])
    commit = lane.commit(tree=tree, parents=[base], message="Deliver", at=AT)
    repository.receive(lane.git_dir, branch, commit)
    return commit


@pytest.mark.parametrize("state", sorted(made.STATES))
def test_a_whole_task_leaves_the_checkout_as_it_was(state: str, tmp_path: Path, open_lane: Callable) -> None:
    repo = made.STATES[state](tmp_path / "work" / "app")
    before = made.snapshot(tmp_path / "work")
    repository, lane, base = open_lane(repo)
    mark = repository.fingerprint()

    commit = deliver(repository, lane, base)
    repository.uncommitted(base)

    assert made.snapshot(tmp_path / "work") == before
    assert repository.fingerprint() == mark
    assert repo.git("rev-parse", BRANCH) == commit
    assert repo.git("show", f"{BRANCH}:src/new.py") == "delivered = True"
    repo.git("fsck", "--strict", "--no-dangling")


@pytest.mark.parametrize(
    "change",
    [
        lambda repo: repo.write("src/app.py", "changed\n"),
        lambda repo: repo.write("untracked.txt", "new\n"),
        lambda repo: (repo.root / "src/app.py").chmod(0o755),
        lambda repo: repo.git("rm", "-q", "--cached", "README.md"),
        lambda repo: repo.git("checkout", "-q", "-b", "elsewhere"),
        lambda repo: repo.git("commit", "-q", "--allow-empty", "-m", "theirs"),
        lambda repo: repo.git("config", "user.name", "Someone"),
        lambda repo: repo.git("worktree", "add", "-q", "../second", "-b", "second"),
        lambda repo: (repo.write("src/app.py", "wip\n"), repo.git("stash", "-q")),
        lambda repo: (repo.root / ".git/hooks/pre-commit").write_text("#!/bin/sh\n"),
    ],
)
def test_the_fingerprint_sees_what_a_user_would_miss(change, tmp_path: Path, open_repository: Open) -> None:
    repo = made.plain(tmp_path / "app")
    repository = open_repository(repo)
    before = repository.fingerprint()
    change(repo)
    assert repository.fingerprint() != before


def test_the_fingerprint_ignores_refreshed_stat_data_and_ignored_files(tmp_path: Path, open_repository: Open) -> None:
    repo = made.dirty(tmp_path / "app")
    repository = open_repository(repo)
    before = repository.fingerprint()
    (repo.root / ".gitignore").touch()
    repo.git("status")
    repo.write("other.log", "ignored\n")
    assert repository.fingerprint() == before


def test_it_opens_from_any_folder_and_each_worktree_under_one_name(tmp_path: Path, open_repository: Open) -> None:
    linked = made.linked_worktree(tmp_path / "side")
    main = open_repository(tmp_path / "side-main" / "src")
    other = open_repository(linked)
    assert main.root == tmp_path / "side-main"
    assert other.root == linked.root
    assert main.name == other.name
    assert main.name.startswith("side-main-")


def test_folders_that_are_no_checkout_are_refused_with_the_mend(tmp_path: Path, open_repository: Open) -> None:
    (tmp_path / "empty").mkdir()
    for folder in (tmp_path / "empty", tmp_path / "absent", made.bare(tmp_path / "bare").root):
        with pytest.raises(UsageError) as error:
            open_repository(folder)
        assert error.value.hint


def test_pinning(tmp_path: Path, open_repository: Open) -> None:
    repo = made.plain(tmp_path / "app")
    repository = open_repository(repo)
    assert repository.pin(None) == repository.pin("main") == repo.head
    assert repository.pin("v1.0") == repository.pin("HEAD~1") == repo.git("rev-parse", "HEAD~1")
    repo.git("tag", "main", "HEAD~1")
    assert repository.pin("main") == repo.head, "a branch goes before a tag of its name"
    for nonsense in ("absent", "--all", "HEAD:README.md", ""):
        with pytest.raises(UsageError, match="no branch or commit"):
            repository.pin(nonsense)
    with pytest.raises(UsageError, match="no commit yet"):
        open_repository(made.unborn(tmp_path / "unborn")).pin(None)


def test_uncommitted_paths_are_named(tmp_path: Path, open_repository: Open) -> None:
    repo = made.dirty(tmp_path / "app")
    repository = open_repository(repo)
    assert repository.uncommitted(repo.head) == ("README.md", "new/", "notes.txt", "src/app.py")
    before_readme = repo.git("rev-parse", "HEAD~1")
    assert "README.md" not in repository.uncommitted(before_readme), "that base has no README.md either"
    assert open_repository(made.plain(tmp_path / "clean")).uncommitted("HEAD") == ()


def test_a_branch_arrives_once_and_never_replaces_another(tmp_path: Path, open_lane: Callable) -> None:
    repo = made.plain(tmp_path / "app")
    repository, lane, base = open_lane(repo)
    first = deliver(repository, lane, base)
    repository.receive(lane.git_dir, BRANCH, first)
    with pytest.raises(GitError, match="exists at") as error:
        deliver(repository, lane, base, text="other = 1\n")
    assert error.value.hint.startswith("rename or delete it")
    assert repo.git("rev-parse", BRANCH) == first


def test_a_branch_moves_only_from_where_this_run_put_it(tmp_path: Path, open_lane: Callable) -> None:
    repo = made.plain(tmp_path / "app")
    repository, lane, base = open_lane(repo)
    first = deliver(repository, lane, base)
    lane.checkout(base)
    tree = lane.stage([FileChange(path="second.py", content=b"s = 2\n")])
    second = lane.commit(tree=tree, parents=[base], message="Again", at=AT)
    with pytest.raises(GitError, match="exists at"):
        repository.receive(lane.git_dir, BRANCH, second, replaces=base)
    repo.git("checkout", "-q", BRANCH)
    mark = repository.fingerprint()
    with pytest.raises(GitError, match="is checked out in"):
        repository.receive(lane.git_dir, BRANCH, second, replaces=first)
    assert repository.fingerprint() == mark
    repo.git("checkout", "-q", "main")
    repository.receive(lane.git_dir, BRANCH, second, replaces=first)
    assert repo.git("rev-parse", BRANCH) == second
    assert repo.git("rev-parse", f"{BRANCH}@{{1}}") == first, "the reflog keeps what was there"


def test_branch_names_that_git_keeps_as_folders_clash_clearly(tmp_path: Path, open_lane: Callable) -> None:
    repo = made.plain(tmp_path / "app")
    repository, lane, base = open_lane(repo)
    deliver(repository, lane, base, "orchestrate/a")
    with pytest.raises(GitError, match="cannot be made beside the branch orchestrate/a") as error:
        deliver(repository, lane, base, "orchestrate/a/b")
    assert "git branch -m orchestrate/a" in error.value.hint


@pytest.mark.parametrize(
    "branch", ["main", "feature/x", "orchestrate/../main", "orchestrate/a b", "orchestrate/x.lock"]
)
def test_only_branches_of_our_own_are_written(branch: str, tmp_path: Path, open_lane: Callable) -> None:
    repository, lane, base = open_lane(made.plain(tmp_path / "app"))
    with pytest.raises(GitError, match="is no branch below"):
        repository.receive(lane.git_dir, branch, base)


def test_a_lock_left_on_our_own_ref_is_cleared(tmp_path: Path, open_lane: Callable) -> None:
    repo = made.plain(tmp_path / "app")
    repository, lane, base = open_lane(repo)
    lock = repo.root / f".git/refs/heads/{BRANCH}.lock"
    lock.parent.mkdir(parents=True)
    lock.touch()
    os.utime(lock, (1, 1))
    commit = deliver(repository, lane, base)
    assert repo.git("rev-parse", BRANCH) == commit


def test_what_the_user_rewrites_meanwhile_breaks_nothing(tmp_path: Path, open_lane: Callable) -> None:
    repo = made.plain(tmp_path / "app")
    repository, lane, base = open_lane(repo)
    repo.git("commit", "-q", "--amend", "-m", "rewritten")
    repo.git("tag", "-d", "v1.0")
    repo.git("reflog", "expire", "--expire=now", "--all")
    repo.git("gc", "-q", "--prune=now")
    assert repo.fails("cat-file", "-e", base), "positive control: the base is gone from the user's store"
    commit = deliver(repository, lane, base)
    assert repo.git("rev-parse", f"{BRANCH}~1") == base
    assert repo.git("rev-parse", BRANCH) == commit
    repo.git("fsck", "--strict", "--no-dangling")


def test_git_variables_of_the_caller_are_not_seen(
    tmp_path: Path, open_repository: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    repo, other = made.plain(tmp_path / "app"), made.dirty(tmp_path / "other")
    monkeypatch.setenv("GIT_DIR", str(other.root / ".git"))
    monkeypatch.setenv("GIT_WORK_TREE", str(other.root))
    monkeypatch.setenv("GIT_INDEX_FILE", str(tmp_path / "nonsense"))
    repository = open_repository(repo.root)
    assert repository.root == repo.root
    assert repository.uncommitted("HEAD") == ()


def test_without_an_identity_only_committing_is_refused(tmp_path: Path, open_lane: Callable) -> None:
    repo = made.plain(tmp_path / "app")
    repo.git("config", "--unset", "user.email")
    _, lane, base = open_lane(repo)
    with pytest.raises(RefusedError) as error:
        lane.commit(tree=lane.tree_of(base), parents=[base], message="x", at=AT)
    assert "git config --global user.name" in error.value.hint


def test_the_cache_home_follows_the_specification(tmp_path: Path) -> None:
    assert cache_home({"XDG_CACHE_HOME": "/var/c"}) == Path("/var/c/orchestrator")
    assert cache_home({"XDG_CACHE_HOME": "relative"}) == cache_home({}) == Path("~/.cache/orchestrator").expanduser()
