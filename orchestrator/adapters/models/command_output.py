"""What a coding CLI prints for programs, read: its last words, the tokens and the cost it tells, and why it failed.

Two forms are known: the one object of Claude Code (``claude -p --output-format json``) and the JSON lines of Codex CLI
(``codex exec --json``). Output is read as far as it goes: what is not understood is left out, never an error, since the
program's work lies in the tree and not in its words.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from types import MappingProxyType
from typing import Any

from orchestrator.adapters.models.faults import fault_of
from orchestrator.domain.call import Usage
from orchestrator.domain.errors import ModelFault

_AWAY = re.compile(r"ECONN(?:REFUSED|RESET)|ENOTFOUND|EAI_AGAIN|[Cc]onnection (?:error|refused|reset)|sending request")
_SPENT = re.compile(r"(?:usage|session|weekly|5-hour|your) limit|[Qq]uota exceeded|out of (?:credits|extra usage)")
_KEY = re.compile(r"[Ii]nvalid API key|[Nn]ot logged in|/login|[Ii]nvalid bearer|Missing environment variable")
_BUSY = re.compile(r"[Oo]verloaded|high demand|at capacity")
_SLOW = re.compile(r"timed? ?out|[Tt]imeout|idle timeout")
_CUT = re.compile(r"stream (?:disconnected|closed)|before completion")
_STATUS = re.compile(r"(?:[Ss]tatus|[Ee]rror|HTTP)(?: code)?:? {0,2}([45]\d\d)\b")
_WORD = re.compile(r"[a-z]+(?:_[a-z]+)+")
_CUT_SHORT = frozenset({"error_max_turns", "error_max_budget_usd"})
"""Claude Code's words for its own limits."""
_BY_WORDS = (
    (_SPENT, ModelFault.QUOTA),
    (_KEY, ModelFault.AUTHENTICATION),
    (_AWAY, ModelFault.CONNECTION),
    (_BUSY, ModelFault.OVERLOADED),
    (_CUT, ModelFault.INCOMPLETE),
    (_SLOW, ModelFault.TIMEOUT),
)
"""The CLIs' own wordings, where they quote no answer of the provider; the first that is found."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What the output tells."""

    words: str
    """Its last words, for people."""
    usage: Usage | None = None
    """``None``: it tells no tokens."""
    cost_usd: Decimal | None = None
    """Dollars as the CLI reckons them; ``None``: it tells none."""
    model: str = ""
    """The model that wrote most; empty where it is not told."""
    failed: str = ""
    """Why it could not do what it was asked, in its words; empty where it says nothing of the kind."""

    status: int = 0
    """The HTTP status it failed with; 0: it tells none."""
    cut: bool = False
    """It stopped at a limit of its own (turns, dollars): what it did so far is there, and was paid for."""

    @property
    def unspent(self) -> bool:
        """Whether it says itself that nothing was used."""
        return self.usage is not None and self.usage.total == 0 and not self.cost_usd


Reader = Callable[[str], Said]


def plain(output: str) -> Said:
    """Words are words."""
    return Said(words=output)


def claude_code(output: str) -> Said:
    """The ``result`` object; tokens and cost by model where it gives them, helpers of its own included."""
    result = next((item for item in _objects(output) if item.get("type") == "result"), None)
    if result is None:
        return Said(words=output)
    words = str(result.get("result") or "")
    subtype = str(result.get("subtype") or "")
    listed = result.get("errors")
    errors = "; ".join(str(error) for error in listed) if isinstance(listed, list) else ""
    failed = bool(result.get("is_error")) or subtype.startswith("error")
    by_model = {name: used for name, used in _mapping(result.get("modelUsage")).items() if isinstance(used, Mapping)}
    usage = sum((_claude_model(used) for used in by_model.values()), Usage())
    if not usage.total:
        usage = _claude_turns(_mapping(result.get("usage")))
    cut, status = subtype in _CUT_SHORT, result.get("api_error_status")
    return Said(
        words=words,
        usage=usage,
        cost_usd=_dollars(result.get("total_cost_usd")),
        model=max(by_model, key=lambda name: _count(by_model[name], "outputTokens"), default=""),
        failed=(words or errors or subtype.replace("_", " ")) if failed and not cut else "",
        status=status if isinstance(status, int) else 0,
        cut=cut,
    )


