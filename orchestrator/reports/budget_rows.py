"""The run's budgets, phase by phase over all its tasks, for the report. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from orchestrator.domain.outcome import BudgetStatus, TaskOutcome, TaskStatus
from orchestrator.domain.task import Phase
from orchestrator.domain.words import count
from orchestrator.reports.figures import percent


@dataclass(frozen=True, slots=True, kw_only=True)
class BudgetRow:
    """One phase of all tasks that had a budget."""

    phase: str
    tokens: int
    limit: int
    share: str
    """Of the limit, in percent."""
    over: int
    """Tasks above its token limit."""
    late: int
    """Tasks above its time limit."""


def budget_rows(tasks: Sequence[TaskOutcome]) -> tuple[BudgetRow, ...]:
    """A row a phase; empty where no budget was in force."""
    rows = []
    for phase in Phase:
        uses = [use for task in tasks for use in task.phases if use.phase is phase and use.token_limit]
        tokens, limit = sum(use.tokens for use in uses), sum(use.token_limit for use in uses)
        if uses:
            rows.append(
                BudgetRow(
                    phase=phase.value,
                    tokens=tokens,
                    limit=limit,
                    share=percent(tokens, limit),
                    over=sum(use.tokens > use.token_limit for use in uses),
                    late=sum(use.seconds > use.latency_limit_s > 0 for use in uses),
                )
            )
    return tuple(rows)


def budget_words(tasks: Sequence[TaskOutcome]) -> str:
    """``8 of 10 tasks within budget (over 90 % is the aim), 1 stopped``; empty without budgets."""
    own = [task for task in tasks if any(use.token_limit for use in task.phases)]
    if not own:
        return ""
    within = sum(task.budget_status is BudgetStatus.WITHIN for task in own)
    stopped = sum(task.status is TaskStatus.STOPPED for task in own)
    return f"{within} of {count(len(own), 'task')} within budget (the aim: over 90 %), {stopped} stopped (under 5 %)"
