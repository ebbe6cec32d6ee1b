"""The loop's limits."""

from __future__ import annotations

from pydantic import Field, model_validator

from orchestrator.domain.task import Complexity
from orchestrator.settings.frozen import Frozen


class IterationLimits(Frozen):
    """L9: executor answers a task may have."""

    tiny: int = Field(ge=1, le=50)
    """A typo-class change."""
    simple: int = Field(ge=1, le=50)
    """Score 3 or less by default."""
    moderate: int = Field(ge=1, le=50)
    """Score 4 to 6 by default."""
    complex: int = Field(ge=1, le=50)
    """Score 7 or more by default."""

    def of(self, complexity: Complexity) -> int:
        """The limit of that complexity."""
        return int(getattr(self, complexity.value))


class ComplexityScore(Frozen):
    """L9: words and what they add to the score; bounds of the grades."""

    words: dict[str, int]
    """Word or phrase (any case, in title and description) -> points, each counted once."""
    simple_up_to: int = Field(ge=0)
    """Highest score of a simple task."""
    moderate_up_to: int = Field(ge=0)
    """Highest score of a moderate task; above it, complex. Not below ``simple_up_to``."""
    tiny_words: tuple[str, ...] = ("typo", "typos", "misspelling", "misspelled", "spelling mistake")
    """Words in the title that make a task tiny (a typo-class change) where its score is ``tiny_up_to`` or less."""
    tiny_up_to: int = Field(default=1, ge=0)
    """Highest score of a tiny task."""

    @model_validator(mode="after")
    def _in_order(self) -> ComplexityScore:
        if self.moderate_up_to < self.simple_up_to:
            raise ValueError(f"moderate_up_to {self.moderate_up_to} is below simple_up_to {self.simple_up_to}")
        return self


class Loop(Frozen):
    """The loop's limits."""

    iterations: IterationLimits
    """Executor answers a task may have, by complexity (L9)."""
    complexity: ComplexityScore
    """How complexity is scored (L9)."""
    autofix_rounds: int = Field(ge=0, le=10)
    """L7: rounds of fix and gate that use up no iteration."""
    lookups_per_iteration: int = Field(ge=0, le=100)
    """Look-up turns the executor may take before it must answer."""
    edit_retries: int = Field(ge=0, le=10)
    """Times an answer whose edits do not apply goes back inside the same iteration."""
    environment_retries: int = Field(ge=0, le=10)
    """L8: times a gate is run again for an environment failure before the run pauses."""
    environment_wait_s: float = Field(ge=0, le=3600, allow_inf_nan=False)
    """Seconds before such a retry."""
    review_send_backs: int = Field(ge=0, le=5)
    """Times the architect's review may send a green task back (L13)."""
    redesigns: int = Field(ge=0, le=5)
    """Times the architect may write a new ADR for a task."""
    lanes: int = Field(ge=1, le=64)
    """Tasks worked on at once (L14)."""
    keep_awake: bool = True
    """Keep the machine awake while models are asked, by systemd-inhibit or caffeinate where there is one."""
