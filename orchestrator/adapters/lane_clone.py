"""A lane's git folder: made once, brought up to date from the user's repository, tidied by the tool alone (decision 2).

It never borrows objects, so the user's amend and gc cannot break it; it holds the history of the commits it was asked
for and the tags on it, nothing else of the user's store.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from orchestrator.adapters.git import TRANSFER_TIMEOUT_S, Git
from orchestrator.adapters.git_config import UserConfig
from orchestrator.adapters.git_objects import copy_objects
from orchestrator.adapters.lane_paths import LanePaths
from orchestrator.adapters.lane_sweep import remove_folder
from orchestrator.crash_points import crash_point

BASE_REFS = "refs/orchestrate/base/"
"""What was brought over stays reachable under these names."""
HALF_MADE = "git.new-"
"""How a clone is called, before the process that makes it, until it is whole."""
_MANY_PACKS = 30
_MANY_LOOSE = 40
"""Files in one of the 256 folders of loose objects: about 10,000 in all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Upstream:
    """The user's repository as lanes see it: a source of commits and tags."""

    git: Git
    common_dir: Path
    objects: Path
    object_format: str
    modules: tuple[Path, ...]
    """Where git folders of submodules stand."""
    user: UserConfig


def lane_git(paths: LanePaths, upstream: Upstream, git_dir: Path | None = None) -> Git:
    """git for that lane, with the user's conversions, its own index and work tree."""
    return Git(
        directory=paths.home,
        git_dir=git_dir or paths.git_dir,
        work_tree=paths.root,
        config=upstream.user.conversion,
        variables={"GIT_INDEX_FILE": str(paths.index), "GIT_LITERAL_PATHSPECS": "1"},
    )


def open_clone(paths: LanePaths, upstream: Upstream) -> None:
    """Make the lane's folders and, where there is none, its git folder; clear what a killed run left.

    The caller holds the lane's lock, so every ``*.lock`` here is a leftover.
    """
    for folder in (paths.home, paths.root, paths.scratch, paths.cache, paths.env, paths.products):
        folder.mkdir(parents=True, exist_ok=True)
    _clear_leftovers(paths)
    if not (paths.git_dir / "HEAD").exists():
        fresh = paths.home / f"{HALF_MADE}{os.getpid()}"
        Git(directory=paths.home).run(
            "init", "-q", "--bare", "--template=", f"--object-format={upstream.object_format}", str(fresh)
        )
        paths.index.unlink(missing_ok=True)
        if paths.git_dir.exists():
            remove_folder(paths.git_dir)
        shutil.copyfile(fresh / "config", fresh / "config.made")
        crash_point("clone.before")
        fresh.rename(paths.git_dir)
        crash_point("clone.after")
    _configure(paths, upstream)
    _link_lfs(paths, upstream)


def refresh(paths: LanePaths, upstream: Upstream, commits: Sequence[str]) -> None:
    """Bring those commits and the tags on their history over; a commit that is already here costs nothing.

    Raises ``GitError`` where the user's repository does not hold one of them.
    """
    git = lane_git(paths, upstream)
    missing = _missing(git, commits)
    lacking = frozenset(_missing(upstream.git, commits))
    known = [commit for commit in commits if commit not in lacking]
    wanted_tags = _tags(upstream.git, known) if known else {}
    refs = _refs(git, "refs")
    have = [oid for name, oid in refs.items() if name.startswith(BASE_REFS)]
    new_tags = {name: oid for name, oid in wanted_tags.items() if refs.get(name) != oid}
    _copy_shallow(paths, upstream)
    if missing or new_tags:
        copy_objects(
            git,
            source=upstream.objects,
            target=paths.git_dir / "objects",
            want=[*missing, *new_tags.values()],
            have=have,
        )
    gone = [name for name in refs if name.startswith("refs/tags/") and name not in wanted_tags]
    _move_refs(git, gone, {**new_tags, **{f"{BASE_REFS}{commit}": commit for commit in missing}})
    _tidy(paths, git)


def _missing(git: Git, commits: Sequence[str]) -> list[str]:
    """Those that the store does not hold as commits."""
    listing = git.text("cat-file", "--batch-check", stdin="".join(f"{commit}\n" for commit in commits).encode())
    found = {line.split(" ")[0] for line in listing.splitlines() if line.split(" ")[1] == "commit"}
    return [commit for commit in dict.fromkeys(commits) if commit not in found]


