"""What of the user's repository bears on a night: signing, hooks, submodules, large files. Read; nothing is run."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from orchestrator.adapters.git import Git
from orchestrator.adapters.repository import UserRepository

_HOOKS = ("pre-commit", "prepare-commit-msg", "commit-msg", "post-commit", "pre-push", "pre-merge-commit")
_POINTER = b"version https://git-lfs.github.com/spec/"
_POINTER_BYTES = 1024
"""A pointer of Git LFS is shorter than this (its specification)."""
_POINTERS = 2_000
"""Small files that are looked at for pointers."""
_OID = re.compile(rb"^oid sha256:([0-9a-f]{64})$", re.MULTILINE)
_SUBMODULE = "160000"


@dataclass(frozen=True, slots=True, kw_only=True)
class RepositoryFacts:
    """As the repository stands at one commit."""

    files: tuple[str, ...]
    """Tracked paths."""
    bytes: int
    """Of all tracked files together, before any filter."""
    signing: str
    """What asks for signed commits (``commit.gpgsign``), with its format; empty: nothing does."""
    hooks: tuple[str, ...]
    """Hooks a commit by hand would run, by name."""
    submodules: Mapping[str, bool]
    """Path -> whether its commit is there to be checked out."""
    lfs: tuple[str, ...]
    """Files whose content Git LFS keeps."""
    lfs_missing: tuple[str, ...]
    """Those of them whose content is not there."""
    lfs_ready: bool
    """Git LFS is set up in the user's own configuration, and its program is there."""


def look(repository: UserRepository, commit: str) -> RepositoryFacts:
    """The facts at that commit. ``GitError`` where git fails."""
    git = repository.looking
    entries = _entries(git, commit)
    settings = _settings(repository.root)
    small = [entry for entry in entries if entry.mode != _SUBMODULE and entry.size < _POINTER_BYTES]
    pointers = _pointers(git, small)
    store = repository.common_dir / "lfs" / "objects"
    missing = [path for path, oid in pointers.items() if not (store / oid[:2] / oid[2:4] / oid).is_file()]
    wants = settings.get("commit.gpgsign", "false").lower() in {"true", "yes", "on", "1"}
    return RepositoryFacts(
        files=tuple(entry.path for entry in entries if entry.mode != _SUBMODULE),
        bytes=sum(entry.size for entry in entries),
        signing=f"commit.gpgsign ({settings.get('gpg.format', 'openpgp')})" if wants else "",
        hooks=_hooks(repository, settings.get("core.hookspath", "")),
        submodules={
            entry.path: _has(git, repository.stores, entry.oid) for entry in entries if entry.mode == _SUBMODULE
        },
        lfs=tuple(pointers),
        lfs_missing=tuple(missing),
        lfs_ready=any(key.startswith("filter.lfs.") for key, _ in repository.user.conversion) and _on_path("git-lfs"),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Entry:
    mode: str
    oid: str
    size: int
    path: str


def _entries(git: Git, commit: str) -> list[_Entry]:
    found = []
    for line in git.run("ls-tree", "-r", "-l", "-z", "--full-tree", commit).split(b"\0"):
        if line:
            meta, _, path = line.partition(b"\t")
            mode, _, oid, size = meta.decode().split()
            found.append(_Entry(mode=mode, oid=oid, size=int(size) if size.isdigit() else 0, path=os.fsdecode(path)))
    return found


def _settings(root: Path) -> dict[str, str]:
    """Three keys of the configuration in force there; listing it runs nothing."""
    git = Git(directory=root, user_config=True)
    completed = git.attempt("config", "--list", "-z", "--includes")
    entries = (entry.partition("\n") for entry in os.fsdecode(completed.stdout).split("\0") if entry)
    return {key: value if found else "true" for key, found, value in entries}


def _hooks(repository: UserRepository, configured: str) -> tuple[str, ...]:
    folder = Path(configured).expanduser() if configured else repository.common_dir / "hooks"
    folder = folder if folder.is_absolute() else repository.root / folder
    return tuple(name for name in _HOOKS if os.access(folder / name, os.X_OK) and (folder / name).is_file())


def _pointers(git: Git, entries: Sequence[_Entry]) -> dict[str, str]:
    """Path -> object id of each pointer of Git LFS among those files."""
    wanted = list(entries[:_POINTERS])
    if not wanted:
        return {}
    asked = "".join(f"{entry.oid}\n" for entry in wanted).encode()
    said = git.run("cat-file", "--batch=%(objectname) %(objectsize)", stdin=asked)
    found: dict[str, str] = {}
    at = 0
    for entry in wanted:
        head, _, _ = said[at:].partition(b"\n")
        size = int(head.split(b" ")[1])
        content = said[at + len(head) + 1 : at + len(head) + 1 + size]
        at += len(head) + size + 2
        oid = _OID.search(content) if content.startswith(_POINTER) else None
        if oid:
            found[entry.path] = oid[1].decode()
    return found


def _has(git: Git, stores: Sequence[Path], commit: str) -> bool:
    """Whether a submodule's commit is in one of the repository's own stores of submodules."""
    for store in stores:
        for config in (head for head in store.glob("**/HEAD") if (head.parent / "objects").is_dir()):
            inside = Git(directory=git.directory, git_dir=config.parent)
            if inside.attempt("cat-file", "-e", f"{commit}^{{commit}}").exit_code == 0:
                return True
    return False


def _on_path(program: str) -> bool:
    return any(
        os.access(Path(folder) / program, os.X_OK) for folder in os.environ.get("PATH", "").split(os.pathsep) if folder
    )
