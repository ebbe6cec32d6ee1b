"""What a loopback server is told to say, and what it saw: replies, faults, requests. No pytest in here."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from typing import Any

from orchestrator.adapters.models.replay import read_records
from orchestrator.domain.call import FinishReason, ToolCall, Usage

CALL_HEADER = "x-orchestrate-call"
USED = Usage(input_tokens=100, output_tokens=50)


class Kind(Enum):
    """How a server misbehaves."""

    STATUS = "an HTTP error"
    HANG = "accepts and never answers"
    DRIP = "a byte now and then"
    CUT = "the stream is cut in its middle"
    HALF_JSON = "complete HTTP with half a JSON in it"
    NO_USAGE = "no token counts"
    NO_FINAL = "the stream ends cleanly without its final event"
    ERROR_EVENT = "an overloaded event inside a stream that began with 200"


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One misbehaviour."""

    kind: Kind
    status: int = 500
    headers: Mapping[str, str] = field(default_factory=dict)
    message: str = "as scripted"
    word: str = ""
    """The provider's own type, status or code; default: the one that goes with the HTTP status."""
    details: tuple[Mapping[str, Any], ...] = ()
    every_s: float = 1.0
    """DRIP."""
    headers_first: bool = True
    """DRIP: the status line and headers come at once, and only the body drips; else everything drips."""
    fraction: float = 0.5
    """CUT: the part of the stream that still comes."""


def status(code: int, **fields: Any) -> Fault:
    """An HTTP error: ``status(429, headers={"retry-after": "2"})``."""
    return Fault(kind=Kind.STATUS, status=code, **fields)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What the model says, or what goes wrong."""

    text: str = ""
    tool_calls: tuple[ToolCall, ...] = ()
    reason: FinishReason | None = None
    """``None``: ``TOOL`` where there are calls, else ``END``."""
    word: str = ""
    """The provider's own word for the reason, instead of the one that goes with ``reason``."""
    detail: str = ""
    """A refusal's category, or the message beside the reason."""
    usage: Usage = USED
    thinking: str = ""
    signature: str = ""
    """Of the thinking (Anthropic) or of the last text part (Gemini), base64."""
    model: str = ""
    """The model that answers; default: the one asked for."""
    fault: Fault | None = None
    delay_s: float = 0.0

    @property
    def ended(self) -> FinishReason:
        """The reason, its default applied."""
        return self.reason or (FinishReason.TOOL if self.tool_calls else FinishReason.END)


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenRequest:
    """A request as it came."""

    method: str
    path: str
    protocol: str
    """``anthropic``, ``google``, ``openai``, ``responses``; empty where nothing speaks like that."""
    operation: str
    """``generate``, ``models``, ``model``, ``count``; empty: unknown."""
    model: str
    stream: bool
    headers: Mapping[str, str]
    """Names in lower case."""
    body: Mapping[str, Any]
    call_id: str
    """From :data:`CALL_HEADER`."""
    attempt: int
    """Which request for that call this is, from 1."""


Script = Callable[[SeenRequest], Reply]


def scripted_from_records(folder: Path, faults: Mapping[str, Sequence[Fault]] | None = None) -> Script:
    """Answers by call id from a recording. ``faults``: call id -> what goes wrong first, one an attempt."""
    records = {record.key.call_id: record for record in read_records(folder)}
    waiting = dict(faults or {})

    def script(seen: SeenRequest) -> Reply:
        answer = records[seen.call_id].answer
        planned = waiting.get(seen.call_id, ())
        fault = planned[seen.attempt - 1] if seen.attempt <= len(planned) else None
        return Reply(
            text=answer.text,
            tool_calls=answer.tool_calls,
            reason=answer.reason,
            detail=answer.detail,
            usage=answer.usage or Usage(input_tokens=len(str(seen.body)) // 4, output_tokens=len(answer.text) // 4),
            fault=fault,
        )

    return script
