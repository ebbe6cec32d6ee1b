"""What OpenAI's chat completions, and the local servers that speak like it, put on the wire."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from orchestrator.domain.call import FinishReason

if TYPE_CHECKING:
    from tests.fakes.loopback_script import Reply

WORDS = {
    FinishReason.END: "stop",
    FinishReason.TOOL: "tool_calls",
    FinishReason.LENGTH: "length",
    FinishReason.SAFETY: "content_filter",
    FinishReason.REFUSAL: "stop",
}


def key(headers: Mapping[str, str]) -> str:
    """The key that was sent."""
    return headers.get("authorization", "").removeprefix("Bearer ")


def bad_key() -> tuple[int, dict[str, Any]]:
    """How a wrong key is answered."""
    return 401, error(401, "invalid_api_key", "Incorrect API key provided.", ())


def error(code: int, word: str, message: str, details: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """An error body; ``word`` is its code."""
    del details
    kind = "server_error" if code >= 500 else "invalid_request_error"
    return {"error": {"message": message, "type": kind, "param": None, "code": word or None}}


def models(names: Sequence[str]) -> dict[str, Any]:
    """The list of models."""
    return {"object": "list", "data": [one_model(name) for name in names]}


def one_model(name: str) -> dict[str, Any]:
    """One model."""
    return {"id": name, "object": "model", "created": 1, "owned_by": "local"}


def count(tokens: int) -> dict[str, Any]:
    """The protocol has none."""
    return {"error": {"message": f"no such route ({tokens})"}}


def whole(reply: Reply, model: str) -> dict[str, Any]:
    """A completion that is not streamed."""
    message = {"role": "assistant", "content": reply.text or None, **_refusal(reply)}
    calls = [_call(index, call) for index, call in enumerate(reply.tool_calls)]
    choice = {
        "index": 0,
        "message": {**message, **({"tool_calls": calls} if calls else {})},
        "finish_reason": _word(reply),
    }
    return {**_head(reply, model, "chat.completion"), "choices": [choice], "usage": _usage(reply)}


def _head(reply: Reply, model: str, kind: str) -> dict[str, Any]:
    return {"id": "c1", "object": kind, "created": 1, "model": reply.model or model}


def _word(reply: Reply) -> str:
    return reply.word or WORDS.get(reply.ended, "stop")


def _refusal(reply: Reply) -> dict[str, Any]:
    return {"refusal": reply.detail or "no"} if reply.ended is FinishReason.REFUSAL else {}


def _call(index: int, call: Any) -> dict[str, Any]:
    arguments = call.arguments
    text = arguments["_broken"] if "_broken" in arguments else json.dumps(dict(arguments))
    return {"index": index, "id": call.id, "type": "function", "function": {"name": call.name, "arguments": text}}


def _usage(reply: Reply) -> dict[str, Any]:
    used = reply.usage
    return {
        "prompt_tokens": used.input_tokens,
        "completion_tokens": used.output_tokens,
        "total_tokens": used.total,
        "prompt_tokens_details": {"cached_tokens": used.cached_tokens},
        "completion_tokens_details": {"reasoning_tokens": used.thinking_tokens},
    }


def frames(reply: Reply, model: str, *, usage: bool, final: bool) -> list[bytes]:
    """The chunks of a stream."""
    head = _head(reply, model, "chat.completion.chunk")
    deltas: list[dict[str, Any]] = [{"role": "assistant", "content": ""}]
    if reply.thinking:
        deltas.append({"reasoning_content": reply.thinking})
    deltas += [{"content": reply.text[start : start + 400]} for start in range(0, len(reply.text), 400)]
    deltas += [_refusal(reply)] if _refusal(reply) else []
    for index, call in enumerate(reply.tool_calls):
        deltas += _call_deltas(_call(index, call))
    chunks = [_data({**head, "choices": [{"index": 0, "delta": delta, "finish_reason": None}]}) for delta in deltas]
    if final:
        chunks.append(_data({**head, "choices": [{"index": 0, "delta": {}, "finish_reason": _word(reply)}]}))
    if usage:
        chunks.append(_data({**head, "choices": [], "usage": _usage(reply)}))
    return [*chunks, b"data: [DONE]\n\n"] if final else chunks


def _call_deltas(call: Mapping[str, Any]) -> list[dict[str, Any]]:
    """A call comes in pieces: name and id first, then its arguments."""
    function = call["function"]
    first = {**call, "function": {"name": function["name"], "arguments": ""}}
    text = function["arguments"]
    pieces = [text[start : start + 7] for start in range(0, len(text), 7)]
    rest = [{"index": call["index"], "function": {"arguments": piece}} for piece in pieces]
    return [{"tool_calls": [piece]} for piece in (first, *rest)]


def _data(chunk: Mapping[str, Any]) -> bytes:
    return f"data: {json.dumps(chunk)}\n\n".encode()


def half_json() -> bytes:
    """A chunk that breaks off."""
    return b'data: {"choices": [{"delta": {"cont\n\n'


def error_event() -> bytes:
    """Overloaded, after the stream began."""
    return _data({"error": {"message": "overloaded", "type": "overloaded_error", "code": None}})
