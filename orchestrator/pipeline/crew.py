"""Who works on a task: chosen as it opens, held against the real diff before it is delivered (P1, P4)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from orchestrator.agents.research import WEB
from orchestrator.domain.change import ChangeType
from orchestrator.domain.task import Complexity, Task
from orchestrator.gate.patterns import matches_any
from orchestrator.ledger.usual import usual_tokens
from orchestrator.pipeline.night import Night
from orchestrator.pipeline.work import Work
from orchestrator.policy.change_type import of_changes, predicted
from orchestrator.policy.crew import HELPERS, Crew, Skipped, crew_of

CHOSEN = "crew:chosen"
_SEARCHING = frozenset({"anthropic", "google"})
"""Adapters whose providers have a search tool of their own."""


def opening_crew(night: Night, task: Task, complexity: Complexity) -> Crew:
    """The crew as it was chosen when the task first opened; a task of an older journal keeps the three it had."""
    known = night.memory.last(CHOSEN, task=task.id, when="opened")
    if known is not None:
        return _from_entry(known)
    change = predicted(task, complexity)
    if night.memory.last("task:started", task=task.id) is not None:
        return Crew(change=change)
    crew = _crew(night, task, complexity, change)
    _tell(night, task, crew, "opened")
    return crew


def delivering_crew(work: Work) -> Crew:
    """The crew that the real change asks for; journaled, once a tree."""
    night, task = work.night, work.task
    known = night.memory.last(CHOSEN, task=task.id, when="built", tree=work.tree)
    if known is not None:
        return _from_entry(known)
    if night.memory.last(CHOSEN, task=task.id, when="opened") is None:
        return work.crew
    changes = work.lane.changes(work.base_tree, work.tree)
    sensitive = any(matches_any(change.path.lower(), night.settings.agents.sensitive) for change in changes)
    crew = _crew(night, task, work.complexity, of_changes(changes), sensitive=sensitive)
    _tell(night, task, crew, "built", tree=work.tree)
    return crew


def _crew(night: Night, task: Task, complexity: Complexity, change: ChangeType, *, sensitive: bool = False) -> Crew:
    skipped_for = {role: spec.skipped_for for role, spec in night.staff.catalog.items()}
    return crew_of(
        complexity,
        change,
        skipped_for,
        night.settings.agents,
        cannot=_cannot(night, task),
        sensitive=sensitive,
        usual=usual_tokens(night.memory.all("call:answer")),
    )


def _cannot(night: Night, task: Task) -> Mapping[str, str]:
    """Why an agent has nothing to work with: in a replay, no recorded answer."""
    found = {}
    if not night.settings.research.web:
        found[WEB] = "research.web is off"
    elif night.staff.models.providers[night.staff.assign(WEB).provider].adapter not in _SEARCHING:
        found[WEB] = "its provider has no search tool"
    if not task.acceptance:
        found["test_master"] = "the task has no acceptance criteria"
    if night.recorded is not None:
        found |= {role: "the recording has no answer of it" for role in HELPERS if not night.recorded(task.id, role)}
    return found


def _tell(night: Night, task: Task, crew: Crew, when: str, **fields: Any) -> None:
    skipped = [
        {"agent": one.agent, "why": one.why, "by_type": one.by_type, "tokens": one.tokens} for one in crew.skipped
    ]
    night.journal.append(
        CHOSEN,
        task=task.id,
        when=when,
        change_type=crew.change.value,
        agents=list(crew.agents),
        skipped=skipped,
        **fields,
    )


def _from_entry(entry: Mapping[str, Any]) -> Crew:
    return Crew(
        change=ChangeType(entry["change_type"]),
        agents=tuple(entry["agents"]),
        skipped=tuple(
            Skipped(agent=one["agent"], why=one["why"], by_type=one["by_type"], tokens=one["tokens"])
            for one in entry["skipped"]
        ),
    )
