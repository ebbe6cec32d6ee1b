"""A lane's work tree and index: tracked files exactly the tree's, and nothing left over (decisions 6, 7).

git's stat check decides what must be written again; it counts the change time, which no program in a sandbox can set.
What is not tracked is found by a walk of this program's own (:mod:`lane_sweep`), since the gate's code wrote it.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Collection, Sequence
from pathlib import Path

from orchestrator.adapters.git import Git
from orchestrator.adapters.lane_files import UnsafePathError, check_paths, is_regular, write_changes
from orchestrator.adapters.lane_paths import LanePaths
from orchestrator.adapters.lane_read import TreeReader
from orchestrator.adapters.lane_submodules import Submodules
from orchestrator.adapters.lane_sweep import Stray, Tracked, remove, remove_emptied, strays
from orchestrator.domain.edit import FileChange

_SUBMODULE = "160000"
_NOTES = 20
"""Notes of one settling; more are counted."""


class WorkTree:
    """The work tree of one lane. Not for several threads: a lane is worked in by one task at a time."""

    def __init__(
        self, git: Git, paths: LanePaths, submodules: Submodules, keep: Collection[str], reader: TreeReader
    ) -> None:
        self._git = git
        self._reader = reader
        self._submodules = submodules
        self._paths = paths
        self._keep = frozenset(keep)
        self._tree: str | None = None
        self._tracked: Tracked | None = None
        self.notes: tuple[str, ...] = ()
        """What the last check-out could not bring."""

    def checkout(self, tree: str) -> None:
        """Tracked files exactly those of the tree; dependency folders and what setup left stay; all else goes."""
        self._paths.root.mkdir(exist_ok=True)
        before = self._known()
        self._clear(before)
        self._read(tree)
        self.notes = self._submodules.checkout(*self._links())
        tracked = self._known()
        if before.submodules or any(folder.rpartition("/")[2] in self._keep for folder in tracked.folders):
            self._clear(tracked)
        self._restore_products(tracked, trusted=False)

    def stage(self, changes: Sequence[FileChange]) -> str:
        """Write the files and record exactly them; the resulting tree."""
        self._check_submodules([change.path for change in changes])
        write_changes(self._paths.root, changes)
        return self._update([change.path for change in changes])

    def record(self, paths: Sequence[str]) -> str:
        """Record those paths as they stand; the resulting tree. ``UnsafePathError`` where one is no plain file."""
        check_paths(self._paths.root, paths)
        self._check_submodules(paths)
        for path in paths:
            if is_regular(self._paths.root, path) is False:
                raise UnsafePathError(path, "it is no plain file any more")
        return self._update(paths)

    def settle(self, tree: str) -> tuple[str, ...]:
        """Put tracked files back, remove what is neither tracked nor ignored and every planted ``.git``; say so."""
        self._paths.root.mkdir(exist_ok=True)
        tracked = self._known()
        notes = self._remove_leftovers(tracked)
        changed = _split(self._git.run("diff-files", "--name-only", "-z", "--ignore-submodules=all"))
        if changed or tree != self._tree:
            self._read(tree)
        notes += [f"put back {path}" for path in dict.fromkeys(changed)]
        notes += self._submodules.settle()
        self._restore_products(self._known(), trusted=True)
        return _capped(notes)

    def _known(self) -> Tracked:
        """What the index tracks; an index that cannot be read is made anew."""
        if self._tracked is None:
            entries = self._staged()
            files = [path for path, mode, _ in entries if mode != _SUBMODULE]
            links = [path for path, mode, _ in entries if mode == _SUBMODULE]
            self._tracked = Tracked.of([*files, *(self._submodules.files() if links else ())], links)
        return self._tracked

    def _staged(self) -> list[tuple[str, str, str]]:
        """(path, mode, object) of each entry of the index; where it is a tree's, as that tree says."""
        if self._tree is not None:
            return [(path, entry.mode, entry.oid) for path, entry in self._reader.entries(self._tree).items()]
        listing = self._git.attempt("ls-files", "-s", "-z")
        if listing.exit_code != 0:
            self._paths.index.unlink(missing_ok=True)
            return []
        pairs = (entry.partition("\t") for entry in _split(listing.stdout))
        return [(path, *meta.split(" ")[:2]) for meta, _, path in pairs]  # type: ignore[misc]

    def _links(self) -> tuple[dict[str, str], str | None]:
        """Submodules of the index: path -> commit; and the id of its ``.gitmodules``."""
        if not self._known().submodules:
            return {}, None
        entries = self._staged()
        named = next((oid for path, _, oid in entries if path == ".gitmodules"), None)
        self._tracked = None
        return {path: oid for path, mode, oid in entries if mode == _SUBMODULE}, named

    def _check_submodules(self, paths: Sequence[str]) -> None:
        for path in paths:
            if inside := self._known().submodule_of(path):
                raise UnsafePathError(path, f"it lies in the submodule {inside}")

    def _read(self, tree: str) -> None:
        """Index and tracked files become the tree's; files whose stat data did not change are not touched."""
        known, self._tree = self._tree, None
        self._git.run("read-tree", "--reset", "-u", tree)
        if known != tree:
            self._tracked = None
        self._tree = tree

    def _update(self, paths: Sequence[str]) -> str:
        """Bring those paths of the index to what stands on disk; the index as a tree."""
        self._tree = None
        stdin = b"".join(os.fsencode(path) + b"\0" for path in dict.fromkeys(paths))
        if stdin:
            self._git.run("update-index", "-z", "--add", "--remove", "--replace", "--stdin", stdin=stdin)
            self._tracked = None
        self._tree = self._git.text("write-tree")
        self._reader.know(self._tree)
        return self._tree

    def _clear(self, tracked: Tracked) -> None:
        root = self._paths.root
        for stray in list(strays(root, tracked, self._keep, whole=True)):
            remove(root, stray.path)

    def _remove_leftovers(self, tracked: Tracked) -> list[str]:
        """After foreign code: what git would not ignore, judged without ignore files planted among tracked files."""
        root, notes = self._paths.root, []
        products = self._products()
        found = [stray for stray in strays(root, tracked, self._keep, whole=False) if stray.path not in products]
        planted = [stray for stray in found if stray.git_entry or _misplaced(stray, tracked)]
        for stray in planted:
            remove(root, stray.path)
            notes.append(f"removed planted {stray.path}")
        gone = {stray.path for stray in planted}
        rest = [stray for stray in found if stray.path not in gone]
        outside = [stray.path for stray in rest if not stray.folder and tracked.submodule_of(stray.path) is None]
        ignored = self._ignored(outside)
        for stray in rest:
            if stray.path in ignored:
                continue
            remove(root, stray.path)
            remove_emptied(root, stray.path, tracked)
            if not stray.folder:
                notes.append(f"removed {stray.path}")
        return notes

    def _ignored(self, paths: Sequence[str]) -> frozenset[str]:
        """Those that ignore files cover. ``./`` in front keeps a name like ``:(top)x`` from being read as a pattern."""
        if not paths:
            return frozenset()
        argv = ("check-ignore", "-z", "--stdin")
        stdin = b"".join(b"./" + os.fsencode(path) + b"\0" for path in paths)
        completed = self._git.configured(GIT_LITERAL_PATHSPECS="0").attempt(*argv, stdin=stdin)
        if completed.exit_code not in {0, 1}:
            raise self._git.failure(argv, completed)
        return frozenset(path.removeprefix("./") for path in _split(completed.stdout))

    def _products(self) -> frozenset[str]:
        """Files that setup left in the tree, kept in a folder of their own."""
        return frozenset(_files_below(self._paths.products))

    def _restore_products(self, tracked: Tracked, *, trusted: bool) -> None:
        """Copy what setup left into the tree, never over a tracked file.

        ``trusted``: size, mode and time tell whether a file is still the same; else it is copied whatever they say.
        """
        paths = [path for path in self._products() if path not in tracked.files and path not in tracked.folders]
        check_paths(self._paths.root, paths)
        for path in paths:
            source, target = self._paths.products / path, self._paths.root / path
            if trusted and _same_stat(source, target):
                continue
            remove(self._paths.root, path)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, target, follow_symlinks=False)


