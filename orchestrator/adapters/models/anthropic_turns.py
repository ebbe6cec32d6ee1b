"""The Anthropic Messages API's JSON: our request into it, its stream events and answers out of it. Pure."""

from __future__ import annotations

import copy
import json
from collections.abc import Mapping
from typing import Any

from orchestrator.domain.call import Answer, FinishReason, Message, Request, Speaker, ToolCall, Usage

REASONS: Mapping[str, FinishReason] = {
    "end_turn": FinishReason.END,
    "stop_sequence": FinishReason.END,
    "tool_use": FinishReason.TOOL,
    "max_tokens": FinishReason.LENGTH,
    "refusal": FinishReason.REFUSAL,
    "model_context_window_exceeded": FinishReason.CONTEXT_EXCEEDED,
    "pause_turn": FinishReason.OTHER,  # a long search paused: its few searches are not worth another turn
    "compaction": FinishReason.OTHER,
}
"""The SDK's ``types/stop_reason.py``, every member; an unknown one is ``OTHER``."""

_SEARCH = "web_search_20250305"
"""The search tool without a code environment behind it: what it finds is all it brings."""

_UNPARSED = "_unparsed"
"""Where a look-up's arguments stand that are no JSON object; the API takes objects only, so they go back like this."""

_TEXTS: Mapping[str, str] = {
    "text_delta": "text",
    "thinking_delta": "thinking",
    "input_json_delta": "partial_json",
}
"""A delta's type -> the field that holds its piece of text."""

_NOTHING = {"type": "text", "text": "(no answer)"}
"""Stands for a turn without text: the API refuses empty ones."""


def body(request: Request) -> dict[str, Any]:
    """Keyword arguments of ``messages.create``. No sampling values: the newest models refuse them."""
    fields: dict[str, Any] = {
        "model": request.model,
        "max_tokens": request.max_output_tokens,
        "messages": [_turn(message, request.model) for message in request.messages],
    }
    if request.system:
        mark = {"cache_control": {"type": "ephemeral"}} if request.cache_system else {}
        fields["system"] = [{"type": "text", "text": request.system, **mark}]
    if request.tools:
        fields["tools"] = [
            {"name": tool.name, "description": tool.description, "input_schema": dict(tool.parameters)}
            for tool in request.tools
        ]
    if request.searches:
        search = {"type": _SEARCH, "name": "web_search", "max_uses": request.searches}
        fields["tools"] = [*fields.get("tools", ()), search]
    output: dict[str, Any] = {"effort": request.effort} if request.effort else {}
    if request.schema is not None:  # never a forced tool: the newest models refuse that
        output["format"] = {"type": "json_schema", "schema": dict(request.schema)}
    return {**fields, "output_config": output} if output else fields


def _turn(message: Message, model: str) -> dict[str, Any]:
    if message.speaker is Speaker.USER:
        results = [
            {"type": "tool_result", "tool_use_id": result.id, "content": result.content}
            for result in message.tool_results
        ]
        text = [{"type": "text", "text": message.text}] if message.text else []
        return {"role": "user", "content": [*results, *text] or [_NOTHING]}
    if own := _own_blocks(message, model):
        return {"role": "assistant", "content": own}
    text = [{"type": "text", "text": message.text}] if message.text else []
    calls = [
        {"type": "tool_use", "id": call.id, "name": call.name, "input": dict(call.arguments)}
        for call in message.tool_calls
    ]
    return {"role": "assistant", "content": [*text, *calls] or [_NOTHING]}


def _own_blocks(message: Message, model: str) -> list[dict[str, Any]]:
    """The provider's own blocks of that turn; none where another provider or model gave them (thinking is bound)."""
    raw = message.raw
    if raw is None or raw.get("type") != "message" or not str(raw.get("model", "")).startswith(model):
        return []
    blocks = [dict(block) for block in raw.get("content", [])]
    # An empty text block is refused when it is sent back, though a model may send one; so is thinking alone.
    kept = [block for block in blocks if block.get("type") != "text" or block.get("text")]
    return kept if any("thinking" not in str(block.get("type")) for block in kept) else []


