"""The local researcher: notes on where a task's behaviour lives, for the architect (P1, P5)."""

from __future__ import annotations

from dataclasses import dataclass

from orchestrator.agents import markdown
from orchestrator.agents.asking import Ending, open_talk
from orchestrator.agents.brief import TaskBrief
from orchestrator.agents.lookups import Lookups
from orchestrator.agents.staff import Staff
from orchestrator.domain.call import ToolResult
from orchestrator.ports import Desk

ROLE = "local_researcher"
MAX_NOTES = 12
MAX_NOTE = 300
NO_LOOKUPS = "error: no look-ups are left; write the notes now"


@dataclass(frozen=True, slots=True, kw_only=True)
class Research:
    """Notes; empty where the researcher brought none: a task goes on without."""

    notes: str
    prompt: str = ""
    turns: int = 0
    model: str = ""


def research(
    desk: Desk, staff: Staff, brief: TaskBrief, lookups: Lookups, *, turns: int, iteration: int = 1
) -> Research:
    """Ask for notes, with at most ``turns`` turns of look-ups; an answer that cannot be used is no notes."""
    variables = {"task": brief.task, "context": brief.context.strip()}
    talk = open_talk(desk, staff, ROLE, task=brief.task.id, iteration=iteration, variables=variables)
    for turn in range(turns + 2):
        answer = talk.ask(lookups.specs)
        if talk.end() is not Ending.LOOKUP:
            break
        talk.tell(
            [
                lookups.answer(call) if turn < turns else ToolResult(id=call.id, name=call.name, content=NO_LOOKUPS)
                for call in answer.tool_calls
            ]
        )
    items = markdown.items(markdown.clean(talk.text).split("\n")) if talk.end() is Ending.READ else []
    notes = "\n".join(f"- {item[:MAX_NOTE]}" for item in items[:MAX_NOTES])
    return Research(notes=notes, prompt=talk.prompt, turns=talk.turns, model=talk.assignment.model)
