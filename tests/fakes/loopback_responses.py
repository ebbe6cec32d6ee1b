"""What OpenAI's Responses API, which Codex CLI speaks, puts on the wire."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from orchestrator.domain.call import FinishReason
from tests.fakes.loopback_openai import bad_key, count, error, key, models, one_model

if TYPE_CHECKING:
    from tests.fakes.loopback_script import Reply

ID = "resp_1"

__all__ = ["bad_key", "count", "error", "error_event", "frames", "half_json", "key", "models", "one_model", "whole"]


def whole(reply: Reply, model: str) -> dict[str, Any]:
    """A response that is not streamed."""
    cut = reply.ended is FinishReason.LENGTH
    return {
        "id": ID,
        "object": "response",
        "created_at": 1,
        "model": reply.model or model,
        "status": "incomplete" if cut else "completed",
        "incomplete_details": {"reason": "max_output_tokens"} if cut else None,
        "error": None,
        "output": _items(reply),
        "usage": _usage(reply),
    }


def _items(reply: Reply) -> list[dict[str, Any]]:
    said = {"type": "message", "id": "msg_1", "role": "assistant", "status": "completed"}
    content = [{"type": "output_text", "text": reply.text, "annotations": []}]
    calls = [_call(number, call) for number, call in enumerate(reply.tool_calls, 1)]
    return [*([{**said, "content": content}] if reply.text else []), *calls]


def _call(number: int, call: Any) -> dict[str, Any]:
    """A call of a function; of a tool that takes text as it is, where the arguments are ``_text`` alone."""
    if "_text" in call.arguments:
        head = {"type": "custom_tool_call", "id": f"ctc_{number}", "status": "completed", "namespace": "functions"}
        return {**head, "call_id": call.id, "name": call.name, "input": call.arguments["_text"]}
    arguments = json.dumps(dict(call.arguments))
    head = {"type": "function_call", "id": f"fc_{number}", "status": "completed"}
    return {**head, "call_id": call.id, "name": call.name, "arguments": arguments}


def _usage(reply: Reply) -> dict[str, Any]:
    used = reply.usage
    return {
        "input_tokens": used.input_tokens,
        "input_tokens_details": {"cached_tokens": used.cached_tokens},
        "output_tokens": used.output_tokens,
        "output_tokens_details": {"reasoning_tokens": used.thinking_tokens},
        "total_tokens": used.total,
    }


def frames(reply: Reply, model: str, *, usage: bool, final: bool) -> list[bytes]:
    """The events of a stream."""
    response = whole(reply, model)
    begun = {**response, "status": "in_progress", "output": [], "usage": None}
    events = [_event("response.created", response=begun)]
    for index, item in enumerate(response["output"]):
        events.append(_event("response.output_item.added", output_index=index, item={**item, "status": "in_progress"}))
        if item["type"] == "message":
            text = item["content"][0]["text"]
            where = {"item_id": item["id"], "output_index": index, "content_index": 0}
            events += [_event("response.output_text.delta", **where, delta=piece) for piece in _pieces(text)]
        events.append(_event("response.output_item.done", output_index=index, item=item))
    if final:
        word = "response.incomplete" if response["status"] == "incomplete" else "response.completed"
        events.append(_event(word, response=response if usage else {**response, "usage": None}))
    return events


def _pieces(text: str) -> Sequence[str]:
    return [text[start : start + 400] for start in range(0, len(text), 400)]


def _event(kind: str, **fields: Any) -> bytes:
    return f"event: {kind}\ndata: {json.dumps({'type': kind, **fields})}\n\n".encode()


def half_json() -> bytes:
    """An event whose data breaks off."""
    return b'event: response.output_text.delta\ndata: {"type": "response.output_te\n\n'


def error_event() -> bytes:
    """Overloaded, after the stream began."""
    fault: Mapping[str, Any] = {"code": "server_is_overloaded", "message": "overloaded"}
    return _event("response.failed", response={"id": ID, "object": "response", "status": "failed", "error": fault})
