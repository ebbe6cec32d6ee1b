"""Where a command that writes code works: a disposable copy of its lane's tree (decision 28).

The copy holds the tree's files as checked out, and a git folder of its own with one commit of them: coding CLIs ask for
a repository, look at their own ``git diff`` and some commit. Neither the lane's git folder nor its objects are shown:
the command has a network, and the history of a repository is more than the tree it is asked about.
"""

from __future__ import annotations

import os
import secrets
import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from orchestrator.adapters.git import Git
from orchestrator.adapters.lane_paths import LanePaths
from orchestrator.adapters.lane_sweep import remove_folder
from orchestrator.domain.call import Request
from orchestrator.domain.errors import GitError, ModelError, ModelFault
from orchestrator.ports import Lane

PREFIX = "bench-"
_SUBMODULE = "160000"
_GIT_CONFIG = """\
[gc]
\tauto = 0
[maintenance]
\tauto = false
[user]
\tname = executor
\temail = executor@localhost.invalid
"""
_PERSON = {
    f"GIT_{role}_{part}": value
    for role in ("AUTHOR", "COMMITTER")
    for part, value in (("NAME", "orchestrate"), ("EMAIL", "orchestrate@localhost.invalid"))
}
_QUICK = (("core.fsync", "none"), ("core.looseCompression", "0"))
"""A repository that lives for one call needs no safe place on the disk."""


class Benches:
    """Which lane each task is worked on in. The run tells it when a task begins; requests name their task alone."""

    def __init__(self) -> None:
        self._lanes: dict[str, LanePaths] = {}

    def opened(self, task: str, lane: Lane) -> None:
        """The task is worked on in that lane from now on; what a killed run left of its benches goes."""
        paths = LanePaths.at(lane.git_dir.parent)
        self._lanes[task] = paths
        for left in paths.home.glob(f"{PREFIX}*"):
            with suppress(OSError):
                remove_folder(left)

    @contextmanager
    def nowhere(self, task: str) -> Iterator[None]:
        """The task is a rehearsal, in an empty tree of its own; gone when the context ends."""
        with tempfile.TemporaryDirectory(prefix="orchestrate-rehearsal-", ignore_cleanup_errors=True) as made:
            paths = LanePaths.at(Path(made).resolve())
            paths.root.mkdir()
            Git(directory=paths.home).run("init", "-q", "--bare", "--template=", str(paths.git_dir))
            self._lanes[task] = paths
            try:
                yield
            finally:
                del self._lanes[task]

    def lane_of(self, task: str) -> LanePaths:
        """The folders of its lane."""
        return self._lanes[task]


def lane_at(tree: Path) -> LanePaths:
    """The lane that a copy was made from."""
    return LanePaths.at(tree.parents[1])


def tools_home(tree: Path) -> Path:
    """The folder beside a copy that stands for the command's home; gone with the copy."""
    return tree.parent / "home"


class Workbench:
    """Makes copies for one provider, and says which new files in them count."""

    def __init__(
        self, lane_of: Callable[[str], LanePaths], *, provider: str, excludes: Sequence[tuple[str, str]] = ()
    ) -> None:
        """``excludes``: git configuration that names the user's own ignore file, for :meth:`keep`."""
        self._lane_of = lane_of
        self._provider = provider
        self._excludes = tuple(excludes)

    @contextmanager
    def copy(self, request: Request) -> Iterator[Path]:
        """A copy of the tree as the lane has it recorded: what the request is about. Gone when the context ends.

        Raises ``ModelError`` (to be tried again, nothing spent) where the disk or git does not allow it.
        """
        lane = self._lane_of(request.key.task)
        bench = lane.home / f"{PREFIX}{secrets.token_hex(8)}"
        try:
            try:
                tree = _make(lane, bench)
            except (OSError, GitError) as error:
                raise machine_fault(self._provider, "no copy of the tree could be made", error, billed=False) from None
            yield tree
        finally:
            with suppress(OSError):  # what is left goes when the lane's next task begins
                remove_folder(bench)

    def keep(self, tree: Path, paths: Sequence[str]) -> tuple[str, ...]:
        """Of new paths in a copy, those that neither the repository nor the user's own ignore file covers.

        The copy's own ignore files decide, as the command left them. What setup made in the lane is not new.
        """
        lane = lane_at(tree)
        known = frozenset(products(lane))
        wanted = [path for path in paths if path not in known]
        try:
            inside = tuple(f"{path}/" for path, mode in _tracked(lane) if mode == _SUBMODULE)
            ignored = self._ignored(lane, tree, [path for path in wanted if not path.startswith(inside)])
        except (OSError, GitError) as error:
            raise machine_fault(
                self._provider, "git could not tell which new files count", error, billed=True
            ) from None
        return tuple(path for path in wanted if path not in ignored)

    def _ignored(self, lane: LanePaths, tree: Path, paths: Sequence[str]) -> frozenset[str]:
        """``./`` in front keeps a name like ``:(top)x`` from being read as a pattern."""
        if not paths:
            return frozenset()
        git = Git(
            directory=tree,
            git_dir=lane.git_dir,
            work_tree=tree,
            config=self._excludes,
            variables={"GIT_INDEX_FILE": str(lane.index)},
        )
        argv = ("check-ignore", "-z", "--stdin")
        completed = git.attempt(*argv, stdin=b"".join(b"./" + os.fsencode(path) + b"\0" for path in paths))
        if completed.exit_code not in {0, 1}:
            raise git.failure(argv, completed)
        found = (os.fsdecode(path) for path in completed.stdout.split(b"\0") if path)
        return frozenset(path.removeprefix("./") for path in found)


