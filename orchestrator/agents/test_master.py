"""The test master: a task's tests before its code, shown to fail on what there is (P1)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from orchestrator.agents import feedback as told
from orchestrator.agents.answer import parse
from orchestrator.agents.asking import Ending, Talk, open_talk
from orchestrator.agents.brief import TaskBrief
from orchestrator.agents.fence import element
from orchestrator.agents.staff import Staff
from orchestrator.domain.adr import Adr
from orchestrator.domain.edit import Create, Edit, EditFault, EditOutcome, FileChange
from orchestrator.ports import Desk

ROLE = "test_master"
CUT = "Your answer was cut off at the output limit. Answer again from the start, with fewer and shorter tests."
GARBLED = "Your answer could not be read. Answer again with the test files."
NO_TESTS = "the answer holds no new test file in the form asked for"

Apply = Callable[[Sequence[Edit]], EditOutcome]
Prove = Callable[[Sequence[FileChange]], str]
"""Run the tests on the code as it stands; what is wrong with them (they pass already), or nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WrittenTests:
    """What the test master brought; no changes: nothing that can be used, ``detail`` says why."""

    changes: tuple[FileChange, ...] = ()
    detail: str = ""
    prompt: str = ""
    answer: str = ""
    turns: int = 0
    model: str = ""


def begin_tests(
    desk: Desk, staff: Staff, brief: TaskBrief, adr: Adr, *, files: str, feedback: str = "", iteration: int
) -> Talk:
    """The conversation, not yet begun. ``files``: what the tests are about, and tests to take the style from."""
    variables = {"task": brief.task, "files": files.strip(), "adr": adr.text.strip(), "feedback": feedback.strip()}
    return open_talk(desk, staff, ROLE, task=brief.task.id, iteration=iteration, variables=variables)


def read_tests(talk: Talk, apply: Apply, prove: Prove) -> WrittenTests:
    """Ask for the tests; one re-ask, a tier up, where they cannot be used or prove nothing."""
    detail = ""
    for last in (False, True):
        answer = talk.ask()
        end = talk.end()
        if end is not Ending.READ:
            detail = f"its answer ended with {answer.reason}" + (f" ({answer.detail})" if answer.detail else "")
            if end in {Ending.REFUSED, Ending.TOO_LONG}:
                break
            back = CUT if end is Ending.CUT else GARBLED
        else:
            changes, back = _use(answer.text, apply)
            fault = back or prove(changes)
            if not fault:
                return _result(talk, changes=changes)
            detail = " ".join(fault.split())[:300]
            back = back or element("feedback", f"\n{fault}\n")
        if not last:
            talk.again(back, forget=end is not Ending.READ)
    return _result(talk, detail=detail)


def _use(text: str, apply: Apply) -> tuple[tuple[FileChange, ...], str]:
    """The files to be written, or what to say about the answer."""
    parsed = parse(text)
    faults = parsed.faults
    if not faults and not parsed.edits:
        faults = (EditFault(path="?", reason="no tests", detail=NO_TESTS),)
    others = [edit.path for edit in parsed.edits if not isinstance(edit, Create)]
    faults = faults or tuple(
        EditFault(path=path, reason="not new", detail="only new test files are written here") for path in others
    )
    if not faults:
        outcome = apply(parsed.edits)
        if outcome.changes and not outcome.faults:
            return outcome.changes, ""
        faults = outcome.faults or (EditFault(path="?", reason="no tests", detail=NO_TESTS),)
    return (), told.edit_faults(faults)


def _result(talk: Talk, *, changes: tuple[FileChange, ...] = (), detail: str = "") -> WrittenTests:
    return WrittenTests(
        changes=changes,
        detail=detail,
        prompt=talk.prompt,
        answer="\n\n---\n\n".join(answer.text for answer in talk.answers),
        turns=talk.turns,
        model=talk.assignment.model,
    )
