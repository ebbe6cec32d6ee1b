"""B9: disputes last: a torn line costs no other, of two about one stop the later counts, a full disk is said."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from orchestrator.domain.errors import OrchestrateError
from orchestrator.ledger.disputes import FILE, dispute, disputes

AT = datetime(2026, 11, 21, tzinfo=UTC)


def test_written_read_and_replaced(tmp_path: Path) -> None:
    assert disputes(tmp_path) == {}
    dispute(tmp_path, run="r1", task="a", reason="large file", at=AT)
    dispute(tmp_path, run="r2", task="a", reason="näïve", at=AT)
    dispute(tmp_path, run="r1", task="a", reason="larger file", at=AT)
    assert disputes(tmp_path) == {("r1", "a"): "larger file", ("r2", "a"): "näïve"}


def test_a_torn_line_and_a_foreign_one_cost_no_other(tmp_path: Path) -> None:
    dispute(tmp_path, run="r1", task="a", reason="x", at=AT)
    with (tmp_path / FILE).open("ab") as file:
        file.write(b'[1]\n{"run": "r9", "ta')
    dispute(tmp_path, run="r2", task="b", reason="y", at=AT)
    assert disputes(tmp_path) == {("r1", "a"): "x", ("r2", "b"): "y"}


def test_what_cannot_be_written_is_said(tmp_path: Path) -> None:
    (tmp_path / FILE).mkdir()
    with pytest.raises(OrchestrateError, match="could not be written") as caught:
        dispute(tmp_path, run="r1", task="a", reason="x", at=AT)
    assert caught.value.hint
