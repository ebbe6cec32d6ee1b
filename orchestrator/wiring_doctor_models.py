"""Providers rehearsed: keys, models, clock, limits; with ``--call`` one answer of a few tokens from each model."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from datetime import datetime

from orchestrator.adapters.models.heard import heard_from
from orchestrator.adapters.sandbox_probe import SandboxChoice
from orchestrator.adapters.shell import Surroundings
from orchestrator.adapters.workbench_command import Commands
from orchestrator.agents.staff import hired
from orchestrator.domain.call import CallKey, Deadlines, Message, Request, Speaker
from orchestrator.domain.errors import ModelError, ModelFault, UsageError
from orchestrator.domain.task import Phase
from orchestrator.intake import Project
from orchestrator.ports import Llm
from orchestrator.preflight import judge
from orchestrator.preflight.verdict import Finding, fine, note, stop
from orchestrator.settings import CallDeadlines, Provider
from orchestrator.wiring_models import check_prices, llms_of, prices_of

_TOKENS = 64
"""Output of a rehearsal's call: some models think before they speak, and refuse less."""
_REHEARSAL = "doctor"
"""The task that a rehearsal's calls are of."""
_ADDRESSES = {
    "anthropic": "https://api.anthropic.com",
    "google": "https://generativelanguage.googleapis.com",
    "openai": "https://api.openai.com/v1",
}


def providers(project: Project, sandbox: SandboxChoice, now: datetime, *, call: bool) -> Iterator[Finding]:
    """A few findings a provider that some role may ask; nothing is spent without ``call``."""
    settings = project.loaded.settings
    staff = hired(settings, project.batch.tasks)
    commands = Commands(sandbox=sandbox, limits=settings.gate, surroundings=Surroundings.here(project.batch.repo))
    llms = llms_of(staff, None, commands)
    try:
        for name, models in staff.models_by_provider().items():
            yield from _provider(name, models, llms[name], settings.models.providers[name])
            if call:
                with commands.nowhere(_REHEARSAL):
                    yield from _called(name, models, llms[name], settings.models.deadlines)
    finally:
        for llm in llms.values():
            llm.close()
    try:
        check_prices(staff, settings, prices_of(settings.models), now)
    except UsageError as error:
        yield stop("prices", error.message, error.hint, slug=error.slug)


def _provider(name: str, models: Sequence[str], llm: Llm, provider: Provider) -> Iterator[Finding]:
    """Key and models by the free list; what the answer said beside."""
    try:
        llm.check(models)
    except ModelError as error:
        weigh = note if error.transient or error.fault is ModelFault.UNKNOWN else stop
        yield weigh("models", error.message, error.hint, slug=error.slug)
    else:
        yield fine("models", f"{name}: {', '.join(models)}")
    variables = (os.environ[variable] for variable in provider.base_url_env if os.environ.get(variable))
    address = provider.base_url or next(variables, _ADDRESSES.get(provider.adapter, ""))
    heard = heard_from(address)
    for found in (judge.clock(name, heard.ahead_s), judge.quota(name, heard.left)):
        if found is not None:
            yield found


def _called(name: str, models: Sequence[str], llm: Llm, deadlines: CallDeadlines) -> Iterator[Finding]:
    """One short answer from each model: quota and billing show in nothing less."""
    for number, model in enumerate(models, 1):
        request = Request(
            key=CallKey(_REHEARSAL, Phase.DISCOVER, "doctor", number, 1),
            provider=name,
            model=model,
            system="Answer with one word.",
            messages=(Message(speaker=Speaker.USER, text="Say ready."),),
            max_output_tokens=_TOKENS,
        )
        limits = Deadlines(first_byte_s=deadlines.first_byte_s, idle_s=deadlines.idle_s, total_s=deadlines.total_s)
        try:
            answer = llm.ask(request, limits)
        except ModelError as error:
            yield stop("call", error.message, error.hint, slug=error.slug)
            continue
        used = f", {answer.usage.output_tokens} tokens" if answer.usage else ""
        yield fine("call", f"{model} answered in {answer.seconds:.1f} s{used}")
