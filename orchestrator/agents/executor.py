"""The executor: asked for edits, allowed to look things up, told at once what does not apply (L2)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from orchestrator.agents import feedback as told
from orchestrator.agents.answer import Need, ParsedAnswer, parse
from orchestrator.agents.asking import Ending, Talk, open_talk
from orchestrator.agents.brief import TaskBrief
from orchestrator.agents.lookups import Lookups
from orchestrator.agents.staff import Staff
from orchestrator.domain.adr import Adr
from orchestrator.domain.call import ToolCall, ToolResult
from orchestrator.domain.edit import Edit, EditFault, EditOutcome
from orchestrator.ports import Desk

ROLE = "executor"
MAX_GRANTS = 3
"""Times in one answer's making that needed files are granted."""
MAX_CALLS = 8
"""Look-ups answered in one turn."""
CUT = "Your answer was cut off at the output limit. Answer again from the start: edits only, with short SEARCH blocks."
GARBLED = "Your answer could not be read. Answer again with the edits."
MAX_SHOWN = 60_000
"""Characters of look-up results in one iteration, about 15,000 tokens: each turn sends them again (P5)."""
SPENT = "error: you have been shown enough; answer with the edits"
NO_LOOKUPS = "error: no look-ups are left; answer with the edits now"
TOO_MANY = f"error: at most {MAX_CALLS} look-ups a turn are answered"

Apply = Callable[[Sequence[Edit]], EditOutcome]
"""Match edits against the tree as it stands (:func:`orchestrator.agents.matching.apply_edits`)."""
Grant = Callable[[Need], str | None]
"""What to tell about a needed file that may now be changed (its text); ``None``: not granted (decision 23)."""


class CodeStatus(StrEnum):
    """How the executor's work ended."""

    EDITS = "edits"
    """``outcome.changes`` are to be staged."""
    NEEDS = "needs"
    """It must change files nobody granted."""
    CONFLICT = "conflict"
    """It says the record cannot be followed (L13)."""
    REFUSED = "refused"
    """The model declined."""
    UNUSABLE = "unusable"
    """No answer that applies within the limits; ``outcome.faults`` and ``detail`` say why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeLimits:
    """What one iteration may use up."""

    lookups: int
    """Turns of look-ups (``loop.lookups_per_iteration``)."""
    edit_retries: int
    """Times an answer goes back because its edits do not apply (``loop.edit_retries``)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeResult:
    """What the executor brought."""

    status: CodeStatus
    outcome: EditOutcome
    needs: tuple[Need, ...] = ()
    detail: str = ""
    """The conflict, or why there is nothing usable, in a sentence."""
    prompt: str = ""
    answer: str = ""
    """All its answers of this iteration, in order."""
    turns: int = 0
    lookups: int = 0
    retries: int = 0
    """Times its edits went back."""
    tier: int = 0
    model: str = ""


NOTHING = EditOutcome(changes=(), faults=())


def write_code(
    desk: Desk,
    staff: Staff,
    brief: TaskBrief,
    adr: Adr,
    *,
    files: str,
    feedback: str,
    lookups: Lookups,
    apply: Apply,
    iteration: int,
    limits: CodeLimits,
    climb: int = 0,
    grant: Grant = lambda _need: None,
) -> CodeResult:
    """One iteration of the executor.

    ``files`` is the text of the record's files as the tree holds them; ``feedback`` is empty on the first iteration.
    """
    variables: dict[str, Any] = {
        "task": brief.task,
        "files": files.strip(),
        "adr": adr.text.strip(),
        "feedback": feedback.strip(),
    }
    talk = open_talk(desk, staff, ROLE, task=brief.task.id, iteration=iteration, climb=climb, variables=variables)
    return _Turns(talk=talk, lookups=lookups, apply=apply, grant=grant, limits=limits).run()


