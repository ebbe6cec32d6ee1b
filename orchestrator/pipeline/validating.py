"""Validation of a green change: the review, the security audit and the look at the documentation, side by side (P3).

The review decides; a serious finding of the auditor, or of the doc master in a file the change touches, sends it back
as well, once. Without the audit, where one is asked for, nothing is delivered (decision 16).
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import PurePosixPath

from orchestrator.agents import feedback
from orchestrator.agents.asking import Talk
from orchestrator.agents.audit import DOCUMENTATION, SECURITY, Audit, begin_audit, read_audit
from orchestrator.agents.context import file_texts
from orchestrator.agents.findings import SERIOUS, Finding, held_against, merged, where
from orchestrator.agents.reviewer import ROLE, Review, Verdict, begin_review, read_review
from orchestrator.domain.gate import GateReport
from orchestrator.pipeline.side_by_side import Part, side_by_side
from orchestrator.pipeline.tree_view import LaneView
from orchestrator.pipeline.work import Work
from orchestrator.policy.crew import Crew

FLAGS_SHOWN = 12
"""Flagged places the review is shown; more are counted."""
DOCUMENTS_SHOWN = 3
DOCUMENTS_TOKENS = 1500
"""Tokens of documentation the doc master is shown beside the diff; P5 gives it 400 of context, a diff of its own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Validated:
    """What the validators said, merged."""

    review: Review
    """Its findings are those of all, in the agents' order."""
    serious: tuple[Finding, ...] = ()
    """Findings of the others that send the change back."""
    missing: str = ""
    """Why a required validator did not run; empty: all did."""

    @property
    def open(self) -> tuple[Finding, ...]:
        """What is left where the change is delivered all the same."""
        return self.review.findings


def validate(work: Work, crew: Crew) -> Validated:
    """Ask the crew's validators about the work's tree; journaled, each with its findings."""
    assert work.report is not None  # noqa: S101 - build ended green
    work.reviews += 1
    diff = work.lane.diff(work.base_tree, work.tree)
    brought = side_by_side(work, _parts(work, crew, diff, work.report))
    view = LaneView(work.lane, work.tree)
    audits = [
        replace(one, findings=held_against(one.findings, partial(_lines, view)))
        for one in brought.values()
        if isinstance(one, Audit)
    ]
    review = next(one for one in brought.values() if isinstance(one, Review))
    for audit in audits:
        _keep_audit(work, audit)
    unanswered = _unanswered(work, review)
    own = (*review.findings, *map(_unanswered_finding, unanswered))
    whole = replace(review, findings=merged([own, *(work.heard.get(role, ()) for role in (SECURITY, DOCUMENTATION))]))
    serious = tuple(finding for audit in audits for finding in audit.findings if _sends_back(work, finding))
    missing = next((one.detail for one in audits if one.role == SECURITY and not one.ran), "")
    _keep_review(work, whole, unanswered, serious)
    return Validated(review=whole, serious=serious, missing=missing)


def _parts(work: Work, crew: Crew, diff: str, report: GateReport) -> list[Part[Review | Audit]]:
    """Those that are asked, in their order; the doc master once a task, unless what it found sent the change back."""
    assert work.adr is not None  # noqa: S101 - plan comes before deliver
    desk, staff, brief = work.desk, work.staff, work.brief()
    talk = begin_review(desk, staff, brief, work.adr, diff, _facts(work, report), work.reviews)
    parts: list[Part[Review | Audit]] = [Part(talk=talk, run=partial(read_review, talk), required=True)]
    for role in (SECURITY, DOCUMENTATION):
        if not crew.has(role) or (role == DOCUMENTATION and role in work.heard):
            continue
        documents = _documents(work) if role == DOCUMENTATION else ""
        audit = begin_audit(desk, staff, role, brief, work.adr, diff, documents=documents, iteration=work.reviews)
        parts.append(_audit_part(audit, required=role == SECURITY))
    return parts


