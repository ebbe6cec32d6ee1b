"""Writing into a lane's work tree without ever following a link or leaving it (I2).

Every folder on the way is opened by its name inside the one before, never through a link; a file is written beside its
place and renamed onto it, so a hard link planted there loses its name and nothing is written through it. Model-made
paths are judged before this (with words for the model); what is refused here is the last belt.
"""

from __future__ import annotations

import os
import re
import secrets
import stat
import unicodedata
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from orchestrator.crash_points import crash_point
from orchestrator.domain.edit import FileChange
from orchestrator.domain.errors import GitError

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_NEW_FILE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_SHORT_NAME = re.compile(r"git~\d+|gi[0-9a-f]{4}~\d+")
_DEVICE = re.compile(r"(con|prn|aux|nul|conin\$|conout\$|com[0-9¹²³]|lpt[0-9¹²³])(\s*(\..*)?)?")
_DOTLESS_I = "\u0131"
_IGNORED = frozenset({"Cf", "Mn", "Cc", "Me"})


class UnsafePathError(GitError):
    """A path that leaves the lane, passes a link, or that some file system takes for ``.git``."""

    slug = "unsafe-path"

    def __init__(self, path: str, why: str) -> None:
        super().__init__(f"refused to write {path!r} in the lane: {why}", hint="leave it out of the task's changes")


def path_fault(path: str) -> str | None:
    """Why a repository-relative path may not be written; ``None``: its spelling is safe."""
    if not path or path.startswith("/") or "\0" in path:
        return "it is empty, absolute or holds a NUL"
    if "\\" in path:
        return "a backslash separates folders on some systems"
    for name in path.split("/"):
        if name in {"", ".", ".."}:
            return f"it holds the component {name!r}"
        if folds_to_git(name):
            return f"a file system may take {name!r} for .git"
        if _DEVICE.fullmatch(name.casefold()):
            return f"{name!r} names a device on some systems"
    return None


def folds_to_git(name: str) -> bool:
    """Whether some file system takes the component for ``.git``: case, format characters (HFS+), short names, streams
    and trailing dots and spaces (NTFS)."""
    folded = "".join(char for char in unicodedata.normalize("NFKD", name) if unicodedata.category(char) not in _IGNORED)
    folded = folded.replace(_DOTLESS_I, "i").casefold().split(":")[0].rstrip(" .")
    return folded == ".git" or _SHORT_NAME.fullmatch(folded) is not None


def check_paths(root: Path, paths: Sequence[str]) -> None:
    """Refuse, before anything is written, a path whose spelling or whose folders are unsafe.

    Raises :class:`UnsafePathError`.
    """
    linked: dict[str, bool] = {}
    for path in paths:
        if fault := path_fault(path):
            raise UnsafePathError(path, fault)
        parents = path.split("/")[:-1]
        for depth in range(1, len(parents) + 1):
            folder = "/".join(parents[:depth])
            if folder not in linked:
                linked[folder] = (root / folder).is_symlink()
            if linked[folder]:
                raise UnsafePathError(path, f"{folder!r} is a link")


def write_changes(root: Path, changes: Sequence[FileChange]) -> None:
    """Apply them: deletions first (a file may give way to a folder), then files, whole and renamed into place.

    Raises :class:`UnsafePathError`; all paths are checked before the first is written.
    """
    check_paths(root, [change.path for change in changes])
    for change in changes:
        if change.content is None:
            _delete(root, change.path)
    for change in changes:
        if change.content is not None:
            _write(root, change.path, change.content, executable=change.executable)


def is_regular(root: Path, path: str) -> bool | None:
    """Whether the path is a plain file reached through plain folders; ``None``: nothing is there."""
    try:
        with _folder(root, path, create=False) as (folder, name):
            return stat.S_ISREG(os.stat(name, dir_fd=folder, follow_symlinks=False).st_mode)
    except FileNotFoundError:
        return None


def _write(root: Path, path: str, content: bytes, *, executable: bool) -> None:
    with _folder(root, path, create=True) as (folder, name):
        with suppress(FileNotFoundError):
            mode = os.stat(name, dir_fd=folder, follow_symlinks=False).st_mode
            if not stat.S_ISREG(mode):
                raise UnsafePathError(path, f"there is a {_kind(mode)} in its place")
        temporary = f".orchestrate-{secrets.token_hex(8)}"
        descriptor = os.open(temporary, _NEW_FILE, 0o777 if executable else 0o666, dir_fd=folder)
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(content)
            crash_point("edit.written")
            os.replace(temporary, name, src_dir_fd=folder, dst_dir_fd=folder)
        except BaseException:
            with suppress(FileNotFoundError):
                os.unlink(temporary, dir_fd=folder)
            raise


def _delete(root: Path, path: str) -> None:
    """Remove the file (a link itself, never its target) and the folders it leaves empty."""
    with suppress(FileNotFoundError), _folder(root, path, create=False) as (folder, name):
        mode = os.stat(name, dir_fd=folder, follow_symlinks=False).st_mode
        if stat.S_ISDIR(mode):
            raise UnsafePathError(path, "there is a folder in its place")
        os.unlink(name, dir_fd=folder)
    parent = Path(path).parent
    while parent != Path():
        try:
            (root / parent).rmdir()
        except OSError:
            return
        parent = parent.parent


@contextmanager
def _folder(root: Path, path: str, *, create: bool) -> Iterator[tuple[int, str]]:
    """The open folder that holds the path's last component, reached without passing a link; and that component."""
    *parents, name = path.split("/")
    descriptor = os.open(root, _FOLDER)
    try:
        for parent in parents:
            if create:
                with suppress(FileExistsError):
                    os.mkdir(parent, dir_fd=descriptor)
            try:
                below = os.open(parent, _FOLDER, dir_fd=descriptor)
            except NotADirectoryError:
                raise UnsafePathError(path, f"{parent!r} is a file or a link") from None
            os.close(descriptor)
            descriptor = below
        yield descriptor, name
    finally:
        os.close(descriptor)


def _kind(mode: int) -> str:
    kinds = {stat.S_IFLNK: "link", stat.S_IFDIR: "folder", stat.S_IFIFO: "pipe", stat.S_IFSOCK: "socket"}
    return kinds.get(stat.S_IFMT(mode), "device")
