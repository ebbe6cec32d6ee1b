"""The chat-completions JSON that OpenAI and local servers (vLLM, Ollama, llama.cpp) speak. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from orchestrator.domain.call import Answer, FinishReason, Message, Request, Speaker, ToolCall, Usage

REASONS: Mapping[str, FinishReason] = {
    "stop": FinishReason.END,
    "length": FinishReason.LENGTH,
    "tool_calls": FinishReason.TOOL,
    "function_call": FinishReason.TOOL,
    "content_filter": FinishReason.SAFETY,
}
"""``finish_reason`` of a choice; an unknown one is ``OTHER``."""

_UNPARSED = "_unparsed"


def body(request: Request, *, cap_name: str) -> dict[str, Any]:
    """Keyword arguments of ``chat.completions.create``.

    ``cap_name``: ``max_completion_tokens`` at OpenAI, ``max_tokens`` at local servers, which know only the older name.
    """
    system = [{"role": "system", "content": request.system}] if request.system else []
    fields: dict[str, Any] = {
        "model": request.model,
        cap_name: request.max_output_tokens,
        "messages": [*system, *(turn for message in request.messages for turn in _turns(message))],
        "stream_options": {"include_usage": True},
    }
    if request.tools:
        fields["tools"] = [
            {
                "type": "function",
                "function": {
                    "name": tool.name,
                    "description": tool.description,
                    "parameters": dict(tool.parameters),
                },
            }
            for tool in request.tools
        ]
    if request.schema is not None:
        named = {"name": "answer", "strict": True, "schema": dict(request.schema)}
        fields["response_format"] = {"type": "json_schema", "json_schema": named}
    if request.effort:
        fields["reasoning_effort"] = request.effort
    return fields


def _turns(message: Message) -> list[dict[str, Any]]:
    if message.speaker is Speaker.USER:
        results = [
            {"role": "tool", "tool_call_id": result.id, "content": result.content} for result in message.tool_results
        ]
        return [*results, *([{"role": "user", "content": message.text}] if message.text else [])]
    turn: dict[str, Any] = {"role": "assistant", "content": message.text or None}
    if not message.text and not message.tool_calls:
        turn["content"] = "(no answer)"  # servers refuse an empty turn
    if message.tool_calls:
        turn["tool_calls"] = [
            {
                "id": call.id,
                "type": "function",
                "function": {"name": call.name, "arguments": json.dumps(dict(call.arguments), ensure_ascii=False)},
            }
            for call in message.tool_calls
        ]
    return [turn]


class Assembly:
    """The completion that a stream's chunks add up to, in the form of one that was not streamed."""

    def __init__(self) -> None:
        self._whole: dict[str, Any] = {}
        self._texts: dict[str, list[str]] = {"content": []}  # joined once: a delta may be a single token
        self._calls: dict[int, dict[str, Any]] = {}
        self._reason: str | None = None

    def add(self, chunk: Mapping[str, Any]) -> None:
        """One chunk."""
        self._whole.update({name: value for name, value in chunk.items() if name != "choices" and value is not None})
        for choice in (chunk.get("choices") or [])[:1]:
            self._reason = choice.get("finish_reason") or self._reason
            for name, value in (choice.get("delta") or {}).items():
                self._field(name, value)

    def _field(self, name: str, value: Any) -> None:
        if name == "tool_calls":
            for piece in value or []:
                self._call(piece)
        elif name != "role" and isinstance(value, str):  # content, refusal, and servers' own reasoning text
            self._texts.setdefault(name, []).append(value)

    def _call(self, piece: Mapping[str, Any]) -> None:
        index = piece.get("index") or 0
        function = piece.get("function") or {}
        call = self._calls.setdefault(index, {"id": "", "type": "function", "function": {"name": "", "arguments": ""}})
        call["id"] = piece.get("id") or call["id"]
        call["function"]["name"] += function.get("name") or ""
        call["function"]["arguments"] += function.get("arguments") or ""

    def finished(self) -> dict[str, Any] | None:
        """The whole completion; ``None`` where no final reason came."""
        if self._reason is None:
            return None
        calls = {"tool_calls": [self._calls[index] for index in sorted(self._calls)]} if self._calls else {}
        texts = {name: "".join(pieces) for name, pieces in self._texts.items()}
        message = {"role": "assistant", **texts, **calls}
        choice = {"index": 0, "message": message, "finish_reason": self._reason}
        return {**self._whole, "object": "chat.completion", "choices": [choice]}


def answer(raw: Mapping[str, Any], request: Request, seconds: float) -> Answer:
    """The answer of a whole completion."""
    choice = raw["choices"][0]
    message = choice["message"]
    calls = tuple(
        _tool_call(call, f"{request.key.call_id}:{number}") for number, call in enumerate(message.get("tool_calls", []))
    )
    word = choice["finish_reason"]
    reason = REASONS.get(word, FinishReason.OTHER)
    if calls and reason is FinishReason.END:  # some servers say "stop" for it
        reason = FinishReason.TOOL
    if reason is FinishReason.TOOL and any(_UNPARSED in call.arguments for call in calls):
        reason = FinishReason.MALFORMED
    if message.get("refusal"):
        reason = FinishReason.REFUSAL
    return Answer(
        text=message.get("content") or "",
        reason=reason,
        detail=": ".join(text for text in (word, message.get("refusal")) if text),
        usage=usage(raw.get("usage")),
        model=str(raw.get("model") or request.model),
        raw=dict(raw),
        tool_calls=calls,
        seconds=seconds,
    )


def _tool_call(call: Mapping[str, Any], made: str) -> ToolCall:
    function = call["function"]
    text = function["arguments"] or "{}"
    try:
        value = json.loads(text)
    except json.JSONDecodeError:
        value = None
    arguments = value if isinstance(value, dict) else {_UNPARSED: text}
    return ToolCall(id=call["id"] or made, name=function["name"], arguments=arguments)


def usage(counts: Mapping[str, Any] | None) -> Usage | None:
    """Both totals include their parts: cached input, reasoning output."""
    if not counts or counts.get("prompt_tokens") is None:
        return None
    return Usage(
        input_tokens=counts["prompt_tokens"],
        output_tokens=counts.get("completion_tokens") or 0,
        cached_tokens=(counts.get("prompt_tokens_details") or {}).get("cached_tokens") or 0,
        thinking_tokens=(counts.get("completion_tokens_details") or {}).get("reasoning_tokens") or 0,
    )
