"""The desk as one task sees it: its lines are looked at before each call, on actual use (B4, decision 14)."""

from __future__ import annotations

from collections.abc import Callable

from orchestrator.domain.call import Answer, Request
from orchestrator.domain.errors import OrchestrateError
from orchestrator.domain.task import Phase
from orchestrator.ledger.charges import charge_of
from orchestrator.ledger.journal import Journal
from orchestrator.ledger.purse import input_bound
from orchestrator.policy.budget import Stop, TaskBudget, stop_loss
from orchestrator.ports import Desk
from orchestrator.settings import Budgets


class BudgetStopError(OrchestrateError):
    """The task passed its budget line; it stops, the run goes on."""

    slug = "budget-stop"


def tokens_by_phase(journal: Journal, task: str) -> dict[Phase, int]:
    """Tokens charged to a task so far, by phase, of all sessions."""
    used: dict[Phase, int] = {}
    for entry in journal.entries:
        if entry["type"].startswith("call:") and entry.get("task") == task:
            phase = Phase(entry["phase"])
            used[phase] = used.get(phase, 0) + charge_of(entry).usage.total
    return used


class BudgetDesk:
    """Implements :class:`orchestrator.ports.Desk` for one task.

    ``budget`` is ``None`` until define has set it; nothing is stopped before. A line passed in observe mode is told
    once through ``observed`` and stops nothing.
    """

    def __init__(
        self, desk: Desk, *, journal: Journal, task: str, budgets: Budgets, observed: Callable[[Stop], None]
    ) -> None:
        self._desk = desk
        self._journal = journal
        self._task = task
        self._budgets = budgets
        self._observed = observed
        self._told = False
        self.budget: TaskBudget | None = None

    def ask(self, request: Request) -> Answer:
        """See :class:`orchestrator.ports.Desk`; ``BudgetStopError`` where the task is over its line already."""
        stop = self._stop(request)
        if stop is not None and stop.enforced:
            raise BudgetStopError(
                stop.why, hint="raise the task's budget in tasks.yaml, or split the task; then run it again"
            )
        if stop is not None and not self._told:
            self._told = True
            self._observed(stop)
        return self._desk.ask(request)

    def _stop(self, request: Request) -> Stop | None:
        if self.budget is None:
            return None
        worst = input_bound(request) + request.max_output_tokens
        return stop_loss(tokens_by_phase(self._journal, self._task), self.budget, self._budgets, worst)
