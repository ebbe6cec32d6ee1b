"""What may be used up, and what is expected: estimates, phase budgets, the registry, the run's caps."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from orchestrator.domain.task import Complexity, Importance, Phase
from orchestrator.settings.frozen import Frozen, Percent, Positive, Seconds


class Estimate(Frozen):
    """What ``orchestrate plan`` reckons with before a registry knows better."""

    low_iterations: Annotated[float, Field(gt=0, le=50, allow_inf_nan=False)] = 1
    """Iterations of a task that goes well."""
    likely_iterations: Annotated[float, Field(gt=0, le=50, allow_inf_nan=False)] = 1.5
    """L15: expected of a simple task."""
    iterations_a_limit: Annotated[float, Field(gt=0, le=50, allow_inf_nan=False)] = 2
    """Iterations that the build phase's limit holds (decision 32)."""
    gate_s: Seconds = 65
    """One passage through the gate, seconds (L11)."""
    flag_hours: Annotated[float, Field(gt=0, le=168, allow_inf_nan=False)] = 8
    """B12: a task expected to take longer is flagged with a proposed split."""
    output_share: dict[Phase, Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]] = Field(default={})
    """Share of a phase's tokens that the model writes, 0-1; 0.2 for a phase that is not named."""


class Budgets(Frozen):
    """B1-B4: config/phase_budgets.yaml."""

    enabled: bool = True
    """False: nothing is recorded against limits and nothing is stopped; the run's caps still hold."""
    base: Literal["configured", "registry"] = "configured"
    """``configured``: the bases below; ``registry``: the calibrated estimates, normalised."""
    tokens: dict[Phase, Annotated[int, Field(gt=0)]]
    """Base tokens a phase."""
    latency_s: dict[Phase, Seconds]
    """Base seconds a phase; passing them warns and never stops."""
    complexity: dict[Complexity, Positive]
    """Factor by complexity."""
    importance: dict[Importance, Positive]
    """Factor by importance."""
    weights: dict[Phase, Positive]
    """Factor by phase."""
    warning_ratio: Positive
    """Use above this share of the limit is ``exceeded``; between 1 and this it is ``warning``."""
    stop_task_ratio: Positive
    """Use above this share of the task's budget stops it."""
    stop_phase_ratio: Positive
    """Use above this share of a phase's limit stops the task."""
    mode: Literal["enforce", "observe"] = "enforce"
    """``observe`` records what it would have stopped, and stops nothing."""
    safety_multiplier: Positive = 1.5
    """R9: pause advice compares what is left of the usable budget with a phase's estimate times this."""
    critical_share_percent: Percent = 20
    """B9: above this share of critical tasks in a file, each of them must give its ``importance_reason``."""
    critical_share_from: int = Field(default=5, ge=1)
    """Tasks in a file from which on the share is looked at."""
    estimate: Estimate = Estimate()
    """What ``orchestrate plan`` reckons with."""

    @model_validator(mode="after")
    def _complete(self) -> Budgets:
        tables: tuple[tuple[str, Mapping[Any, object], type[StrEnum]], ...] = (
            ("tokens", self.tokens, Phase),
            ("latency_s", self.latency_s, Phase),
            ("weights", self.weights, Phase),
            ("complexity", self.complexity, Complexity),
            ("importance", self.importance, Importance),
        )
        for name, table, words in tables:
            missing = [word.value for word in words if word not in table]
            if missing:
                raise ValueError(f"{name} lacks {', '.join(missing)}")
        return self


class Registry(Frozen):
    """R3, R7: the calibration registry, ``performance-registry.json``."""

    window: int = Field(default=5, ge=1, le=1000)
    """Delivered tasks it keeps; the oldest leaves first."""
    path: str | None = None
    """A file shared with others; ``~`` is expanded, a relative path counts from the state folder; null: in it."""
    usable_run: int = Field(default=120_000, ge=1)
    """R5: where the file cannot be read, tokens of a task's window in ``run`` and ``resume`` (R9)."""
    usable_by_hand: int = Field(default=60_000, ge=1)
    """R5: ... and of a single task by hand (``--only``)."""

    def usable(self, *, by_hand: bool) -> int:
        """The usable budget without a registry, tokens."""
        return self.usable_by_hand if by_hand else self.usable_run


class Caps(Frozen):
    """The run's hard caps (I4), held by reservation before each call."""

    max_tokens: int | None = Field(default=None, gt=0)
    """Tokens of the whole run, input and output; null: no cap."""
    max_cost_usd: Decimal | None = Field(default=None, gt=0)
    """US dollars of the whole run; null: no cap. With a cap, a model without a price is refused."""
