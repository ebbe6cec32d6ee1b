"""Ends what the tests of the adapters share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.adapters.models.common import KEPT


@pytest.fixture(scope="session", autouse=True)
def _kept_servers() -> Iterator[None]:
    yield
    for llm, server in KEPT.values():
        llm.close()
        server.stop()
    KEPT.clear()
