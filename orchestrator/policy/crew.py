"""Which agents work on a task (P1, P4): architect, executor and reviewer always, the others by rule."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from orchestrator.domain.change import ChangeType
from orchestrator.domain.task import Complexity
from orchestrator.settings.agents import Agents

CORE = ("architect", "executor", "reviewer")
HELPERS = ("local_researcher", "web_researcher", "test_master", "security_auditor", "doc_master", "issue_creator")
"""In the order in which they are asked, reserved for and merged (decision 16)."""
AUDITOR = "security_auditor"
NEVER = "never"
_ORDER = tuple(Complexity)


@dataclass(frozen=True, slots=True, kw_only=True)
class Skipped:
    """An agent that does not work on a task."""

    agent: str
    why: str
    by_type: bool
    """It would have, but for the type of the change (P4): what that saved is told."""
    tokens: int = 0
    """What its work is reckoned to take; 0 unless skipped by type."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Crew:
    """Who works on a task."""

    change: ChangeType
    agents: tuple[str, ...] = CORE
    skipped: tuple[Skipped, ...] = ()

    def has(self, agent: str) -> bool:
        """Whether it works on the task."""
        return agent in self.agents


def crew_of(
    complexity: Complexity,
    change: ChangeType,
    skipped_for: Mapping[str, Collection[ChangeType]],
    settings: Agents,
    *,
    cannot: Mapping[str, str],
    sensitive: bool = False,
    usual: Mapping[str, int] | None = None,
) -> Crew:
    """The crew of a task of that complexity and type.

    ``skipped_for``: the types an agent's file skips it for. ``cannot``: why an agent has nothing to work with here.
    ``sensitive``: the change touches a path that is audited whatever the complexity. ``usual``: measured tokens of an
    agent's work; the configured ones where there are none.
    """
    agents, skipped = [*CORE], []
    for agent in HELPERS:
        joins = settings.join.get(agent, NEVER)
        anyway = sensitive and agent == AUDITOR and joins != NEVER
        if not anyway and (joins == NEVER or _ORDER.index(complexity) < _ORDER.index(Complexity(joins))):
            why = "off" if joins == NEVER else f"joins {joins} tasks"
            skipped.append(Skipped(agent=agent, why=why, by_type=False))
        elif agent in cannot:
            skipped.append(Skipped(agent=agent, why=cannot[agent], by_type=False))
        elif change in skipped_for.get(agent, ()):
            tokens = (usual or {}).get(agent) or settings.usual_tokens.get(agent, 0)
            why = f"not needed for a change of type {change.value}"
            skipped.append(Skipped(agent=agent, why=why, by_type=True, tokens=tokens))
        else:
            agents.append(agent)
    return Crew(change=change, agents=tuple(agents), skipped=tuple(skipped))


def may_join(settings: Agents, complexities: Collection[Complexity], *, web: bool) -> frozenset[str]:
    """Agents that some task of those complexities may ask: whose models are checked before the first task."""
    highest = max((_ORDER.index(one) for one in complexities), default=-1)
    joined = {
        agent
        for agent in HELPERS
        if (joins := settings.join.get(agent, NEVER)) != NEVER
        and (_ORDER.index(Complexity(joins)) <= highest or (agent == AUDITOR and settings.sensitive))
        and (web or agent != "web_researcher")
    }
    return frozenset({*CORE, *joined})
