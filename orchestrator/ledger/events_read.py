"""Lines of a log as events; what is none is named and passed over, never fatal (M1).

Quick on a million lines: orjson reads them; what it refuses (a lone surrogate, deep nesting) goes to the standard
library's reader, whose word is final.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from struct import unpack
from typing import Any, BinaryIO, NoReturn, cast

import orjson

from orchestrator.ledger.events import ARCHIVES, LOG

_BLOCK = 1 << 20
_ID_LENGTH = 36
_DASHES = (8, 13, 18, 23)
_HEX = 32
_unhex = bytes.fromhex
MOST_TOKENS = 1 << 40
"""Of one event: what is beyond is no count of tokens, and could not be added up for long."""
LIFECYCLE = frozenset(
    {
        "task:created",
        "task:started",
        "task:completed",
        "task:rework",
        "task:ended",
        "chain:created",
        "chain:completed",
        "request:created",
        "request:closed",
    }
)
"""What makes tasks, chains and requests known; other types count as events, for tokens, and for phases."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """A line that is no event."""

    file: str
    offset: int
    """Byte at which the line begins (in an archive: of what it holds)."""
    why: str


def archives(state: Path) -> tuple[Path, ...]:
    """The archives of a state folder, oldest first."""
    return tuple(sorted((state / ARCHIVES).glob("*.jsonl.gz")))


def sources(state: Path) -> tuple[Path, ...]:
    """Archives, then the log: all events in the order they were written."""
    return (*archives(state), state / LOG)


def open_source(path: Path) -> BinaryIO:
    """An archive is read as what it holds."""
    return cast("BinaryIO", gzip.open(path, "rb")) if path.suffix == ".gz" else path.open("rb")


def line_blocks(source: BinaryIO, stop: int | None = None) -> Iterator[tuple[int, list[bytes], bytes]]:
    """From where the source stands: offset of the block, its whole lines, and at the end what lacks its newline.

    ``stop``: where the last line ends, if not with the file.
    """
    offset, rest = source.tell(), b""
    while block := source.read(_BLOCK if stop is None else min(_BLOCK, stop - source.tell())):
        block = rest + block
        *lines, rest = block.split(b"\n")
        if lines:
            yield offset, lines, b""
            offset += len(block) - len(rest)
    if rest:
        yield offset, [], rest


def read_json(line: bytes) -> Any:
    """What a line holds; ``ValueError`` or ``RecursionError`` where it is no JSON."""
    try:
        return orjson.loads(line)
    except ValueError:
        return strict_json(line)


def strict_json(line: bytes) -> Any:
    """JSON by the standard library, without its ``NaN``."""
    return json.loads(line, parse_constant=_no_constant)


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON")


def packed_id(stated: str) -> bytes:
    """A UUID's 16 bytes; ``ValueError`` where it is none."""
    return packed_ids([stated])[0]


def packed_ids(stated: list[str]) -> tuple[bytes, ...]:
    """The 16 bytes of each; ``ValueError``, ``TypeError`` where one is no UUID of the usual form."""
    joined, count = "".join(stated), len(stated)
    if not set(map(len, stated)) <= {_ID_LENGTH}:
        raise ValueError("an id has another length than a UUID")
    digits = joined.replace("-", "")
    if len(digits) != _HEX * count or any(joined[place::_ID_LENGTH] != "-" * count for place in _DASHES):
        raise ValueError("an id is no UUID")
    packed = _unhex(digits)
    if len(packed) != _HEX // 2 * count:
        raise ValueError("an id is no UUID")
    return unpack(f"{'16s' * count}", packed)


def instant_ms(stated: str) -> int:
    """Milliseconds since 1970 of an ISO 8601 time with zone; ``ValueError`` where it is none."""
    at = datetime.fromisoformat(stated)
    if at.tzinfo is None:
        raise ValueError("timestamp has no zone")
    return to_ms(at)


def to_ms(at: datetime) -> int:
    """Milliseconds since 1970."""
    return round(at.timestamp() * 1000)


def why_foreign(line: bytes) -> str:
    """Why a line is no event, in a few words; empty where it is one (M2)."""
    try:
        made = strict_json(line)
    except (ValueError, RecursionError):
        return "no JSON (torn, or not ours)"
    if not isinstance(made, dict):
        return "no object"
    for name in ("id", "timestamp", "eventType", "entityType", "entityId"):
        if not isinstance(made.get(name), str) or not made[name]:
            return f"{name} is missing or no text"
    for name, check in (("id", packed_id), ("timestamp", instant_ms)):
        try:
            check(made[name])
        except (ValueError, OverflowError):
            return f"{name} {made[name][:40]!r} is not of its form"
    for name in ("chainId", "requestId"):
        if made["eventType"] in LIFECYCLE and not isinstance(made.get(name), str | None):
            return f"{name} is no text"
    return _why_agent(made.get("agent"))


def _why_agent(agent: Any) -> str:
    if agent is None:
        return ""
    if not isinstance(agent, dict) or not isinstance(agent.get("model"), str):
        return "agent names no model"
    tokens = agent.get("tokens")
    if tokens is None:
        return ""
    counts = [tokens.get(name, 0) for name in ("input", "output")] if isinstance(tokens, dict) else [None]
    whole = all(type(count) is int and 0 <= count < MOST_TOKENS for count in counts)
    return "" if whole else "tokens are no whole numbers"


def read_events(state: Path) -> Iterator[dict[str, Any]]:
    """Every event once, oldest line first; for export, where speed is not all."""
    seen: set[bytes] = set()
    for path in sources(state):
        if not path.exists():
            continue
        with open_source(path) as source:
            for _, lines, _ in line_blocks(source):
                for line in lines:
                    if not line or why_foreign(line):
                        continue
                    made: dict[str, Any] = strict_json(line)
                    key = packed_id(made["id"])
                    if key not in seen:
                        seen.add(key)
                        yield made