def _audit_part(talk: Talk, *, required: bool) -> Part[Review | Audit]:
    return Part(talk=talk, run=partial(read_audit, talk), required=required)


def _sends_back(work: Work, finding: Finding) -> bool:
    """The auditor's word always; the doc master's once, and where the executor can mend it: in a file of the change."""
    if finding.severity != SERIOUS:
        return False
    if finding.by == SECURITY:
        return True
    changed = {change.path for change in work.lane.changes(work.base_tree, work.tree)}
    return work.send_backs == 0 and finding.file in changed


def _documents(work: Work) -> str:
    """The documentation that names what the change touches, in spans where it is long."""
    view = LaneView(work.lane, work.tree)
    changes = work.lane.changes(work.base_tree, work.tree)
    names = {PurePosixPath(change.path).stem for change in changes} - {"__init__", "index", "main"}
    changed = {change.path for change in changes}
    found = []
    for path in view.files():
        if path.lower().endswith((".md", ".rst")) and path not in changed and (text := view.text(path)):
            hits = sum(name in text for name in names)
            if hits:
                found.append((-hits, path.count("/"), path))
    shown = [path for _, _, path in sorted(found)[:DOCUMENTS_SHOWN]]
    return file_texts(view, shown, f"{work.task.title} {' '.join(sorted(names))}", DOCUMENTS_TOKENS) if shown else ""


def _lines(view: LaneView, path: str) -> int | None:
    content = view.read(path)
    return None if content is None else content.count(b"\n") + 1


def _keep_audit(work: Work, audit: Audit) -> None:
    work.heard[audit.role] = audit.findings
    work.save(f"audit-{audit.role}-{work.reviews}.json", json.dumps(asdict(audit), indent=1, default=str))
    work.tell(
        "audit:finished",
        role=audit.role,
        number=work.reviews,
        ran=audit.ran,
        findings=len(audit.findings),
        serious=sum(finding.severity == SERIOUS for finding in audit.findings),
        model=audit.model,
        summary=audit.summary,
        detail=audit.detail,
    )


def _keep_review(work: Work, review: Review, unanswered: Sequence[str], serious: Sequence[Finding]) -> None:
    work.save(f"review-{work.reviews}.json", json.dumps(asdict(review), indent=1, default=str))
    verdict = Verdict.SEND_BACK if serious and review.verdict is Verdict.ACCEPT else review.verdict
    work.tell(
        "review:finished",
        number=work.reviews,
        role=ROLE,
        verdict=verdict.value,
        findings=len(review.findings),
        model=review.model,
        summary=review.summary,
        unanswered=list(unanswered),
        flags=list(work.flags[:FLAGS_SHOWN]),
        serious=len(serious),
    )


def serious_words(serious: Sequence[Finding]) -> str:
    """What sends the change back beside the review, for the executor."""
    return "\n".join(f"- {finding.by.replace('_', ' ')}: {where(finding)}{finding.text}" for finding in serious)


def _unanswered(work: Work, review: Review) -> tuple[str, ...]:
    """Invariants that no check holds and that the review does not answer for by id."""
    if review.verdict is Verdict.UNDECIDED:
        return ()
    answered = {name.casefold() for name in review.invariants}
    asked = (invariant for invariant in work.night.batch.invariants if not invariant.check)
    return tuple(invariant.id for invariant in asked if invariant.id.casefold() not in answered)


def _unanswered_finding(invariant: str) -> Finding:
    return Finding(text=f"the review does not say whether the invariant {invariant} is kept, and no check holds it")


def _facts(work: Work, report: GateReport) -> str:
    """What the gate showed, and what it flagged for this review (decision 20)."""
    flags = [f"- judge this, the checks cannot: {flag}" for flag in work.flags[:FLAGS_SHOWN]]
    more = len(work.flags) - FLAGS_SHOWN
    return "\n".join((feedback.gate_facts(report), *flags, *([f"- and {more} more of these"] if more > 0 else [])))
