"""``metrics summary`` as of a moment, in a window, beside the window before (M1, M7), from the command line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from orchestrator.cli import main
from orchestrator.ledger.events import LOG, encode
from tests.ledger.event_lines import at, task_event


@pytest.fixture
def state(tmp_path: Path) -> Path:
    """Four tasks, one each thousand seconds from 2026-03-01 on; the two later ones are slower and were reworked."""
    made = []
    for number, seconds in enumerate((100, 200, 300, 500)):
        name, begun = f"t{number}", number * 1000
        made.append(task_event("task:started", name, begun))
        made += [task_event("task:rework", name, begun + 1, model="m")] if number > 1 else []
        made.append(task_event("call:answered", name, begun + 2, model="m", tokens=(10, 1)))
        made.append(task_event("task:completed", name, begun + seconds, model="m"))
    with (tmp_path / LOG).open("wb") as log:
        log.writelines(map(encode, made))
    return tmp_path


def summary(state: Path, capsys: pytest.CaptureFixture[str], *flags: str) -> dict[str, Any]:
    capsys.readouterr()
    assert main(["metrics", "summary", "--state", str(state), "--json", *flags]) == 0
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    return found


def test_as_of_a_moment(state: Path, capsys: pytest.CaptureFixture[str]) -> None:
    early = summary(state, capsys, "--at", at(1200))
    assert (early["tasks"]["completed"], early["eventCount"]) == (2, 6)
    assert summary(state, capsys, "--at", at(1199))["tasks"]["completed"] == 1
    assert summary(state, capsys, "--at", at(9999))["tasks"] == summary(state, capsys)["tasks"]


def test_in_a_window(state: Path, capsys: pytest.CaptureFixture[str]) -> None:
    late = summary(state, capsys, "--since", at(2000))
    assert (late["tasks"]["completed"], late["tasks"]["reworked"], late["tasks"]["p50CycleTimeMs"]) == (2, 2, 300_000)
    middle = summary(state, capsys, "--since", at(1000), "--until", at(3000))
    assert (middle["tasks"]["completed"], middle["agents"]["m"]["totalTokens"]) == (2, 22)


def test_beside_the_window_before(state: Path, capsys: pytest.CaptureFixture[str]) -> None:
    sides = summary(state, capsys, "--since", at(2000), "--until", at(4000), "--compare")
    assert (sides["before"]["since"], sides["before"]["until"]) == (at(0), at(2000))
    assert [sides[name]["tasks"]["avgCycleTimeMs"] for name in ("before", "after")] == [150_000.0, 400_000.0]
    assert [sides[name]["reworkByModel"]["m"]["reworks"] for name in ("before", "after")] == [0, 2]
    assert (
        main(["metrics", "summary", "--state", str(state), "--since", at(2000), "--until", at(4000), "--compare"]) == 0
    )
    assert "2.5 min" in (shown := capsys.readouterr().out), shown
    assert "6.7 min" in shown
