"""The Gemini API's JSON: our request into it, its stream's chunks and answers out of it. Pure."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from orchestrator.domain.call import Answer, FinishReason, Message, Request, Speaker, ToolCall, Usage

REASONS: Mapping[str, FinishReason] = {
    "STOP": FinishReason.END,
    "MAX_TOKENS": FinishReason.LENGTH,
    "CONTINUATION": FinishReason.LENGTH,  # cut; going on would be further billed requests, which are off
    "SAFETY": FinishReason.SAFETY,
    "BLOCKLIST": FinishReason.SAFETY,
    "PROHIBITED_CONTENT": FinishReason.SAFETY,
    "SPII": FinishReason.SAFETY,
    "MODEL_ARMOR": FinishReason.SAFETY,
    "IMAGE_SAFETY": FinishReason.SAFETY,
    "IMAGE_PROHIBITED_CONTENT": FinishReason.SAFETY,
    "RECITATION": FinishReason.RECITATION,
    "IMAGE_RECITATION": FinishReason.RECITATION,
    "MALFORMED_FUNCTION_CALL": FinishReason.MALFORMED,
    "MALFORMED_RESPONSE": FinishReason.MALFORMED,
    "UNEXPECTED_TOOL_CALL": FinishReason.MALFORMED,
    "TOO_MANY_TOOL_CALLS": FinishReason.MALFORMED,
    "MISSING_THOUGHT_SIGNATURE": FinishReason.MALFORMED,
    "PUP_LIMITED_DISABLED": FinishReason.LIMITED,
}
"""``types.FinishReason`` of the SDK; those not here (LANGUAGE, ESCALATION, IMAGE_OTHER ...) are ``OTHER``."""

_LEVELS: Mapping[str, str] = {"minimal": "LOW", "low": "LOW", "medium": "MEDIUM", "high": "HIGH"}
"""Effort -> thinking level, those every Gemini from 3 on takes; anything stronger is ``HIGH``."""

_NOTHING: Mapping[str, Any] = {"text": "(no answer)"}
"""Stands for a turn without text: the API refuses empty ones."""

_MADE = "made:"
"""Ids of calls that came without one; never sent to the provider."""


def thinking_level(model: str, effort: str | None) -> str | None:
    """The thinking level of that effort; ``None``: the model's default (older models take no level)."""
    if effort is None or model.removeprefix("models/").startswith(("gemini-1", "gemini-2")):
        return None
    return _LEVELS.get(effort.lower(), "HIGH")


def contents(request: Request) -> list[dict[str, Any]]:
    """The conversation; signatures as bytes, as the SDK wants them."""
    return [_turn(message, request.model) for message in request.messages]


def _turn(message: Message, model: str) -> dict[str, Any]:
    text: list[dict[str, Any]] = [{"text": message.text}] if message.text else []
    if message.speaker is Speaker.USER:
        results: list[dict[str, Any]] = [
            {"function_response": {**_id(result.id), "name": result.name, "response": {"result": result.content}}}
            for result in message.tool_results
        ]
        return {"role": "user", "parts": [*results, *text] or [_NOTHING]}
    if own := _own_parts(message, model):
        return {"role": "model", "parts": own}
    calls: list[dict[str, Any]] = [
        {
            "function_call": {**_id(call.id), "name": call.name, "args": dict(call.arguments)},
            **({"thought_signature": _bytes(call.signature)} if call.signature else {}),
        }
        for call in message.tool_calls
    ]
    return {"role": "model", "parts": [*text, *calls] or [_NOTHING]}


def _id(made: str) -> dict[str, str]:
    return {} if made.startswith(_MADE) else {"id": made}


def _own_parts(message: Message, model: str) -> list[dict[str, Any]]:
    """The provider's own parts of that turn; none where another provider or model gave them."""
    raw = message.raw
    if raw is None or "candidates" not in raw or not _same(str(raw.get("modelVersion", "")), model):
        return []
    parts = [dict(part) for part in _parts(raw)]
    for part in parts:
        if "thoughtSignature" in part:
            part["thoughtSignature"] = _bytes(part["thoughtSignature"])
    return parts


def _same(answered: str, asked: str) -> bool:
    return not answered or answered.removeprefix("models/").startswith(asked.removeprefix("models/"))


def _bytes(text: str) -> bytes:
    """Base64 of either alphabet, padded or not."""
    plain = text.replace("-", "+").replace("_", "/").rstrip("=")
    return base64.b64decode(plain + "=" * (-len(plain) % 4))