def machine_fault(provider: str, what: str, error: OSError | GitError, *, billed: bool) -> ModelError:
    """A fault of this machine, in the words of the port: another attempt may find the disk or git well again."""
    why = error.message if isinstance(error, GitError) else error.strerror or str(error)
    return ModelError(
        f"{provider}: {what}: {why}",
        fault=ModelFault.SERVER,
        provider=provider,
        billed=billed,
        hint="is the disk of the cache folder full?",
    )


def products(lane: LanePaths) -> Iterator[str]:
    """Paths of the files that setup left in the lane's tree besides dependency folders."""
    for folder, folders, files in os.walk(lane.products):
        links = [name for name in folders if (Path(folder) / name).is_symlink()]
        prefix = os.path.relpath(folder, lane.products)
        yield from (name if prefix == "." else f"{prefix}/{name}" for name in (*files, *links))


def copy_products(tree: Path) -> None:
    """Bring what setup made into a copy, where nothing of the tree stands in its place or on the way to it."""
    lane = lane_at(tree)
    for path in products(lane):
        parents = [tree / parent for parent in Path(path).parents]
        blocked = any(parent.is_symlink() or parent.is_file() for parent in parents)
        if not blocked and not os.path.lexists(tree / path):
            _copy(lane.products / path, tree / path)


def _make(lane: LanePaths, bench: Path) -> Path:
    """The bench's folders, the copy in them; the copy."""
    tree = bench / "tree"
    for folder in (tree, tools_home(tree)):
        folder.mkdir(parents=True)
    for path, mode in _tracked(lane):
        source, target = lane.root / path, tree / path
        if mode == _SUBMODULE:
            target.mkdir(parents=True, exist_ok=True)
            if source.is_dir():
                ignored = shutil.ignore_patterns(".git")
                shutil.copytree(source, target, symlinks=True, ignore=ignored, dirs_exist_ok=True)
        else:
            _copy(source, target)
    _own_git(tree)
    return tree


def _tracked(lane: LanePaths) -> list[tuple[str, str]]:
    """(path, mode) of the lane's index, which is the tree that was last checked out or staged."""
    git = Git(directory=lane.home, git_dir=lane.git_dir, variables={"GIT_INDEX_FILE": str(lane.index)})
    entries = (os.fsdecode(entry).partition("\t") for entry in git.run("ls-files", "-s", "-z").split(b"\0") if entry)
    return [(path, meta.partition(" ")[0]) for meta, _, path in entries]


def _copy(source: Path, target: Path) -> None:
    """A file or a link itself, with its mode and time."""
    try:
        shutil.copy2(source, target, follow_symlinks=False)
    except FileNotFoundError:
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(source, target, follow_symlinks=False)


def _own_git(tree: Path) -> None:
    """One commit of all that stands in the copy."""
    Git(directory=tree).run("init", "-q", "--template=", "--initial-branch=task", str(tree))
    git = Git(directory=tree, git_dir=tree / ".git", work_tree=tree).configured(*_QUICK, **_PERSON)
    git.run("add", "--all", "--force", "--", ".")
    git.run("commit", "-q", "--allow-empty", "--no-verify", "-m", "The tree as it stands")
    with (tree / ".git/config").open("a", encoding="utf-8") as file:
        file.write(_GIT_CONFIG)