class Assembly:
    """The message that a stream's events add up to, kept as the provider's own JSON."""

    def __init__(self) -> None:
        self.message: dict[str, Any] = {}
        self._pieces: dict[tuple[int, str], list[str]] = {}  # joined once: a delta may be a single token
        self._counted = False

    def add(self, event: Mapping[str, Any]) -> None:
        """One event. ``KeyError``, ``IndexError``, ``TypeError``: the stream makes no sense."""
        kind = event.get("type")
        if kind == "message_start":
            self.message = copy.deepcopy(dict(event["message"]))
            self.message["content"] = list(self.message.get("content") or [])
        elif kind == "content_block_start":
            self.message["content"].append(dict(event["content_block"]))
        elif kind == "content_block_delta":
            self._delta(event["index"], event["delta"])
        elif kind == "content_block_stop":
            self._close(event["index"])
        elif kind == "message_delta":
            self._end(event)

    def _delta(self, index: int, delta: Mapping[str, Any]) -> None:
        block = self.message["content"][index]
        kind = str(delta.get("type"))
        if kind in _TEXTS:
            name = _TEXTS[kind]
            self._pieces.setdefault((index, name), []).append(delta[name])
        elif kind == "signature_delta":
            block["signature"] = delta["signature"]
        elif kind == "citations_delta":
            block["citations"] = [*(block.get("citations") or []), delta["citation"]]

    def _close(self, index: int) -> None:
        block = self.message["content"][index]
        for name in ("text", "thinking"):
            if pieces := self._pieces.pop((index, name), []):
                block[name] = block.get(name, "") + "".join(pieces)
        if text := "".join(self._pieces.pop((index, "partial_json"), [])):
            block["input"] = _arguments(text)

    def _end(self, event: Mapping[str, Any]) -> None:
        self.message.update(event.get("delta") or {})
        usage = event.get("usage")
        if usage is None:
            return
        self._counted = True
        # Counts of a message_delta are totals; those it leaves out keep what message_start said.
        known = self.message.get("usage") or {}
        self.message["usage"] = {**known, **{name: value for name, value in usage.items() if value is not None}}

    def finished(self) -> dict[str, Any] | None:
        """The whole message; ``None`` where the stream ended without its final reason.

        Without a final count the usage is dropped: message_start's output count is a placeholder.
        """
        for index in sorted({index for index, _ in self._pieces}):  # a block cut before its stop event
            self._close(index)
        if self.message.get("stop_reason") is None:
            return None
        if not self._counted:
            self.message["usage"] = None
        return self.message


def _arguments(text: str) -> dict[str, Any]:
    try:
        value = json.loads(text)
    except json.JSONDecodeError:
        value = None
    return value if isinstance(value, dict) else {_UNPARSED: text}


def answer(raw: Mapping[str, Any], seconds: float) -> Answer:
    """The answer of a whole message."""
    blocks = raw.get("content") or []
    calls = tuple(
        ToolCall(id=block["id"], name=block["name"], arguments=dict(block.get("input") or {}))
        for block in blocks
        if block.get("type") == "tool_use"
    )
    word = str(raw.get("stop_reason"))
    reason = REASONS.get(word, FinishReason.OTHER)
    if reason is FinishReason.TOOL and any(_UNPARSED in call.arguments for call in calls):
        reason = FinishReason.MALFORMED
    return Answer(
        text="".join(block.get("text", "") for block in blocks if block.get("type") == "text"),
        reason=reason,
        detail=_detail(raw, word),
        usage=usage(raw.get("usage")),
        model=str(raw.get("model", "")),
        raw=dict(raw),
        tool_calls=calls,
        seconds=seconds,
    )


def _detail(raw: Mapping[str, Any], word: str) -> str:
    details = raw.get("stop_details") or {}
    parts = [word, details.get("category"), details.get("explanation")]
    return ": ".join(str(part) for part in parts if part)


def usage(counts: Mapping[str, Any] | None) -> Usage | None:
    """All three input fields count as input; output is the billed total, thinking included."""
    if not counts or counts.get("output_tokens") is None or counts.get("input_tokens") is None:
        return None
    read = counts.get("cache_read_input_tokens") or 0
    written = counts.get("cache_creation_input_tokens") or 0
    return Usage(
        input_tokens=counts["input_tokens"] + read + written,
        output_tokens=counts["output_tokens"],
        cached_tokens=read,
        cache_write_tokens=written,
        thinking_tokens=(counts.get("output_tokens_details") or {}).get("thinking_tokens") or 0,
        searches=(counts.get("server_tool_use") or {}).get("web_search_requests") or 0,
    )
