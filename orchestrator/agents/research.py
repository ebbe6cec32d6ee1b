"""The researchers: notes for the architect, from the repository and from the web, side by side (P1, P2, P5)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from orchestrator.agents import markdown
from orchestrator.agents.asking import Ending, Talk, open_talk
from orchestrator.agents.brief import TaskBrief
from orchestrator.agents.lookups import Lookups
from orchestrator.agents.staff import Staff
from orchestrator.domain.call import ToolResult
from orchestrator.domain.task import Task
from orchestrator.ports import Desk

LOCAL, WEB = "local_researcher", "web_researcher"
LOCAL_TOKENS = 800
"""Of the context pack the local researcher begins with (P5): it looks the rest up."""
MAX_SHOWN = 8_000
"""Characters of look-up results it is shown, about 2,000 tokens: each turn sends them again, and all of its turns
together should stay within what the phase may use (R7: 10,000)."""
MAX_NOTES = 12
MAX_NOTE = 300
MAX_LIBRARIES = 40
"""Names of libraries the web's researcher is told."""
NO_LOOKUPS = "error: no look-ups are left; write the notes now"
_NOTHING = frozenset({"nothing", "none", "n/a"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Notes:
    """Notes; empty where the researcher brought none: a task goes on without."""

    role: str
    notes: str
    prompt: str = ""
    turns: int = 0
    model: str = ""


def begin_local(desk: Desk, staff: Staff, brief: TaskBrief, *, iteration: int = 1) -> Talk:
    """The local researcher's conversation, not yet begun."""
    variables = {"task": brief.task, "context": brief.context.strip()}
    return open_talk(desk, staff, LOCAL, task=brief.task.id, iteration=iteration, variables=variables)


def read_local(talk: Talk, lookups: Lookups, *, turns: int) -> Notes:
    """Ask for notes, with at most ``turns`` turns of look-ups; an answer that cannot be used is no notes."""
    left = MAX_SHOWN
    for turn in range(turns + 2):
        answer = talk.ask(lookups.specs)
        if talk.end() is not Ending.LOOKUP:
            break
        results = []
        for call in answer.tool_calls:
            allowed = turn < turns and left > 0
            found = lookups.answer(call).content if allowed else NO_LOOKUPS
            told = found if len(found) <= left or not allowed else f"{found[:left]}\n[cut: ask for less]"
            left -= len(found) if allowed else 0
            results.append(ToolResult(id=call.id, name=call.name, content=told))
        talk.tell(results)
    return _notes(talk)


def begin_web(
    desk: Desk,
    staff: Staff,
    task: Task,
    libraries: Sequence[str],
    *,
    searches: int,
    search_tokens: int,
    iteration: int = 1,
) -> Talk:
    """The web researcher's conversation, not yet begun: told the task's own words and names of libraries, no more.

    ``search_tokens``: what the results of one search are reckoned to bring at most.
    """
    asked = {"title": task.title, "description": task.description}
    variables = {"task": asked, "libraries": tuple(libraries)[:MAX_LIBRARIES]}
    talk = open_talk(desk, staff, WEB, task=task.id, iteration=iteration, variables=variables)
    talk.searches, talk.search_tokens = searches, searches * search_tokens
    return talk


def read_web(talk: Talk) -> Notes:
    """Ask for notes; an answer that cannot be used, or that says there is nothing, is no notes."""
    talk.ask()
    return _notes(talk)


def _notes(talk: Talk) -> Notes:
    items = markdown.items(markdown.clean(talk.text).split("\n")) if talk.end() is Ending.READ else []
    told = [item[:MAX_NOTE] for item in items if item.strip(" .").casefold() not in _NOTHING]
    return Notes(
        role=talk.assignment.role,
        notes="\n".join(f"- {item}" for item in told[:MAX_NOTES]),
        prompt=talk.prompt,
        turns=talk.turns,
        model=talk.assignment.model,
    )


def joined(parts: Sequence[Notes]) -> str:
    """What the architect is told: the repository's notes, then the web's."""
    heads = {LOCAL: "In the repository:", WEB: "On the web:"}
    return "\n".join(f"{heads[part.role]}\n{part.notes}" for part in parts if part.notes)
