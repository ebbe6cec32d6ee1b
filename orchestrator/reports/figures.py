"""Numbers as people read them. Unknown is said, never shown as zero."""

from __future__ import annotations

from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal

_THOUSAND, _ALMOST_A_MILLION, _MILLION = 1_000, 999_950, 1_000_000
_SHORT, _MINUTE, _HOUR = 10, 60, 3_600


def tokens(count: int) -> str:
    """``812``, ``12.3k``, ``1.24M``."""
    if count < _THOUSAND:
        return str(count)
    if count < _ALMOST_A_MILLION:
        return f"{count / _THOUSAND:.1f}k"
    return f"{count / _MILLION:.2f}M"


def money(usd: Decimal | None) -> str:
    """US dollars; four decimals below a dollar; ``unknown`` where no price is known."""
    if usd is None:
        return "unknown"
    if usd == 0:
        return "$0"
    places = Decimal("0.01") if usd >= 1 else Decimal("0.0001")
    return f"${usd.quantize(places, ROUND_HALF_UP):,}"


def duration(seconds: float) -> str:
    """``0.4 s``, ``42 s``, ``3 min 05 s``, ``2 h 07 min``."""
    if seconds < _SHORT:
        return f"{max(seconds, 0.0):.1f} s"
    whole = round(seconds)
    if whole < _MINUTE:
        return f"{whole} s"
    if whole < _HOUR:
        return f"{whole // _MINUTE} min {whole % _MINUTE:02d} s"
    minutes = round(seconds / _MINUTE)
    return f"{minutes // 60} h {minutes % 60:02d} min"


def clock(seconds: float) -> str:
    """``0:42``, ``12:05``, ``2:07:13``: elapsed time in a view that ticks."""
    whole = max(int(seconds), 0)
    hours, minutes, rest = whole // _HOUR, whole // _MINUTE % 60, whole % _MINUTE
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"


def percent(part: float, whole: float) -> str:
    """``37 %``; ``-`` where there is no whole."""
    return f"{100 * part / whole:.0f} %" if whole > 0 else "-"


def when(at: str | None) -> str:
    """``2026-11-21 02:36:00 UTC`` for an ISO 8601 time; ``not yet`` for none; what it is, where it is no time."""
    if at is None:
        return "not yet"
    try:
        moment = datetime.fromisoformat(at)
    except ValueError:
        return at
    zone = "UTC" if moment.utcoffset() is not None and not moment.utcoffset() else moment.strftime("%z")
    return f"{moment:%Y-%m-%d %H:%M:%S} {zone}".rstrip()
