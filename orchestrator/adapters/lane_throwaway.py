"""A ``.git`` for the time of one gate command, dropped afterwards (decision 7).

Tests call ``git describe``, build tools ask for the version, some tests commit. They get a git folder of a few small
files: HEAD, tags, the index, and the lane's objects read through ``alternates``. What they write there is lost, and the
lane's own git folder is never shown to them.
"""

from __future__ import annotations

import shutil
from pathlib import Path

from orchestrator.adapters.lane_paths import LanePaths
from orchestrator.adapters.lane_sweep import remove_folder

_CONFIG = """\
[gc]
\tauto = 0
[maintenance]
\tauto = false
[user]
\tname = gate
\temail = gate@localhost.invalid
"""
_FOLDERS = ("objects/info", "objects/pack", "refs/heads", "refs/tags", "info")


def throwaway_git(paths: LanePaths, target: Path, objects: str) -> None:
    """Make ``target`` (the folder to be seen as ``.git``) from the lane as it stands.

    ``objects``: the path under which the command will see the lane's ``git/objects``; without a sandbox the real one.
    HEAD is the commit last checked out, detached. What was at ``target`` before is removed.
    """
    remove_throwaway(target)
    for folder in _FOLDERS:
        (target / folder).mkdir(parents=True)
    (target / "objects/info/alternates").write_text(f"{_quoted(objects)}\n")
    shutil.copyfile(paths.git_dir / "HEAD", target / "HEAD")
    (target / "config").write_text((paths.git_dir / "config").read_text() + _CONFIG)
    (target / "packed-refs").write_bytes(_tags(paths.git_dir / "packed-refs"))
    if paths.index.exists():
        shutil.copy2(paths.index, target / "index")
    if (paths.git_dir / "shallow").exists():
        shutil.copyfile(paths.git_dir / "shallow", target / "shallow")


def remove_throwaway(target: Path) -> None:
    """Drop it, with whatever the command left in it or put in its place. Missing is fine."""
    if target.is_symlink() or target.is_file():
        target.unlink()
    elif target.exists():
        remove_folder(target)


def _tags(packed: Path) -> bytes:
    """The lines of ``packed-refs`` that are tags, with what they peel to; the tool's own refs stay hidden."""
    if not packed.exists():
        return b""
    kept: list[bytes] = []
    inside = False
    for line in packed.read_bytes().splitlines(keepends=True):
        if not line.startswith(b"^"):
            inside = line.startswith(b"#") or b" refs/tags/" in line
        if inside:
            kept.append(line)
    return b"".join(kept)


def _quoted(path: str) -> str:
    """As a line of ``alternates``: one that begins with a quote or a hash needs quotes of its own."""
    if path[:1] not in {'"', "#"}:
        return path
    escaped = path.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
