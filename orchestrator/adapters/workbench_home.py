"""The home folder that a coding command sees: empty but for copies of the configuration it is allowed (decision 28).

Copies, since most of these programs write into their own folders: sessions, logs, a login that was renewed. None of it
reaches the user's files, so a renewed login is lost; a key in a variable (``pass_env``) has no such trouble.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from orchestrator.domain.errors import UsageError

MAX_BYTES = 256 << 20
"""Of all of it together: copied before each call, so more is a cache or a history that nobody meant."""


def allowed(names: Sequence[str], home: Path, *, provider: str) -> tuple[Path, ...]:
    """The files and folders named by ``config_dirs``, absolute. ``UsageError`` with all that is wrong with them."""
    found: list[Path] = []
    faults: list[str] = []
    for name in names:
        path = Path(os.path.normpath(home / name[2:] if name.startswith("~/") else name))
        if home not in path.parents:
            faults.append(f"{name}: lies not below the home folder")
        elif not path.exists():
            faults.append(f"{name}: does not exist")
        else:
            found.append(path)
    size = sum(_size(path) for path in found)
    if size > MAX_BYTES:
        faults.append(
            f"{size / 1e6:,.0f} MB in all, more than {MAX_BYTES / 1e6:,.0f} MB; name the files that are needed"
        )
    if faults:
        raise UsageError(
            f"models.providers.{provider}.config_dirs: {'; '.join(faults)}",
            hint="name folders or files of your home, as ~/.config/my-cli",
            slug="config-dirs",
        )
    return tuple(found)


def furnish(target: Path, paths: Sequence[Path], home: Path) -> None:
    """Copy them into the empty folder ``target``, each where it stands below ``home``. ``OSError``: disk full."""
    for path in paths:
        place = target / path.relative_to(home)
        place.parent.mkdir(parents=True, exist_ok=True)
        if path.is_dir():
            _copy_folder(path, place)
        else:
            shutil.copy2(path, place)


def _copy_folder(source: Path, target: Path) -> None:
    """Files by their content (links to files too: configuration is often kept elsewhere and linked); links to folders
    as links; no sockets or pipes. What goes away meanwhile, under a program that is running, is left out."""
    for folder, folders, files in os.walk(source):
        place = target / os.path.relpath(folder, source)
        place.mkdir(exist_ok=True)
        for name in folders:
            if (Path(folder) / name).is_symlink():
                (place / name).symlink_to((Path(folder) / name).readlink())
        for name in files:
            with suppress(FileNotFoundError):
                if (Path(folder) / name).is_file():
                    shutil.copy2(Path(folder) / name, place / name)


def _size(path: Path) -> int:
    if not path.is_dir():
        return path.stat().st_size
    total = 0
    for folder, _, files in os.walk(path):
        for name in files:
            with suppress(FileNotFoundError):
                total += (Path(folder) / name).stat().st_size
    return total
