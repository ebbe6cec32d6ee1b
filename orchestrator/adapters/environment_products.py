"""What setup leaves in the work tree besides dependency folders: egg-info, generated versions, built extensions."""

from __future__ import annotations

import os
import shutil
from collections.abc import Collection
from pathlib import Path

MOST_FILES = 20_000
MOST_BYTES = 2 << 30
"""Beyond either, setup has built more than products; none are kept, and a note says so."""
PASSING = frozenset({"__pycache__", ".git", ".pytest_cache", ".mypy_cache", ".ruff_cache"})


def files_in(root: Path, skip: Collection[str]) -> frozenset[str]:
    """Files and links of the tree, repository-relative, folders named in ``skip`` left out."""
    found = set()
    for folder, folders, files in os.walk(root):
        folders[:] = [name for name in folders if name not in skip and name not in PASSING]
        linked = [name for name in folders if (Path(folder) / name).is_symlink()]
        found |= {os.path.relpath(Path(folder) / name, root) for name in (*files, *linked)}
    return frozenset(found)


def keep_products(root: Path, made: Collection[str], products: Path) -> str:
    """Copy those files into ``products``, emptied before; a note where they were too many, else empty.

    Links are kept where they stay inside the tree.
    """
    shutil.rmtree(products, ignore_errors=True)
    products.mkdir(parents=True)
    total = sum((root / path).lstat().st_size for path in made)
    if len(made) > MOST_FILES or total > MOST_BYTES:
        return f"setup left {len(made)} files ({total >> 20} MiB) in the tree: too many to keep, none kept"
    for path in sorted(made):
        source, target = root / path, products / path
        if source.is_symlink() and not _stays_inside(source, root):
            continue
        if source.is_symlink() or source.is_file():
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, target, follow_symlinks=False)
    return ""


def _stays_inside(link: Path, root: Path) -> bool:
    target = link.readlink()
    return not target.is_absolute() and (link.parent / target).resolve().is_relative_to(root.resolve())
