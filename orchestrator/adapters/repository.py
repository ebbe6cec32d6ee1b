"""The user's repository: looked at, and given finished branches; nothing else is ever written to it (I1, I2), but
by ``land`` through :mod:`checkout`.

Looking runs a hardened git with every program that the repository's own configuration names switched off (I9). A branch
arrives as one pack of objects and one new ref (:mod:`git_objects` says why that is not ``git fetch``).
"""

from __future__ import annotations

import errno
import hashlib
import os
import re
import time
from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from pathlib import Path

from orchestrator.adapters.checkout import UserCheckout
from orchestrator.adapters.fingerprint import fingerprint
from orchestrator.adapters.git import Completed, Git, require_version
from orchestrator.adapters.git_commits import commit_of, pinned
from orchestrator.adapters.git_config import UserConfig, access_error, read_user_config
from orchestrator.adapters.git_objects import copy_objects
from orchestrator.adapters.lane import GitLane
from orchestrator.adapters.lane_clone import HALF_MADE, Upstream, lane_git
from orchestrator.adapters.lane_paths import LanePaths, Provide, ShellFactory
from orchestrator.adapters.lane_sweep import remove_folder
from orchestrator.adapters.lock import FileLock, acquire, lock_file
from orchestrator.crash_points import crash_point
from orchestrator.domain.errors import GitError, OrchestrateError, PausedError, RefusedError, UsageError

BRANCHES = "orchestrate/"
"""Finished branches live below ``refs/heads/`` under this name and nowhere else (I2)."""
_STALE_LOCK_S = 3.0
"""git waits this long for a ref's lock; one that is older in our own namespace was left by a killed run."""
_NOT_LET_IN = (errno.EROFS, errno.EACCES, errno.ENOSPC, errno.EDQUOT)
_UNWRITABLE = {
    "hint": "make the repository writable (or free its disk), then go on: orchestrate resume",
    "slug": "repository-unwritable",
}
_NULL = re.compile(r"^0+$")
_PLAIN_BRANCH = re.compile(re.escape(BRANCHES) + r"(?:[a-z0-9_-]+/)?[a-z0-9_-]+")
"""Names that git takes for sure, and that nearly all are: of two parts at most, no dot in them."""
_UNSAFE_NAME = re.compile(r"[^A-Za-z0-9._-]+")


def cache_home(environment: Mapping[str, str]) -> Path:
    """The tool's cache folder: ``$XDG_CACHE_HOME/orchestrator``, or ``~/.cache/orchestrator``.

    A relative ``XDG_CACHE_HOME`` is ignored, as its specification asks.
    """
    named = environment.get("XDG_CACHE_HOME", "")
    folder = Path(named) if named.startswith("/") else Path("~/.cache").expanduser()
    return folder / "orchestrator"


