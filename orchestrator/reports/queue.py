"""The ranked queue of delivered branches: each with what is needed to decide on it. Pure."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from orchestrator.domain.failure import Category
from orchestrator.domain.outcome import RunSummary, TaskOutcome, TaskStatus
from orchestrator.domain.task import Importance
from orchestrator.domain.words import count
from orchestrator.policy.review_queue import Branch, Place, review_queue
from orchestrator.reports.figures import money, percent, tokens, when
from orchestrator.reports.hunks import Hunk, hunks_of
from orchestrator.reports.inert import one_line
from orchestrator.reports.inputs import Finding, ReportInputs, TaskDetail
from orchestrator.reports.record_view import Kept, consequences, five_lines, invariants
from orchestrator.reports.todo import state_option
from orchestrator.reports.undone import findings_left, new_tests, test_ids, unnamed
from orchestrator.settings.budget_defaults import BUDGETS

WORTH: Mapping[Importance, float] = {
    Importance(name): factor for name, factor in BUDGETS["budgets"]["importance"].items()
}
"""B1's factors as shipped: a project that gives critical tasks another budget has not thereby changed their worth."""
LONGEST, MOST = 240, 8
"""Characters of a line, and lines of a list, in one row: a hundred rows stay readable (and the page below 2 MB)."""
_SHORT = 12
"""Digits of a commit or tree."""


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueRow:
    """One delivered branch, in its place."""

    number: int
    task: TaskOutcome
    why: str
    """Why it stands here, in a few words."""
    figures: str
    """The three figures of its place."""
    record: tuple[tuple[str, str], ...]
    """The ADR in at most five lines, each with its label."""
    kept: tuple[Kept, ...]
    undone: tuple[str, ...]
    """What was not done, a sentence each; empty: nothing is known of."""
    tests: str
    """Tests before and after."""
    fresh: tuple[str, ...]
    """Ids of the tests it brought."""
    cost: str
    """Cost and tokens against budget and estimate."""
    certificate: str
    show: str
    land: str
    undo: str


def queue_rows(summary: RunSummary, inputs: ReportInputs) -> tuple[QueueRow, ...]:
    """The delivered branches in the order to read them."""
    tasks = {task.id: task for task in summary.tasks if task.status is TaskStatus.DELIVERED and task.branch}
    hunks = {name: hunks_of(inputs.detail(name).diff) for name in tasks}
    branches = [_branch(task, inputs.detail(name), hunks[name], tasks) for name, task in tasks.items()]
    return tuple(
        _row(number, place, tasks[place.branch.id], inputs.detail(place.branch.id), hunks[place.branch.id], summary)
        for number, place in enumerate(review_queue(branches, WORTH), 1)
    )


def _branch(task: TaskOutcome, detail: TaskDetail, hunks: Sequence[Hunk], tasks: Mapping[str, TaskOutcome]) -> Branch:
    machine = [hunk for hunk in hunks if hunk.machine_written]
    flagged = sum(flag.startswith("weakened test") for flag in detail.flags)
    sent_back = sum(round_.verdict == "send_back" for round_ in detail.reviews)
    noted = detail.certificate
    return Branch(
        id=task.id,
        importance=detail.importance,
        added=max(task.insertions - sum(len(hunk.added) for hunk in machine), 0),
        removed=max(task.deletions - sum(len(hunk.removed) for hunk in machine), 0),
        files=len(task.files_changed),
        iterations=task.iterations,
        redesigns=task.redesigns,
        send_backs=max(sent_back, task.conflicts),
        invented=task.failures.get(Category.HALLUCINATION, 0),
        suppressions=task.suppressions + sum(flag.startswith("suppression") for flag in detail.flags),
        weakened=flagged,
        findings=len(findings_left(detail.reviews)),
        tests_measured=noted.measured if noted else True,
        coverage_known=_coverage(detail) is not None,
        after=tuple(name for name in detail.after if name in tasks),
    )


