"""When to ask a provider again, read from what it said: seconds, a date, or a quota that a day fills again. Pure."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta, timezone, tzinfo
from email.utils import parsedate_to_datetime
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

_REGAIN = re.compile(r"regain access on (\d{4}-\d\d-\d\d)(?: at (\d\d:\d\d))?", re.IGNORECASE)
_PER_DAY = re.compile(r"per.?day", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What an exception says, whatever SDK it came from."""

    classes: frozenset[str]
    status: int
    kind: str
    """The provider's word for it: ``overloaded_error``, ``RESOURCE_EXHAUSTED``, ``insufficient_quota``."""
    code: str
    message: str
    headers: Mapping[str, str] = field(default_factory=dict)
    details: tuple[Mapping[str, Any], ...] = ()


def retry_after(seen: Seen, now: datetime) -> float | None:
    """Seconds the provider asks to wait, by header or in the body; ``None``: it says nothing."""
    for text, unit in ((seen.headers.get("retry-after-ms"), 1000.0), (seen.headers.get("retry-after"), 1.0)):
        if text is not None and (seconds := _seconds(text, seen, now)) is not None:
            return seconds / unit
    for detail in seen.details:
        delay = detail.get("retryDelay")
        if isinstance(delay, str) and (number := _number(delay.removesuffix("s"))) is not None:
            return number
    return None


def _seconds(text: str, seen: Seen, now: datetime) -> float | None:
    if (number := _number(text)) is not None:
        return number
    try:
        due = parsedate_to_datetime(text)
        start = parsedate_to_datetime(seen.headers["date"]) if "date" in seen.headers else now
        return max(0.0, (due - start).total_seconds())
    except (ValueError, TypeError):  # no date; or one without a zone
        return None


def _number(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return max(0.0, value) if math.isfinite(value) else None


def back_at(seen: Seen, now: datetime) -> datetime | None:
    """When a quota is full again, where it is known: Anthropic names the day, Gemini's days end at midnight Pacific."""
    if told := _REGAIN.search(seen.message):
        try:
            return datetime.fromisoformat(f"{told[1]}T{told[2] or '00:00'}+00:00")
        except ValueError:
            return None
    return _next_midnight(now) if daily_quota(seen) and not _no_quota(seen) else None


def _next_midnight(now: datetime) -> datetime:
    """In Pacific time, where Gemini's daily quotas begin anew; by standard time where the system knows no zones."""
    try:
        zone: tzinfo = ZoneInfo("America/Los_Angeles")
    except (ZoneInfoNotFoundError, OSError, ValueError):
        zone = timezone(timedelta(hours=-8))
    tomorrow = now.astimezone(zone).date() + timedelta(days=1)
    return datetime.combine(tomorrow, time(), zone).astimezone(UTC)


def daily_quota(seen: Seen) -> bool:
    """Gemini tells a spent day, or a plan without that model, from a busy minute only in the violations it lists."""
    if seen.kind != "RESOURCE_EXHAUSTED":
        return False
    ids = [str(one.get("quotaId", "")) for one in _violations(seen)]
    return _no_quota(seen) or any(_PER_DAY.search(name) for name in ids) or bool(_PER_DAY.search(seen.message))


def _no_quota(seen: Seen) -> bool:
    """The plan has none of that model: no day brings any."""
    return any(str(one.get("quotaValue", "")) == "0" for one in _violations(seen))


def _violations(seen: Seen) -> list[Mapping[str, Any]]:
    return [one for detail in seen.details for one in listed(detail.get("violations")) if isinstance(one, Mapping)]


def listed(value: Any) -> list[Any]:
    """The list, or nothing of what is none."""
    return value if isinstance(value, list) else []
