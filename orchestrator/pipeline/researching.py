"""Research before the architect: the repository and the web, side by side (P2)."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from orchestrator.agents.context import build_context
from orchestrator.agents.lookups import Lookups
from orchestrator.agents.research import (
    LOCAL,
    LOCAL_TOKENS,
    WEB,
    Notes,
    begin_local,
    begin_web,
    joined,
    read_local,
    read_web,
)
from orchestrator.pipeline.libraries import libraries
from orchestrator.pipeline.side_by_side import Part, side_by_side
from orchestrator.pipeline.tree_view import LaneView
from orchestrator.pipeline.work import Work


def research(work: Work, view: LaneView) -> str:
    """The researchers' notes for the architect; empty where none joined or none brought any."""
    settings = work.night.settings.research
    parts: list[Part[Notes]] = []
    if work.crew.has(LOCAL):
        brief = replace(work.brief(), context=build_context(view, work.task, LOCAL_TOKENS).text)
        talk, lookups = begin_local(work.desk, work.staff, brief), Lookups(view)
        local = partial(read_local, talk, lookups, turns=settings.lookups)
        parts.append(Part(talk=talk, run=local, tools=lookups.specs))
    if work.crew.has(WEB):
        names = libraries(view.text)
        searching = begin_web(
            work.desk,
            work.staff,
            work.task,
            names,
            searches=settings.searches,
            search_tokens=settings.search_tokens,
        )
        parts.append(Part(talk=searching, run=partial(read_web, searching)))
    if not parts:
        return ""
    found = side_by_side(work, parts)
    notes = joined(tuple(found.values()))
    work.tell(
        "research:finished",
        agents=[role for role, brought in found.items() if brought.notes],
        turns={role: brought.turns for role, brought in found.items()},
    )
    if notes:
        work.save("research.md", notes + "\n")
    return notes
