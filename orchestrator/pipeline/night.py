"""What all tasks of a run share."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from orchestrator.agents.staff import Staff
from orchestrator.domain.task import Batch
from orchestrator.gate.baseline import Baseline
from orchestrator.gate.plan import GatePlan
from orchestrator.gate.toolchains import Toolchains
from orchestrator.ledger.breaker import Breaker
from orchestrator.ledger.journal import Journal
from orchestrator.ledger.memory import Memory
from orchestrator.ledger.registry import Registry
from orchestrator.pipeline.budget_rules import BudgetRules
from orchestrator.policy.calibration import Estimates
from orchestrator.ports import Clock, Desk, EnvironmentInfo, Lane, Repository
from orchestrator.settings import Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """What is known of a base once it has been looked at."""

    environment: EnvironmentInfo
    plan: GatePlan
    baseline: Baseline


def _nobody(_task: str, _lane: Lane) -> None:
    """Nobody wants to know."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Night:
    """One run: what it works on, what it may use, where it remembers."""

    run: str
    """Name of the run, and of its folder."""
    folder: Path
    batch: Batch
    base: str
    """The pinned commit all tasks without dependencies start from."""
    settings: Settings
    journal: Journal
    memory: Memory
    budgets: BudgetRules
    """Read again as each task begins; ``settings.budgets`` are those of the run's start."""
    desk: Desk
    breaker: Breaker
    """Which providers are away."""
    staff: Staff
    clock: Clock
    repository: Repository
    toolchains: Toolchains
    baselines: Path
    """Gate results of bases, kept between runs."""
    sandbox: str
    """As the report names it."""
    recorded: Callable[[str, str], bool] | None = None
    """In a replay: whether it holds an answer of that role for that task; ``None``: models are asked live."""
    halt: Callable[[], None] = lambda: None
    """End every wait, model call and command of all lanes: the run stops."""
    opened: Callable[[str, Lane], None] = _nobody
    """Told of each task and the lane it is worked on before the task begins: coding commands work on a copy of it."""
    registry: Registry | None = None
    """Taught by delivered tasks (R4); ``None``: nothing is learnt."""
    estimates: Estimates = field(default_factory=Estimates)
    """What was known as the run began (R4b)."""
    prepared: dict[str, Prepared] = field(default_factory=dict)
    """Gate plans and baselines by base tree and lane, so that tasks on one base share them."""

    def instant(self, at: str) -> datetime:
        """A journal entry's time: what commits are dated by, so that a resume makes the same ones."""
        return datetime.fromisoformat(at)

    def say_once(self, begins: str, rest: str) -> None:
        """A note whose first words no other note of the run has yet (R5, B11)."""
        if not any(str(note.get("text", "")).startswith(begins) for note in self.memory.all("note")):
            self.journal.append("note", text=f"{begins}: {rest}")

    def task_folder(self, task: str) -> Path:
        """Where a task's artefacts are written."""
        return self.folder / "tasks" / task

    def branch(self, task: str) -> str:
        """The task's branch, without ``refs/heads/``."""
        return f"orchestrate/{self.run}/{task}"
