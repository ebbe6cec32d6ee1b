"""Deliver: the architect's review, the commit, the certificate, the branch in the user's repository."""

from __future__ import annotations

import json
from dataclasses import asdict, replace

from orchestrator.agents import feedback, reviewer
from orchestrator.agents.reviewer import Finding, Review, Verdict
from orchestrator.domain.gate import GateReport
from orchestrator.domain.outcome import TaskStatus
from orchestrator.domain.task import Phase
from orchestrator.gate.baseline import baseline_key, baseline_of
from orchestrator.gate.certificate import Certified, certificate
from orchestrator.gate.record import save_baseline
from orchestrator.pipeline.escalate import escalate
from orchestrator.pipeline.publish import commit_and_publish, commit_message
from orchestrator.pipeline.tree_view import LaneView
from orchestrator.pipeline.work import Step, TaskEnd, Work

FLAGS_SHOWN = 12
"""Flagged places the review is shown; more are counted."""


def deliver(work: Work) -> Step:
    """Review what the gate passed; send it back once, or deliver it."""
    review = _review(work)
    if review.verdict is Verdict.UNDECIDED:
        return escalate(work, f"the review brought no verdict: {review.detail}")
    if review.verdict is Verdict.SEND_BACK:
        return _sent_back(work, review)
    work.commit, at = commit_and_publish(work, commit_message(work))
    _certify(work, at)
    return TaskEnd(status=TaskStatus.DELIVERED)


def _review(work: Work) -> Review:
    assert work.adr is not None  # noqa: S101 - plan comes before deliver
    assert work.report is not None  # noqa: S101 - build ended green
    work.reviews += 1
    review = reviewer.review(
        work.desk,
        work.night.staff,
        work.brief(),
        work.adr,
        work.lane.diff(work.base_tree, work.tree),
        _facts(work, work.report),
        work.reviews,
    )
    unanswered = _unanswered(work, review)
    review = replace(review, findings=(*review.findings, *map(_unanswered_finding, unanswered)))
    work.save(f"review-{work.reviews}.json", json.dumps(asdict(review), indent=1, default=str))
    work.tell(
        "review:finished",
        number=work.reviews,
        verdict=review.verdict.value,
        findings=len(review.findings),
        model=review.model,
        summary=review.summary,
        unanswered=list(unanswered),
    )
    return review


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


def _sent_back(work: Work, review: Review) -> Step:
    """The architect rejects what the gate passed: a conflict (L13), once back to the executor, then a human's."""
    work.conflicts += 1
    if work.send_backs >= work.night.settings.loop.review_send_backs:
        return escalate(work, f"the review rejects it a second time: {review.summary}")
    if work.iteration >= work.limits.iterations:
        return escalate(work, f"the review rejects it at the iteration limit: {review.summary}")
    work.send_backs += 1
    work.feedback = reviewer.send_back(review)
    return Phase.BUILD


def _certify(work: Work, at: str) -> None:
    """The certificate over exactly this tree; and this tree's gate result as the baseline of what builds on it."""
    assert work.report is not None  # noqa: S101 - build ended green
    assert work.commit is not None  # noqa: S101 - just made
    assert work.environment is not None  # noqa: S101 - discover comes first
    of = Certified(
        commit=work.commit,
        base=work.base,
        environment=work.environment.digest,
        sandbox=work.night.sandbox,
        at=work.night.instant(at),
    )
    shape = certificate(work.report, work.gate_plan, work.baseline, of)
    work.save("certificate.json", json.dumps(shape, indent=1))
    key = baseline_key(work.tree, work.gate_plan.digest, work.environment.digest)
    baseline = baseline_of(work.report, LaneView(work.lane, work.tree).text)
    save_baseline(work.night.baselines / f"{key}.json", baseline)
