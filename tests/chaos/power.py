"""A power cut: what was written below a folder but never synced is gone when the process dies.

The harshest disk there may be: a file's bytes are kept only as of its last fsync, a name only as of the last fsync of
its folder. Real disks keep more; whoever survives this one survives those.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path


class Disk:
    """What of a folder is durable. Everything that is there when watching begins is."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder.resolve()
        self._content: dict[int, bytes] = {}
        """Inode -> bytes as of the last sync."""
        self._names: dict[str, dict[str, int]] = {}
        """Folder -> name -> inode, as of the last sync of the folder."""
        self._fsync = os.fsync
        if self._folder.exists():
            for parent, _, files in os.walk(self._folder):
                self._keep_names(parent)
                for name in files:
                    self._keep_content(os.path.join(parent, name))  # noqa: PTH118 - the plain calls, unpatched

    def watch(self) -> None:
        """See every fsync of this process from now on."""

        def fsync(descriptor: int) -> None:
            self._fsync(descriptor)
            path = str(Path(f"/proc/self/fd/{descriptor}").readlink())
            if not (path + "/").startswith(f"{self._folder}/"):
                return
            if os.path.isdir(path):  # noqa: PTH112
                self._keep_names(path)
            else:
                self._keep_content(path, descriptor)

        os.fsync = fsync  # type: ignore[assignment]

    def cut(self) -> None:
        """Leave exactly what is durable. The folder's own name is."""
        if self._folder.exists():
            self._cut(str(self._folder))

    def _cut(self, folder: str) -> None:
        durable = self._names.get(folder, {})
        there = {entry.name: entry for entry in os.scandir(folder)}
        for name, entry in there.items():
            if name not in durable:
                if entry.is_dir(follow_symlinks=False):
                    shutil.rmtree(entry.path)
                else:
                    Path(entry.path).unlink()
        for name, inode in durable.items():
            path = os.path.join(folder, name)  # noqa: PTH118
            if name in there and there[name].is_dir(follow_symlinks=False):
                self._cut(path)
            elif inode in self._content:
                if name not in there or there[name].inode() != inode:
                    Path(path).unlink(missing_ok=True)
                Path(path).write_bytes(self._content[inode])
            elif name in there:
                os.truncate(path, 0)

    def _keep_names(self, folder: str) -> None:
        self._names[folder] = {entry.name: entry.inode() for entry in os.scandir(folder)}

    def _keep_content(self, path: str, descriptor: int | None = None) -> None:
        with open(path, "rb") as file:  # noqa: PTH123
            self._content[os.fstat(file.fileno() if descriptor is None else descriptor).st_ino] = file.read()
