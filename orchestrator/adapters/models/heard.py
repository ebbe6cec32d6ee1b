"""What providers' answers said beside their content: the time it is there, and what is left of the account's limits.

Kept for the last answer of each address, so that a rehearsal can compare clocks and limits without a request of its
own.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from urllib.parse import urlsplit

_LIMITS = ("ratelimit", "rate-limit", "quota")
_LEFT = "remaining"
_lock = threading.Lock()
_heard: dict[str, Heard] = {}


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """The last answer's side remarks."""

    ahead_s: float | None = None
    """How far this machine's clock is ahead of the provider's, seconds, to about a second; ``None``: it did not say."""
    left: Mapping[str, int] = field(default_factory=dict)
    """What is left, by the provider's own header name (``anthropic-ratelimit-tokens-remaining``)."""


def listen(address: str, headers: Mapping[str, str], now: datetime | None = None) -> None:
    """Keep what the headers of an answer from that address (host and port) say."""
    made = Heard(ahead_s=_ahead(headers.get("date", ""), now or datetime.now(UTC)), left=_left(headers))
    with _lock:
        _heard[address] = made


def heard_from(base_url: str) -> Heard:
    """What the last answer from there said; nothing where there was none."""
    with _lock:
        return _heard.get(urlsplit(base_url).netloc.rpartition("@")[2], Heard())


def _ahead(stated: str, now: datetime) -> float | None:
    try:
        there = parsedate_to_datetime(stated)
    except (TypeError, ValueError):
        return None
    there = there if there.tzinfo else there.replace(tzinfo=UTC)
    return (now - there).total_seconds()


def _left(headers: Mapping[str, str]) -> dict[str, int]:
    found = {}
    for name, value in headers.items():
        lower = name.lower()
        if _LEFT in lower and any(word in lower for word in _LIMITS) and value.strip().isdigit():
            found[lower] = int(value)
    return found
