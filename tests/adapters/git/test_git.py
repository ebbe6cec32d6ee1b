"""The one door to git: what the environment, the configuration and the repository cannot make it do (I9, I12)."""

from __future__ import annotations

import os
import stat
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from orchestrator.adapters import git as door
from orchestrator.adapters.git import Git, require_version
from orchestrator.adapters.git_config import parse_config, read_user_config
from orchestrator.domain.edit import FileChange
from orchestrator.domain.errors import GitError, RefusedError
from tests.fakes import repositories as made
from tests.fakes.canary import canary

AT = datetime(2026, 11, 21, tzinfo=UTC)


def test_bytes_go_in_and_come_out_unchanged(tmp_path: Path) -> None:
    repo = made.plain(tmp_path / "app")
    git = Git(directory=repo.root)
    for content in (b"", b"\n", b"end\n\n", bytes(range(256)) * 5000):
        oid = git.text("hash-object", "-w", "--stdin", stdin=content)
        assert git.run("cat-file", "blob", oid) == content


def test_failures_say_what_where_and_what_git_said(tmp_path: Path) -> None:
    repo = made.plain(tmp_path / "app")
    with pytest.raises(
        GitError, match=r"git cat-file -p absent failed in .*app \(exit 128\): fatal: Not a valid"
    ) as error:
        Git(directory=repo.root).run("cat-file", "-p", "absent")
    assert error.value.slug == "git"
    assert Git(directory=repo.root).attempt("cat-file", "-e", "absent").exit_code == 128


def test_a_command_ends_at_its_limit_with_all_it_started(tmp_path: Path) -> None:
    repo = made.plain(tmp_path / "app")
    mark = tmp_path / "alive"
    slow = Git(directory=repo.root, config=(("alias.slow", f"!sleep 1.5; touch {mark}"),))
    started = time.monotonic()
    with pytest.raises(GitError, match=r"did not end within 0\.2 s"):
        slow.run("slow", timeout_s=0.2)
    assert time.monotonic() - started < 1.4
    time.sleep(1.6 - (time.monotonic() - started))
    assert not mark.exists()


def test_a_stray_that_holds_the_pipe_delays_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(door, "_GRACE_S", 0.2)
    repo = made.plain(tmp_path / "app")
    slow = Git(directory=repo.root, config=(("alias.slow", "!setsid sleep 3 & sleep 3"),))
    started = time.monotonic()
    with pytest.raises(GitError, match="did not end"):
        slow.run("slow", timeout_s=0.2)
    assert time.monotonic() - started < 2


