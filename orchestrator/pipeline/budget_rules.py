"""The budgets in force: read again as each task begins (B2, decision 15); a task keeps those it began with."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from orchestrator.domain.errors import OrchestrateError, UsageError
from orchestrator.domain.task import Complexity, Task
from orchestrator.ledger.spending import TaskUse
from orchestrator.policy.budget import TaskBudget, task_budget
from orchestrator.policy.budget_share import Claim
from orchestrator.policy.complexity import grade
from orchestrator.settings import Budgets
from orchestrator.settings.load import Loaded

if TYPE_CHECKING:
    from orchestrator.pipeline.night import Night

NOT_RECKONED = "budgets could not be reckoned, and stop nothing"
"""How the one note about a fault in tracking begins (B11)."""
Claims = Callable[[str], tuple[Claim, tuple[Claim, ...]]]
"""A task's own claim on the run's caps, and the others'."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """Budgets, and what names them on every record."""

    budgets: Budgets
    digest: str
    """SHA-256 of them, hex."""


def rules_of(loaded: Loaded) -> Rules:
    """The budgets of those settings."""
    return Rules(budgets=loaded.settings.budgets, digest=loaded.budget_digest)


class BudgetRules:
    """Reads the budgets again; lanes share one."""

    def __init__(self, first: Rules, reload: Callable[[], Loaded]) -> None:
        self._rules = first
        self._reload = reload
        self._fault = ""
        self._lock = threading.Lock()

    def read(self, say: Callable[[str], object]) -> Rules:
        """The budgets as their files say now.

        Files that are broken in mid-run change nothing: the last good ones hold, and ``say`` is told, once a fault.
        """
        with self._lock:
            try:
                now = rules_of(self._reload())
            except (OrchestrateError, OSError) as error:
                what = "; ".join(error.faults if isinstance(error, UsageError) else ()) or str(error)
                if what != self._fault:
                    say(f"the changed budgets cannot be read, so the last good ones hold: {what}")
                self._fault = what
                return self._rules
            self._fault = ""
            if now.digest != self._rules.digest:
                say(f"budgets changed, from {self._rules.digest[:12]} to {now.digest[:12]}: they hold from here on")
                self._rules = now
            return self._rules


def claims(night: Night, rules: Rules) -> Claims:
    """What each task of the run may want of its caps, reckoned when it is asked for."""

    def of(task: str) -> tuple[Claim, tuple[Claim, ...]]:
        used = night.memory.spending.all()
        every = {one.id: _claim(night, rules, one, used.get(one.id, TaskUse())) for one in night.batch.tasks}
        own = every.pop(task)
        return own, tuple(every.values())

    return of


def _claim(night: Night, rules: Rules, task: Task, use: TaskUse) -> Claim:
    budget = budget_of(night, rules, task, grade(task, night.settings.loop.complexity).complexity)
    return Claim(budget=budget.tokens, used=use.tokens, cost_usd=use.cost_usd, ended=use.ended)


def budget_of(night: Night, rules: Rules, task: Task, complexity: Complexity) -> TaskBudget:
    """The limits of a task under those budgets; learnt bases are the run's own, frozen at its start (R4b)."""
    bases = night.estimates.bases if rules.budgets.base == "registry" else None
    return task_budget(complexity, task.importance, task.budget, rules.budgets, bases)