def _claude_model(used: Mapping[str, Any]) -> Usage:
    return _claude_usage(
        _count(used, "inputTokens"),
        _count(used, "outputTokens"),
        _count(used, "cacheReadInputTokens"),
        _count(used, "cacheCreationInputTokens"),
        _count(used, "webSearchRequests"),
    )


def _claude_turns(used: Mapping[str, Any]) -> Usage:
    return _claude_usage(
        _count(used, "input_tokens"),
        _count(used, "output_tokens"),
        _count(used, "cache_read_input_tokens"),
        _count(used, "cache_creation_input_tokens"),
        _count(_mapping(used.get("server_tool_use")), "web_search_requests"),
    )


def _claude_usage(fresh: int, output: int, read: int, written: int, searches: int) -> Usage:
    """What the cache gave and took counts as input here; Anthropic tells it apart."""
    return Usage(
        input_tokens=fresh + read + written,
        output_tokens=output,
        cached_tokens=read,
        cache_write_tokens=written,
        searches=searches,
    )


def codex(output: str) -> Said:
    """Messages, tokens of each turn, and what failed, from its events. Nothing done before it failed: nothing used."""
    words, failed, usage, done = "", "", None, False
    for event in _objects(output):
        kind, item = event.get("type"), _mapping(event.get("item"))
        done = done or bool(item)
        if kind == "item.completed" and item.get("type") == "agent_message":
            words = str(item.get("text") or "")
        elif kind == "turn.completed":
            usage = (usage or Usage()) + _codex_turn(_mapping(event.get("usage")))
            failed = ""
        elif kind in {"turn.failed", "error"}:
            failed = str(_mapping(event.get("error")).get("message") or event.get("message") or "it failed")
    return Said(words=words, usage=Usage() if failed and not done and usage is None else usage, failed=failed)


def _codex_turn(used: Mapping[str, Any]) -> Usage:
    """Reasoning is part of its output tokens, as the Responses protocol counts them."""
    return Usage(
        input_tokens=_count(used, "input_tokens"),
        output_tokens=_count(used, "output_tokens"),
        cached_tokens=_count(used, "cached_input_tokens"),
        thinking_tokens=_count(used, "reasoning_output_tokens"),
    )


READERS: Mapping[str, Reader] = MappingProxyType({"text": plain, "claude-code": claude_code, "codex": codex})
"""By the setting ``output`` of a provider."""


def fault_in(words: str, status: int = 0) -> tuple[ModelFault, int]:
    """Which fault the CLI's words tell of, and its HTTP status: the one given, else what they quote (0: none).

    ``UNKNOWN`` where they are not understood: no further attempt is made then.
    """
    quoted = None if status else _STATUS.search(words)
    status = int(quoted[1]) if quoted else status
    for pattern, fault in _BY_WORDS[:2]:
        if pattern.search(words):
            return fault, status
    known = fault_of(words, status, _WORD.findall(words))
    if known is None:
        known = next((fault for pattern, fault in _BY_WORDS if pattern.search(words)), ModelFault.UNKNOWN)
    return known, status


def _objects(output: str) -> Iterator[Mapping[str, Any]]:
    """The JSON objects of an output: the whole of it, a list's, or one a line; other lines are passed over."""
    whole = _json(output)
    if isinstance(whole, list):
        yield from (item for item in whole if isinstance(item, Mapping))
        return
    if isinstance(whole, Mapping):
        yield whole
        return
    for line in output.splitlines():
        item = _json(line)
        if isinstance(item, Mapping):
            yield item


def _json(text: str) -> Any:
    if not text.lstrip().startswith(("{", "[")):
        return None
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _count(used: Mapping[str, Any], name: str) -> int:
    value = used.get(name)
    return max(0, value) if isinstance(value, int) and not isinstance(value, bool) else 0


def _dollars(value: Any) -> Decimal | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    dollars = Decimal(str(value))
    return dollars if dollars.is_finite() and dollars >= 0 else None
