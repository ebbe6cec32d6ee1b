"""One model call: what is asked, what came back, what it used."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from typing import Any

from orchestrator.domain.task import Phase

Json = Mapping[str, Any]


class FinishReason(StrEnum):
    """Why the model stopped; every provider's reasons are mapped onto these."""

    END = "end"
    TOOL = "tool"
    """It asks for look-ups (``Answer.tool_calls``) and waits for their results."""
    LENGTH = "length"
    """Cut at the output cap."""
    REFUSAL = "refusal"
    SAFETY = "safety"
    RECITATION = "recitation"
    MALFORMED = "malformed"
    """A malformed function call or response."""
    CONTEXT_EXCEEDED = "context_exceeded"
    LIMITED = "limited"
    """The account is limited: the run must stop."""
    OTHER = "other"


@dataclass(frozen=True, slots=True, order=True)
class CallKey:
    """The identity of a call in a run (decision 11): replay and resume find answers by it."""

    task: str
    phase: Phase
    role: str
    iteration: int = 1
    """1-based; the ADR's re-ask and redesigns count up as well."""
    turn: int = 1
    """1-based; look-ups and re-asks inside one iteration count up."""

    def __str__(self) -> str:
        return f"{self.task}/{self.phase}/{self.role}/{self.iteration}/{self.turn}"

    @property
    def call_id(self) -> str:
        """The name of the call's file under ``calls/``, without ``.json``; unique in a run, safe as a file name."""
        return f"{self.task}.{self.phase}.{self.role}.{self.iteration}.{self.turn}"


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolSpec:
    """A look-up the model may ask for, declared to the provider through its own function calling."""

    name: str
    description: str
    parameters: Json
    """JSON Schema of the arguments, an object."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolCall:
    """The model asks for a look-up. ``id`` is the provider's, or made by the adapter where there is none."""

    id: str
    name: str
    arguments: Json
    signature: str | None = None
    """Opaque provider data that must be sent back with the call (thought signatures, base64)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolResult:
    """What a look-up answered."""

    id: str
    name: str
    content: str


class Speaker(StrEnum):
    """Who says a message."""

    USER = "user"
    MODEL = "model"


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One turn of the conversation.

    A user's turn has text or tool results; a model's turn has text and tool calls, and ``raw``: the provider's own
    form of the turn, sent back as it was (thinking blocks are bound to their conversation).
    """

    speaker: Speaker
    text: str = ""
    tool_calls: tuple[ToolCall, ...] = ()
    tool_results: tuple[ToolResult, ...] = ()
    raw: Json | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """All a provider is sent for one call."""

    key: CallKey
    provider: str
    """``anthropic``, ``google``, ``openai`` or ``command``: the name in config/models.yaml."""
    model: str
    """The provider's exact model id."""
    system: str
    """The stable part of the prompt; marked for the provider's cache where ``cache_system`` is set."""
    messages: tuple[Message, ...]
    tools: tuple[ToolSpec, ...] = ()
    max_output_tokens: int
    """Upper bound of billed output, thinking included; at least 1."""
    effort: str | None = None
    """``low``, ``medium``, ``high`` ...; ``None``: the provider's default."""
    cache_system: bool = False
    schema: Json | None = None
    """JSON Schema of the answer, where it is to be JSON: declared through the provider's structured output."""
    searches: int = 0
    """Searches it may make through the provider's own search tool; 0: that tool is not offered."""
    search_tokens: int = 0
    """Tokens that the results of all of them are reckoned to add at most: held against the caps with the rest."""
    own_tokens: int = 0
    """Tokens that a coding command's own turns are reckoned to take at most: held against the caps with the rest."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """Tokens of calls. Output includes thinking; input includes what was read from or written to a cache."""

    input_tokens: int = 0
    output_tokens: int = 0
    cached_tokens: int = 0
    """Part of ``input_tokens`` read from a provider's cache."""
    cache_write_tokens: int = 0
    """Part of ``input_tokens`` written to a provider's cache."""
    thinking_tokens: int = 0
    """Part of ``output_tokens``."""
    searches: int = 0
    """Searches made by the provider's own tool, charged beside the tokens."""
    estimated: bool = False
    """True where the provider gave no usage and it was estimated (B6), or an answer was lost in flight (I3)."""

    @property
    def total(self) -> int:
        """Input plus output."""
        return self.input_tokens + self.output_tokens

    def __add__(self, other: Usage) -> Usage:
        return Usage(
            input_tokens=self.input_tokens + other.input_tokens,
            output_tokens=self.output_tokens + other.output_tokens,
            cached_tokens=self.cached_tokens + other.cached_tokens,
            cache_write_tokens=self.cache_write_tokens + other.cache_write_tokens,
            thinking_tokens=self.thinking_tokens + other.thinking_tokens,
            searches=self.searches + other.searches,
            estimated=self.estimated or other.estimated,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What came back. ``raw`` is the provider's answer as received, JSON-serialisable; it is what is recorded."""

    text: str
    reason: FinishReason
    usage: Usage | None
    """``None``: the provider sent none; the desk estimates it and marks it."""
    model: str
    """The model that answered, as the provider names it."""
    raw: Json
    tool_calls: tuple[ToolCall, ...] = ()
    detail: str = ""
    """The provider's own word for the reason, or the refusal's category."""
    seconds: float = 0.0
    cost_usd: Decimal | None = None
    """US dollars, where the provider itself tells them (a coding command); ``None``: the price list's business."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Deadlines:
    """Wall-clock limits of one attempt, seconds, all above 0 (I12)."""

    first_byte_s: float
    idle_s: float
    total_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Charge:
    """What a call cost. ``cost_usd`` is ``None`` where no price is known: unknown is not zero."""

    usage: Usage = field(default_factory=Usage)
    cost_usd: Decimal | None = Decimal(0)

    def __add__(self, other: Charge) -> Charge:
        known = self.cost_usd is not None and other.cost_usd is not None
        cost = (
            self.cost_usd + other.cost_usd
            if known and self.cost_usd is not None and other.cost_usd is not None
            else None
        )
        return Charge(usage=self.usage + other.usage, cost_usd=cost)
