"""The file of one bought answer, ``calls/<call>.json`` (contract): pure reading and writing of its JSON."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from decimal import Decimal
from typing import Any

from orchestrator.domain.call import Answer, CallKey, FinishReason, Request, ToolCall, Usage
from orchestrator.domain.task import Phase

RECORD_VERSION = 1
RECORDED = "recorded"
HAND_WRITTEN = "hand-written"


@dataclass(frozen=True, slots=True, kw_only=True)
class CallRecord:
    """An answer as it was received, with what it answered."""

    key: CallKey
    provider: str
    model: str
    prompt_sha256: str | None
    """Of the request as :func:`prompt_digest` sees it; ``None`` in hand-written records: drift is not compared."""
    request: dict[str, Any] | None
    """What was sent, so that drift can be shown and not only told."""
    answer: Answer
    cost_usd: Decimal | None
    origin: str = RECORDED


def request_json(request: Request) -> dict[str, Any]:
    """The request as plain JSON, without what may differ from run to run (the provider's raw turns)."""
    return {
        "system": request.system,
        "messages": [
            {
                "speaker": message.speaker.value,
                "text": message.text,
                "tool_calls": [{"name": call.name, "arguments": dict(call.arguments)} for call in message.tool_calls],
                "tool_results": [{"name": result.name, "content": result.content} for result in message.tool_results],
            }
            for message in request.messages
        ],
        "tools": [tool.name for tool in request.tools],
        "max_output_tokens": request.max_output_tokens,
    }


def prompt_digest(request: Request) -> str:
    """SHA-256 of what the model is told: model settings are left out, so a change of model is no drift."""
    text = json.dumps(request_json(request), sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def to_json(record: CallRecord) -> dict[str, Any]:
    """The record as plain JSON."""
    answer = record.answer
    return {
        "version": RECORD_VERSION,
        "key": {**asdict(record.key), "phase": record.key.phase.value},
        "origin": record.origin,
        "provider": record.provider,
        "model": record.model,
        "prompt_sha256": record.prompt_sha256,
        "request": record.request,
        "answer": {
            "text": answer.text,
            "reason": answer.reason.value,
            "detail": answer.detail,
            "model": answer.model,
            "seconds": round(answer.seconds, 3),
            "tool_calls": [asdict(call) for call in answer.tool_calls],
            "usage": asdict(answer.usage) if answer.usage else None,
            "raw": dict(answer.raw),
        },
        "cost_usd": str(record.cost_usd) if record.cost_usd is not None else None,
    }


def from_json(data: dict[str, Any]) -> CallRecord:
    """The record of that JSON. ``ValueError``, ``KeyError``, ``TypeError``: it is none, or of a newer version."""
    if data["version"] > RECORD_VERSION:
        raise ValueError(f"record version {data['version']} is newer than this program's {RECORD_VERSION}")
    key, answer = data["key"], data["answer"]
    return CallRecord(
        key=CallKey(key["task"], Phase(key["phase"]), key["role"], key["iteration"], key["turn"]),
        provider=data["provider"],
        model=data["model"],
        prompt_sha256=data["prompt_sha256"],
        request=data["request"],
        answer=Answer(
            text=answer["text"],
            reason=FinishReason(answer["reason"]),
            detail=answer["detail"],
            model=answer["model"],
            seconds=answer["seconds"],
            tool_calls=tuple(ToolCall(**call) for call in answer["tool_calls"]),
            usage=Usage(**answer["usage"]) if answer["usage"] else None,
            raw=answer["raw"],
        ),
        cost_usd=Decimal(data["cost_usd"]) if data["cost_usd"] is not None else None,
        origin=data["origin"],
    )
