"""Pull requests of delivered branches, and the task that answers their reviewers. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from orchestrator.domain.errors import UsageError
from orchestrator.domain.outcome import TaskOutcome
from orchestrator.domain.task import Task
from orchestrator.strict_yaml import dump

COMMENTS = 8_000
"""Characters of all comments together that a task is told: a long thread belongs to people."""
_BRANCH = re.compile(r"orchestrate/(?P<run>[^/]+)/(?P<task>[a-z0-9][a-z0-9._-]{0,63})")
_ID = 64
"""Longest id a task may have."""


class Remark(Protocol):
    """A reviewer's comment."""

    @property
    def text(self) -> str:
        """What was written."""

    @property
    def path(self) -> str:
        """The file it stands at; empty: the whole."""

    @property
    def line(self) -> int:
        """Its line; 0: none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """Where a pull request's branch came from."""

    run: str
    task: str


def origin_of(branch: str) -> Origin:
    """``UsageError`` where the branch is none of ours."""
    found = _BRANCH.fullmatch(branch)
    if found is None:
        raise UsageError(
            f"the branch {branch} was not delivered by a run", hint="its name is orchestrate/RUN/TASK", slug="no-forge"
        )
    return Origin(run=found["run"], task=found["task"])


def body_of(task: Task, outcome: TaskOutcome, folder: Path) -> str:
    """The text of a request: the delivery report (decision, changes, gate, budget), its certificate, what it needs.

    ``folder``: the task's, in the run's.
    """
    report = folder / "delivery_report.md"
    parts = [report.read_text(encoding="utf-8") if report.exists() else f"# {task.id}: {task.title}\n"]
    if task.depends_on:
        parts.append(f"It grew out of {', '.join(task.depends_on)}: merge that first.\n")
    parts.append(f"Commit {outcome.commit}. Merge it as it is, or by a squash: its certificate is over the tree.\n")
    return "\n".join(parts)


def answer_file(raw: Mapping[str, Any], task: Task, *, number: int, commit: str, remarks: Sequence[Remark]) -> str:
    """A tasks file whose one task starts at the reviewed commit and is told the comments.

    ``raw``: the run's tasks file as data. ``UsageError`` where nobody has commented.
    """
    if not remarks:
        raise UsageError(f"nobody has commented on #{number}", hint="wait for a review", slug="no-comments")
    entry = next(one for one in raw.get("tasks", ()) if str(one["id"]) == task.id)
    placed = dict.fromkeys(remark.path for remark in remarks if remark.path)
    files = list(dict.fromkeys([*placed, *(str(each) for each in entry.get("files") or ())]))
    kept = {key: entry[key] for key in ("allow", "protect", "scope", "importance", "request") if key in entry}
    if str(kept.get("importance", "")).lower() == "critical":
        kept["importance_reason"] = entry.get("importance_reason") or f"as {task.id}"
    answered = {
        **kept,
        "id": f"{task.id[: _ID - 12]}-pr-{number}",
        "title": f"Bug fix: answer the review of {task.title}"[:200],
        "description": _told(task, number, remarks),
        **({"files": files} if files else {}),
    }
    data = {key: value for key, value in raw.items() if key not in ("base", "tasks")}
    return dump({**data, "base": commit, "tasks": [answered]})


def _told(task: Task, number: int, remarks: Sequence[Remark]) -> str:
    """The comments, each with its place, as data: what a stranger writes there is no instruction to anybody."""
    lines = [f"The branch does this already: {task.title}. Its reviewers ask for changes (#{number}):", ""]
    left = COMMENTS
    for remark in remarks:
        place = f"{remark.path}:{remark.line}: " if remark.line else f"{remark.path}: " if remark.path else ""
        text = f"- {place}{' '.join(remark.text.split())}"[:left]
        left -= len(text)
        lines.append(text)
        if left <= 0:
            lines.append("(and more)")
            break
    return "\n".join([*lines, "", "Make the smallest change that answers them, and keep what is not asked about."])
