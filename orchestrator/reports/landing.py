"""The report's word on landing: what merges together, in what order, what does not, and the exact commands. Pure."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from orchestrator.domain.outcome import RunSummary
from orchestrator.reports.todo import state_option

ENTRY = "landing:planned"
"""The journal's entry that holds the plan: trial merges of the delivered branches, made as the run ended."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LandingRow:
    """A branch that merges, in its place."""

    number: int
    task: str
    branch: str
    command: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LandingView:
    """What the report shows."""

    head: str
    """The commit the branches were tried on."""
    rows: tuple[LandingRow, ...]
    left_out: tuple[str, ...]
    """A sentence each."""
    clashes: tuple[str, ...]
    """The conflict matrix: a pair and its paths a sentence."""
    commands: tuple[str, ...]
    """Look, land, take back."""


def landing_view(summary: RunSummary, entries: Sequence[Mapping[str, Any]]) -> LandingView | None:
    """The newest plan in the journal; ``None`` where there is none, or nothing was delivered."""
    entry = next((entry for entry in reversed(entries) if entry.get("type") == ENTRY), None)
    if entry is None or not (entry["order"] or entry["left_out"]):
        return None
    where = f" --run {shlex.quote(summary.run)}{state_option(summary.state_dir)}"
    branches = {task.id: task.branch or "" for task in summary.tasks}
    rows = tuple(
        LandingRow(
            number=number,
            task=task,
            branch=branches.get(task, ""),
            command=f"orchestrate land {shlex.quote(task)}{where}",
        )
        for number, task in enumerate(entry["order"], 1)
    )
    named = "--all" if not entry["left_out"] else shlex.join(entry["order"])
    land = (f"orchestrate land {named}{where}",) if rows else ()
    return LandingView(
        head=str(entry["head"]),
        rows=rows,
        left_out=tuple(f"{one['task']}: {one['why']}{_in(one['paths'])}" for one in entry["left_out"]),
        clashes=tuple(f"{' and '.join(one['tasks'])}{_in(one['paths'])}" for one in entry["clashes"]),
        commands=(
            f"orchestrate land --plan --gate --all{where}",
            *land,
            f"orchestrate land --undo{state_option(summary.state_dir)}",
        ),
    )


def _in(paths: Sequence[str]) -> str:
    shown = ", ".join(paths[:5]) + (f" and {len(paths) - 5} more" if len(paths) > 5 else "")  # noqa: PLR2004 - a line
    return f" in {shown}" if paths else ""
