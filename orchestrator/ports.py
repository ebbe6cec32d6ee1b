"""What the program needs of the outside world, in its own words. Small Protocols; adapters implement them.

Nothing here does anything. A port raises only errors of :mod:`orchestrator.domain.errors`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from pathlib import Path
from typing import Any, Protocol

from orchestrator.domain.call import Answer, Deadlines, Request, Usage
from orchestrator.domain.edit import FileChange


class Clock(Protocol):
    """Time, so that no test sleeps."""

    def now(self) -> datetime:
        """Wall clock, with zone (UTC)."""

    def monotonic(self) -> float:
        """Seconds from an arbitrary point, never going back."""

    def sleep(self, seconds: float) -> None:
        """Wait; a signal that ends the run ends the wait."""


class Llm(Protocol):
    """One provider's models."""

    def ask(self, request: Request, deadlines: Deadlines) -> Answer:
        """One attempt, streamed; no retry of its own.

        Raises :class:`~orchestrator.domain.errors.ModelError` and nothing else. An answer cut short or refused by the
        model is an :class:`Answer` with its reason, not an error: it was paid for.
        """

    def check(self, models: Sequence[str]) -> None:
        """Before the first task: the key is there and accepted, the models exist. Costs nothing.

        Raises :class:`ModelError` with the mend.
        """

    def close(self) -> None:
        """Let go of connections."""


class Prices(Protocol):
    """What tokens cost, by date."""

    def cost(self, *, provider: str, model: str, usage: Usage, at: datetime) -> Decimal | None:
        """US dollars; ``None`` where no price is known for that model."""


class Profile(StrEnum):
    """What a command in the lane may see and do (decisions 5, 6, 25, 28)."""

    GATE = "gate"
    """The tree writable, dependency folders read-only, a throwaway ``.git``, no network."""
    SETUP = "setup"
    """The environment writable, network and installer caches, no keys."""
    FIXER = "fixer"
    """Like the gate; the tool keeps the changes it makes to the files named."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """A command to run in a lane."""

    line: str
    """Run by ``sh -c``."""
    profile: Profile
    timeout_s: float
    path: str = "."
    """Folder, relative to the tree's root."""
    environment: Mapping[str, str] = field(default_factory=dict)
    log: Path | None = None
    """Where the whole output goes (capped), stdout and stderr one after the other."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ran:
    """What a command did. Output has head and tail kept, the cut marked."""

    exit_code: int
    """As the shell sees it; 127 command not found; -1 where it was ended by its time limit."""
    stdout: str
    stderr: str
    seconds: float
    timed_out: bool = False
    killed_by: str = ""
    """``memory``, ``signal 9`` ... where something other than the command ended it."""
    scratch: Path | None = None
    """The folder that stood at ``$ORCHESTRATE_SCRATCH``: reports the command wrote."""


class Shell(Protocol):
    """Runs commands in a lane, under its sandbox, every process ended afterwards (I11)."""

    def run(self, command: Command) -> Ran:
        """Never raises for what the command does; ``RefusedError`` where the sandbox cannot be had."""

    def which(self, program: str) -> str | None:
        """Where a gate command would find the program, as it sees the path; ``None`` if it would not."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EnvironmentInfo:
    """The lane's environment after setup."""

    digest: str
    """Of what is installed: stands in the certificate (decision 6)."""
    lock_hash: str
    seconds: float = 0.0
    """0 where it was kept."""
    notes: tuple[str, ...] = ()
    """Linked or editable packages that point elsewhere, what was detected as setup."""
    packages: tuple[Path, ...] = ()
    """``site-packages`` and ``node_modules`` folders that gate commands import from, outside the tree."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DiffLine:
    """A changed file between two trees."""

    path: str
    status: str
    """``A``, ``M``, ``D``."""
    insertions: int
    deletions: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Merged:
    """A trial merge: either a tree, or the paths in conflict."""

    tree: str | None
    conflicts: tuple[str, ...] = ()


class Lane(Protocol):
    """A clone the tool owns, outside any checkout: a work tree, a git folder beside it, an environment (decisions 1-9).

    Trees and commits are git object ids, full hex.
    """

    @property
    def root(self) -> Path:
        """The work tree."""

    @property
    def git_dir(self) -> Path:
        """Its git folder, outside the work tree: no gate command can reach it."""

    @property
    def symbols(self) -> Path:
        """Folder for the index of its sources, kept between runs: no gate command can reach it."""

    @property
    def shell(self) -> Shell:
        """Runs commands in this lane."""

    def refresh(self, commits: Sequence[str]) -> None:
        """Bring those commits and the tags over from the user's repository."""

    def provide(self, commit: str, setup: Sequence[str] | None) -> EnvironmentInfo:
        """On that commit's tree, run setup once a lock-file hash. ``PausedError`` where setup fails."""

    def checkout(self, tree: str) -> None:
        """Tracked files exactly those of the tree (or commit); dependency folders stay; other ignored files go."""

    def stage(self, changes: Sequence[FileChange]) -> str:
        """Write those files into the work tree and record exactly them; the resulting tree."""

    def record(self, paths: Sequence[str]) -> str:
        """Record those paths as they stand on disk (after a fixer); the resulting tree."""

    def settle(self, tree: str) -> tuple[str, ...]:
        """After foreign code ran: put back what it changed, remove what it left, planted ``.git`` entries among it.

        Returns what was put back or removed, one note each.
        """

    def commit(self, *, tree: str, parents: Sequence[str], message: str, at: datetime) -> str:
        """Make the commit object (same input, same id); no ref moves."""

    def merge(self, ours: str, theirs: str) -> Merged:
        """Trial merge of two commits, touching neither work tree nor refs."""

    def tree_of(self, commit: str) -> str:
        """The commit's tree."""

    def files(self, tree: str) -> tuple[str, ...]:
        """Tracked paths of the tree, sorted."""

    def read(self, tree: str, path: str) -> bytes | None:
        """A tracked file's bytes as checked out; ``None`` where it is not there, or is a link."""

    def diff(self, base: str, tree: str, *, context: int = 3) -> str:
        """Unified diff with full object ids, text only."""

    def changes(self, base: str, tree: str) -> tuple[DiffLine, ...]:
        """Changed files between two trees, sorted by path."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """Where the user's checkout stands."""

    branch: str
    """The checked-out branch, without ``refs/heads/``."""
    commit: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Shift:
    """A move of the checked-out branch from one commit to another, its work tree with it."""

    branch: str
    """Without ``refs/heads/``."""
    old: str
    new: str


