"""A shift of the user's checkout that was cut short is brought to an end: as it was before, or complete.

The branch moves last, so its commit tells which: at the new one all is done; at the old one the files the shift touches
are put back. Before it began they were the old commit's, byte for byte (it is refused otherwise); so what is found now
is the old content, the new, a beginning of the new, or nothing. Anything else was written by the user since, and is
left alone: refused, and named.
"""

from __future__ import annotations

import os
import shlex
import shutil
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from orchestrator.adapters.git import Git
from orchestrator.domain.errors import RefusedError
from orchestrator.ports import Shift, Shifted

MARKER = b"orchestrate land\n"
"""The first line of an index lock that is this tool's; the second names its record."""
_SCRATCH = "index.orchestrate-look"


def remove_own(git_dir: Path) -> None:
    """Take away what a killed shift left beside the index. The caller holds the repository's lock."""
    lock = git_dir / "index.lock"
    with suppress(FileNotFoundError):
        if lock.read_bytes().startswith(MARKER):
            lock.unlink()
    for leftover in git_dir.glob("index.lock.orchestrate-*"):
        leftover.unlink(missing_ok=True)
    for name in ("index.orchestrate", "index.orchestrate.lock", _SCRATCH, f"{_SCRATCH}.lock"):
        (git_dir / name).unlink(missing_ok=True)


def recover(git: Git, *, root: Path, git_dir: Path, shift: Shift) -> Shifted:
    """To be called with the index locked by this tool. Raises ``RefusedError`` where files were changed since."""
    for name in ("index.orchestrate", "index.orchestrate.lock"):
        (git_dir / name).unlink(missing_ok=True)
    at = git.text("rev-parse", "--verify", f"refs/heads/{shift.branch}")
    head = git.text("rev-parse", "--symbolic-full-name", "HEAD")
    if at == shift.new:
        return Shifted.COMPLETE
    if at != shift.old or head != f"refs/heads/{shift.branch}":
        return Shifted.MOVED_ON
    paths = _split(git.run("diff-tree", "-r", "-z", "--no-renames", "--name-only", shift.old, shift.new))
    _put_back(git, root, git_dir, shift, paths)
    return Shifted.TAKEN_BACK


def _put_back(git: Git, root: Path, git_dir: Path, shift: Shift, paths: list[str]) -> None:
    new_index = {path: entry for path, entry in _entries(git, shift.new).items() if path in set(paths)}
    old_index = {path: entry for path, entry in _entries(git, shift.old).items() if path in set(paths)}
    staged = _staged(git)
    not_old = set(_differing(git, root, git_dir, shift.old, paths, old_index))
    not_new = set(_differing(git, root, git_dir, shift.new, paths, new_index))
    foreign = [path for path in paths if path in not_old & not_new and not _beginning(git, root, path, new_index)]
    foreign += [path for path in paths if staged.get(path) not in {old_index.get(path), new_index.get(path)}]
    if foreign:
        raise RefusedError(
            f"a landing was cut short, and since then these files were changed: {', '.join(dict.fromkeys(foreign))}",
            hint=f"keep a copy, then: git -C {shlex.quote(str(root))} checkout {shift.old[:12]} -- "
            f"{shlex.join(dict.fromkeys(foreign))}, and land again",
            slug="land-cut-short",
        )
    mended = sorted(not_old | {path for path in paths if staged.get(path) != old_index.get(path)})
    for path in mended:
        if path not in old_index:
            _remove(root, path)
    _restore(git, git_dir, shift.old, mended)


def _restore(git: Git, git_dir: Path, tree: str, paths: Iterable[str]) -> None:
    """Index and files of those paths as in the tree; the index under a name of its own until it is whole."""
    stdin = b"".join(os.fsencode(path) + b"\0" for path in paths)
    if not stdin:
        return
    index, beside = git_dir / "index", git_dir / "index.orchestrate"
    if index.exists():
        shutil.copy2(index, beside)
    argv = ("restore", f"--source={tree}", "--staged", "--worktree", "--pathspec-from-file=-", "--pathspec-file-nul")
    mender = git.configured(GIT_INDEX_FILE=str(beside))
    known = _split(mender.run("ls-files", "-z")) + list(_entries(git, tree))
    wanted = [path for path in _split(stdin) if path in set(known)]
    if wanted:
        mender.run(*argv, stdin=b"".join(os.fsencode(path) + b"\0" for path in wanted))
    beside.replace(index)


def _differing(
    git: Git, root: Path, git_dir: Path, tree: str, paths: list[str], entries: dict[str, tuple[str, str]]
) -> list[str]:
    """Those paths whose file is not the tree's, filters and links considered by git itself."""
    look = git_dir / _SCRATCH
    look.unlink(missing_ok=True)
    looker = git.configured(GIT_INDEX_FILE=str(look))
    try:
        info = b"".join(f"{mode} {oid}\t".encode() + os.fsencode(p) + b"\0" for p, (mode, oid) in entries.items())
        looker.run("update-index", "-z", "--index-info", stdin=info)
        looker.attempt("update-index", "-q", "--refresh")
        changed = set(_split(looker.run("diff-files", "--name-only", "-z", "--ignore-submodules=all")))
    finally:
        look.unlink(missing_ok=True)
    return [path for path in paths if path in changed or (path not in entries and os.path.lexists(root / path))]


def _beginning(git: Git, root: Path, path: str, new: dict[str, tuple[str, str]]) -> bool:
    """Whether nothing is there, or the beginning of what the shift was writing."""
    here = root / path
    if not os.path.lexists(here):
        return True
    if here.is_symlink() or not here.is_file() or path not in new:
        return False
    whole = git.run("cat-file", "--filters", f"--path={path}", new[path][1])
    return whole.startswith(here.read_bytes())


def _remove(root: Path, path: str) -> None:
    """A file the shift added, and the folders it leaves empty."""
    (root / path).unlink(missing_ok=True)
    parent = (root / path).parent
    while parent != root:
        try:
            parent.rmdir()
        except OSError:
            return
        parent = parent.parent


def _entries(git: Git, tree: str) -> dict[str, tuple[str, str]]:
    """Path -> (mode, object)."""
    found = {}
    for line in git.run("ls-tree", "-r", "-z", "--full-tree", tree).split(b"\0"):
        if line:
            meta, _, path = line.partition(b"\t")
            mode, _, oid = meta.decode().split(" ")
            found[os.fsdecode(path)] = (mode, oid)
    return found


def _staged(git: Git) -> dict[str, tuple[str, str]]:
    found = {}
    for line in git.run("ls-files", "-s", "-z").split(b"\0"):
        if line:
            meta, _, path = line.partition(b"\t")
            mode, oid, _ = meta.decode().split(" ")
            found[os.fsdecode(path)] = (mode, oid)
    return found


def _split(listing: bytes) -> list[str]:
    return [os.fsdecode(path) for path in listing.split(b"\0") if path]
