"""The user's checkout moved to another commit: the one place that writes to it (``land``, the named exception to I1).

A shift is: git's own index lock taken, all checked, the files and a copy of the index brought over by a two-tree
``read-tree`` (which refuses to touch a file that is not the old tree's), that copy renamed into place, the branch moved
from exactly the old commit. The branch moves last, so a shift that is killed is undone by whoever comes next
(:mod:`checkout_recovery`) unless it was complete. No hook, no fsmonitor and no program of the repository's own
configuration runs (I9); files are converted as the user's own git would (line ends, Git LFS).
"""

from __future__ import annotations

import os
import shlex
import shutil
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from orchestrator.adapters.checkout_recovery import MARKER, recover, remove_own
from orchestrator.adapters.fingerprint import changed_paths
from orchestrator.adapters.git import Git
from orchestrator.domain.errors import GitError, RefusedError
from orchestrator.ports import Shift, Shifted, Standing

_UNFINISHED = {
    "MERGE_HEAD": ("a merge", "git merge --continue, or git merge --abort"),
    "rebase-merge": ("a rebase", "git rebase --continue, or git rebase --abort"),
    "rebase-apply": ("a rebase", "git rebase --continue, or git rebase --abort"),
    "CHERRY_PICK_HEAD": ("a cherry-pick", "git cherry-pick --continue, or git cherry-pick --abort"),
    "REVERT_HEAD": ("a revert", "git revert --continue, or git revert --abort"),
    "sequencer": ("a cherry-pick or revert", "git cherry-pick --continue, or git cherry-pick --quit"),
}
_OWN = "orchestrate/"
_NAMED = 20
"""Files named in an error; more are counted."""
_HEADS = "refs/heads/"
_MANY_FILES = 500
"""From here on one sync of everything is faster than one a file."""


