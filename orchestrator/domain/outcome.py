"""How tasks and runs end."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from orchestrator.domain.call import Charge
from orchestrator.domain.failure import Category
from orchestrator.domain.task import Complexity, Phase


class TaskStatus(StrEnum):
    """How a task ended (contract, summary.json)."""

    DELIVERED = "delivered"
    NEEDS_HUMAN = "needs_human"
    FAILED = "failed"
    STOPPED = "stopped"
    """By a budget."""
    SKIPPED = "skipped"
    """A task it depends on was not delivered."""


class RunOutcome(StrEnum):
    """How a run ended."""

    DELIVERED = "delivered"
    """Every task delivered."""
    PARTLY = "partly"
    """Some task failed, was skipped, or waits for a human."""
    PAUSED = "paused"
    INTERRUPTED = "interrupted"
    RUNNING = "running"


class BudgetStatus(StrEnum):
    """Use against limit (B3): within to 100 %, warning to 150 %, exceeded beyond."""

    WITHIN = "within"
    WARNING = "warning"
    EXCEEDED = "exceeded"


@dataclass(frozen=True, slots=True, kw_only=True)
class PhaseUse:
    """One phase of a task against its limits."""

    phase: Phase
    tokens: int
    token_limit: int
    """0: no budget was in force."""
    seconds: float
    latency_limit_s: float
    status: BudgetStatus
    """The graver of the two below."""
    token_status: BudgetStatus = BudgetStatus.WITHIN
    latency_status: BudgetStatus = BudgetStatus.WITHIN
    """It warns, and never stops a task (B4)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class IterationNote:
    """One line of a task's history: an executor answer and its gate."""

    number: int
    tier: str
    passed: bool
    failed_check: str | None
    categories: Mapping[Category, int]
    move: str
    seconds: float
    headline: str = ""
    """The first failure in one line."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskOutcome:
    """A task's row of summary.json, and what the report needs beside it."""

    id: str
    title: str
    status: TaskStatus
    branch: str | None
    commit: str | None
    iterations: int
    iteration_limit: int
    complexity: Complexity
    failures: Mapping[Category, int]
    auto_fixed: int
    conflicts: int
    charge: Charge
    seconds: float
    budget_status: BudgetStatus
    reason: str = ""
    """Why it is not delivered, in a sentence."""
    next_step: str = ""
    """What the user can do about it: a command or a sentence."""
    adr_title: str | None = None
    adr_date: str | None = None
    redesigns: int = 0
    calls_architect: int = 0
    calls_executor: int = 0
    calls_reviewer: int = 0
    calls_helpers: int = 0
    """Of all other agents."""
    gate_seconds: float = 0.0
    gates: int = 0
    autofixed_iterations: int = 0
    """Iterations in which auto-fix changed something: each is one that no model was asked for (L7)."""
    healed: int = 0
    """Environment failures that passed by themselves."""
    suppressions: int = 0
    """Linter disable comments that auto-fix added (L5)."""
    phases: tuple[PhaseUse, ...] = ()
    history: tuple[IterationNote, ...] = ()
    files_changed: tuple[str, ...] = ()
    insertions: int = 0
    deletions: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class RunSummary:
    """All a report says, as values; ``reports`` turns it into text and nothing else."""

    run: str
    started_at: str
    """ISO 8601 with zone."""
    finished_at: str | None
    repo: str
    base: str
    """The pinned commit."""
    outcome: RunOutcome
    tasks: tuple[TaskOutcome, ...]
    charge: Charge
    seconds: float
    models: Mapping[str, str]
    """Role -> model id."""
    sandbox: str
    """``bwrap``, ``none``, or ``off (recorded answers)``."""
    models_mode: str = "live"
    calls: int = 0
    notes: tuple[str, ...] = ()
    """Said once in the report: warnings, drift, what was switched off."""
    checkout_before: str = ""
    """Fingerprint of the user's checkout (I1)."""
    checkout_after: str = ""
    replay_drift: tuple[str, ...] = ()
    registry_before: Mapping[str, int] = field(default_factory=dict)
    registry_after: Mapping[str, int] = field(default_factory=dict)
    state_dir: str = ""
    """The run's folder, as the user would type it."""
    waiting: tuple[str, ...] = ()
    """Ids of the tasks that have not ended yet, in the run's order."""
    reason: str = ""
    """Why the run is paused; empty where it is not."""
    hint: str = ""
    """The mend that goes with it."""