@dataclass(slots=True)
class _Turns:
    """The turns of one iteration; every branch either ends it or uses something up."""

    talk: Talk
    lookups: Lookups
    apply: Apply
    grant: Grant
    limits: CodeLimits
    looked: int = 0
    shown: int = 0
    """Characters of look-up results so far."""
    retried: int = 0
    granted: int = 0
    mended: int = 0
    """Cut or garbled answers asked for again; one is allowed."""
    texts: list[str] = field(default_factory=list)

    def run(self) -> CodeResult:
        while True:
            answer = self.talk.ask(self.lookups.specs)
            if answer.text.strip():
                self.texts.append(answer.text)
            end = self.talk.end()
            if end is Ending.READ:
                result = self._read(parse(answer.text))
            elif end is Ending.LOOKUP:
                result = self._look_up()
            elif end in {Ending.REFUSED, Ending.TOO_LONG}:
                status = CodeStatus.REFUSED if end is Ending.REFUSED else CodeStatus.UNUSABLE
                result = self._end(status, detail=self._reason())
            else:
                result = self._mend(CUT if end is Ending.CUT else GARBLED)
            if result is not None:
                return result

    def _look_up(self) -> CodeResult | None:
        """Answer its look-ups, or say that none are left; asking on after that ends the iteration."""
        calls = self.talk.answers[-1].tool_calls
        if self.looked > self.limits.lookups:
            return self._end(CodeStatus.UNUSABLE, detail="it asked for more look-ups after the last one allowed")
        self.looked += 1
        results = [self._result(call, position) for position, call in enumerate(calls)]
        self.talk.tell(results)
        return None

    def _result(self, call: ToolCall, position: int) -> ToolResult:
        """One look-up's answer, or why it is not answered."""
        refusal = ""
        if self.looked > self.limits.lookups:
            refusal = NO_LOOKUPS
        elif position >= MAX_CALLS:
            refusal = TOO_MANY
        elif self.shown >= MAX_SHOWN:
            refusal = SPENT
        if refusal:
            return ToolResult(id=call.id, name=call.name, content=refusal)
        result = self.lookups.answer(call)
        self.shown += len(result.content)
        return result

    def _mend(self, text: str) -> CodeResult | None:
        if self.mended:
            return self._end(CodeStatus.UNUSABLE, detail=self._reason())
        self.mended += 1
        self.talk.forget()
        self.talk.say(text)
        return None

    def _read(self, parsed: ParsedAnswer) -> CodeResult | None:
        """An answer to be used: a conflict, needs, or edits."""
        if parsed.conflict:
            return self._end(CodeStatus.CONFLICT, detail=parsed.conflict)
        if parsed.needs:
            return self._needs(parsed)
        if parsed.faults:
            return self._back(parsed.faults)
        if not parsed.edits:
            detail = "the answer holds no edit in the form asked for, and no NEED or CONFLICT line"
            return self._back((EditFault(path="?", reason="no edits", detail=detail),))
        outcome = self.apply(parsed.edits)
        if outcome.faults:
            return self._back(outcome.faults)
        if not outcome.changes:
            detail = "the edits leave every file as it is"
            return self._back((EditFault(path=parsed.edits[0].path, reason="no change", detail=detail),))
        return self._end(CodeStatus.EDITS, outcome=outcome)

    def _needs(self, parsed: ParsedAnswer) -> CodeResult | None:
        grants = [(need, self.grant(need)) for need in parsed.needs]
        open_needs = tuple(need for need, text in grants if text is None)
        if open_needs or self.granted >= MAX_GRANTS:
            needs = open_needs or parsed.needs
            detail = "; ".join(f"{need.path}: {need.why}" for need in needs)
            return self._end(CodeStatus.NEEDS, needs=needs, detail=f"it needs {detail}")
        self.granted += 1
        shown = "\n\n".join(f"You may now change {need.path}.\n{text}" for need, text in grants)
        self.talk.say(f"{shown}\n\nAnswer with all edits of this task, those already written included.")
        return None

    def _back(self, faults: tuple[EditFault, ...]) -> CodeResult | None:
        """The edits go back inside the same iteration, as often as allowed."""
        if self.retried >= self.limits.edit_retries:
            outcome = EditOutcome(changes=(), faults=faults)
            first = faults[0]
            detail = f"its edits do not apply: {first.path} ({first.reason})"
            return self._end(CodeStatus.UNUSABLE, outcome=outcome, detail=detail)
        self.retried += 1
        self.talk.say(told.edit_faults(faults))
        return None

    def _reason(self) -> str:
        answer = self.talk.answers[-1]
        return f"its answer ended with {answer.reason}" + (f" ({answer.detail})" if answer.detail else "")

    def _end(
        self,
        status: CodeStatus,
        *,
        outcome: EditOutcome = NOTHING,
        needs: tuple[Need, ...] = (),
        detail: str = "",
    ) -> CodeResult:
        return CodeResult(
            status=status,
            outcome=outcome,
            needs=needs,
            detail=detail,
            prompt=self.talk.prompt,
            answer="\n\n---\n\n".join(self.texts),
            turns=self.talk.turns,
            lookups=min(self.looked, self.limits.lookups),
            retries=self.retried,
            tier=self.talk.assignment.tier,
            model=self.talk.assignment.model,
        )
