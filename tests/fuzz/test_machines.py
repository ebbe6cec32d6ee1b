"""The machines for a few lives, the same every time: the short form of ``scripts/fuzz ledger`` and ``night``."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from orchestrator.ledger import charges
from tests.fuzz.ledger import Ledger

SHORT = settings(
    max_examples=6,
    stateful_step_count=20,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=list(HealthCheck),
)


def test_a_ledger_through_many_lives() -> None:
    run_state_machine_as_test(Ledger, settings=SHORT)


def test_a_broken_ledger_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    """The control: an answer on disk whose line is missing is bought again."""
    monkeypatch.setattr(charges, "_received", lambda folder, intent: None)
    with pytest.raises(AssertionError, match="its answer is on disk"):
        run_state_machine_as_test(Ledger, settings=settings(SHORT, max_examples=60, phases=[Phase.generate]))