def test_only_the_listed_variables_reach_git(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("ANTHROPIC_API_KEY", "GIT_DIR", "GIT_EXTERNAL_DIFF", "GIT_TRACE", "LD_PRELOAD_X", "SSH_AUTH_SOCK"):
        monkeypatch.setenv(name, "seen")
    git = Git(directory=made.unborn(tmp_path / "app").root, config=(("alias.show-env", "!env"),))
    names = {line.split("=")[0] for line in git.text("show-env").splitlines()}
    shell_own = {"PWD", "OLDPWD", "SHLVL", "_", "GIT_PREFIX", "GIT_EXEC_PATH", "GIT_DIR"}
    assert names - shell_own <= {*door._VARIABLES, *door._KEPT_VARIABLES, "PATH"} | {
        name for name in names if name.startswith(("GIT_CONFIG_KEY_", "GIT_CONFIG_VALUE_", "GIT_CONFIG_COUNT"))
    }


def test_a_git_of_the_repository_is_not_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    repo = made.plain(tmp_path / "app")
    planted = repo.write("git", f"#!/bin/sh\ntouch {tmp_path}/fired\n", executable=True)
    monkeypatch.setenv("PATH", f".:{os.environ['PATH']}")
    monkeypatch.chdir(repo.root)
    door.programs.cache_clear()
    assert Path(door.programs()[1]) != planted
    Git(directory=repo.root).run("status")
    assert not (tmp_path / "fired").exists()


def test_without_git_the_mend_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    door.programs.cache_clear()
    with pytest.raises(RefusedError, match="not found on PATH") as error:
        door.programs()
    assert error.value.hint == "install git 2.38 or newer"
    door.programs.cache_clear()


def test_the_version_is_new_enough() -> None:
    assert require_version() >= door.MINIMUM_VERSION


def test_folders_with_names_that_shells_and_gitpython_expand(tmp_path: Path) -> None:
    for name in ("~", "$HOME", "a b", "ü", "-x", "${PATH}"):
        repo = made.unborn(tmp_path / "odd" / name)
        assert Git(directory=repo.root).text("rev-parse", "--show-toplevel") == str(repo.root)


def test_nothing_of_the_canary_repository_fires(tmp_path: Path, open_lane: Callable) -> None:
    fired = tmp_path / "fired"
    repo = canary(tmp_path / "app", fired)
    os.utime(repo.root / "src/app.py", (1, 1))
    repo.git("-c", "core.fsmonitor=false", "rev-parse", "HEAD")
    for path in fired.iterdir():
        path.unlink()
    repository, lane, base = open_lane(repo)
    repository.fingerprint()
    repository.uncommitted(base)
    lane.files(base)
    assert lane.read(base, "src/app.py") == (repo.root / "src/app.py").read_bytes()
    tree = lane.stage([FileChange(path="src/app.py", content=b"x = 1\n"), FileChange(path="N.md", content=b"n\n")])
    lane.diff(base, tree)
    lane.changes(base, tree)
    lane.record(["src/app.py"])
    lane.settle(tree)
    commit = lane.commit(tree=tree, parents=[base], message="m", at=AT)
    lane.merge(base, commit)
    repository.receive(lane.git_dir, "orchestrate/r/t", commit)
    lane.refresh([base, commit])
    lane.checkout(commit)
    assert sorted(path.name for path in fired.iterdir()) == []


def test_the_canaries_do_fire_in_plain_git(tmp_path: Path) -> None:
    fired = tmp_path / "fired"
    repo = canary(tmp_path / "app", fired)
    repo.write("src/app.py", "changed = 1\n")
    repo.write("README.md", "changed\n")
    repo.fails("status")
    repo.fails("diff")
    repo.fails("update-ref", "refs/heads/x", "HEAD")
    repo.fails("add", "src/app.py")
    repo.fails("commit", "-m", "x")
    names = {path.name for path in fired.iterdir()}
    assert {
        "core-fsmonitor",
        "diff-evil-command",
        "filter-evil-clean",
        "filter-lfs-clean",
        "gpg-program",
        "hook-pre-commit",
        "hook-post-index-change",
        "hook-reference-transaction",
    } <= names


def test_a_promisor_remote_is_never_asked(tmp_path: Path, open_repository: Callable) -> None:
    repo = made.plain(tmp_path / "app")
    blob = repo.git("rev-parse", "HEAD:README.md")
    script = repo.write("evil.sh", f"#!/bin/sh\ntouch {tmp_path}/fired\n", executable=True)
    for key, value in (
        ("core.repositoryFormatVersion", "1"),
        ("extensions.partialClone", "origin"),
        ("remote.origin.url", str(tmp_path / "absent")),
        ("remote.origin.promisor", "true"),
        ("remote.origin.uploadpack", str(script)),
    ):
        repo.git("config", key, value)
    (repo.root / ".git/objects" / blob[:2] / blob[2:]).unlink()
    assert repo.fails("cat-file", "-p", blob)
    assert (tmp_path / "fired").exists(), "positive control: plain git asks the remote"
    (tmp_path / "fired").unlink()
    repository = open_repository(repo)
    lane = repository.lane(1)
    repository.fingerprint()
    with pytest.raises(GitError, match="objects are missing") as error:
        lane.refresh([repository.pin(None)])
    assert "--filter" in error.value.hint
    assert not (tmp_path / "fired").exists()


# What is taken over from the user's configuration.


def test_the_users_lfs_is_kept_and_a_repositorys_filters_are_not(home: Path) -> None:
    entries = [
        ("global", "filter.lfs.clean", "git-lfs clean -- %f"),
        ("global", "filter.lfs.required", "true"),
        ("global", "filter.other.clean", "indent"),
        ("global", "core.autocrlf", "input"),
        ("global", "safe.directory", "/srv/app"),
        ("local", "filter.lfs.clean", "evil"),
        ("local", "filter.a=b.c.smudge", "evil"),
        ("local", "hook.x.command", "evil"),
    ]
    config = parse_config(b"".join(f"{scope}\0{key}\n{value}\0".encode() for scope, key, value in entries))
    assert ("filter.lfs.clean", "git-lfs clean -- %f") in config.conversion
    assert ("core.autocrlf", "input") in config.conversion
    assert ("safe.directory", "/srv/app") in config.conversion
    assert not any("other" in key or value == "evil" for key, value in config.conversion)
    overrides = dict(config.overrides)
    assert overrides["filter.a=b.c.smudge"] == ""
    assert overrides["hook.x.enabled"] == "false"
    assert not any(key.startswith("filter.lfs.") for key in overrides)


def test_an_lfs_to_which_the_repository_adds_a_program_is_not_kept() -> None:
    config = parse_config(b"global\0filter.lfs.clean\ngit-lfs clean\0local\0filter.lfs.process\nevil\0")
    assert config.conversion == ()
    overrides = dict(config.overrides)
    assert overrides["filter.lfs.clean"] == overrides["filter.lfs.process"] == ""
    assert overrides["filter.lfs.required"] == "false"


def test_an_lfs_that_is_another_program_is_not_kept() -> None:
    config = parse_config(b"global\0filter.lfs.clean\nrm -rf /\0local\0filter.lfs.smudge\ngit-lfs smudge\0")
    assert config.conversion == ()
    assert dict(config.overrides)["filter.lfs.clean"] == ""


def test_identity_comes_from_where_git_takes_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, home: Path) -> None:
    repo = made.plain(tmp_path / "app")
    repo.git("config", "author.name", "Author Only")
    monkeypatch.setenv("GIT_COMMITTER_EMAIL", "ci@example.org")
    author, committer = read_user_config(repo.root).people()
    assert (author.name, author.email) == ("Author Only", "test@example.invalid")
    assert (committer.name, committer.email) == ("Test", "ci@example.org")


@pytest.mark.skipif(os.geteuid() != 0, reason="changing a folder's owner takes root")
def test_a_repository_of_another_user_is_refused_until_trusted(tmp_path: Path, home: Path, open_lane: Callable) -> None:
    repo = made.plain(tmp_path / "app")
    for path in (repo.root, repo.root / ".git"):
        os.chown(path, 12345, 12345)
    with pytest.raises(RefusedError, match="belongs to another user") as error:
        open_lane(repo)
    assert error.value.hint == f"git config --global --add safe.directory {repo.root}"
    with (home / ".gitconfig").open("a") as file:
        file.write(f"[safe]\n\tdirectory = {repo.root}\n")
    _, lane, base = open_lane(repo)
    assert lane.files(base)
    assert stat.S_ISDIR(lane.root.stat().st_mode)
