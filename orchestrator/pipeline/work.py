"""One task under way: what is decided, tried and used so far."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from orchestrator.agents.brief import TaskBrief
from orchestrator.agents.findings import Finding
from orchestrator.agents.staff import Staff
from orchestrator.domain.adr import Adr
from orchestrator.domain.failure import Category
from orchestrator.domain.gate import GateReport
from orchestrator.domain.outcome import IterationNote, TaskStatus
from orchestrator.domain.task import Complexity, Phase, Task
from orchestrator.gate.baseline import Baseline
from orchestrator.gate.integrity import Protection
from orchestrator.gate.plan import GatePlan
from orchestrator.ledger.durable import write_whole
from orchestrator.pipeline.budget_desk import BudgetDesk
from orchestrator.pipeline.budget_rules import Rules
from orchestrator.pipeline.night import Night
from orchestrator.policy.budget import TaskBudget
from orchestrator.policy.crew import Crew
from orchestrator.policy.moves import Attempt, Limits, Used
from orchestrator.ports import EnvironmentInfo, Lane


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskEnd:
    """How a task ended, and what the user can do about it."""

    status: TaskStatus
    reason: str = ""
    next_step: str = ""


Step = Phase | TaskEnd

_NO_LIMITS = Limits(iterations=0, autofix_rounds=0, environment_retries=0, redesigns=0, top_tier=0)


@dataclass(slots=True, kw_only=True)
class Work:
    """The one mutable record of a task; phases fill it in their order."""

    night: Night
    lane: Lane
    task: Task
    base: str
    """The commit the branch starts from."""
    rules: Rules
    """The budgets it began with (B2)."""
    desk: BudgetDesk
    """The run's desk, under this task's budget."""
    crew: Crew
    """Who works on it, as predicted from the task."""
    hints: list[str]
    """What a human answered to earlier escalations and is not used yet, oldest first."""

    # discover
    base_tree: str = ""
    gate_plan: GatePlan = field(default_factory=lambda: GatePlan(checks=()))
    baseline: Baseline | None = None
    protection: Protection | None = None
    environment: EnvironmentInfo | None = None
    context: str = ""
    research: str = ""
    """The researchers' notes; empty: none joined."""
    # define
    complexity: Complexity = Complexity.MODERATE
    limits: Limits = _NO_LIMITS
    budget: TaskBudget | None = None
    # plan
    adr: Adr | None = None
    adrs: int = 0
    tested: int = 0
    """Number of the ADR that tests were written for, or were tried to be."""
    own_tests: dict[str, bytes] = field(default_factory=dict)
    """Tests of the test master by path, as they have to stay."""
    granted: set[str] = field(default_factory=set)
    """Paths outside the ADR that the executor asked for and got (decision 23)."""
    rethink: str = ""
    """Why the architect is asked again; empty: it is the first ADR."""
    # build
    tree: str = ""
    iteration: int = 0
    climb: int = 0
    feedback: str = ""
    report: GateReport | None = None
    attempts: list[Attempt] = field(default_factory=list)
    used: Used = field(default_factory=Used)
    notes: list[IterationNote] = field(default_factory=list)
    failures: Counter[Category] = field(default_factory=Counter)
    # counters of the report
    conflicts: int = 0
    send_backs: int = 0
    reviews: int = 0
    heard: dict[str, tuple[Finding, ...]] = field(default_factory=dict)
    """What the validators beside the reviewer found last, by role; who sent the change back is not there."""
    auto_fixed: int = 0
    suppressions: int = 0
    own_suppressions: Counter[str] = field(default_factory=Counter)
    """Suppression comments that auto-fix added, by what they silence: no fault of the executor's."""
    firm: set[str] = field(default_factory=set)
    """Tests that passed on the base a second time: what fails them is the branch."""
    flags: tuple[str, ...] = ()
    """What the review shall look at: weakened tests and their like, of the tree as it stands."""
    healed: int = 0
    gates: int = 0
    gate_seconds: float = 0.0
    commit: str | None = None

    @property
    def folder(self) -> Path:
        """The task's folder in the run's."""
        return self.night.task_folder(self.task.id)

    @property
    def staff(self) -> Staff:
        """The night's agents, beginning low on a simple task (P1)."""
        return self.night.staff.begin(low=self.complexity in self.night.settings.agents.start_low)

    @property
    def branch(self) -> str:
        """The task's branch."""
        return self.night.branch(self.task.id)

    def iteration_folder(self) -> Path:
        """``iterations/<n>`` of the current iteration, made if it is missing."""
        folder = self.folder / "iterations" / str(self.iteration)
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    @property
    def date(self) -> str:
        """ISO date of the task's start, from the journal: the same after a resume."""
        started = self.night.memory.first("task:started", task=self.task.id)
        return str(started["at"])[:10]

    def brief(self) -> TaskBrief:
        """What the agents are told of the task."""
        return TaskBrief(
            task=self.task,
            invariants=self.night.batch.invariants,
            context=self.context,
            date=self.date,
            research=self.research,
        )

    def tell(self, kind: str, /, *, sync: bool = False, **fields: Any) -> None:
        """Write a journal entry about this task."""
        self.night.journal.append(kind, sync=sync, task=self.task.id, **fields)

    def save(self, name: str, text: str) -> None:
        """Write an artefact into the task's folder, whole or not at all."""
        write_whole(self.folder / name, text.encode("utf-8", "backslashreplace"))
