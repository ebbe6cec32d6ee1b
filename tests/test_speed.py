"""docs/speed.md: made by a script from the pilot's recorded answers; each measure makes the pilot cheaper or faster."""

from __future__ import annotations

import importlib.util
import itertools
from pathlib import Path
from types import ModuleType

import pytest

from orchestrator.settings.load import load_settings

TOP = Path(__file__).parent.parent


@pytest.fixture(scope="module")
def p7() -> ModuleType:
    spec = importlib.util.spec_from_file_location("p7", TOP / "scripts" / "p7.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    import sys

    sys.modules["p7"] = module  # its dataclasses look their module up
    spec.loader.exec_module(module)
    return module


def test_every_measure_helps_and_none_takes_back_what_another_brought(p7: ModuleType) -> None:
    settings = load_settings(environment={}).settings
    totals = [p7.Pilot(way, settings).run() for way in p7.WAYS]
    for before, after in itertools.pairwise(totals):
        assert after.cost <= before.cost
        assert after.models <= before.models
        assert after.gate == before.gate
    off, on = totals[0], totals[-1]
    assert (off.calls, on.calls) == (95, 39)
    assert on.models < off.models / 2
    tiers = 1 - float(totals[1].cost / off.cost)
    assert 0.4 <= tiers <= 0.65  # P1: 40-60 %; on this pilot a little more


def test_the_page_names_the_ways_the_script_knows(p7: ModuleType) -> None:
    page = (TOP / "docs" / "speed.md").read_text(encoding="utf-8")
    assert all(f"| {way.name} |" in page for way in p7.WAYS)