def _parts(raw: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    candidates = raw.get("candidates") or [{}]
    return list((candidates[0].get("content") or {}).get("parts") or [])


def merge(chunks: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """One response of a stream's chunks: parts in a row, of everything else the newest."""
    whole: dict[str, Any] = {}
    candidate: dict[str, Any] = {}
    parts: list[tuple[dict[str, Any], list[str]]] = []
    for chunk in chunks:
        whole.update({name: value for name, value in chunk.items() if name != "candidates"})
        for newest in (chunk.get("candidates") or [])[:1]:
            candidate.update({name: value for name, value in newest.items() if name != "content"})
            for part in (newest.get("content") or {}).get("parts") or []:
                _append(parts, dict(part))
    if candidate or parts:
        joined = [{**part, "text": "".join(pieces)} if "text" in part else part for part, pieces in parts]
        whole["candidates"] = [{"content": {"role": "model", "parts": joined}, **candidate}]
    return whole


def _append(parts: list[tuple[dict[str, Any], list[str]]], part: dict[str, Any]) -> None:
    """Pieces of one text become one part (joined once, at the end); a part with a signature keeps its place."""
    text = part.get("text", "")
    last, pieces = parts[-1] if parts else ({}, [])
    if _plain(last) and _plain(part) and last.get("thought") == part.get("thought"):
        pieces.append(text)
    else:
        parts.append((part, [text]))


def _plain(part: Mapping[str, Any]) -> bool:
    return "text" in part and set(part) <= {"text", "thought"}


def finished(raw: Mapping[str, Any]) -> bool:
    """Whether the response has its final word: a finish reason, or the prompt's refusal."""
    candidates = raw.get("candidates") or [{}]
    return bool(candidates[0].get("finishReason") or (raw.get("promptFeedback") or {}).get("blockReason"))


def answer(raw: Mapping[str, Any], request: Request, seconds: float) -> Answer:
    """The answer of a whole response."""
    parts = _parts(raw)
    calls = tuple(
        _call(part, f"{_MADE}{request.key.call_id}:{number}")
        for number, part in enumerate(part for part in parts if "functionCall" in part)
    )
    reason, detail = _reason(raw, has_calls=bool(calls))
    return Answer(
        text="".join(part.get("text", "") for part in parts if not part.get("thought")),
        reason=reason,
        detail=detail,
        usage=_used(raw),
        model=str(raw.get("modelVersion") or request.model),
        raw=dict(raw),
        tool_calls=calls,
        seconds=seconds,
    )


def _used(raw: Mapping[str, Any]) -> Usage | None:
    counts = usage(raw.get("usageMetadata"))
    return counts and replace(counts, searches=searches(raw))


def _call(part: Mapping[str, Any], made: str) -> ToolCall:
    call = part["functionCall"]
    return ToolCall(
        id=call.get("id") or made,
        name=call.get("name", ""),
        arguments=dict(call.get("args") or {}),
        signature=part.get("thoughtSignature"),
    )


def _reason(raw: Mapping[str, Any], *, has_calls: bool) -> tuple[FinishReason, str]:
    candidate = (raw.get("candidates") or [{}])[0]
    word = candidate.get("finishReason")
    if not word:
        feedback = raw.get("promptFeedback") or {}
        texts = ("prompt blocked", feedback.get("blockReason"), feedback.get("blockReasonMessage"))
        return FinishReason.SAFETY, ": ".join(str(text) for text in texts if text)
    reason = REASONS.get(word, FinishReason.OTHER)
    if reason is FinishReason.END and has_calls:
        reason = FinishReason.TOOL
    return reason, ": ".join(str(text) for text in (word, candidate.get("finishMessage")) if text)


def usage(counts: Mapping[str, Any] | None) -> Usage | None:
    """The prompt's count includes the cached part; thoughts are billed output beside the candidates' count."""
    if not counts or counts.get("promptTokenCount") is None:
        return None
    thoughts = counts.get("thoughtsTokenCount") or 0
    return Usage(
        input_tokens=counts["promptTokenCount"] + (counts.get("toolUsePromptTokenCount") or 0),
        output_tokens=(counts.get("candidatesTokenCount") or 0) + thoughts,
        cached_tokens=counts.get("cachedContentTokenCount") or 0,
        thinking_tokens=thoughts,
    )


def searches(raw: Mapping[str, Any]) -> int:
    """Queries that the provider's own search ran, as the answer's grounding tells them."""
    candidate = (raw.get("candidates") or [{}])[0]
    return len((candidate.get("groundingMetadata") or {}).get("webSearchQueries") or ())