def _misplaced(stray: Stray, tracked: Tracked) -> bool:
    """An untracked ignore or attribute file in a folder of tracked files, or anything where a tracked folder belongs.

    A tool's own cache folder may ignore itself; a planted file must not decide about the project's folders.
    """
    folder, _, name = stray.path.rpartition("/")
    ours = not folder or folder in tracked.folders
    return stray.path in tracked.folders or (ours and name in {".gitignore", ".gitattributes"})


def _files_below(folder: Path) -> list[str]:
    """Files and links below a folder, relative to it."""
    found: list[str] = []
    for parent, folders, files in os.walk(folder):
        links = [name for name in folders if (Path(parent) / name).is_symlink()]
        prefix = os.path.relpath(parent, folder)
        found += [name if prefix == "." else f"{prefix}/{name}" for name in (*files, *links)]
    return found


def _same_stat(one: Path, other: Path) -> bool:
    try:
        left, right = one.lstat(), other.lstat()
    except FileNotFoundError:
        return False
    return (left.st_mode, left.st_size, left.st_mtime_ns) == (right.st_mode, right.st_size, right.st_mtime_ns)


def _split(listing: bytes) -> list[str]:
    return [os.fsdecode(path) for path in listing.split(b"\0") if path]


def _capped(notes: Sequence[str]) -> tuple[str, ...]:
    if len(notes) <= _NOTES:
        return tuple(notes)
    return (*notes[:_NOTES], f"and {len(notes) - _NOTES} more")
