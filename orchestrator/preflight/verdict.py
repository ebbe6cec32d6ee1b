"""GO, GO without these tasks, NO-GO: what a rehearsal's findings come to. Pure."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from enum import StrEnum


class Weight(StrEnum):
    """What one finding means for the night."""

    OK = "ok"
    NOTE = "note"
    """Worth knowing; the night can go."""
    TASKS = "without"
    """The tasks it names cannot go."""
    STOP = "no-go"
    """Nothing can go."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that was looked at."""

    topic: str
    """What: ``keys``, ``gate``, ``disk`` ..."""
    weight: Weight
    what: str
    """What was found, a sentence."""
    mend: str = ""
    """What to do about it: a command or a line of configuration where there is one."""
    slug: str = ""
    """A section of docs/troubleshooting.md; empty where all is well."""
    tasks: tuple[str, ...] = ()
    """Those it bears on, where not all."""


class Word(StrEnum):
    """The answer."""

    GO = "GO"
    GO_WITHOUT = "GO without"
    NO_GO = "NO-GO"


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """The answer, and the tasks it leaves out."""

    word: Word
    without: tuple[str, ...] = ()


def verdict(findings: Sequence[Finding], tasks: Sequence[str], chains: Collection[tuple[str, str]] = ()) -> Verdict:
    """``tasks``: the batch in working order; ``chains``: (task, what it builds on). What builds on a task that is left
    out is left out as well; where nothing is left, it is a NO-GO."""
    if any(finding.weight is Weight.STOP for finding in findings):
        return Verdict(word=Word.NO_GO)
    out = {task for finding in findings if finding.weight is Weight.TASKS for task in finding.tasks}
    grown = True
    while grown:
        more = {task for task, before in chains if before in out} - out
        out |= more
        grown = bool(more)
    without = tuple(task for task in tasks if task in out)
    if not without:
        return Verdict(word=Word.GO)
    if len(without) == len(tasks):
        return Verdict(word=Word.NO_GO, without=without)
    return Verdict(word=Word.GO_WITHOUT, without=without)


def fine(topic: str, what: str) -> Finding:
    """All is well there."""
    return Finding(topic=topic, weight=Weight.OK, what=what)


def note(topic: str, what: str, mend: str, *, slug: str, tasks: tuple[str, ...] = ()) -> Finding:
    """Worth knowing; where it bears on ``tasks``, the night goes without them."""
    weight = Weight.TASKS if tasks else Weight.NOTE
    return Finding(topic=topic, weight=weight, what=what, mend=mend, slug=slug, tasks=tasks)


def stop(topic: str, what: str, mend: str, *, slug: str) -> Finding:
    """Nothing can go until that is mended."""
    return Finding(topic=topic, weight=Weight.STOP, what=what, mend=mend, slug=slug)
