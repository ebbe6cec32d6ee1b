"""What the Anthropic Messages API puts on the wire."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from orchestrator.domain.call import FinishReason

if TYPE_CHECKING:
    from tests.fakes.loopback_script import Reply

WORDS = {
    FinishReason.END: "end_turn",
    FinishReason.TOOL: "tool_use",
    FinishReason.LENGTH: "max_tokens",
    FinishReason.REFUSAL: "refusal",
    FinishReason.SAFETY: "refusal",
    FinishReason.RECITATION: "refusal",
    FinishReason.CONTEXT_EXCEEDED: "model_context_window_exceeded",
}
TYPES = {
    400: "invalid_request_error",
    401: "authentication_error",
    402: "billing_error",
    403: "permission_error",
    404: "not_found_error",
    413: "request_too_large",
    429: "rate_limit_error",
    504: "timeout_error",
    529: "overloaded_error",
}


def key(headers: Mapping[str, str]) -> str:
    """The key that was sent."""
    return headers.get("authorization", "").removeprefix("Bearer ")


def bad_key() -> tuple[int, dict[str, Any]]:
    """How a wrong key is answered."""
    return 401, error(401, "", "invalid bearer token", ())


def error(code: int, word: str, message: str, details: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """An error body; the first of ``details`` stands under ``error.details``."""
    inner: dict[str, Any] = {"type": word or TYPES.get(code, "api_error"), "message": message}
    if details:
        inner["details"] = dict(details[0])
    return {"type": "error", "error": inner, "request_id": "req_1"}


def models(names: Sequence[str]) -> dict[str, Any]:
    """The list of models."""
    return {"data": [one_model(name) for name in names], "has_more": False, "first_id": None, "last_id": None}


def one_model(name: str) -> dict[str, Any]:
    """One model."""
    return {"type": "model", "id": name, "display_name": name, "created_at": "2026-01-01T00:00:00Z"}


def count(tokens: int) -> dict[str, Any]:
    """A count."""
    return {"input_tokens": tokens}


def whole(reply: Reply, model: str) -> dict[str, Any]:
    """A message that is not streamed."""
    return {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "model": reply.model or model,
        "content": _blocks(reply),
        **_end(reply),
        "usage": _usage(reply),
    }


def _blocks(reply: Reply) -> list[dict[str, Any]]:
    thinking = [{"type": "thinking", "thinking": reply.thinking, "signature": reply.signature}]
    return [
        *(thinking if reply.thinking else []),
        *([{"type": "text", "text": reply.text}] if reply.text else []),
        *(
            {"type": "tool_use", "id": call.id, "name": call.name, "input": dict(call.arguments)}
            for call in reply.tool_calls
        ),
    ]


def _end(reply: Reply) -> dict[str, Any]:
    word = reply.word or WORDS.get(reply.ended, "end_turn")
    refused = word == "refusal"
    details = {"type": "refusal", "category": reply.detail or None, "explanation": None} if refused else None
    return {"stop_reason": word, "stop_sequence": None, "stop_details": details}


def _usage(reply: Reply) -> dict[str, Any]:
    used = reply.usage
    return {
        "input_tokens": used.input_tokens - used.cached_tokens - used.cache_write_tokens,
        "cache_read_input_tokens": used.cached_tokens,
        "cache_creation_input_tokens": used.cache_write_tokens,
        "output_tokens": used.output_tokens,
        "output_tokens_details": {"thinking_tokens": used.thinking_tokens},
    }


def frames(reply: Reply, model: str, *, usage: bool, final: bool) -> list[bytes]:
    """The events of a stream."""
    message = whole(reply, model)
    start = {**message, "content": [], "stop_reason": None, "stop_details": None}
    start["usage"] = {**message["usage"], "output_tokens": 1} if usage else None
    events = [_event("message_start", message=start), _event("ping")]
    for index, block in enumerate(message["content"]):
        events += _block_events(index, block)
    if final:
        delta: dict[str, Any] = {"delta": _end(reply)}
        if usage:
            delta["usage"] = {"output_tokens": reply.usage.output_tokens, **_details(message)}
        events += [_event("message_delta", **delta), _event("message_stop")]
    return events


def _details(message: Mapping[str, Any]) -> dict[str, Any]:
    return {"output_tokens_details": message["usage"]["output_tokens_details"]}


def _block_events(index: int, block: Mapping[str, Any]) -> list[bytes]:
    kind = block["type"]
    empty: dict[str, Any]
    if kind == "text":
        empty, deltas = {"text": ""}, [{"type": "text_delta", "text": piece} for piece in _pieces(block["text"])]
    elif kind == "thinking":
        empty = {"thinking": "", "signature": ""}
        deltas = [{"type": "thinking_delta", "thinking": piece} for piece in _pieces(block["thinking"])]
        deltas.append({"type": "signature_delta", "signature": block["signature"]})
    else:
        empty = {"input": {}}
        text = block["input"]["_broken"] if "_broken" in block["input"] else json.dumps(block["input"])
        deltas = [{"type": "input_json_delta", "partial_json": piece} for piece in _pieces(text)]
    return [
        _event("content_block_start", index=index, content_block={**block, **empty}),
        *(_event("content_block_delta", index=index, delta=delta) for delta in deltas),
        _event("content_block_stop", index=index),
    ]


def _pieces(text: str) -> list[str]:
    return [text[start : start + 400] for start in range(0, len(text), 400)] or [""]


def _event(kind: str, **fields: Any) -> bytes:
    return f"event: {kind}\ndata: {json.dumps({'type': kind, **fields})}\n\n".encode()


def half_json() -> bytes:
    """An event whose data breaks off."""
    return b'event: content_block_start\ndata: {"type": "content_block_start", "ind\n\n'


def error_event() -> bytes:
    """Overloaded, after the stream began."""
    return f"event: error\ndata: {json.dumps(error(529, '', 'Overloaded', ()))}\n\n".encode()
