"""What the Gemini API puts on the wire."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from orchestrator.domain.call import FinishReason

if TYPE_CHECKING:
    from tests.fakes.loopback_script import Reply

WORDS = {
    FinishReason.END: "STOP",
    FinishReason.TOOL: "STOP",
    FinishReason.LENGTH: "MAX_TOKENS",
    FinishReason.SAFETY: "SAFETY",
    FinishReason.REFUSAL: "PROHIBITED_CONTENT",
    FinishReason.RECITATION: "RECITATION",
    FinishReason.MALFORMED: "MALFORMED_FUNCTION_CALL",
    FinishReason.LIMITED: "PUP_LIMITED_DISABLED",
    FinishReason.OTHER: "OTHER",
}
STATUSES = {
    400: "INVALID_ARGUMENT",
    401: "UNAUTHENTICATED",
    403: "PERMISSION_DENIED",
    404: "NOT_FOUND",
    429: "RESOURCE_EXHAUSTED",
    500: "INTERNAL",
    503: "UNAVAILABLE",
    504: "DEADLINE_EXCEEDED",
}
PROMPT_BLOCKED = "PROMPT_BLOCKED"
"""As ``Reply.word``: the prompt itself is refused, with ``Reply.detail`` as the block reason."""


def key(headers: Mapping[str, str]) -> str:
    """The key that was sent."""
    return headers.get("x-goog-api-key", "")


def bad_key() -> tuple[int, dict[str, Any]]:
    """How a wrong key is answered: a 400, not a 401."""
    info = {"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": "API_KEY_INVALID"}
    return 400, error(400, "", "API key not valid. Please pass a valid API key.", (info,))


def error(code: int, word: str, message: str, details: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """An error body."""
    inner = {"code": code, "message": message, "status": word or STATUSES.get(code, "UNKNOWN")}
    return {"error": {**inner, **({"details": [dict(one) for one in details]} if details else {})}}


def models(names: Sequence[str]) -> dict[str, Any]:
    """The list of models."""
    return {"models": [one_model(name) for name in names]}


def one_model(name: str) -> dict[str, Any]:
    """One model."""
    return {"name": f"models/{name}", "displayName": name, "inputTokenLimit": 1_000_000, "outputTokenLimit": 65_536}


def count(tokens: int) -> dict[str, Any]:
    """A count."""
    return {"totalTokens": tokens}


def whole(reply: Reply, model: str) -> dict[str, Any]:
    """A response that is not streamed."""
    head = {"modelVersion": reply.model or model, "responseId": "r1", "usageMetadata": _usage(reply)}
    if reply.word == PROMPT_BLOCKED:
        return {**head, "promptFeedback": {"blockReason": reply.detail}}
    return {**head, "candidates": [{"content": {"role": "model", "parts": _parts(reply)}, "index": 0, **_end(reply)}]}


def _parts(reply: Reply) -> list[dict[str, Any]]:
    signed = {"thoughtSignature": reply.signature} if reply.signature else {}
    return [
        *([{"text": reply.thinking, "thought": True}] if reply.thinking else []),
        *([{"text": reply.text, **signed}] if reply.text else []),
        *(_call_part(call) for call in reply.tool_calls),
    ]


def _call_part(call: Any) -> dict[str, Any]:
    made = {"id": call.id} if call.id else {}
    part = {"functionCall": {**made, "name": call.name, "args": dict(call.arguments)}}
    return {**part, **({"thoughtSignature": call.signature} if call.signature else {})}


def _end(reply: Reply) -> dict[str, Any]:
    message = {"finishMessage": reply.detail} if reply.detail else {}
    return {"finishReason": reply.word or WORDS.get(reply.ended, "OTHER"), **message}


def _usage(reply: Reply) -> dict[str, Any]:
    used = reply.usage
    counts = {
        "promptTokenCount": used.input_tokens,
        "cachedContentTokenCount": used.cached_tokens,
        "candidatesTokenCount": used.output_tokens - used.thinking_tokens,
        "thoughtsTokenCount": used.thinking_tokens,
        "totalTokenCount": used.total,
    }
    return {name: value for name, value in counts.items() if value}


def frames(reply: Reply, model: str, *, usage: bool, final: bool) -> list[bytes]:
    """The chunks of a stream: text in pieces, the reason and the whole count in the last."""
    response = whole(reply, model)
    counts = response.pop("usageMetadata")
    candidates = response.pop("candidates", None)
    if candidates is None:
        return [_data({**response, **({"usageMetadata": counts} if usage else {})})]
    end = {name: value for name, value in candidates[0].items() if name not in {"content", "index"}}
    chunks = [
        _data({**response, "candidates": [{"content": {"role": "model", "parts": [part]}, "index": 0}]})
        for whole_part in candidates[0]["content"]["parts"]
        for part in _pieces(whole_part)
    ]
    last = {**response, "candidates": [{"index": 0, **(end if final else {})}]}
    return [*chunks, _data({**last, **({"usageMetadata": counts} if usage else {})})]


def _pieces(part: Mapping[str, Any]) -> list[dict[str, Any]]:
    text = part.get("text", "")
    if len(text) <= 400 or "thoughtSignature" in part:
        return [dict(part)]
    return [{**part, "text": text[start : start + 400]} for start in range(0, len(text), 400)]


def _data(chunk: Mapping[str, Any]) -> bytes:
    return f"data: {json.dumps(chunk)}\r\n\r\n".encode()


def half_json() -> bytes:
    """A chunk that breaks off."""
    return b'data: {"candidates": [{"content": {"par\r\n\r\n'


def error_event() -> bytes:
    """Overloaded, after the stream began."""
    return _data(error(503, "", "The model is overloaded.", ()))
