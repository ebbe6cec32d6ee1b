"""The issue creator: drafts of issues for what a delivered change left open; filing them is its owner's."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from orchestrator.agents.asking import Ending, Talk, open_talk
from orchestrator.agents.brief import TaskBrief
from orchestrator.agents.findings import Finding, json_object, where
from orchestrator.agents.staff import Staff
from orchestrator.ports import Desk

ROLE = "issue_creator"
REASK = "Your answer could not be read. Answer again, with the JSON object alone."
MAX_ISSUES = 10
MAX_TITLE, MAX_BODY = 120, 2000


@dataclass(frozen=True, slots=True, kw_only=True)
class Issue:
    """One draft."""

    title: str
    body: str
    files: tuple[str, ...] = ()


def begin_issues(desk: Desk, staff: Staff, brief: TaskBrief, findings: Sequence[Finding], *, iteration: int) -> Talk:
    """The conversation, not yet begun."""
    listed = "\n".join(f"- {where(finding)}{finding.text}" for finding in findings)
    variables = {"task": brief.task, "findings": listed}
    return open_talk(desk, staff, ROLE, task=brief.task.id, iteration=iteration, variables=variables)


def read_issues(talk: Talk) -> tuple[Issue, ...]:
    """Ask for the drafts; one re-ask, a tier up, where they cannot be read; then none."""
    for last in (False, True):
        answer = talk.ask()
        data = json_object(answer.text) if talk.end() is Ending.READ else None
        if data is not None and isinstance(data.get("issues"), list):
            drafts = [_issue(item) for item in data["issues"][:MAX_ISSUES] if isinstance(item, Mapping)]
            return tuple(draft for draft in drafts if draft.title)
        if last or talk.end() in {Ending.REFUSED, Ending.TOO_LONG}:
            break
        talk.again(REASK)
    return ()


def issues_markdown(issues: Sequence[Issue]) -> str:
    """The text of issues.md."""
    parts = ["# Drafts of issues\n\nNothing was filed. Each is for you to take or leave."]
    for issue in issues:
        files = f"\n\nFiles: {', '.join(issue.files)}" if issue.files else ""
        parts.append(f"## {issue.title}\n\n{issue.body}{files}")
    return "\n\n".join(parts) + "\n"


def _issue(item: Mapping[str, Any]) -> Issue:
    listed = item.get("files")
    files = listed if isinstance(listed, list) else []
    return Issue(
        title=" ".join(str(item.get("title") or "").split()).lstrip("# ")[:MAX_TITLE],
        body=str(item.get("body") or "").strip()[:MAX_BODY],
        files=tuple(path for path in files if isinstance(path, str))[:MAX_ISSUES],
    )
