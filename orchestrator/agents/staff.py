"""Who does a role: the agent's file, the user's overrides, and the tier it has climbed to (P1)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cache

from orchestrator.agents.catalog import AgentSpec, load_catalog
from orchestrator.domain.errors import UsageError
from orchestrator.domain.task import Phase, Task
from orchestrator.policy.complexity import grade
from orchestrator.policy.crew import may_join
from orchestrator.settings import Models, Provider, Role, Settings

TOP_TIER = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Assignment:
    """A role's provider and exact model for one call."""

    role: str
    phase: Phase
    provider: str
    model: str
    tier: int
    """The tier the model was taken from (after climbing); the agent's own where the user named the model."""
    effort: str | None
    max_output_tokens: int
    own_tokens: int = 0
    """Tokens that a coding command's own turns may take in one call."""


@dataclass(frozen=True, slots=True)
class Staff:
    """The agents and the models they may use."""

    catalog: Mapping[str, AgentSpec]
    models: Models
    low: bool = False
    """A simple task: agents begin on the ``low_tier`` of their files, where these name one."""
    asked: frozenset[str] | None = None
    """The roles that the run's tasks may ask; ``None``: all there are."""

    def begin(self, *, low: bool) -> Staff:
        """The same staff for one task; ``low``: it is a simple one."""
        return replace(self, low=low)

    @property
    def phases(self) -> frozenset[Phase]:
        """Phases that somebody who may be asked works in."""
        return frozenset(spec.phase for role, spec in self.catalog.items() if self.asked is None or role in self.asked)

    def spec(self, role: str) -> AgentSpec:
        """The agent of that role; ``UsageError`` where no prompt declares it."""
        if role not in self.catalog:
            known = ", ".join(sorted(self.catalog))
            raise UsageError(f"no agent has the role {role!r}", hint=f"roles there are: {known}", slug="unknown-role")
        return self.catalog[role]

    def assign(self, role: str, climb: int = 0) -> Assignment:
        """Provider, model, effort and output cap of a role, ``climb`` tiers above its first (as far as there are).

        A tier or a model that the user named stays where it is. ``UsageError`` where the provider or a model for the
        tier is not set.
        """
        spec = self.spec(role)
        override = self.models.roles.get(role, Role())
        if spec.answered_by and not (override.provider or override.tier or override.model):
            return replace(
                self.assign(spec.answered_by, climb),
                role=role,
                phase=spec.phase,
                effort=override.effort or spec.effort,
                max_output_tokens=override.max_output_tokens or spec.max_output_tokens,
            )
        name = override.provider or spec.provider
        provider = self.models.providers.get(name)
        if provider is None:
            hint = f"set models.providers.{name}, or models.roles.{role}.provider"
            raise UsageError(f"{role}: there is no provider {name!r}", hint=hint, slug="unknown-provider")
        own = override.tier or self._first_tier(spec)
        tier, model = (own, override.model) if override.model else _model(role, name, provider, own, climb)
        return Assignment(
            role=role,
            phase=spec.phase,
            provider=name,
            model=model,
            tier=tier,
            effort=override.effort or spec.effort,
            max_output_tokens=override.max_output_tokens or spec.max_output_tokens,
            own_tokens=provider.tokens_per_call,
        )

    def _first_tier(self, spec: AgentSpec) -> int:
        return spec.low_tier if self.low and spec.low_tier else spec.tier

    def top_climb(self, role: str) -> int:
        """How many climbs change the role's model; 0 where the user named it or the provider has no higher tier."""
        tiers = [self.assign(role, climb).tier for climb in range(TOP_TIER)]
        return tiers.index(max(tiers))

    def low_climbs(self, role: str) -> int:
        """How many climbs bring the role from where it begins to the tier its file names; 0: it begins there."""
        own = replace(self, low=False).assign(role).tier
        tiers = [self.assign(role, climb).tier for climb in range(TOP_TIER)]
        return next((climb for climb, tier in enumerate(tiers) if tier >= own), 0)

    def asked_at(self, provider: str) -> tuple[str, ...]:
        """The roles that may be asked and whose models are that provider's, in order."""
        asked = (role for role in self.catalog if self.asked is None or role in self.asked)
        return tuple(sorted(role for role in asked if self.assign(role).provider == provider))

    def models_by_provider(self) -> Mapping[str, tuple[str, ...]]:
        """Every model that may be asked, climbs included, by provider: what is checked before the first task."""
        found: dict[str, set[str]] = {}
        for role in self.catalog:
            if self.asked is not None and role not in self.asked:
                continue
            for staff in (self, self.begin(low=True)):
                for climb in range(TOP_TIER):
                    assignment = staff.assign(role, climb)
                    found.setdefault(assignment.provider, set()).add(assignment.model)
        return {provider: tuple(sorted(models)) for provider, models in sorted(found.items())}


def hired(settings: Settings, tasks: Iterable[Task]) -> Staff:
    """The shipped agents as those settings use them, and which of them these tasks may ask."""
    grades = [grade(task, settings.loop.complexity).complexity for task in tasks]
    return Staff(_shipped(), settings.models, asked=may_join(settings.agents, grades, web=settings.research.web))


@cache
def _shipped() -> Mapping[str, AgentSpec]:
    """The agents' files are read once a process: a start asks for them twice."""
    return load_catalog()


def _model(role: str, name: str, provider: Provider, own: int, climb: int) -> tuple[int, str]:
    """The tier that is ``climb`` above ``own`` among those the provider has, and its model."""
    tiers = sorted(tier for tier in provider.tiers if tier >= own) or sorted(provider.tiers)[-1:]
    if not tiers:
        hint = f'set models.providers.{name}.tiers: {{"{own}": MODEL-ID}}'
        raise UsageError(f"{role}: provider {name!r} has no model for tier {own}", hint=hint, slug="no-model")
    tier = tiers[min(climb, len(tiers) - 1)]
    return tier, provider.tiers[tier]
