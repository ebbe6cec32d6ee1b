"""Providers of models: who is asked, with which key, how long, at what price."""

from __future__ import annotations

from decimal import Decimal
from typing import Literal

from pydantic import Field

from orchestrator.settings.frozen import Frozen, Seconds
from orchestrator.settings.outages import Outages


class Provider(Frozen):
    """One provider of models."""

    adapter: Literal["anthropic", "google", "openai", "command"]
    """Which program speaks to it: an SDK, the OpenAI protocol, or a command of the system."""
    key_env: tuple[str, ...] = ()
    """Environment variables that may hold the key, first hit wins; empty: no key is needed."""
    base_url: str | None = None
    """Overrides the SDK's default and its own variable; an ``http(s)://`` address."""
    base_url_env: tuple[str, ...] = ()
    """The SDK's own variables, read where ``base_url`` is unset."""
    command: str | None = None
    """``command`` only: a shell line; the prompt is on its standard input, the tree is its working folder, the tier's
    model in ``$ORCHESTRATE_MODEL``."""
    pass_env: tuple[str, ...] = ()
    """``command`` only: environment variables it may see (its own keys)."""
    config_dirs: tuple[str, ...] = ()
    """``command`` only: folders of the user's home it may read, ``~`` expanded."""
    cost_per_call: Decimal | None = Field(default=None, ge=0)
    """``command`` only: US dollars a call, held against a money cap and charged where ``output`` tells no cost; 0: it
    is free, whatever is told. Without it a money cap refuses this provider, unless its models' prices are known."""
    tokens_per_call: int = Field(default=0, ge=0, le=100_000_000)
    """``command`` only: tokens that its own turns may take in one call, held against the caps beside the prompt; the
    build budget has that much more room."""
    output: Literal["text", "claude-code", "codex"] = "text"
    """``command`` only: what it prints: words, or the JSON of `claude -p --output-format json` or `codex exec --json`,
    which tells tokens, cost and faults."""
    tiers: dict[int, str] = Field(default={})
    """Model id by tier: 1 quick, 2 balanced, 3 deep."""


class Role(Frozen):
    """Overrides an agent file's own provider and tier."""

    provider: str | None = None
    """A name under ``models.providers``; default: the agent file's."""
    tier: int | None = Field(default=None, ge=1, le=3)
    """1 quick, 2 balanced, 3 deep; default: the agent file's."""
    model: str | None = None
    """An exact model id; wins over the tier."""
    effort: str | None = None
    """``low``, ``medium``, ``high``; default: the agent file's, else the model's."""
    max_output_tokens: int | None = Field(default=None, ge=1, le=200_000)
    """Upper bound of billed output of one answer, tokens, thinking included."""


class Price(Frozen):
    """US dollars per million tokens, where the price list is wrong or silent."""

    input: Decimal = Field(ge=0)
    """Read by the model."""
    output: Decimal = Field(ge=0)
    """Written by the model, thinking included."""
    cache_read: Decimal | None = Field(default=None, ge=0)
    """Read from the provider's cache; default: as ``input``."""
    cache_write: Decimal | None = Field(default=None, ge=0)
    """Written to the provider's cache; default: as ``input``."""


class CallDeadlines(Frozen):
    """Wall-clock limits of one attempt at a call (I12), seconds."""

    first_byte_s: Seconds
    """Until the first piece of the answer."""
    idle_s: Seconds
    """Between two pieces of the answer."""
    total_s: Seconds
    """Until the answer is whole."""


class Retries(Frozen):
    """L10: attempts after the first, for what may heal."""

    waits_s: tuple[Seconds, ...]
    """Seconds before each further attempt; its length is the number of retries."""
    retry_after_cap_s: Seconds
    """Seconds: a provider that asks for longer than this is away (``models.outages``), and its task waits apart."""


class Models(Frozen):
    """Providers, tiers, deadlines, retries, prices."""

    providers: dict[str, Provider]
    """Providers by name; agents and roles refer to them."""
    roles: dict[str, Role] = Field(default={})
    """Overrides of the agents' own files, by role."""
    deadlines: CallDeadlines
    """Time limits of one attempt at a call."""
    retries: Retries
    """Further attempts at what may heal."""
    outages: Outages = Outages()
    """How long a provider is waited for that is away."""
    prices: dict[str, Price] = Field(default={})
    """By exact model id; wins over the price list."""
