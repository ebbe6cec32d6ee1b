"""What an agent is told of a task, and the tree it may look at."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from orchestrator.domain.task import Invariant, Task


class TreeView(Protocol):
    """One git tree, read-only: tracked files and nothing else."""

    def files(self) -> Sequence[str]:
        """Tracked paths, sorted."""

    def read(self, path: str) -> bytes | None:
        """A tracked file's bytes; ``None`` where it is not there, or is a link."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskBrief:
    """A task as the agents see it."""

    task: Task
    invariants: tuple[Invariant, ...] = ()
    context: str = ""
    """The context pack of discover (:mod:`orchestrator.agents.context`)."""
    date: str
    """ISO date for the ADR, from the journal: agents read no clock."""
    research: str = ""
    """A researcher's notes; empty: none joined."""
