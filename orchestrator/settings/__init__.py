"""Every setting: meaning, unit, default, bound. Frozen; the defaults themselves stand in ``config/``."""

from __future__ import annotations

from typing import Literal

from orchestrator.settings.agents import Agents, Research
from orchestrator.settings.frozen import Frozen
from orchestrator.settings.hiding import SecretPattern, Secrets
from orchestrator.settings.judging import Autofix, FailurePattern, Failures, GateLimits
from orchestrator.settings.looping import ComplexityScore, IterationLimits, Loop
from orchestrator.settings.notify import Notify
from orchestrator.settings.outages import Outages
from orchestrator.settings.providers import CallDeadlines, Models, Price, Provider, Retries, Role
from orchestrator.settings.spending import Budgets, Caps, Estimate, Registry

__all__ = [
    "Agents",
    "Autofix",
    "Budgets",
    "CallDeadlines",
    "Caps",
    "ComplexityScore",
    "Estimate",
    "FailurePattern",
    "Failures",
    "Frozen",
    "GateLimits",
    "IterationLimits",
    "Loop",
    "Models",
    "Notify",
    "Outages",
    "Price",
    "Provider",
    "Registry",
    "Research",
    "Retries",
    "Role",
    "SecretPattern",
    "Secrets",
    "Settings",
]


class Settings(Frozen):
    """Everything that can be set; ``orchestrate config show`` prints each value and where it came from."""

    models: Models
    """Providers, tiers, deadlines, retries, prices."""
    loop: Loop
    """The loop's limits."""
    agents: Agents = Agents()
    """Who joins architect, executor and reviewer, and who starts low."""
    research: Research = Research()
    """What the researchers may do."""
    gate: GateLimits
    """Limits of the gate's commands."""
    autofix: Autofix
    """What is fixed without a model."""
    failures: Failures = Failures()
    """Failures that this project knows better than the shipped tables."""
    budgets: Budgets
    """Phase budgets and stop-loss."""
    caps: Caps
    """The run's hard caps."""
    sandbox: Literal["auto", "bwrap", "none"] = "auto"
    """How gate commands are confined; ``none`` confines nothing and must be asked for."""
    secrets: Secrets = Secrets()
    """What is hidden from everything that is written or sent (B9)."""
    registry: Registry = Registry()
    """The calibration registry."""
    on_pause: Literal["advise", "pause"] = "advise"
    """R9: what the pause advice does."""
    readiness: Literal["advise", "refuse", "off"] = "advise"
    """What ``plan`` and ``run`` do about tasks that are not ready for a night: say so, refuse to start, or nothing."""
    notify: Notify = Notify()
    """Who is told when a run ends, pauses, or waits for a human."""
