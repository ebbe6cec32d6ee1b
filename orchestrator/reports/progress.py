"""Where a run stands, as values: live view, status and watch all draw these records. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from types import MappingProxyType

from orchestrator.domain.outcome import RunOutcome, TaskStatus
from orchestrator.reports.absence import Absence

WAITING = "waiting"
RUNNING = "running"
DONE = frozenset(status.value for status in TaskStatus)
"""States of a task that will not move again in this session."""
QUIET_AFTER_S = 1_800.0
"""No event for so long while running means that nobody works on it: calls and checks have limits below that."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckNote:
    """One check of the last gate."""

    check: str
    passed: bool
    seconds: float
    note: str = ""
    of: str = ""
    """Folder and command: a monorepo has several checks of a kind."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskProgress:
    """Where one task stands."""

    id: str
    title: str = ""
    complexity: str = ""
    iteration_limit: int = 0
    state: str = WAITING
    """``waiting``, ``running``, or a :class:`~orchestrator.domain.outcome.TaskStatus` value."""
    phase: str = ""
    iteration: int = 0
    branch: str = ""
    tokens: int = 0
    cost_usd: Decimal = Decimal(0)
    """What is known of the cost."""
    unpriced: int = 0
    """Calls without a known price."""
    started_at: datetime | None = None
    seconds: float = 0.0
    """Set when the task has ended."""
    checks: tuple[CheckNote, ...] = ()
    """Of the gate that is running, or ran last."""
    headline: str = ""
    """The last gate's first failure, one line; empty after a green gate."""
    category: str = ""
    move: str = ""
    why: str = ""
    reason: str = ""
    auto_fixed: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """Where a run stands."""

    run: str = ""
    base: str = ""
    sandbox: str = ""
    models_mode: str = ""
    state_dir: str = ""
    """The run's folder, as the user would type it."""
    outcome: str = RunOutcome.RUNNING.value
    started_at: datetime | None = None
    last_at: datetime | None = None
    """Time of the last event."""
    session_at: datetime | None = None
    """When the present session began."""
    worked_s: float = 0.0
    """Seconds of the sessions before it, without the time between them."""
    sessions: int = 0
    tasks: Mapping[str, TaskProgress] = field(default_factory=lambda: MappingProxyType({}))
    """By id, in the run's order."""
    current: str | None = None
    """The task worked on (the last one heard of, with several lanes)."""
    doing: str = ""
    """What is under way, in words; empty between steps."""
    doing_since: datetime | None = None
    calls: int = 0
    """Answers received."""
    retries: int = 0
    away: Mapping[str, Absence] = field(default_factory=lambda: MappingProxyType({}))
    """Providers that are away, by name."""
    input_tokens: int = 0
    output_tokens: int = 0
    cost_usd: Decimal = Decimal(0)
    unpriced: int = 0
    setup_seconds: float = 0.0
    pause_reason: str = ""
    hint: str = ""
    notes: tuple[str, ...] = ()
    """The last of them."""
    seconds: float = 0.0
    """Set when the run has ended."""

    @property
    def tokens(self) -> int:
        """Input plus output of all calls."""
        return self.input_tokens + self.output_tokens

    @property
    def done(self) -> int:
        """Tasks that have ended."""
        return sum(task.state in DONE for task in self.tasks.values())

    @property
    def ended(self) -> bool:
        """Whether the run, or its session, is over."""
        return self.outcome != RunOutcome.RUNNING.value

    def quiet(self, now: datetime | None) -> bool:
        """Whether a run that should be working has not been heard of for longer than anything lasts."""
        if self.ended or now is None or self.last_at is None:
            return False
        heard = max((self.last_at, *(one.until for one in self.away.values() if one.until is not None)))
        return (now - heard).total_seconds() > QUIET_AFTER_S

    def elapsed(self, now: datetime | None) -> float:
        """Seconds worked, all sessions; up to the last event where it is over or quiet, or ``now`` is unknown."""
        until = self.last_at if self.ended or now is None or self.quiet(now) else now
        since = self.session_at or self.started_at
        if since is None or until is None:
            return self.worked_s
        return self.worked_s + max((until - since).total_seconds(), 0.0)


def moment(value: object) -> datetime | None:
    """The time an event names; ``None`` where it names none."""
    if not isinstance(value, str):
        return None
    try:
        at = datetime.fromisoformat(value)
    except ValueError:
        return None
    return at if at.tzinfo is not None else None
