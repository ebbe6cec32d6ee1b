"""Inputs of the task papers: a gate, reviews, limits and calls as a night leaves them."""

from __future__ import annotations

from dataclasses import replace

from orchestrator.domain.failure import CheckKind
from orchestrator.domain.gate import CheckResult, Coverage, GateReport, TestEvidence
from orchestrator.domain.outcome import TaskOutcome
from orchestrator.reports.inputs import CallNote, Finding, LimitTerms, ReviewRound, TaskDetail
from orchestrator.reports.rebuild import summary_of
from tests.reports.night import details, night


def outcome(name: str) -> TaskOutcome:
    """That task's end in the made-up night."""
    return next(task for task in summary_of(night()).tasks if task.id == name)


def detail(name: str) -> TaskDetail:
    """Its texts, with everything a task's papers show."""
    return replace(
        details()[name],
        gate=GateReport(
            tree="7" * 40,
            results=(
                CheckResult(
                    kind=CheckKind.LINT, command="ruff check .", tool="ruff", exit_code=0, seconds=0.4, passed=True
                ),
                CheckResult(
                    kind=CheckKind.TEST,
                    command="pytest -q | tee log",
                    path="packages/api",
                    tool="pytest",
                    exit_code=0,
                    seconds=12.0,
                    passed=True,
                    tests=TestEvidence(ran=41, passed=40, failed=0, skipped=1, source="junit"),
                    coverage=Coverage(percent=91.25, source="coverage.py json"),
                ),
            ),
            failures=(),
            notes=("one test was skipped on the base as well",),
        ),
        reviews=(
            ReviewRound(
                role="architect",
                model="claude-opus-4-9",
                verdict="send_back",
                findings=(Finding(text="the rate is never rounded", severity="blocking", file="src/rate.py", line=12),),
                seconds=14.0,
            ),
            ReviewRound(role="architect", model="claude-opus-4-9", verdict="accept", text="Rounded now.", seconds=9.5),
        ),
        limits=(
            LimitTerms(phase="plan", limit=18_000, how="4000 x 1.5 x 2.0 x 1.5"),
            LimitTerms(phase="build", limit=16_000, how="set by the task"),
        ),
        calls=(
            CallNote(phase="plan", role="architect", model="claude-opus-4-9", iteration=1, tokens=6_200, seconds=30),
            CallNote(phase="build", role="executor", model="gemini-3-pro", iteration=1, tokens=21_000, seconds=21),
            CallNote(
                phase="build",
                role="executor",
                model="gemini-3-pro",
                iteration=2,
                tokens=21_000,
                seconds=21,
                estimated=True,
            ),
        ),
        hints=("use the decimal module",),
    )
