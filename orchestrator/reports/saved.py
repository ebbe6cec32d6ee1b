"""What a night cost and saved, as values."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentCost:
    """All calls of one agent on one model."""

    role: str
    model: str
    calls: int
    tokens: int
    cost_usd: Decimal | None
    deep_cost_usd: Decimal | None
    """The same tokens at the deepest model's price; ``None`` where a price is unknown, or was not kept."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskRoute:
    """The models that wrote one task's code, in the order they came in."""

    task: str
    models: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SkippedRow:
    """An agent that the type of a change made needless."""

    task: str
    agent: str
    why: str
    tokens: int
    """What its work is reckoned to take."""
    made_up: bool
    """The real change was of another type, and it worked on it after all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Savings:
    """The whole section."""

    deep_model: str
    """The architect's: what everything is held against."""
    agents: tuple[AgentCost, ...]
    routes: tuple[TaskRoute, ...]
    skipped: tuple[SkippedRow, ...]
    compared: int
    """Answers whose price is known on both sides."""
    cost_usd: Decimal
    """Of these answers."""
    deep_cost_usd: Decimal
    """The same tokens at the deepest model's price."""
    overlapped_s: float
    """Seconds of answers that came while another agent of the same task was answering."""

    @property
    def share(self) -> float | None:
        """Percent saved against the deepest model for everything; ``None`` where nothing can be compared."""
        if not self.deep_cost_usd:
            return None
        return float(100 * (self.deep_cost_usd - self.cost_usd) / self.deep_cost_usd)

    @property
    def skipped_tokens(self) -> int:
        """What skipping saved, reckoned."""
        return sum(row.tokens for row in self.skipped if not row.made_up)
