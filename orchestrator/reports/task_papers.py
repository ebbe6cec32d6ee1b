"""A task's own papers: delivery report, review, escalation, budget report. Pure; markdown, inert (I15)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from orchestrator.domain.failure import CheckKind
from orchestrator.domain.gate import CheckResult, GateReport
from orchestrator.domain.outcome import BudgetStatus, PhaseUse, TaskOutcome, TaskStatus
from orchestrator.domain.words import count
from orchestrator.policy.budget import SET_BY_TASK
from orchestrator.reports.figures import duration, tokens
from orchestrator.reports.inputs import CallNote, LimitTerms, ReviewRound, TaskDetail
from orchestrator.reports.remediation import room
from orchestrator.reports.report import STATUS_WORDS, failure_words, registry_rows
from orchestrator.reports.templates import render
from orchestrator.reports.todo import hint_command, land_command, next_step

SPENDERS_SHOWN = 5
_NONE: Mapping[str, int] = MappingProxyType({})


@dataclass(frozen=True, slots=True, kw_only=True)
class GateRow:
    """One check of a gate, in words."""

    check: str
    command: str
    path: str
    verdict: str
    """``green`` or ``red``."""
    took: str
    proof: str
    """Tests and coverage it showed, or why there is none."""


def delivery_report_markdown(
    outcome: TaskOutcome,
    detail: TaskDetail,
    *,
    run: str,
    base: str = "",
    registry_before: Mapping[str, int] = _NONE,
    registry_after: Mapping[str, int] = _NONE,
) -> str:
    """The text of delivery_report.md, with the estimates before and after (R8)."""
    return render(
        "delivery.md.j2",
        run=run,
        base=base,
        task=outcome,
        detail=detail,
        words=STATUS_WORDS,
        failures=failure_words(outcome.failures),
        gate=gate_rows(detail.gate) if detail.gate else (),
        registry=registry_rows(registry_before, registry_after),
        land=land_command(outcome.id),
        failure_words=failure_words,
    )


def review_markdown(task: str, title: str, rounds: Sequence[ReviewRound]) -> str:
    """The text of review.md: each review with its verdict and findings."""
    return render("review.md.j2", task=task, title=title, rounds=tuple(rounds))


def escalation_markdown(outcome: TaskOutcome, detail: TaskDetail, *, run: str, state_dir: str = "") -> str:
    """The text of escalation.md (L12). ``state_dir`` is the run's folder, as the user would type it."""
    return render(
        "escalation.md.j2",
        run=run,
        task=outcome,
        detail=detail,
        next_step=next_step(outcome),
        command=hint_command(run, outcome.id, state_dir),
        failures=failure_words(outcome.failures),
        failure_words=failure_words,
    )


def budget_report_markdown(outcome: TaskOutcome, detail: TaskDetail) -> str:
    """The text of budget_report.md (B7): use by phase, how each limit came about, what spent the most, what to do."""
    used = sum(use.tokens for use in outcome.phases)
    limit = sum(use.token_limit for use in outcome.phases)
    return render(
        "budget.md.j2",
        task=outcome,
        detail=detail,
        used=used,
        limit=limit,
        rows=[(use, _percent(use)) for use in outcome.phases if use.token_limit],
        breaches=[_breach(use, detail.calls) for use in outcome.phases if use.tokens > use.token_limit > 0],
        late=[use for use in outcome.phases if use.seconds > use.latency_limit_s > 0],
        spenders=sorted(detail.calls, key=lambda call: -call.tokens)[:SPENDERS_SHOWN],
        steps=_budget_steps(outcome, detail.limits),
    )


def gate_rows(report: GateReport) -> tuple[GateRow, ...]:
    """A gate's checks as rows, in the order they ran."""
    return tuple(_gate_row(result) for result in report.results)


def _gate_row(result: CheckResult) -> GateRow:
    proof = []
    if result.tests:
        proof.append(f"{result.tests.passed} passed, {result.tests.failed} failed, {result.tests.skipped} skipped")
    if result.coverage and not (result.kind is CheckKind.COVERAGE and result.note):
        proof.append(f"{result.coverage.percent:.1f} % of lines covered ({result.coverage.source})")
    if result.note:
        proof.append(result.note)
    if result.timed_out:
        proof.append("ended by its time limit")
    return GateRow(
        check=result.kind.value,
        command=result.command,
        path=result.path,
        verdict="green" if result.passed else "red",
        took=duration(result.seconds),
        proof="; ".join(proof) or f"exit {result.exit_code}",
    )


def _percent(use: PhaseUse) -> str:
    return f"{100 * use.tokens / use.token_limit:.0f} %" if use.token_limit else "no limit"


def _breach(use: PhaseUse, calls: Sequence[CallNote]) -> dict[str, Any]:
    """One phase above its limit, and what spent there."""
    own = [call for call in calls if call.phase == use.phase.value]
    by_role = Counter[str]()
    for call in own:
        by_role[call.role] += call.tokens
    parts = [f"{role} {tokens(spent)}" for role, spent in by_role.most_common()]
    rounds = max((call.iteration for call in own), default=0)
    return {
        "use": use,
        "over": tokens(max(use.tokens - use.token_limit, 0)),
        "spent": ", ".join(parts) or "no call was recorded",
        "rounds": f"{count(len(own), 'call')} in {count(rounds, 'round')}" if own else "",
    }


def _budget_steps(outcome: TaskOutcome, limits: Sequence[LimitTerms]) -> tuple[str, ...]:
    """What to do about it; plain advice from the figures."""
    if not any(use.token_limit for use in outcome.phases):
        return ("Nothing: no budget was in force. `budgets.enabled: true` keeps one.",)
    over = [use for use in outcome.phases if use.tokens > use.token_limit]
    if not over:
        return ("Nothing: every phase stayed within its limit.",)
    fixed = {terms.phase for terms in limits if terms.how == SET_BY_TASK}
    more = room(outcome)
    steps = []
    if outcome.status is TaskStatus.STOPPED:
        steps.append("Run it again as it stands in the run's remediation.yaml, with room for twice what it used.")
    for use in over:
        name = use.phase.value
        where = "" if name in fixed else f", or budgets.tokens.{name} in orchestrate.yaml for all tasks"
        steps.append(
            f"{name}: if its {use.tokens:,} tokens were well spent, raise the task's own budget "
            f"(budget: {{{name}: {more[name]}}}){where}"
        )
    if outcome.iterations >= 2:  # noqa: PLR2004 - the budget's bases hold two iterations (decision 32)
        steps.append("The iterations are what cost: say more in description and acceptance, or split the task.")
    if not any(use.token_status is BudgetStatus.EXCEEDED or use.status is BudgetStatus.EXCEEDED for use in over):
        steps.append(
            "A warning only: nothing was stopped. Several in a row for one phase mean that its base is too low "
            "(`orchestrate budget show` proposes one)."
        )
    return tuple(steps)