def _row(
    number: int, place: Place, task: TaskOutcome, detail: TaskDetail, hunks: Sequence[Hunk], summary: RunSummary
) -> QueueRow:
    ids = test_ids(detail.gate)
    name, where = shlex.quote(task.id), state_option(summary.state_dir)
    return QueueRow(
        number=number,
        task=task,
        why="; ".join(place.why),
        figures=f"value {place.value:g} x confidence {place.confidence:.2f} / {place.minutes:.1f} min",
        record=five_lines(detail.adr),
        kept=invariants(detail.adr, detail.answers, detail.gate)[:MOST],
        undone=_undone(detail, unnamed(detail.acceptance, ids, hunks)),
        tests=_tests(detail, len(ids)),
        fresh=new_tests(ids, hunks),
        cost=_cost(task, detail),
        certificate=_certificate(task, detail),
        show=f"git show {shlex.quote(task.branch or task.commit or '')}",
        land=f"orchestrate land {name} --run {shlex.quote(summary.run)}{where}",
        undo=f"orchestrate land --undo{where}",
    )


def _undone(detail: TaskDetail, missing: Sequence[str]) -> tuple[str, ...]:
    said = [f"the record's consequences: {text}"] if (text := consequences(detail.adr)) else []
    said += _some([f"remark left: {_remark(finding)}" for finding in findings_left(detail.reviews)], "remark")
    said += _some([f"no test names it: {one_line(item, limit=LONGEST)}" for item in missing], "item of the acceptance")
    return tuple(said)


def _some(lines: list[str], noun: str) -> list[str]:
    return lines if len(lines) <= MOST else [*lines[:MOST], f"and {count(len(lines) - MOST, f'more {noun}')}"]


def _remark(finding: Finding) -> str:
    place = f"{finding.file}:{finding.line}: " if finding.file and finding.line else ""
    return one_line(f"{place}{finding.text}", limit=LONGEST)


def _tests(detail: TaskDetail, ran: int) -> str:
    noted = detail.certificate
    if noted is None:
        return f"{count(ran, 'test')} ran" if ran else "not known"
    if not noted.measured or noted.tests_after is None:
        return "none: the repository has no test check"
    if noted.tests_before is None:
        return f"{noted.tests_after} ran; how many before is not known"
    return f"{noted.tests_before} before, {noted.tests_after} after ({noted.tests_after - noted.tests_before:+d})"


def _coverage(detail: TaskDetail) -> float | None:
    if detail.certificate is not None:
        return detail.certificate.coverage
    found = [one.coverage.percent for one in detail.gate.results if one.coverage] if detail.gate else []
    return min(found, default=None)


def _cost(task: TaskOutcome, detail: TaskDetail) -> str:
    used, limit = task.charge.usage.total, sum(use.token_limit for use in task.phases)
    said = [f"{money(task.charge.cost_usd)}, {tokens(used)} tokens"]
    if limit:
        said.append(f"{percent(used, limit)} of its budget of {tokens(limit)}")
    if detail.estimate_tokens:
        said.append(f"{percent(used, detail.estimate_tokens)} of the {tokens(detail.estimate_tokens)} expected")
    return "; ".join(said)


def _certificate(task: TaskOutcome, detail: TaskDetail) -> str:
    noted = detail.certificate
    if noted is None:
        return "none in the task's folder; a landing gates the merged tree anyway"
    if task.commit and noted.commit != task.commit:
        return f"of another commit, {one_line(noted.commit, limit=_SHORT)}: do not count on it"
    coverage = _coverage(detail)
    base = {True: "base green", False: "base red", None: "base not known"}[noted.base_green]
    covered = "coverage unknown" if coverage is None else f"coverage {coverage:.1f} %"
    run = "tests measured" if noted.measured else "tests: none"
    tree, sandbox = one_line(noted.tree[:_SHORT]), one_line(noted.sandbox, limit=40)
    return f"green on tree {tree}, {when(noted.at)}: {run}, {covered}, {base}, sandbox {sandbox}"
