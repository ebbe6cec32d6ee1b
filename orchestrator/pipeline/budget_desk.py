"""The desk as one task sees it: its lines are looked at before each call, on actual use (B4, decision 14)."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from orchestrator.domain.call import Answer, Request
from orchestrator.domain.errors import OrchestrateError
from orchestrator.ledger.purse import input_bound
from orchestrator.ledger.spending import Spending
from orchestrator.logs import get_logger
from orchestrator.pipeline.budget_rules import Claims
from orchestrator.policy.budget import Stop, TaskBudget, stop_loss
from orchestrator.policy.budget_share import starves
from orchestrator.ports import Desk
from orchestrator.settings import Budgets, Caps


class BudgetStopError(OrchestrateError):
    """The task passed its budget line; it stops, the run goes on."""

    slug = "budget-stop"


class BudgetDesk:
    """Implements :class:`orchestrator.ports.Desk` for one task.

    ``budget`` is ``None`` until define has set it (and stays so with budgets off); nothing is stopped before. ``told``
    learns of each line that was passed, and of the worst case of the call that was refused: once in observe mode, where
    it stops nothing. ``others`` are the run's other
    tasks, which this one must leave their part of ``caps``. A fault in the reckoning goes to ``fault`` and stops
    nothing (B11).
    """

    def __init__(
        self,
        desk: Desk,
        *,
        spending: Spending,
        task: str,
        budgets: Budgets,
        caps: Caps,
        others: Claims,
        told: Callable[[Stop, int], None],
        fault: Callable[[Exception], None],
    ) -> None:
        self._desk = desk
        self._spending = spending
        self._task = task
        self._budgets = budgets
        self._caps = caps
        self._others = others
        self._tell = told
        self._fault = fault
        self._told = False
        self.budget: TaskBudget | None = None

    def ask(self, request: Request) -> Answer:
        """See :class:`orchestrator.ports.Desk`; ``BudgetStopError`` where the task is over its line already."""
        self._admit(request)
        return self._desk.ask(request)

    def hold(self, requests: Sequence[Request]) -> None:
        """See :class:`orchestrator.ports.Desk`; ``BudgetStopError`` where the task is over its line already."""
        for request in requests:
            self._admit(request)
        self._desk.hold(requests)

    def let_go(self, requests: Sequence[Request]) -> None:
        """See :class:`orchestrator.ports.Desk`."""
        self._desk.let_go(requests)

    def _admit(self, request: Request) -> None:
        worst = input_bound(request) + request.max_output_tokens
        stop = self._stop(worst)
        if stop is not None and (stop.enforced or not self._told):
            self._told = True
            self._tell(stop, worst)
        if stop is not None and stop.enforced:
            raise BudgetStopError(
                stop.why, hint="its remediation task has more room; or split the task, or say more in its acceptance"
            )

    def _stop(self, worst: int) -> Stop | None:
        if self.budget is None:
            return None
        try:
            return self._reckon(self.budget, worst)
        except Exception as error:  # noqa: BLE001 - a fault in tracking is said, and fails no task (B11)
            get_logger("orchestrator.budgets").exception("the budget could not be reckoned")
            self._fault(error)
            return None

    def _reckon(self, budget: TaskBudget, worst: int) -> Stop | None:
        use = self._spending.of(self._task)
        stop = stop_loss(use.by_phase(), budget, self._budgets, worst)
        if use.tokens > budget.tokens and (stop is None or not stop.enforced):
            stop = starves(*self._others(self._task), self._caps, worst) or stop
        return stop
