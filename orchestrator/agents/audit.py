"""The security auditor and the doc master: findings on a finished change, beside the review (P3)."""

from __future__ import annotations

from dataclasses import dataclass

from orchestrator.agents.asking import Ending, Talk, open_talk
from orchestrator.agents.brief import TaskBrief
from orchestrator.agents.findings import Finding, read_findings
from orchestrator.agents.reviewer import shorten
from orchestrator.agents.staff import Staff
from orchestrator.domain.adr import Adr
from orchestrator.ports import Desk

SECURITY, DOCUMENTATION = "security_auditor", "doc_master"
REASK = "Your answer could not be read. Answer again, with the JSON object alone."


@dataclass(frozen=True, slots=True, kw_only=True)
class Audit:
    """What one of them brought."""

    role: str
    ran: bool
    """False: it declined, or its answers could not be read; ``detail`` says which."""
    findings: tuple[Finding, ...] = ()
    summary: str = ""
    detail: str = ""
    text: str = ""
    prompt: str = ""
    turns: int = 0
    model: str = ""


def begin_audit(
    desk: Desk, staff: Staff, role: str, brief: TaskBrief, adr: Adr, diff: str, *, documents: str = "", iteration: int
) -> Talk:
    """The conversation, not yet begun; ``documents``: what the project's documentation says near the change."""
    variables = {
        "task": brief.task,
        "adr": adr.text.strip(),
        "diff": shorten(diff).strip(),
        "documents": documents.strip(),
    }
    return open_talk(desk, staff, role, task=brief.task.id, iteration=iteration, variables=variables)


def read_audit(talk: Talk) -> Audit:
    """Ask for the findings; one re-ask, a tier up, where they cannot be read."""
    role = talk.assignment.role
    detail = ""
    for last in (False, True):
        answer = talk.ask()
        end = talk.end()
        found = read_findings(answer.text, role) if end is Ending.READ else None
        if found is not None:
            return _audit(talk, ran=True, summary=found[0], findings=found[1])
        detail = f"its answer ended with {answer.reason}" + (f" ({answer.detail})" if answer.detail else "")
        detail = "its findings could not be read" if end is Ending.READ else detail
        if end in {Ending.REFUSED, Ending.TOO_LONG}:
            break
        if not last:
            talk.again(REASK)
    return _audit(talk, ran=False, detail=detail)


def _audit(talk: Talk, *, ran: bool, summary: str = "", findings: tuple[Finding, ...] = (), detail: str = "") -> Audit:
    return Audit(
        role=talk.assignment.role,
        ran=ran,
        findings=findings,
        summary=summary,
        detail=detail,
        text=talk.text,
        prompt=talk.prompt,
        turns=talk.turns,
        model=talk.assignment.model,
    )