class Shifted(StrEnum):
    """What became of a shift that was cut short."""

    TAKEN_BACK = "taken back"
    """As if it had never begun."""
    COMPLETE = "complete"
    MOVED_ON = "moved on"
    """The branch stands at neither commit any more: nothing was touched."""


class Checkout(Protocol):
    """The user's checkout, as ``land`` may move it: the one named exception to I1 and I2."""

    def standing(self) -> Standing:
        """Branch and commit; ``RefusedError`` on a detached HEAD, or with a merge or rebase unfinished."""

    def refuse_overlap(self, shift: Shift) -> None:
        """``RefusedError`` naming the uncommitted files it would change, and the command that puts them aside."""

    def shift(self, shift: Shift, *, note: str, owner: str, begin: Callable[[], None]) -> None:
        """Move branch, index and the files that differ; every other byte of the checkout stays.

        ``note`` is the reflog's word, ``owner`` names who holds the index meanwhile. ``begin`` is called once all is
        checked, before the first byte changes. ``RefusedError``: nothing was changed.
        """

    def recover(self, shift: Shift, *, owner: str) -> Shifted:
        """Bring a shift that was killed to one of its two ends. ``RefusedError``: files were changed since."""

    def left_by(self) -> str | None:
        """The owner of a shift that was killed and still holds the index; ``None`` where there is none."""

    def release(self) -> None:
        """Let go of the index that a killed shift still holds; the caller holds the repository."""

    def message(self, commit: str) -> str:
        """A commit's message."""

    def contains(self, commit: str, ancestor: str) -> bool:
        """Whether the one commit is reached from the other."""


class Repository(Protocol):
    """The user's repository: read, and given finished branches; nothing else (I1, I2)."""

    @property
    def root(self) -> Path:
        """Top of the user's checkout."""

    @property
    def name(self) -> str:
        """A short name, safe in a path."""

    def pin(self, base: str | None) -> str:
        """The commit a branch or commit-ish names, or HEAD's; ``UsageError`` where there is none."""

    def uncommitted(self, base: str) -> tuple[str, ...]:
        """Modified or untracked paths that the base does not have: named before the start."""

    def fingerprint(self) -> str:
        """Digest of branch, HEAD, index, stash, config, worktree list, and uncommitted and untracked files (I1)."""

    def receive(self, git_dir: Path, branch: str, commit: str, *, replaces: str | None = None) -> None:
        """Bring a finished branch from a lane to ``refs/heads/<branch>``; safe to repeat.

        A branch of that name at another commit is left alone (I14), but for ``replaces``: the commit this run put
        there itself.
        """

    def lane(self, number: int) -> Lane:
        """Open (or make) that lane's clone."""

    def bring(self, git_dir: Path, commit: str) -> None:
        """Copy a lane's commit, and what it reaches, into the repository's objects; no ref moves."""

    def tip(self, branch: str) -> str | None:
        """The commit a branch stands at; ``None`` where there is no such branch."""

    def checkout(self) -> Checkout:
        """The checkout, for ``land`` to move."""


class Listener(Protocol):
    """Someone who watches a run live; must never raise."""

    def __call__(self, event: Mapping[str, Any]) -> None:
        """One journal entry's public part: ``type``, ``at``, and its fields."""


class Desk(Protocol):
    """The one way to a model: reserves, journals the intent, asks, saves the answer, charges (I3, I4)."""

    def ask(self, request: Request) -> Answer:
        """The answer: from the journal or the recording where it was bought before, else bought now.

        Raises ``CapReachedError`` where the worst case does not fit, ``ModelError`` once retries are used up.
        """

    def hold(self, requests: Sequence[Request]) -> None:
        """Reserve for several calls at once, in that order, before the first is sent (decision 16).

        Each one's :meth:`ask` then uses its part up. Raises ``CapReachedError``, nothing being held, where they do not
        fit together.
        """

    def let_go(self, requests: Sequence[Request]) -> None:
        """Give back what was held for those of them that were never asked."""
