"""The main command's promises around the tasks: what is refused, skipped, printed, left alone."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.e2e.nights import Place, pilot_place, replaying


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return pilot_place(tmp_path / "pilot")


def test_what_depends_on_a_failed_task_is_skipped_and_says_so(place: Place) -> None:
    (place.folder / "calls" / "report-hours.build.executor.1.1.md").unlink()
    chain = ("--only", "report-hours", "--only", "weekly-report", "--only", "csv-export")
    ended = place.orchestrate(*replaying(place, *chain))
    assert ended.code == 1
    assert place.statuses() == {"report-hours": "failed", "weekly-report": "skipped", "csv-export": "delivered"}
    weekly = next(task for task in place.summary()["tasks"] if task["id"] == "weekly-report")
    assert weekly["branch"] is None
    assert "it depends on report-hours, which is failed" in ended.out
    assert "no recorded answer for call report-hours.build.executor.1.1" in ended.out


def test_every_fault_of_the_file_at_once_and_nothing_started(place: Place) -> None:
    place.tasks.write_text(
        "version: 1\nrepo: tally\ntasks:\n"
        "  - id: Bad Id\n    title: x\n"
        "  - id: b\n    titel: y\n    depends_on: [c]\n"
        "  - id: b\n    title: z\n    complexity: hard\n"
    )
    ended = place.orchestrate(*replaying(place))
    assert ended.code == 2
    for spot in ("tasks.yaml:4:9", "tasks.yaml:7:5", "tasks.yaml:8:18", "tasks.yaml:9:9", "tasks.yaml:11:17"):
        assert spot in ended.err, ended.err
    assert "did you mean" in ended.err or "title" in ended.err
    assert not (place.folder / "runs").exists()
    assert not (place.folder / "cache").exists()


def test_events_as_json_lines(place: Place) -> None:
    ended = place.orchestrate(*replaying(place, "--only", "round-up", "--json"))
    assert ended.code == 0, ended.err
    events = [json.loads(line) for line in ended.out.splitlines()]
    kinds = [event["type"] for event in events]
    assert kinds[0] == "run:started"
    assert kinds[-1] == "run:finished"
    assert "call:intent" in kinds
    assert "gate:finished" in kinds


def test_a_stopped_budget_stops_the_task_and_observe_only_tells(tmp_path: Path) -> None:
    """One phase above 1.5 times its limit, on actuals, between calls (B4)."""
    budget = ("--set", "budgets.tokens.build=300", "--set", "budgets.tokens.plan=300", "--set", "budgets.mode={}")
    calls = "usage: {input_tokens: 90000, output_tokens: 100}"
    for mode, status in (("enforce", "stopped"), ("observe", "delivered")):
        place = pilot_place(tmp_path / mode)
        for path in (place.folder / "calls").glob("round-up.*.md"):
            path.write_text(path.read_text().replace("reason: end", f"reason: end\n{calls}"))
        ended = place.orchestrate(*replaying(place, "--only", "round-up", *(one.format(mode) for one in budget)))
        assert place.statuses() == {"round-up": status}, ended.err + ended.out
        told = [entry for entry in place.entries() if entry["type"] == "budget:observed"]
        assert len(told) == (1 if mode == "observe" else 0)


def test_a_setup_that_fails_pauses_with_its_mend(place: Place) -> None:
    text = place.tasks.read_text().replace("setup: []", 'setup: ["echo no such luck >&2; exit 3"]')
    place.tasks.write_text(text)
    ended = place.orchestrate(*replaying(place, "--only", "round-up"))
    assert ended.code == 5, ended.err
    assert "no such luck" in ended.err
    assert "hint:" in ended.err


def test_a_task_on_two_predecessors_starts_from_their_merge(place: Place) -> None:
    text = place.tasks.read_text().replace(
        "files: [src/tally/merge.py]", "files: [src/tally/merge.py]\n    depends_on: [round-up, csv-export]"
    )
    place.tasks.write_text(text)
    only = ("--only", "round-up", "--only", "csv-export", "--only", "merge-entries")
    ended = place.orchestrate(*replaying(place, *only))
    assert ended.code == 0, ended.err + ended.out
    run = place.run_folder().name
    files = place.git("ls-tree", "-r", "--name-only", f"orchestrate/{run}/merge-entries").splitlines()
    assert {"src/tally/export.py", "tests/test_round_up.py", "src/tally/merge.py"} <= set(files)
    parents = place.git("log", "-1", "--format=%P", f"orchestrate/{run}/merge-entries^").split()
    tips = [place.git("rev-parse", f"orchestrate/{run}/{task}").strip() for task in ("round-up", "csv-export")]
    assert parents == tips
