"""A lane: the clone a task is worked on in, outside any checkout, kept warm between tasks and runs (decisions 1-9).

The git folder and the index stand beside the work tree, never inside it, so no gate command can reach them. The
parts have a module each: ``lane_clone`` (the git folder), ``lane_tree`` (the work tree), ``lane_read`` (trees),
``lane_files`` (safe writing), ``lane_sweep`` (what is left over), ``lane_throwaway`` (the ``.git`` that gate commands
see).
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from orchestrator.adapters.git_config import UserConfig
from orchestrator.adapters.lane_clone import Upstream, lane_git, open_clone, refresh
from orchestrator.adapters.lane_paths import LanePaths, Provide, ShellFactory
from orchestrator.adapters.lane_read import TreeReader
from orchestrator.adapters.lane_submodules import Submodules
from orchestrator.adapters.lane_tree import WorkTree
from orchestrator.adapters.lock import FileLock
from orchestrator.crash_points import crash_point
from orchestrator.domain.edit import FileChange
from orchestrator.ports import DiffLine, EnvironmentInfo, Merged, Shell

__all__ = ["GitLane"]


class GitLane:
    """:class:`orchestrator.ports.Lane`. Made by ``Repository.lane``; its folder is locked while it is open."""

    def __init__(
        self,
        paths: LanePaths,
        upstream: Upstream,
        *,
        lock: FileLock,
        keep: Collection[str],
        shell: ShellFactory,
        provide: Provide,
    ) -> None:
        """``keep``: names of dependency folders, at any depth, that survive a check-out where nothing in them is
        tracked."""
        self.paths = paths
        self._upstream = upstream
        self._lock = lock
        self._provide = provide
        open_clone(paths, upstream)
        nowhere = paths.home / "nowhere"
        nowhere.mkdir(exist_ok=True)
        self._git = lane_git(paths, upstream)
        self._reader = TreeReader(self._git, paths.root, nowhere)
        submodules = Submodules(self._git, paths, upstream.modules)
        self._tree = WorkTree(self._git, paths, submodules, keep, self._reader)
        self._brought: set[str] = set()
        self._shell = shell(paths)

    @property
    def root(self) -> Path:
        """The work tree."""
        return self.paths.root

    @property
    def git_dir(self) -> Path:
        """The git folder, outside the work tree."""
        return self.paths.git_dir

    @property
    def symbols(self) -> Path:
        """Where the index of its sources is kept, outside the work tree."""
        return self.paths.symbols

    @property
    def shell(self) -> Shell:
        """Runs commands in this lane."""
        return self._shell

    def close(self) -> None:
        """Let go of the lane's lock; it stays on disk, warm."""
        self._lock.release()

    def refresh(self, commits: Sequence[str]) -> None:
        """Bring those commits and the tags on their history over from the user's repository, once while it is open."""
        crash_point("refresh.before")
        if not self._brought.issuperset(commits):
            refresh(self.paths, self._upstream, commits)
            self._brought.update(commits)
        crash_point("refresh.after")

    def provide(self, commit: str, setup: Sequence[str] | None) -> EnvironmentInfo:
        """On that commit's tree, run setup once a lock-file hash; tracked files are put back afterwards.

        Submodules that could not be had are named in the notes.
        """
        self.checkout(commit)
        info = self._provide(self.paths, self._shell, setup)
        self._tree.settle(self._reader.resolve(commit)[1])
        return replace(info, notes=(*info.notes, *self._tree.notes))

    def checkout(self, tree: str) -> None:
        """Tracked files exactly the tree's. A commit becomes HEAD, for gate commands that ask for the version."""
        kind, tree_id = self._reader.resolve(tree)
        if kind == "commit":
            (self.paths.git_dir / "HEAD").write_text(f"{tree}\n")
        crash_point("checkout.before")
        self._tree.checkout(tree_id)
        crash_point("checkout.after")

    def stage(self, changes: Sequence[FileChange]) -> str:
        """Write those files and record exactly them; the resulting tree."""
        crash_point("edits.before")
        tree = self._tree.stage(changes)
        crash_point("edits.after")
        return tree

    def record(self, paths: Sequence[str]) -> str:
        """Record those paths as they stand on disk; the resulting tree."""
        return self._tree.record(paths)

    def settle(self, tree: str) -> tuple[str, ...]:
        """Put back what foreign code changed, remove what it left; one note each."""
        return self._tree.settle(self._reader.resolve(tree)[1])

    def commit(self, *, tree: str, parents: Sequence[str], message: str, at: datetime) -> str:
        """Make the commit object; the same input makes the same id (decision 9). ``RefusedError``: no identity."""
        author, committer = self._user.people()
        date = f"@{int(at.astimezone(UTC).timestamp())} +0000"
        git = self._git.configured(
            ("i18n.commitEncoding", "UTF-8"),
            GIT_AUTHOR_NAME=author.name,
            GIT_AUTHOR_EMAIL=author.email,
            GIT_AUTHOR_DATE=date,
            GIT_COMMITTER_NAME=committer.name,
            GIT_COMMITTER_EMAIL=committer.email,
            GIT_COMMITTER_DATE=date,
        )
        text = message.replace("\0", "").rstrip("\n") + "\n"
        before = [word for parent in dict.fromkeys(parents) for word in ("-p", parent)]
        crash_point("commit.before")
        commit = git.text("commit-tree", tree, *before, stdin=text.encode("utf-8", "replace"))
        crash_point("commit.after")
        self._reader.know(tree, commit=commit)
        return commit

    def merge(self, ours: str, theirs: str) -> Merged:
        """Trial merge of two commits."""
        return self._reader.merge(ours, theirs)

    def tree_of(self, commit: str) -> str:
        """The commit's tree."""
        return self._reader.resolve(commit)[1]

    def files(self, tree: str) -> tuple[str, ...]:
        """Tracked paths of the tree, sorted."""
        return self._reader.files(tree)

    def read(self, tree: str, path: str) -> bytes | None:
        """A tracked file's bytes as checked out."""
        return self._reader.read(tree, path)

    def diff(self, base: str, tree: str, *, context: int = 3) -> str:
        """Unified diff between two trees or commits."""
        return self._reader.diff(base, tree, context)

    def changes(self, base: str, tree: str) -> tuple[DiffLine, ...]:
        """Changed files between two trees or commits."""
        return self._reader.changes(base, tree)

    @property
    def _user(self) -> UserConfig:
        return self._upstream.user
