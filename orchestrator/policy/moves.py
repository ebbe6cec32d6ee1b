"""What comes next in the build loop: one pure function over what has happened (L7, L8, L9, L12)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from orchestrator.domain.failure import Category, CheckKind, Failure


class MoveKind(StrEnum):
    """The moves there are."""

    ACCEPT = "accept"
    AUTOFIX = "autofix"
    """Fix without a model and run the gate again; uses up no iteration."""
    RETRY = "retry"
    """Back to the executor with targeted feedback."""
    WARN = "warn"
    """Back to the executor with a warning that names what does not exist."""
    ESCALATE = "escalate"
    """Back to the executor, on the next tier."""
    REDESIGN = "redesign"
    """The architect writes a new ADR, then the executor goes on."""
    AGAIN = "again"
    """Run the same gate once more: the environment failed, not the code."""
    PAUSE = "pause"
    """The environment keeps failing: stop the run, resumable."""
    HUMAN = "human"


ANSWERING = frozenset({MoveKind.RETRY, MoveKind.WARN, MoveKind.ESCALATE, MoveKind.REDESIGN})
"""Moves after which the executor is asked again: each begins an iteration."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """The move, and why, in words for the report."""

    kind: MoveKind
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """How one iteration ended at the gate."""

    tree: str
    """The git tree that was tested; the same tree twice is no progress, whatever the answer said."""
    failures: frozenset[str]
    """Signatures of its failures; empty: green."""
    category: Category | None
    failed_check: CheckKind | None
    tier: int
    adr: int = 1
    """Number of the ADR it followed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What the loop may use up for this task."""

    iterations: int
    autofix_rounds: int
    environment_retries: int
    redesigns: int
    top_tier: int
    own_tier: int = 0
    """Climbs from where the executor began to the tier of its file; 0: it began there (P1)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Used:
    """What it has used up. Rounds and retries count within the current iteration."""

    autofix_rounds: int = 0
    environment_retries: int = 0
    redesigns: int = 0
    fixable: bool = True
    """Whether the fixers know what to do about the trivial failures at hand."""


def next_move(history: tuple[Attempt, ...], limits: Limits, used: Used) -> Move:
    """The next move after the newest attempt of a non-empty history."""
    last = history[-1]
    if last.category is None:
        return Move(kind=MoveKind.ACCEPT, why="the gate is green")
    if last.category is Category.ENVIRONMENT:
        return _environment(limits, used)
    if last.category is Category.TRIVIAL and used.fixable and used.autofix_rounds < limits.autofix_rounds:
        return Move(kind=MoveKind.AUTOFIX, why="every failure is trivial")
    if len(history) >= limits.iterations:
        return Move(kind=MoveKind.HUMAN, why=f"the limit of {limits.iterations} iterations is reached")
    stuck = stuck_reason(history)
    if stuck:
        return _rethink(stuck, limits, used, otherwise=MoveKind.HUMAN)
    if last.category is Category.STRATEGIC:
        return _rethink("the failure is strategic", limits, used, otherwise=MoveKind.HUMAN)
    if _standing_still(history) and last.tier < limits.top_tier:
        return Move(kind=MoveKind.ESCALATE, why="two iterations on this tier brought no progress")
    if last.category is Category.HALLUCINATION:
        return Move(kind=MoveKind.WARN, why="the code uses what does not exist")
    why = "a trivial failure outlived its fixers" if last.category is Category.TRIVIAL else "the failure is tactical"
    return Move(kind=MoveKind.RETRY, why=why)


def climbs(kind: MoveKind, tier: int, limits: Limits) -> bool:
    """Whether the next answer comes from a tier above ``tier``: where it stood still, and at once where it began low.

    An executor that began below its own tier and failed goes on at the next one, whatever the failure was (P1).
    """
    return kind is MoveKind.ESCALATE or (kind in ANSWERING and tier < limits.own_tier)


def after_conflict(why: str, limits: Limits, used: Used, iterations: int) -> Move:
    """The executor could not follow the ADR (L13): the architect thinks again, or a human decides."""
    if iterations >= limits.iterations:
        return Move(kind=MoveKind.HUMAN, why=f"{why}, and the limit of {limits.iterations} iterations is reached")
    return _rethink(why, limits, used, otherwise=MoveKind.HUMAN)


def stuck_reason(history: tuple[Attempt, ...]) -> str:
    """Why no progress is being made under the current ADR, or an empty string.

    The same tree or the same failures twice in a row is stuck; so are two states that alternate (A, B, A).
    """
    current = [attempt for attempt in history if attempt.adr == history[-1].adr]
    if len(current) < 2:  # noqa: PLR2004 - two attempts make a comparison
        return ""
    last, before = current[-1], current[-2]
    if last.tree == before.tree:
        return "the answer changed nothing"
    if last.failures == before.failures:
        return "the same failure came back"
    if len(current) > 2 and last.failures == current[-3].failures:  # noqa: PLR2004 - A, B, A
        return "two failures alternate"
    return ""


_ORDER = tuple(CheckKind)


def _standing_still(history: tuple[Attempt, ...]) -> bool:
    """Neither a later check nor fewer failures in the last two attempts of one tier and one ADR."""
    if len(history) < 2:  # noqa: PLR2004
        return False
    before, last = history[-2:]
    if before.tier != last.tier or before.adr != last.adr or before.failed_check is None or last.failed_check is None:
        return False
    if _ORDER.index(last.failed_check) > _ORDER.index(before.failed_check):
        return False
    return len(last.failures) >= len(before.failures)


def _environment(limits: Limits, used: Used) -> Move:
    if used.environment_retries < limits.environment_retries:
        return Move(kind=MoveKind.AGAIN, why="the environment failed, not the code")
    return Move(kind=MoveKind.PAUSE, why=f"the environment failed {used.environment_retries + 1} times")


def _rethink(why: str, limits: Limits, used: Used, *, otherwise: MoveKind) -> Move:
    if used.redesigns < limits.redesigns:
        return Move(kind=MoveKind.REDESIGN, why=why)
    return Move(kind=otherwise, why=f"{why}, and the ADR was redesigned {used.redesigns} times already")


def failed_check(failures: tuple[Failure, ...]) -> CheckKind | None:
    """The check the first failure belongs to; ``None`` when green."""
    return failures[0].check if failures else None
