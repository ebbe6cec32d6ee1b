"""The lock-file hash: what an environment depends on, in one number (decision 4)."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Iterator
from fnmatch import fnmatch
from hashlib import sha256
from pathlib import Path
from typing import Protocol

LOCKED = (
    "pyproject.toml",
    "setup.py",
    "setup.cfg",
    "requirements*.txt",
    "*requirements.txt",
    "requirements*.in",
    "requirements.lock",
    "constraints*.txt",
    "uv.lock",
    "poetry.lock",
    "pdm.lock",
    "pylock*.toml",
    "Pipfile",
    "Pipfile.lock",
    ".python-version",
    "package.json",
    "package-lock.json",
    "npm-shrinkwrap.json",
    "pnpm-lock.yaml",
    "pnpm-workspace.yaml",
    "yarn.lock",
    ".yarnrc.yml",
    "bun.lock",
    ".npmrc",
    ".nvmrc",
    ".node-version",
    "Cargo.lock",
    "go.sum",
    "Gemfile.lock",
    "composer.lock",
)
DEPTH = 4
"""Folders below the root in which manifests count (packages of a monorepo)."""
VERSION = b"1"


class Hash(Protocol):
    """A digest being made."""

    def update(self, data: bytes, /) -> None:
        """Take more bytes."""


def lock_hash(root: Path, lines: Iterable[str], *, tools: Iterable[str], skip: Collection[str]) -> str:
    """SHA-256 over lock files and manifests of the tree, the setup lines and the versions of the tools, hex.

    ``tools``: ``python 3.11.7``, ``node v20`` ...; ``skip``: folder names not looked into. Links are not followed.
    """
    digest = sha256(VERSION)
    for kind, texts in ((b"line", lines), (b"tool", tools)):
        for text in texts:
            _add(digest, kind, text.encode())
    for path in sorted(_locked(root, skip)):
        _add(digest, path.relative_to(root).as_posix().encode(), path.read_bytes())
    return digest.hexdigest()


def _add(digest: Hash, name: bytes, content: bytes) -> None:

    digest.update(b"%d:%s%d:" % (len(name), name, len(content)))
    digest.update(content)


def _locked(root: Path, skip: Collection[str]) -> Iterator[Path]:
    for folder, folders, files in os.walk(root):
        here = Path(folder)
        depth = len(here.relative_to(root).parts)
        folders[:] = [name for name in folders if name not in skip and name != ".git" and depth < DEPTH]
        for name in files:
            path = here / name
            matches = any(fnmatch(name, pattern) for pattern in LOCKED)
            in_requirements = here.name == "requirements" and name.endswith((".txt", ".in"))
            if (matches or in_requirements) and not path.is_symlink() and path.is_file():
                yield path
