"""When a provider that is away is asked again. Pure."""

from __future__ import annotations

from datetime import datetime, timedelta

from orchestrator.domain.errors import ModelError, ModelFault

_FOREVER_S = 366 * 86_400.0
"""No provider is believed to be away for longer: a header may say anything."""
_LONGEST_PROBE_S = 1_800.0
"""Half an hour: asked twice an hour, an outage of hours costs next to no requests, and its end little of the night."""


def back_at(error: ModelError, now: datetime, tries: int, probe_s: float) -> datetime | None:
    """The moment to ask again; ``None``: no waiting heals it.

    As the provider says, where it says so. An outage is looked at again and again, ``tries`` times by now, and not more
    often than that where the provider asks for seconds each time. A quota without a date is its owner's to raise.
    """
    if error.back_at is not None:
        return max(error.back_at, now)
    if error.fault is ModelFault.QUOTA and error.retry_after_s is None:
        return None
    doubled = probe_s * 2.0 ** min(max(tries, 1) - 1, 20)
    probe = min(doubled, max(_LONGEST_PROBE_S, probe_s))
    return now + timedelta(seconds=min(max(error.retry_after_s or 0.0, probe), _FOREVER_S))


def worth_waiting(away_since: datetime, back: datetime, wait_up_to_s: float) -> bool:
    """Whether a provider will be back soon enough."""
    return (back - away_since).total_seconds() <= wait_up_to_s
