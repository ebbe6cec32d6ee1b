"""The architect: writes a task's record, and another where it failed (L1)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from orchestrator.agents import adr as records
from orchestrator.agents.adr import TreeFacts
from orchestrator.agents.asking import Ending, Talk, open_talk
from orchestrator.agents.brief import TaskBrief
from orchestrator.agents.staff import Staff
from orchestrator.domain.adr import Adr
from orchestrator.ports import Desk

ROLE = "architect"
CUT = "Your record was cut off at the output limit. Write it again, whole and in half the words."
GARBLED = "Your answer could not be read. Write the whole record again, in the form asked for."


@dataclass(frozen=True, slots=True, kw_only=True)
class AdrResult:
    """The record, or why there is none."""

    adr: Adr | None
    faults: tuple[str, ...] = ()
    """What is wrong with the last answer; empty with a record."""
    refused: bool = False
    """The model declined; asking again does not help."""
    prompt: str = ""
    answer: str = ""
    turns: int = 0
    model: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Failed:
    """What the redesign's prompt is told."""

    adr: str
    history: str


def write_adr(
    desk: Desk, staff: Staff, brief: TaskBrief, iteration: int = 1, *, tree: TreeFacts | None = None
) -> AdrResult:
    """Ask for the task's record; one re-ask at most, naming everything that is missing (L4).

    ``tree`` holds the file list against the tree and the protected paths (decision 19).
    """
    return _write(desk, staff, brief, iteration, tree, failed=None)


def redesign(
    desk: Desk,
    staff: Staff,
    brief: TaskBrief,
    old: Adr,
    history: str,
    iteration: int,
    *,
    tree: TreeFacts | None = None,
) -> AdrResult:
    """Ask for another record after ``old`` failed as ``history`` tells. ``iteration`` counts the task's records."""
    return _write(desk, staff, brief, iteration, tree, failed=_Failed(adr=old.text.strip(), history=history))


def _write(
    desk: Desk, staff: Staff, brief: TaskBrief, iteration: int, tree: TreeFacts | None, *, failed: _Failed | None
) -> AdrResult:
    variables: dict[str, Any] = {
        "task": brief.task,
        "invariants": brief.invariants,
        "context": brief.context.strip(),
        "research": brief.research.strip(),
        "redesign": failed,
    }
    talk = open_talk(desk, staff, ROLE, task=brief.task.id, iteration=iteration, variables=variables)
    faults: tuple[str, ...] = ()
    for last in (False, True):
        talk.ask()
        end = talk.end()
        if end in {Ending.REFUSED, Ending.TOO_LONG}:
            return _result(talk, None, (_why(talk),), refused=end is Ending.REFUSED)
        if end is Ending.READ:
            read = records.check(talk.text, brief.invariants, date=brief.date, title=brief.task.title, tree=tree)
            if isinstance(read, Adr):
                return _result(talk, read)
            faults = read
        else:
            faults = (_why(talk),)
            talk.forget()
        if not last:
            talk.say(records.reask(faults) if end is Ending.READ else CUT if end is Ending.CUT else GARBLED)
    return _result(talk, None, faults)


def _why(talk: Talk) -> str:
    """An answer that is no record, in words."""
    answer = talk.answers[-1]
    detail = f" ({answer.detail})" if answer.detail else ""
    return f"the architect's answer ended with {answer.reason}{detail}"


def _result(talk: Talk, adr: Adr | None, faults: tuple[str, ...] = (), *, refused: bool = False) -> AdrResult:
    return AdrResult(
        adr=adr,
        faults=faults,
        refused=refused,
        prompt=talk.prompt,
        answer=talk.text,
        turns=talk.turns,
        model=talk.assignment.model,
    )