class UserRepository:
    """:class:`orchestrator.ports.Repository` for a checkout or a linked worktree, from any folder of it."""

    def __init__(
        self,
        folder: Path,
        *,
        cache: Path,
        keep: Collection[str],
        shell: ShellFactory,
        provide: Provide,
    ) -> None:
        """``cache``: the tool's own folder (:func:`cache_home`); ``keep``: names of dependency folders.

        Raises ``UsageError`` where there is no checkout, ``RefusedError`` where git is too old or does not trust it.
        """
        require_version()
        if not folder.is_dir():
            raise UsageError(f"there is no folder {folder}", hint="set repo: in the tasks file")
        self.user: UserConfig = read_user_config(folder)
        self._root, self.git_dir, self.common_dir, object_format = _discover(folder, self.user)
        self._git = Git(directory=self._root, config=_looking(self.user))
        self._upstream = Upstream(
            git=self._git,
            common_dir=self.common_dir,
            objects=self.common_dir / "objects",
            object_format=object_format,
            modules=tuple(dict.fromkeys((self.git_dir / "modules", self.common_dir / "modules"))),
            user=self.user,
        )
        self._cache = cache
        self._keep = frozenset(keep)
        self._shell = shell
        self._provide = provide
        self._lanes: dict[int, GitLane] = {}

    @property
    def root(self) -> Path:
        """Top of the user's checkout."""
        return self._root

    @property
    def name(self) -> str:
        """The repository's folder name and a short hash of where its git folder stands: the same in each worktree."""
        common = self.common_dir
        folder = common.parent.name if common.name == ".git" else common.name.removesuffix(".git")
        slug = _UNSAFE_NAME.sub("-", folder).strip("-.")[:40] or "repository"
        return f"{slug}-{hashlib.sha256(os.fsencode(common)).hexdigest()[:10]}"

    @property
    def looking(self) -> Git:
        """git for looking at the repository: nothing that its configuration names is run."""
        return self._git

    @property
    def stores(self) -> tuple[Path, ...]:
        """Where the objects of its submodules lie."""
        return self._upstream.modules

    def hold(self, *, run: str, at: datetime) -> FileLock:
        """Take the repository for one run (I13); ``RefusedError`` names the holder. Ends with the process.

        Clones that a killed run left half made in any lane go: whoever holds the repository holds its lanes. A
        repository whose branches cannot be written is refused before anything is spent on it.
        """
        for folder in (self.common_dir / "objects", self.common_dir / "refs" / "heads"):
            if folder.is_dir() and not os.access(folder, os.W_OK | os.X_OK):
                raise RefusedError(f"{folder} cannot be written to: no branch could be handed over", **_UNWRITABLE)
        lock = acquire(lock_file(self._cache, self.common_dir), what=f"the repository {self._root}", run=run, at=at)
        for half_made in (self._cache / self.name).glob(f"lane-*/{HALF_MADE}*"):
            remove_folder(half_made)
        return lock

    def pin(self, base: str | None) -> str:
        """The commit of a branch, tag or commit-ish; without one, HEAD's. ``UsageError`` where there is none."""
        return pinned(self._git, self._root, base)

    def uncommitted(self, base: str) -> tuple[str, ...]:
        """Modified, staged and untracked paths (a folder as a whole where all in it is) that differ from the base."""
        argv = ("status", "--porcelain=v1", "-z", "--no-renames", "--untracked-files=normal", "--ignore-submodules=all")
        entries = [entry for entry in self._git.run(*argv).split(b"\0") if entry]
        untracked = {os.fsdecode(entry[3:]) for entry in entries if entry.startswith(b"??")}
        changed = {os.fsdecode(entry[3:]) for entry in entries if not entry.startswith(b"??")}
        if changed and base != commit_of(self._git, "HEAD"):
            differing = self._git.run("diff-index", "--name-only", "-z", "--ignore-submodules=all", base, "--")
            changed &= {os.fsdecode(path) for path in differing.split(b"\0")}
        return tuple(sorted(untracked | changed))

    def fingerprint(self) -> str:
        """Digest of all that a run must leave as it was (I1)."""
        return fingerprint(self._git, root=self._root, git_dir=self.git_dir, common_dir=self.common_dir)

    def receive(self, git_dir: Path, branch: str, commit: str, *, replaces: str | None = None) -> None:
        """Bring the commit over and name it ``refs/heads/<branch>``; safe to repeat.

        A branch of that name with another commit than ``replaces`` is the user's, and stays (I14): ``GitError``.
        """
        ref = self._branch_ref(branch)
        tips = self._tips()
        existing = tips.get(ref)
        if existing == commit:
            return
        if existing is not None and existing != replaces:
            raise GitError(
                f"the branch {branch} exists at {existing}, not at {commit}; it was left as it is",
                hint=f"rename or delete it: git branch -m {branch} {branch}-old",
                slug="branch-exists",
            )
        if existing is not None and (where := self._git.text("for-each-ref", "--format=%(worktreepath)", ref)):
            raise GitError(
                f"the branch {branch} is checked out in {where}; it was not moved under your feet (I1)",
                hint=f"git -C {where} switch -, then: orchestrate resume",
                slug="branch-checked-out",
            )
        self._bring(git_dir, commit, tips.values())
        self._set_ref(ref, branch, commit, was=existing)

    def bring(self, git_dir: Path, commit: str) -> None:
        """Copy a lane's commit, and what it reaches, into the repository's objects; no ref moves."""
        self._bring(git_dir, commit, self._tips().values())

    def _tips(self) -> dict[str, str]:
        """What each of its refs stands at."""
        listing = self._git.text("for-each-ref", "--format=%(objectname) %(refname)").splitlines()
        return {ref: tip for tip, _, ref in (line.partition(" ") for line in listing)}

    def _bring(self, git_dir: Path, commit: str, tips: Iterable[str]) -> None:
        lane = lane_git(LanePaths.at(git_dir.parent), self._upstream, git_dir)
        crash_point("pack.before")
        try:
            copy_objects(
                lane,
                source=git_dir / "objects",
                target=self.common_dir / "objects",
                want=[commit],
                have=[tip for tip in tips if not _NULL.match(tip)],
            )
        except GitError as error:
            raise _unwritable(error) from None
        crash_point("pack.after")

    def tip(self, branch: str) -> str | None:
        """The commit a branch stands at; ``None`` where there is no such branch."""
        return commit_of(self._git, f"refs/heads/{branch}")

    def checkout(self) -> UserCheckout:
        """The checkout, for ``land`` to move."""
        programs = [key for key, _ in self.user.overrides]
        return UserCheckout(self._git, root=self._root, git_dir=self.git_dir, switched_off=programs)

    def lane(self, number: int) -> GitLane:
        """Open (or make) that lane; its folder is locked until the lane is closed or the process ends."""
        if number not in self._lanes:
            paths = LanePaths.at(self._cache / self.name / f"lane-{number}")
            lock = acquire(paths.home / "lock", what=f"the lane {paths.home}", run="", at=datetime.now().astimezone())
            try:
                self._lanes[number] = GitLane(
                    paths, self._upstream, lock=lock, keep=self._keep, shell=self._shell, provide=self._provide
                )
            except BaseException:
                lock.release()  # interrupted while it is made: nobody else would let it go
                raise
        return self._lanes[number]

    def close(self) -> None:
        """Let go of the lanes' locks."""
        for lane in self._lanes.values():
            lane.close()
        self._lanes.clear()

    def _branch_ref(self, branch: str) -> str:
        ref = f"refs/heads/{branch}"
        if _PLAIN_BRANCH.fullmatch(branch):
            return ref
        if not branch.startswith(BRANCHES) or self._git.attempt("check-ref-format", ref).exit_code != 0:
            raise GitError(f"{branch!r} is no branch below {BRANCHES}", hint="use [a-z0-9._-] in ids of tasks and runs")
        return ref

    def _set_ref(self, ref: str, branch: str, commit: str, *, was: str | None) -> None:
        """Create it, or move it from exactly ``was``; a lock that a killed run left on this very ref is cleared."""
        git = self._git.configured(("core.filesRefLockTimeout", str(int(_STALE_LOCK_S * 1000))))
        if who := self.user.committer:
            git = git.configured(GIT_COMMITTER_NAME=who.name, GIT_COMMITTER_EMAIL=who.email)
        argv = ("update-ref", "-m", "orchestrate: delivered", ref, commit, was or "0" * len(commit))
        lock = self.common_dir / f"{ref}.lock"
        if _is_stale(lock):
            lock.unlink(missing_ok=True)
        crash_point("ref.before")
        completed = git.attempt(*argv)
        crash_point("ref.after")
        if completed.exit_code != 0 and _is_stale(lock):
            lock.unlink(missing_ok=True)
            completed = git.attempt(*argv)
        if completed.exit_code != 0:
            raise self._ref_error(argv, completed, branch)

    def _ref_error(self, argv: tuple[str, ...], completed: Completed, branch: str) -> OrchestrateError:
        blocker = re.search(r"'refs/heads/([^']+)' exists; cannot create", completed.stderr)
        if blocker:
            return GitError(
                f"the branch {branch} cannot be made beside the branch {blocker[1]}: git keeps one as a folder",
                hint=f"git branch -m {blocker[1]} {blocker[1]}-old",
                slug="branch-exists",
            )
        return _unwritable(self._git.failure(argv, completed, hint=f"the work is safe in the lane as {argv[4]}"))