def _tags(git: Git, commits: Sequence[str]) -> dict[str, str]:
    return _refs(git, "refs/tags", *(f"--merged={commit}" for commit in commits))


def _refs(git: Git, *argv: str) -> dict[str, str]:
    listing = git.text("for-each-ref", "--format=%(objectname) %(refname)", *argv)
    pairs = (line.split(" ", 1) for line in listing.splitlines())
    return {name: oid for oid, name in pairs}


def _move_refs(git: Git, gone: Sequence[str], moved: dict[str, str]) -> None:
    """Deletions first: a tag ``v1`` may give way to ``v1/final``."""
    if gone:
        git.run("update-ref", "--stdin", stdin="".join(f"delete {name}\n" for name in gone).encode())
    if moved:
        lines = "".join(f"update {name} {oid}\n" for name, oid in moved.items())
        git.run("update-ref", "--stdin", stdin=os.fsencode(lines))
    if gone or moved:
        git.run("pack-refs", "--all")


def _copy_shallow(paths: LanePaths, upstream: Upstream) -> None:
    """A shallow repository's boundary comes along, and stays: what lies beyond it is not in the lane."""
    theirs, ours = upstream.common_dir / "shallow", paths.git_dir / "shallow"
    if not theirs.exists():
        return
    known = set(ours.read_text().split()) if ours.exists() else set()
    union = known | set(theirs.read_text().split())
    if union != known:
        ours.write_text("".join(f"{commit}\n" for commit in sorted(union)))


def _configure(paths: LanePaths, upstream: Upstream) -> None:
    """Write the git folder's configuration: what ``init`` found out of the file system, and the user's conversions."""
    made = (paths.git_dir / "config.made").read_text().replace("bare = true", "bare = false")
    own = [*upstream.user.conversion, *upstream.user.sharing]
    lines = [f"\t{key.removeprefix('core.')} = {value}\n" for key, value in own if _plain(key, value)]
    text = made + ("[core]\n" + "".join(lines) if lines else "")
    target = paths.git_dir / "config"
    if target.read_text() != text:
        target.write_text(text)


def _link_lfs(paths: LanePaths, upstream: Upstream) -> None:
    """Git LFS finds the files the user already has, and adds to them what a changed file needs to be usable there."""
    theirs, ours = upstream.common_dir / "lfs" / "objects", paths.git_dir / "lfs" / "objects"
    if ours.is_symlink() and not theirs.is_dir():
        ours.unlink()
    wanted = any(key.startswith("filter.lfs.") for key, _ in upstream.user.conversion)
    if wanted and theirs.is_dir() and not ours.exists():
        ours.parent.mkdir(exist_ok=True)
        ours.symlink_to(theirs)


def _plain(key: str, value: str) -> bool:
    """Conversions that may stand in a file that gate commands see: words, never programs or paths."""
    return key.startswith("core.") and value.isalnum()


def _clear_leftovers(paths: LanePaths) -> None:
    """Locks and half-written files of a run that was killed."""
    paths.index.with_name("index.lock").unlink(missing_ok=True)
    for stale in paths.home.glob(f"{HALF_MADE}*"):
        remove_folder(stale)
    if not paths.git_dir.exists():
        return
    locks = [*paths.git_dir.glob("*.lock"), *paths.git_dir.glob("refs/**/*.lock")]
    halves = [*paths.git_dir.glob("objects/pack/tmp_*"), *paths.git_dir.glob("objects/[0-9a-f][0-9a-f]/tmp_obj_*")]
    for leftover in (*locks, *halves):
        leftover.unlink(missing_ok=True)


def _tidy(paths: LanePaths, git: Git) -> None:
    """Repack when there are many packs or loose objects, in the foreground; unreachable objects are kept (I14)."""
    packs = len(list(paths.git_dir.glob("objects/pack/*.pack")))
    loose = len(list(paths.git_dir.glob("objects/17/*")))
    if packs > _MANY_PACKS or loose > _MANY_LOOSE:
        git.run("repack", "-a", "-d", "-k", "-q", timeout_s=TRANSFER_TIMEOUT_S)
