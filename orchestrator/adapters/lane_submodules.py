"""Submodules of a lane: checked out from what the user's repository already holds, never from a network.

A submodule whose commit is in ``.git/modules`` of the user's repository is written into the work tree, through an index
of its own; its objects are read where they are. All others stay empty folders and are named. Submodules of submodules
are not followed.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from orchestrator.adapters.git import Git
from orchestrator.adapters.git_objects import quoted_store
from orchestrator.adapters.lane_files import check_paths, path_fault
from orchestrator.adapters.lane_paths import LanePaths


class Submodules:
    """The submodules of one lane's work tree."""

    def __init__(self, git: Git, paths: LanePaths, stores: Sequence[Path]) -> None:
        """``stores``: the ``modules`` folders of the user's repository."""
        self._git = git
        self._paths = paths
        self._stores = tuple(stores)
        self._names: dict[str, str] = {}
        self._present: dict[str, str] = {}

    def checkout(self, commits: Mapping[str, str], gitmodules: str | None) -> tuple[str, ...]:
        """Make each submodule's folder exactly its commit; one note for each that could not be had.

        ``commits``: path -> commit. ``gitmodules``: id of the tree's ``.gitmodules``, where there is one.
        """
        self._present = {}
        if not commits:
            return ()
        names = self._read_names(gitmodules) if gitmodules else {}
        notes: list[str] = []
        for path, commit in commits.items():
            git = self._git_of(path, names.get(path))
            if git is None or git.attempt("cat-file", "-e", f"{commit}^{{commit}}").exit_code != 0:
                notes.append(f"submodule {path} is empty: its commit is not in the repository's .git/modules")
                continue
            check_paths(self._paths.root, [f"{path}/file"])
            (self._paths.root / path).mkdir(exist_ok=True)
            git.run("read-tree", "--reset", "-u", commit)
            self._present[path] = commit
            self._names[path] = names[path]
        return tuple(notes)

    def settle(self) -> tuple[str, ...]:
        """Put back what foreign code changed in them; one note a file."""
        notes: list[str] = []
        for path, commit in self._present.items():
            git = self._git_of(path, self._names[path])
            if git is None:
                continue
            changed = git.run("diff-files", "--name-only", "-z", "--ignore-submodules=all").split(b"\0")
            if any(changed):
                (self._paths.root / path).mkdir(exist_ok=True)
                git.run("read-tree", "--reset", "-u", commit)
                notes += [f"put back {path}/{os.fsdecode(name)}" for name in changed if name]
        return tuple(notes)

    def files(self) -> tuple[str, ...]:
        """Paths of the files of those that are checked out, from the root of the work tree."""
        found: list[str] = []
        for path in self._present:
            git = self._git_of(path, self._names[path])
            if git is not None:
                found += [f"{path}/{os.fsdecode(name)}" for name in git.run("ls-files", "-z").split(b"\0") if name]
        return tuple(found)

    def _read_names(self, gitmodules: str) -> dict[str, str]:
        """Path -> name from a ``.gitmodules`` blob. A name that would lead out of the store is left out."""
        argv = ("config", "--blob", gitmodules, "-z", "--get-regexp", r"^submodule\..*\.path$")
        entries = self._git.attempt(*argv).stdout.split(b"\0")
        pairs = (os.fsdecode(entry).partition("\n") for entry in entries if entry)
        named = {path: key.removeprefix("submodule.").removesuffix(".path") for key, _, path in pairs}
        return {path: name for path, name in named.items() if path_fault(name) is None}

    def _git_of(self, path: str, name: str | None) -> Git | None:
        """git on the submodule's objects and folder, in the lane's own git folder; ``None``: the user has no such."""
        if name is None:
            return None
        for store in self._stores:
            objects = store / name / "objects"
            if objects.is_dir() and objects.resolve().is_relative_to(store.resolve()):
                index = self._paths.home / f"index-{hashlib.sha256(os.fsencode(path)).hexdigest()[:16]}"
                git = replace(self._git, work_tree=self._paths.root / path)
                return git.configured(GIT_INDEX_FILE=str(index), GIT_ALTERNATE_OBJECT_DIRECTORIES=quoted_store(objects))
        return None