def _unwritable(error: OrchestrateError) -> OrchestrateError:
    """What a disk or its owner does not let in concerns the run and no task: it pauses, and its work is kept."""
    if any(os.strerror(number) in error.message for number in _NOT_LET_IN):
        return PausedError(error.message, **_UNWRITABLE)
    return error


def _looking(user: UserConfig) -> tuple[tuple[str, str], ...]:
    return (*user.overrides, *user.conversion, *user.excludes)


def _discover(folder: Path, user: UserConfig) -> tuple[Path, Path, Path, str]:
    """(top of the checkout, its git folder, the git folder it shares with other worktrees, object format)."""
    git = Git(directory=folder, config=_looking(user))
    argv = (
        "rev-parse",
        "--path-format=absolute",
        "--absolute-git-dir",
        "--git-common-dir",
        "--show-object-format",
        "--show-toplevel",
    )
    completed = git.attempt(*argv)
    if completed.exit_code == 0:
        git_dir, common_dir, object_format, root = os.fsdecode(completed.stdout).removesuffix("\n").split("\n", 3)
        return Path(root), Path(git_dir), Path(common_dir).resolve(), object_format
    if "must be run in a work tree" in completed.stderr or "bare repository" in completed.stderr:
        raise UsageError(
            f"{folder} is a bare repository or lies inside a .git folder", hint="git clone it, and use the clone"
        )
    raise access_error(folder, completed) or git.failure(argv, completed)


def _is_stale(lock: Path) -> bool:
    try:
        return time.time() - lock.lstat().st_mtime >= _STALE_LOCK_S
    except (FileNotFoundError, NotADirectoryError):
        return False