class UserCheckout:
    """:class:`orchestrator.ports.Checkout`."""

    def __init__(self, git: Git, *, root: Path, git_dir: Path, switched_off: Iterable[str]) -> None:
        """``git``: hardened, started in the checkout. ``switched_off``: keys of programs that git may not start."""
        self._git = git.configured(("core.fsync", "committed,reference,index"), GIT_LITERAL_PATHSPECS="1")
        self._root = root
        self._git_dir = git_dir
        self._no_filters = {
            key.split(".", 1)[1].rpartition(".")[0] for key in switched_off if key.startswith("filter.")
        }

    def standing(self) -> Standing:
        """Branch and commit; refused where a move would not be a plain one."""
        for name, (what, mend) in _UNFINISHED.items():
            if (self._git_dir / name).exists():
                raise RefusedError(
                    f"{self._root}: {what} is not finished", hint=f"finish it first: {mend}", slug="land-unfinished"
                )
        ref = self._git.attempt("symbolic-ref", "--quiet", "HEAD")
        name = os.fsdecode(ref.stdout).strip()
        if ref.exit_code != 0 or not name.startswith(_HEADS):
            raise RefusedError(
                f"{self._root}: HEAD is detached: there is no branch to land on",
                hint="check one out: git switch main",
                slug="land-detached",
            )
        branch = name.removeprefix(_HEADS)
        if branch.startswith(_OWN):
            raise RefusedError(
                f"{self._root}: {branch} is checked out, a branch this tool delivers",
                hint="check out the branch it shall land on: git switch main",
                slug="land-own-branch",
            )
        if self._git.run("ls-files", "--unmerged", "-z"):
            raise RefusedError(
                f"{self._root}: there are conflicts that are not resolved",
                hint="resolve them and git add the files: git status lists them",
                slug="land-unfinished",
            )
        head = self._git.attempt("rev-parse", "--verify", "--quiet", "HEAD^{commit}")
        if head.exit_code != 0:
            raise RefusedError(f"{self._root} has no commit yet", hint="make one first", slug="land-unborn")
        return Standing(branch=branch, commit=head.stdout.decode().strip())

    def contains(self, commit: str, ancestor: str) -> bool:
        """Whether ``ancestor`` is reached from ``commit``."""
        argv = ("merge-base", "--is-ancestor", ancestor, commit)
        completed = self._git.attempt(*argv)
        if completed.exit_code not in {0, 1}:
            raise self._git.failure(argv, completed)
        return completed.exit_code == 0

    def refuse_overlap(self, shift: Shift) -> None:
        """Named: what is modified, staged or in the way where the shift would write; and the exact command."""
        touched = self._touched(shift)
        status = ("status", "--porcelain=v2", "-z", "--no-renames", "--untracked-files=no", "--ignore-submodules=all")
        entries = [entry for entry in self._git.run(*status).split(b"\0") if entry]
        dirty = {path for path in changed_paths(entries) if path in touched} | self._unwatched(touched)
        in_the_way = set(self._in_the_way(touched)) - dirty
        if dirty or in_the_way:
            raise self._overlap(sorted(dirty | in_the_way), untracked=bool(in_the_way))
        self._refuse_filters(touched)

    def shift(self, shift: Shift, *, note: str, owner: str, begin: Callable[[], None]) -> None:
        """All or nothing, as far as a file system lets it be; see the module's head for what a kill leaves."""
        with self._index_locked(owner):
            found = self.standing()
            if (found.branch, found.commit) != (shift.branch, shift.old):
                raise RefusedError(
                    f"{self._root} moved meanwhile: {found.branch} at {found.commit[:12]}, "
                    f"not {shift.branch} at {shift.old[:12]}",
                    hint="land again, on where it stands now",
                    slug="land-moved",
                )
            self.refuse_overlap(shift)
            begin()
            try:
                self._move(shift, note)
            except BaseException:
                recover(self._git, root=self._root, git_dir=self._git_dir, shift=shift)
                raise

    def recover(self, shift: Shift, *, owner: str) -> Shifted:
        """For the one who comes after a killed shift, and holds the repository's lock."""
        remove_own(self._git_dir)
        with self._index_locked(owner):
            return recover(self._git, root=self._root, git_dir=self._git_dir, shift=shift)

    def left_by(self) -> str | None:
        """Who marked the index lock, where it is this tool's."""
        try:
            content = (self._git_dir / "index.lock").read_bytes()
        except OSError:
            return None
        return os.fsdecode(content.removeprefix(MARKER)).strip() if content.startswith(MARKER) else None

    def release(self) -> None:
        """Take away what a killed shift left beside the index."""
        remove_own(self._git_dir)

    def message(self, commit: str) -> str:
        """A commit's message, as it was written."""
        return self._git.run("log", "-1", "--format=%B", "--no-show-signature", commit).decode("utf-8", "replace")

    def _move(self, shift: Shift, note: str) -> None:
        index, beside = self._git_dir / "index", self._git_dir / "index.orchestrate"
        if index.exists():
            shutil.copy2(index, beside)
        git = self._git.configured(GIT_INDEX_FILE=str(beside))
        git.attempt("update-index", "-q", "--refresh")
        argv = ("read-tree", "-m", "-u", shift.old, shift.new)
        completed = git.attempt(*argv)
        if completed.exit_code != 0:
            raise RefusedError(
                f"{self._root}: git would not bring the files over: {completed.stderr.strip()}",
                hint="git status shows what is uncommitted there: commit it or put it aside with git stash",
                slug="land-overlap",
            )
        self._to_disk(self._touched(shift))
        beside.replace(index)
        moved = self._git.attempt("update-ref", "-m", note, f"{_HEADS}{shift.branch}", shift.new, shift.old)
        if moved.exit_code != 0:
            raise RefusedError(
                f"{self._root}: {shift.branch} could not be moved: {moved.stderr.strip()}",
                hint="land again, on where it stands now",
                slug="land-moved",
            )

    def _to_disk(self, touched: dict[str, str]) -> None:
        """The files before the branch: a branch that outlives a power cut must not stand over empty files."""
        if len(touched) > _MANY_FILES:
            os.sync()
            return
        for path in (self._root / path for path, letter in touched.items() if letter != "D"):
            if path.is_file() and not path.is_symlink():
                descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW)
                try:
                    os.fsync(descriptor)
                finally:
                    os.close(descriptor)

    def _touched(self, shift: Shift) -> dict[str, str]:
        """Path -> ``A``, ``M``, ``D`` or ``T``."""
        parts = self._git.run("diff-tree", "-r", "-z", "--no-renames", "--name-status", shift.old, shift.new).split(
            b"\0"
        )
        return {os.fsdecode(path): letter.decode() for letter, path in zip(parts[0::2], parts[1::2], strict=False)}

    def _unwatched(self, touched: dict[str, str]) -> set[str]:
        """Files git was told to take for unchanged: it would write over what is in them."""
        listing = self._git.run("ls-files", "-v", "-z").split(b"\0")
        return {os.fsdecode(line[2:]) for line in listing if line[:1].islower() and os.fsdecode(line[2:]) in touched}

    def _in_the_way(self, touched: dict[str, str]) -> Iterator[str]:
        """What stands where a file would be added, ignored or not, and is not part of the shift."""
        going = {path for path, letter in touched.items() if letter == "D"}
        for path in (path for path, letter in touched.items() if letter == "A"):
            for parent in reversed(Path(path).parents[:-1]):
                above = self._root / parent
                if (above.is_symlink() or above.is_file()) and str(parent) not in going:
                    yield str(parent)
            here = self._root / path
            if here.is_dir() and not here.is_symlink():
                yield from (found for found in _files_below(here, self._root) if found not in going)
            elif os.path.lexists(here):
                yield path

    def _overlap(self, paths: Sequence[str], *, untracked: bool) -> RefusedError:
        named = ", ".join(paths[:_NAMED]) + (f" and {len(paths) - _NAMED} more" if len(paths) > _NAMED else "")
        option = "--all " if untracked else ""
        where = shlex.quote(str(self._root))
        stash = f"git -C {where} stash push {option}-- {shlex.join(paths)}"
        return RefusedError(
            f"uncommitted changes in files that the landing would change: {named}",
            hint=f"put them aside: {stash}\n      then the same command again, and: git -C {where} stash pop",
            slug="land-overlap",
        )

    def _refuse_filters(self, touched: dict[str, str]) -> None:
        """A filter of the repository's own configuration is never run (I9): its files are the user's to bring over."""
        if not self._no_filters:
            return
        stdin = b"".join(os.fsencode(path) + b"\0" for path in touched)
        answer = self._git.run("check-attr", "-z", "--stdin", "filter", stdin=stdin).split(b"\0")
        filtered = [
            os.fsdecode(p) for p, f in zip(answer[0::3], answer[2::3], strict=False) if f.decode() in self._no_filters
        ]
        if filtered:
            raise RefusedError(
                f"a filter of the repository's own configuration converts {', '.join(filtered[:_NAMED])}; "
                "it is not run by this tool",
                hint="merge that branch by hand: git merge BRANCH",
                slug="land-filter",
            )

    @contextmanager
    def _index_locked(self, owner: str) -> Iterator[None]:
        """git's own lock on the index, marked as ours from its first moment on: no git command changes it meanwhile."""
        lock, beside = self._git_dir / "index.lock", self._git_dir / f"index.lock.orchestrate-{os.getpid()}"
        beside.write_bytes(MARKER + os.fsencode(owner) + b"\n")
        try:
            os.link(beside, lock)
        except FileExistsError:
            raise self._busy(lock) from None
        except OSError as error:
            raise GitError(f"{lock}: cannot be made: {error.strerror}") from error
        finally:
            beside.unlink()
        try:
            yield
        finally:
            lock.unlink(missing_ok=True)

    def _busy(self, lock: Path) -> RefusedError:
        owner = self.left_by()
        if owner is not None:
            return RefusedError(
                f"a landing that was cut short holds the index of {self._root}; its record is {owner}",
                hint=f"let it be mended: orchestrate land --plan --state {shlex.quote(str(Path(owner).parent.parent))}",
                slug="land-cut-short",
            )
        return RefusedError(
            f"another git command is at work in {self._root} ({lock} exists)",
            hint=f"wait for it; if none runs any more: rm {shlex.quote(str(lock))}",
            slug="land-index-locked",
        )


def _files_below(folder: Path, root: Path) -> Iterator[str]:
    for parent, folders, files in os.walk(folder):
        links = [name for name in folders if (Path(parent) / name).is_symlink()]
        yield from (str((Path(parent) / name).relative_to(root)) for name in (*files, *links))
