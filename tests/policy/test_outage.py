"""When a provider that is away is asked again."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from orchestrator.domain.errors import ModelError, ModelFault
from orchestrator.policy.outage import back_at, worth_waiting

NOW = datetime(2026, 11, 21, 2, 36, tzinfo=UTC)


def fault(kind: ModelFault, *, retry_after_s: float | None = None, until: datetime | None = None) -> ModelError:
    return ModelError("no", fault=kind, provider="p", retry_after_s=retry_after_s, back_at=until)


@pytest.mark.parametrize(
    ("error", "tries", "seconds"),
    [
        (fault(ModelFault.OVERLOADED), 1, 300),
        (fault(ModelFault.OVERLOADED), 2, 600),
        (fault(ModelFault.SERVER), 3, 1200),
        (fault(ModelFault.CONNECTION), 4, 1800),
        (fault(ModelFault.TIMEOUT), 10**6, 1800),
        (fault(ModelFault.RATE_LIMIT, retry_after_s=3600), 1, 3600),
        (fault(ModelFault.OVERLOADED, retry_after_s=2), 1, 300),
        (fault(ModelFault.QUOTA, retry_after_s=7200), 1, 7200),
        (fault(ModelFault.QUOTA), 1, None),
        (fault(ModelFault.QUOTA, until=NOW + timedelta(hours=3)), 5, 10_800),
        (fault(ModelFault.QUOTA, until=NOW - timedelta(days=1)), 1, 0),
        (fault(ModelFault.RATE_LIMIT, retry_after_s=1e300), 1, 366 * 86_400),
    ],
)
def test_as_it_says_or_ever_more_seldom(error: ModelError, tries: int, seconds: float | None) -> None:
    found = back_at(error, NOW, tries, 300)
    assert found == (None if seconds is None else NOW + timedelta(seconds=seconds))


def test_it_is_waited_for_up_to_a_limit_from_its_first_refusal_on() -> None:
    assert worth_waiting(NOW, NOW + timedelta(hours=8), 28_800)
    assert not worth_waiting(NOW, NOW + timedelta(hours=8, seconds=1), 28_800)
    assert not worth_waiting(NOW, NOW + timedelta(seconds=1), 0)
