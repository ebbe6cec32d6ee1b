"""A digest of a user's checkout, taken before and after a run (I1): two equal digests mean nothing of theirs changed.

It covers what a user would miss: HEAD and branch, what is staged, a merge or rebase in progress, the stash, the
configuration and hooks, the list of worktrees, and every changed or untracked file with its mode and bytes. Tracked
files that git finds unchanged are covered by HEAD. It leaves out what other programs may refresh at any time without
changing anything: stat data in the index, reflogs, fetched refs. Ignored files and submodules are not looked into;
files above 16 MB count by size and time.
"""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Iterable, Iterator
from pathlib import Path

from orchestrator.adapters.git import Git

_WHOLE_FILE_BYTES = 16 * 1024 * 1024
_STATES = (
    "HEAD",
    "MERGE_HEAD",
    "MERGE_MSG",
    "MERGE_MODE",
    "CHERRY_PICK_HEAD",
    "REVERT_HEAD",
    "BISECT_START",
    "BISECT_LOG",
    "AUTO_MERGE",
    "ORIG_HEAD",
    "rebase-merge",
    "rebase-apply",
    "sequencer",
    "config.worktree",
    "info/sparse-checkout",
)
_COMMON = ("config", "info/exclude", "info/attributes", "hooks", "shallow")
_WORKTREE_FILES = ("gitdir", "HEAD", "locked")


def fingerprint(git: Git, *, root: Path, git_dir: Path, common_dir: Path) -> str:
    """The digest, hex. ``git`` is hardened and starts in the checkout; nothing is written, no filter or hook runs."""
    digest = hashlib.sha256()
    status = git.run(
        "status",
        "--porcelain=v2",
        "-z",
        "--branch",
        "--no-ahead-behind",
        "--untracked-files=all",
        "--no-renames",
        "--ignore-submodules=all",
    )
    entries = [entry for entry in status.split(b"\0") if entry and not entry.startswith(b"# branch.upstream")]
    stash = git.attempt("reflog", "show", "--format=%H", "refs/stash", "--")
    for part in (*entries, stash.stdout):
        _feed(digest, part)
    for name in _STATES:
        _feed_path(digest, git_dir / name, git_dir)
    for name in _COMMON:
        _feed_path(digest, common_dir / name, common_dir)
    for worktree in sorted((common_dir / "worktrees").glob("*")):
        for name in _WORKTREE_FILES:
            _feed_path(digest, worktree / name, common_dir)
    for path in sorted(set(changed_paths(entries))):
        _feed_path(digest, root / path, root)
    return digest.hexdigest()


def changed_paths(entries: Iterable[bytes]) -> Iterator[str]:
    """Paths of a ``status --porcelain=v2 -z --no-renames`` listing."""
    fields = {b"1": 8, b"u": 10, b"?": 1}
    for entry in entries:
        kind = entry[:1]
        if kind in fields:
            yield os.fsdecode(entry.split(b" ", fields[kind])[-1])


def _feed(digest: hashlib._Hash, part: bytes) -> None:
    digest.update(len(part).to_bytes(8, "big"))
    digest.update(part)


def _feed_path(digest: hashlib._Hash, path: Path, top: Path) -> None:
    """Name, mode and content of a file; target of a link; all that is below a folder."""
    try:
        found = path.lstat()
    except (FileNotFoundError, NotADirectoryError):
        return
    _feed(digest, os.fsencode(path.relative_to(top)))
    _feed(digest, str(found.st_mode).encode())
    if stat.S_ISLNK(found.st_mode):
        _feed(digest, os.fsencode(path.readlink()))
    elif stat.S_ISDIR(found.st_mode):
        for below in sorted(path.iterdir()):
            if below.name != ".git":
                _feed_path(digest, below, top)
    elif not stat.S_ISREG(found.st_mode) or found.st_size > _WHOLE_FILE_BYTES:
        _feed(digest, f"{found.st_size} {found.st_mtime_ns}".encode())
    else:
        _feed_content(digest, path)


def _feed_content(digest: hashlib._Hash, path: Path) -> None:
    try:
        _feed(digest, path.read_bytes())
    except OSError as error:
        _feed(digest, f"unreadable: {error.errno}".encode())
