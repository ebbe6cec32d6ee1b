"""Providers of models become adapters here: keys and models checked, prices known, before the first task."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from pathlib import Path

from orchestrator.adapters.models.anthropic_llm import AnthropicLlm
from orchestrator.adapters.models.google_llm import GoogleLlm
from orchestrator.adapters.models.openai_llm import OpenAiLlm
from orchestrator.adapters.models.prices import PriceList
from orchestrator.adapters.models.replay import ReplayLlm
from orchestrator.adapters.repository import UserRepository
from orchestrator.adapters.sandbox_probe import SandboxChoice
from orchestrator.adapters.shell import Surroundings
from orchestrator.adapters.workbench_command import Commands
from orchestrator.agents.staff import Staff
from orchestrator.domain.call import Usage
from orchestrator.domain.errors import ModelError, ModelFault, NoModelListError, UsageError
from orchestrator.intake import Project
from orchestrator.policy.crew import CORE
from orchestrator.ports import Llm
from orchestrator.settings import Models, Provider, Settings

REPLAY = "replay:"
LIVE = "live"
_LISTED = ("anthropic", "google")
"""Adapters whose models the price list knows; a local server's are its owner's to price."""
_CLIS = {"claude-code": "anthropic", "codex": "openai"}
"""Coding commands that tell their tokens -> whose models they ask, as the price list calls it."""


def replay_of(models: str, *, strict: bool) -> ReplayLlm | None:
    """The recording that ``--models`` names; ``None`` for live models. ``UsageError`` for anything else."""
    if models == LIVE:
        return None
    if not models.startswith(REPLAY):
        raise UsageError(f"--models {models!r}: neither live nor replay:DIR", hint="--models replay:runs/RUN/calls")
    return ReplayLlm(Path(models.removeprefix(REPLAY)), strict=strict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """Who is asked in a run, and at what price."""

    staff: Staff
    commands: Commands
    llms: Mapping[str, Llm]
    """By provider."""
    prices: PriceList
    unchecked: tuple[str, ...]
    """What could not be looked at before the start, a sentence each."""


def asked_of(
    project: Project,
    staff: Staff,
    replay: ReplayLlm | None,
    sandbox: SandboxChoice,
    repository: UserRepository,
    at: datetime,
    stack: ExitStack,
) -> Asked:
    """The models of the agents that these tasks may ask; live ones are looked at, and their prices, before any is."""
    settings = project.loaded.settings
    around, excludes = Surroundings.here(repository.root), repository.user.excludes
    commands = Commands(sandbox=sandbox, limits=settings.gate, surroundings=around, excludes=excludes)
    llms = llms_of(staff, replay, commands)
    for llm in {id(llm): llm for llm in llms.values()}.values():
        stack.callback(llm.close)
    prices = prices_of(settings.models, settings.research.search_cost_usd)
    unchecked = check_models(staff, llms) if replay is None else ()
    if replay is None:
        check_prices(staff, settings, prices, at)
    return Asked(staff=staff, commands=commands, llms=llms, prices=prices, unchecked=unchecked)


def llms_of(staff: Staff, replay: ReplayLlm | None, commands: Commands) -> dict[str, Llm]:
    """An adapter for each provider that some role may ask."""
    used = staff.models_by_provider()
    if replay is not None:
        return dict.fromkeys(used, replay)
    return {name: _llm(name, staff.models.providers[name], commands) for name in used}


def _llm(name: str, provider: Provider, commands: Commands) -> Llm:
    key = next((os.environ[variable] for variable in provider.key_env if os.environ.get(variable)), None)
    from_env = next((os.environ[variable] for variable in provider.base_url_env if os.environ.get(variable)), None)
    base_url = provider.base_url or from_env
    if provider.adapter == "anthropic":
        return AnthropicLlm(api_key=key, base_url=base_url, provider=name, key_env=provider.key_env)
    if provider.adapter == "google":
        return GoogleLlm(api_key=key, base_url=base_url, provider=name, key_env=provider.key_env)
    if provider.adapter == "openai":
        return OpenAiLlm(api_key=key, base_url=base_url, provider=name, key_env=provider.key_env)
    return commands.llm(name, provider)


def check_models(staff: Staff, llms: Mapping[str, Llm]) -> tuple[str, ...]:
    """Keys and models, with all that is wrong in one error: keys are often missing in pairs.

    What could not be checked, since a provider gives no list of its models: said as the run begins.
    """
    faults: list[ModelError] = []
    unchecked: list[str] = []
    for name, models in staff.models_by_provider().items():
        try:
            llms[name].check(models)
        except NoModelListError as error:
            unchecked.append(error.message)
        except ModelError as error:
            faults.append(_of_helpers(error, staff.asked_at(name)))
    if not faults:
        return tuple(unchecked)
    if len(faults) == 1:
        raise faults[0]
    raise ModelError(
        "; ".join(fault.message for fault in faults),
        fault=ModelFault.AUTHENTICATION,
        provider=", ".join(fault.provider for fault in faults),
        hint="; ".join(dict.fromkeys(fault.hint for fault in faults if fault.hint)),
    )


def _of_helpers(error: ModelError, roles: Sequence[str]) -> ModelError:
    """The error, and how to do without: where only agents that may be left out are that provider's."""
    if error.fault is ModelFault.AUTHENTICATION and roles and not set(roles) & set(CORE):
        left_out = ", ".join(f"agents.join.{role}: never" for role in roles)
        error.hint = f"{error.hint}; or leave out whom it is for: {left_out}"
    return error


def prices_of(models: Models, per_search: Decimal = Decimal(0)) -> PriceList:
    """Dated list prices, the user's own before them, and what a command costs a call, a search beside its tokens."""
    per_call = {
        name: provider.cost_per_call
        for name, provider in models.providers.items()
        if provider.adapter == "command" and provider.cost_per_call is not None
    }
    listed: dict[str, str] = {
        name: provider.adapter for name, provider in models.providers.items() if provider.adapter in _LISTED
    }
    listed |= {name: _CLIS[one.output] for name, one in models.providers.items() if one.output in _CLIS}
    return PriceList(models.prices, per_call=per_call, per_search=per_search, listed=listed)


def check_prices(staff: Staff, settings: Settings, prices: PriceList, now: datetime) -> None:
    """Under a money cap every model that may be asked has a price (I4)."""
    if settings.caps.max_cost_usd is None:
        return
    one = Usage(input_tokens=1, output_tokens=1)
    for provider, models in staff.models_by_provider().items():
        for model in models:
            own = f"prices.{model}: {{input: USD, output: USD}}"
            known = prices.cost(provider=provider, model=model, usage=one, at=now) is not None
            if staff.models.providers[provider].adapter == "command":  # its usage may be unknown (decision 28)
                setting = staff.models.providers[provider]
                told = known and setting.output != "text" and setting.tokens_per_call > 0
                own, known = f"providers.{provider}.cost_per_call: USD", told or setting.cost_per_call is not None
            if not known:
                raise UsageError(
                    f"a money cap is set, but the price of {model} ({provider}) is not known",
                    hint=f"give it: models.{own}; or --max-cost none",
                    slug="unknown-price",
                )
