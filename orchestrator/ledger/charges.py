"""What calls charged, read from and written to journal entries; and what a crash left open."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

from orchestrator.domain.call import Charge, Usage
from orchestrator.domain.record import CallRecord, from_json
from orchestrator.ledger.journal import Entry, Journal
from orchestrator.ledger.purse import WorstCase

_WHO = ("call", "task", "phase", "role", "iteration", "turn", "provider", "model", "attempt")


def money(cost: Decimal | None) -> str | None:
    """Dollars as exact decimal text, ``None`` where unknown."""
    return None if cost is None else f"{cost:f}"


def charge_fields(charge: Charge) -> dict[str, Any]:
    """A charge as fields of a journal entry."""
    usage = charge.usage
    return {
        "input_tokens": usage.input_tokens,
        "output_tokens": usage.output_tokens,
        "cached_tokens": usage.cached_tokens,
        "cache_write_tokens": usage.cache_write_tokens,
        "thinking_tokens": usage.thinking_tokens,
        **({"searches": usage.searches} if usage.searches else {}),
        "estimated": usage.estimated,
        "cost_usd": money(charge.cost_usd),
    }


def answer_fields(record: CallRecord, content: bytes) -> dict[str, Any]:
    """What ``call:answer`` says of a record whose file has that content."""
    answer = record.answer
    return {
        "sha256": hashlib.sha256(content).hexdigest(),
        "reason": answer.reason.value,
        "answered_by": answer.model,
        "seconds": round(answer.seconds, 3),
        "lookups": len(answer.tool_calls),
        **charge_fields(Charge(usage=answer.usage or Usage(), cost_usd=record.cost_usd)),
    }


def worst_charge(worst: WorstCase) -> Charge:
    """The worst case as a charge, marked as an estimate."""
    usage = Usage(input_tokens=worst.input_tokens, output_tokens=worst.output_tokens, estimated=True)
    return Charge(usage=usage, cost_usd=worst.cost_usd)


def charge_of(entry: Mapping[str, Any]) -> Charge:
    """What a journal entry of a call charged; nothing for other entries."""
    if entry["type"] not in ("call:answer", "call:failed", "call:lost"):
        return Charge()
    usage = Usage(
        input_tokens=entry["input_tokens"],
        output_tokens=entry["output_tokens"],
        cached_tokens=entry["cached_tokens"],
        cache_write_tokens=entry["cache_write_tokens"],
        thinking_tokens=entry["thinking_tokens"],
        searches=entry.get("searches", 0),
        estimated=entry["estimated"],
    )
    cost = entry["cost_usd"]
    return Charge(usage=usage, cost_usd=Decimal(cost) if cost is not None else None)


def total_charge(entries: Iterable[Mapping[str, Any]]) -> Charge:
    """All that these entries charged."""
    total = Charge()
    for entry in entries:
        if entry["type"].startswith("call:"):
            total += charge_of(entry)
    return total


def close_open_intents(journal: Journal, folder: Path) -> tuple[str, ...]:
    """On resume: settle every intent that has neither answer nor failure; the ids of the calls that were lost.

    An answer whose file is whole was received and is taken up, not bought again; any other is charged at its worst
    case, once, and marked (I3).
    """
    lost: list[str] = []
    for intent in _open_intents(journal):
        who = {name: intent[name] for name in _WHO}
        content = _received(folder, intent)
        if content is not None:
            journal.append("call:answer", sync=True, **who, **answer_fields(from_json(json.loads(content)), content))
            continue
        cost = intent["worst_cost_usd"]
        worst = WorstCase(
            input_tokens=intent["worst_input_tokens"],
            output_tokens=intent["worst_output_tokens"],
            cost_usd=Decimal(cost) if cost is not None else None,
        )
        journal.append("call:lost", sync=True, **who, **charge_fields(worst_charge(worst)))
        lost.append(intent["call"])
    return tuple(lost)


def _open_intents(journal: Journal) -> tuple[Entry, ...]:
    found: dict[tuple[str, int], Entry] = {}
    for entry in journal.entries:
        if entry["type"] == "call:intent":
            found[entry["call"], entry["attempt"]] = entry
        elif entry["type"] in ("call:answer", "call:failed", "call:lost"):
            found.pop((entry["call"], entry["attempt"]), None)
    return tuple(found.values())


def _received(folder: Path, intent: Entry) -> bytes | None:
    """The answer's file, if it was saved whole before the crash and answers this very prompt."""
    try:
        content = (folder / f"{intent['call']}.json").read_bytes()
        record = from_json(json.loads(content))
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return content if record.prompt_sha256 == intent["prompt_sha256"] else None
