"""Stopped at any time, gone on with: the same trees, nothing bought twice, nothing left running."""

from __future__ import annotations

import json
import os
import signal
from collections import Counter
from pathlib import Path

import pytest

from tests.e2e.nights import Place, gone, pilot_place, replaying, wait_until

ONLY = ("--only", "round-up", "--only", "merge-entries", "--only", "rename-project", "--only", "colour-output")
EXPECTED = {
    "round-up": "delivered",
    "merge-entries": "delivered",
    "rename-project": "delivered",
    "colour-output": "needs_human",
}


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The trees of the same night, undisturbed."""
    place = pilot_place(tmp_path_factory.mktemp("whole") / "pilot")
    assert place.orchestrate(*replaying(place, *ONLY)).code == 1
    assert place.statuses() == EXPECTED
    return place.trees()


def lines(place: Place) -> int:
    try:
        return (place.run_folder() / "journal.jsonl").read_bytes().count(b"\n")
    except ValueError:
        return 0


def types(place: Place) -> list[str]:
    try:
        content = (place.run_folder() / "journal.jsonl").read_bytes()
    except ValueError:
        return []
    return [json.loads(line)["type"] for line in content.split(b"\n")[:-1]]


@pytest.mark.slow
@pytest.mark.parametrize("moment", ["call:intent", "edits:applied", "check:finished", "gate:finished", "commit:made"])
def test_killed_and_resumed(tmp_path: Path, whole: dict[str, str], moment: str) -> None:
    """kill -9 at that entry's third appearance; resumed twice more into the same moment; then let run."""
    place = pilot_place(tmp_path / "pilot")
    arguments = replaying(place, *ONLY)
    for appearance in (2, 3):
        with place.started(*arguments) as process:
            wait_until(
                lambda count=appearance, one=process: types(place).count(moment) >= count or one.poll() is not None
            )
            os.killpg(process.pid, signal.SIGKILL)
            process.communicate()
        arguments = ("resume", "--state", "runs")
    ended = place.orchestrate(*arguments)
    assert ended.code in {0, 1}, ended.err
    assert place.statuses() == EXPECTED
    assert place.trees() == whole
    entries = place.entries()
    bought = Counter(entry["call"] for entry in entries if entry["type"] == "call:answer")
    assert set(bought.values()) == {1}
    commits = Counter(entry["commit"] for entry in entries if entry["type"] == "commit:made")
    assert set(commits.values()) == {1}


def test_ctrl_c_stops_cleanly_and_says_how_to_go_on(tmp_path: Path, whole: dict[str, str]) -> None:
    place = pilot_place(tmp_path / "pilot")
    with place.started(*replaying(place, *ONLY)) as process:
        wait_until(lambda: "gate:finished" in types(place))
        os.kill(process.pid, signal.SIGINT)
        out, err = process.communicate(timeout=45)
    assert process.returncode == 130, err + out
    assert "orchestrate resume" in err
    assert types(place)[-1] == "run:interrupted"
    status = place.orchestrate("status", "--state", "runs", "--json")
    assert json.loads(status.out)["outcome"] == "interrupted"
    ended = place.orchestrate("resume", "--state", "runs")
    assert ended.code == 1, ended.err
    assert place.trees() == whole


def test_ctrl_c_ends_all_lanes_at_once(tmp_path: Path) -> None:
    """Three lanes, each in the middle of a check that would take a minute."""
    place = pilot_place(tmp_path / "pilot")
    text = place.tasks.read_text()
    place.tasks.write_text(text.replace("lint: ruff check .", "lint: sleep 60; ruff check ."))
    with place.started(*replaying(place, *ONLY, "--workers", "3", "--set", "loop.environment_retries=0")) as process:
        wait_until(lambda: types(place).count("setup:finished") == 3)
        os.kill(process.pid, signal.SIGINT)
        _, err = process.communicate(timeout=45)
    assert process.returncode == 130, err
    assert types(place)[-1] == "run:interrupted"


def test_sigterm_ends_with_143(tmp_path: Path) -> None:
    place = pilot_place(tmp_path / "pilot")
    with place.started(*replaying(place, *ONLY)) as process:
        wait_until(lambda: "gate:finished" in types(place))
        os.kill(process.pid, signal.SIGTERM)
        process.communicate(timeout=45)
    assert process.returncode == 143


def test_a_second_run_on_the_repository_names_the_first(tmp_path: Path) -> None:
    place = pilot_place(tmp_path / "pilot")
    with place.started(*replaying(place, *ONLY)) as process:
        wait_until(lambda: "task:started" in types(place))
        second = place.orchestrate(*replaying(place, *ONLY))
        assert second.code == 6
        assert str(process.pid) in second.err
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
    assert gone(process.pid)
    assert place.orchestrate("resume", "--state", "runs").code == 1


def test_a_hint_answers_an_escalation(tmp_path: Path) -> None:
    """The ADR is written anew with the hint; what was bought before stays bought."""
    place = pilot_place(tmp_path / "pilot")
    assert place.orchestrate(*replaying(place, "--only", "split-evenly")).code == 1
    before = place.git("rev-parse", f"orchestrate/{place.run_folder().name}/split-evenly")
    calls = place.folder / "calls"
    adr = (calls / "split-evenly.plan.architect.2.1.md").read_text()
    (calls / "split-evenly.plan.architect.3.1.md").write_text(
        adr.replace("tests ask for strictly equal parts", "test says so now")
    )
    (calls / "split-evenly.build.executor.4.1.md").write_text(
        "tests/test_split.py\n```python\n<<<<<<< SEARCH\n"
        "    assert len({part.minutes for part in parts}) == 1\n=======\n"
        "    assert max(part.minutes for part in parts) - min(part.minutes for part in parts) <= 1\n"
        ">>>>>>> REPLACE\n```\n"
    )
    (calls / "split-evenly.deliver.reviewer.1.1.md").write_text("VERDICT: accept\nSUMMARY: nothing is lost.\n")
    hint = ("--task", "split-evenly", "--hint", "A minute of difference is fine.")
    ended = place.orchestrate("resume", "--state", "runs", *hint)
    assert ended.code == 0, ended.err + ended.out
    assert place.statuses() == {"split-evenly": "delivered"}
    assert place.git("rev-parse", f"orchestrate/{place.run_folder().name}/split-evenly") != before
    bought = Counter(entry["call"] for entry in place.entries() if entry["type"] == "call:answer")
    assert set(bought.values()) == {1}
    assert "A minute of difference is fine." in json.dumps(
        [entry for entry in place.entries() if entry["type"] == "hint:used"]
    )
    prompt = json.loads((place.run_folder() / "calls" / "split-evenly.plan.architect.3.1.json").read_text())
    assert "A minute of difference is fine." in prompt["request"]["messages"][0]["text"]


@pytest.mark.slow
def test_lanes_bring_the_same_trees(tmp_path: Path, whole: dict[str, str]) -> None:
    place = pilot_place(tmp_path / "pilot")
    ended = place.orchestrate(*replaying(place, *ONLY, "--workers", "3"))
    assert ended.code == 1, ended.err
    assert place.statuses() == EXPECTED
    assert place.trees() == whole


def test_nothing_to_resume_says_so(tmp_path: Path) -> None:
    place = pilot_place(tmp_path / "pilot")
    assert place.orchestrate(*replaying(place, "--only", "backup")).code == 0
    ended = place.orchestrate("resume", "--state", "runs")
    assert ended.code == 2
    assert "every run there is over" in ended.err
