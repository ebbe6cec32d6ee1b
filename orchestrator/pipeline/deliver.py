"""Deliver: the review and its helpers, the commit, the certificate, the branch in the user's repository."""

from __future__ import annotations

import json
from functools import partial

from orchestrator.agents import feedback, reviewer
from orchestrator.agents.issue_creator import ROLE as ISSUE_CREATOR
from orchestrator.agents.issue_creator import begin_issues, issues_markdown, read_issues
from orchestrator.agents.reviewer import Verdict
from orchestrator.agents.test_master import ROLE as TEST_MASTER
from orchestrator.domain.errors import PausedError
from orchestrator.domain.failure import Category
from orchestrator.domain.outcome import TaskStatus
from orchestrator.domain.task import Phase
from orchestrator.gate.baseline import baseline_key, baseline_of
from orchestrator.gate.certificate import Certified, certificate
from orchestrator.gate.record import save_baseline
from orchestrator.pipeline.crew import delivering_crew
from orchestrator.pipeline.escalate import escalate
from orchestrator.pipeline.gatehouse import gated, headline
from orchestrator.pipeline.publish import commit_and_publish, commit_message
from orchestrator.pipeline.side_by_side import Part, side_by_side
from orchestrator.pipeline.tests_first import write_tests
from orchestrator.pipeline.tree_view import LaneView
from orchestrator.pipeline.validating import Validated, serious_words, validate
from orchestrator.pipeline.work import Step, TaskEnd, Work
from orchestrator.policy.moves import MoveKind, climbs

LATE_PASSAGE = 9
"""The passage through the gate of tests written late, within its iteration: after any that fixes and retries take."""


def deliver(work: Work) -> Step:
    """Validate what the gate passed; send it back once, or deliver it."""
    crew = delivering_crew(work)
    if crew.has(TEST_MASTER) and not _tested_late(work):
        return _red_late(work)
    checked = validate(work, crew)
    review = checked.review
    if review.verdict is Verdict.UNDECIDED:
        return escalate(work, f"the review brought no verdict: {review.detail}")
    if review.verdict is Verdict.SEND_BACK or checked.serious:
        return _sent_back(work, checked)
    if checked.missing:
        return escalate(work, f"the security audit did not run: {checked.missing}")
    work.commit, at = commit_and_publish(work, commit_message(work))
    _certify(work, at)
    if crew.has(ISSUE_CREATOR):
        _draft_issues(work, checked)
    return TaskEnd(status=TaskStatus.DELIVERED)


def _tested_late(work: Work) -> bool:
    """Tests for a change that was taken for one that needs none (P4): the gate once more; whether it is green."""
    if work.tested or not write_tests(work):
        return True
    work.report = gated(work, LATE_PASSAGE)
    if work.report.category is Category.ENVIRONMENT:
        raise PausedError(
            f"{work.task.id}: the environment failed the gate of its late tests: {headline(work.report.failures)}",
            hint=f"mend it (logs in {work.iteration_folder()}), then: orchestrate resume {work.night.run}",
            slug="environment",
        )
    return work.report.passed


def _red_late(work: Work) -> Step:
    """The change does not hold what was asked: back to the executor, with the tests."""
    assert work.report is not None  # noqa: S101 - just gated
    if work.iteration >= work.limits.iterations:
        return escalate(work, f"tests written for the finished change fail: {headline(work.report.failures)}")
    work.climb += climbs(MoveKind.RETRY, work.climb, work.limits)
    work.feedback = feedback.tactical(work.report.failures)
    return Phase.BUILD


def _draft_issues(work: Work, checked: Validated) -> None:
    """Drafts of issues for what was found and did not send the change back; the task is delivered whatever comes."""
    if not checked.open:
        return
    talk = begin_issues(work.desk, work.staff, work.brief(), checked.open, iteration=work.reviews)
    drafts = side_by_side(work, [Part(talk=talk, run=partial(read_issues, talk))]).get(ISSUE_CREATOR, ())
    if drafts:
        work.save("issues.md", issues_markdown(drafts))
    work.tell("issues:drafted", count=len(drafts))


def _sent_back(work: Work, checked: Validated) -> Step:
    """What the gate passed goes back to the executor once, then to a human; by the review it is a conflict (L13)."""
    review, rejected = checked.review, checked.review.verdict is Verdict.SEND_BACK
    work.conflicts += rejected
    who = "the review rejects it" if rejected else "the validation finds it unsafe or wrong"
    why = review.summary if rejected else serious_words(checked.serious)
    if work.send_backs >= work.night.settings.loop.review_send_backs:
        return escalate(work, f"{who} a second time: {why}")
    if work.iteration >= work.limits.iterations:
        return escalate(work, f"{who} at the iteration limit: {why}")
    work.send_backs += 1
    work.climb += climbs(MoveKind.RETRY, work.climb, work.limits)
    for finding in checked.serious:
        work.heard.pop(finding.by, None)
    work.feedback = reviewer.send_back(review, serious_words(checked.serious))
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
