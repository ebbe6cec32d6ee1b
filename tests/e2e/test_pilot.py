"""The pilot as a newcomer runs it: no keys, no network, every route taken."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from tests.e2e.nights import Place, pilot_place, replaying
from tests.system import needs

ROUTES = {
    "backup": ["accept"],
    "report-hours": ["accept"],
    "weekly-report": ["accept"],
    "round-up": ["retry", "accept"],
    "csv-export": ["warn", "accept"],
    "merge-entries": ["redesign", "accept"],
    "rename-project": ["accept", "accept"],
    "project-tags": ["redesign", "accept"],
    "split-evenly": ["retry", "redesign", "human"],
    "colour-output": [],
}


@pytest.fixture(scope="module")
def night(tmp_path_factory: pytest.TempPathFactory) -> Place:
    """One pilot night, shared: its tests look at what it left."""
    place = pilot_place(tmp_path_factory.mktemp("pilot") / "pilot")
    (place.folder / "tally" / "notes.txt").write_text("mine\n")
    (place.folder / "tally" / "README.md").write_text("changed, not committed\n")
    ended = place.orchestrate(*replaying(place))
    assert ended.code == 1, ended.err + ended.out
    (place.folder / "output.txt").write_text(ended.out)
    return place


def test_eight_are_delivered_and_two_wait(night: Place) -> None:
    assert sorted(night.statuses().values()) == ["delivered"] * 8 + ["needs_human"] * 2


def test_every_route_is_taken(night: Place) -> None:
    assert {task: night.moves(task) for task in ROUTES} == ROUTES
    fixed = {entry["task"] for entry in night.entries() if entry["type"] == "autofix:applied"}
    assert fixed == {"report-hours", "weekly-report"}
    refused = [entry["task"] for entry in night.entries() if entry["type"] == "edits:refused"]
    assert refused == ["rename-project"]


def test_one_environment_failure_heals_and_uses_no_iteration(night: Place) -> None:
    summary = night.summary()
    assert summary["totals"]["healed"] == 1
    backup = next(task for task in summary["tasks"] if task["id"] == "backup")
    assert backup["iterations"] == 1
    assert backup["failures"]["environment"] == 1


def test_auto_fix_costs_no_call(night: Place) -> None:
    asked = [entry["task"] for entry in night.entries() if entry["type"] == "call:intent"]
    assert asked.count("report-hours") == asked.count("weekly-report") == 3


def test_an_unused_variable_is_kept_and_commented(night: Place) -> None:
    run = night.run_folder().name
    text = night.git("show", f"orchestrate/{run}/weekly-report:src/tally/report.py")
    assert re.search(r"busiest = max\(weeks, default=label\)  # noqa: F841", text)


def test_the_checkout_is_as_it_was(night: Place) -> None:
    assert night.git("status", "--porcelain") == " M README.md\n?? notes.txt\n"
    assert night.git("symbolic-ref", "HEAD") == "refs/heads/main\n"
    assert (night.folder / "tally" / "README.md").read_text() == "changed, not committed\n"
    entries = night.entries()
    before = next(entry for entry in entries if entry["type"] == "run:started")["checkout_before"]
    after = next(entry for entry in entries if entry["type"] == "run:finished")["checkout_after"]
    assert before == after
    named = [entry["text"] for entry in entries if entry["type"] == "note"]
    assert any("notes.txt" in text for text in named)
    assert any("README.md" in text for text in named)


def test_each_task_has_its_papers(night: Place) -> None:
    for task, status in night.statuses().items():
        folder = night.run_folder() / "tasks" / task
        adr = (folder / "adr.md").read_text()
        assert "### Invariant Compliance" in adr
        assert "- minutes-are-whole:" in adr
        if status == "delivered":
            for name in ("certificate.json", "changes.patch", "review.md", "delivery_report.md"):
                assert (folder / name).is_file(), f"{task}: {name}"
        else:
            assert "--hint" in (folder / "escalation.md").read_text()


def test_the_certificate_names_the_branch_s_tree(night: Place) -> None:
    trees = night.trees()
    for task, status in night.statuses().items():
        path = night.run_folder() / "tasks" / task / "certificate.json"
        assert path.exists() == (status == "delivered")
        if status == "delivered":
            certificate = json.loads(path.read_text())
            assert certificate["tree"] == trees[task]
            assert certificate["sandbox"]
            assert any(result["check"] == "test" and result["tests"]["ran"] > 20 for result in certificate["results"])


def test_commits_say_where_they_come_from(night: Place) -> None:
    run = night.run_folder().name
    message = night.git("log", "-1", "--format=%B", f"orchestrate/{run}/round-up")
    assert message.splitlines()[0] == "New: round a duration up to a quarter of an hour"
    trailers = night.git("log", "-1", "--format=%(trailers)", f"orchestrate/{run}/round-up").split("\n")
    assert f"Orchestrate-Run: {run}" in trailers
    assert "Orchestrate-Task: round-up" in trailers
    assert "Orchestrate-Iteration: 2" in trailers


def test_a_chain_s_branch_starts_from_what_it_depends_on(night: Place) -> None:
    run = night.run_folder().name
    parent = night.git("rev-parse", f"orchestrate/{run}/weekly-report^").strip()
    assert parent == night.git("rev-parse", f"orchestrate/{run}/report-hours").strip()
    assert night.git("rev-parse", f"orchestrate/{run}/round-up^") == night.git("rev-parse", "main")


def test_the_report_is_self_contained(night: Place) -> None:
    html = (night.run_folder() / "report.html").read_text()
    assert "Content-Security-Policy" in html
    assert not re.search(r"""(?:src|href)=["']https?://""", html)
    markdown = (night.run_folder() / "report.md").read_text()
    for task in ROUTES:
        assert task in markdown


def test_prompts_and_records_hold_no_path_of_the_lane(night: Place) -> None:
    for path in night.run_folder().glob("tasks/*/iterations/*/prompt.md"):
        assert "lane-0" not in path.read_text()
    for path in (night.run_folder() / "calls").iterdir():
        assert "lane-0" not in path.read_text()


def test_the_state_never_shows_up_in_a_repository(night: Place) -> None:
    assert (night.folder / "runs" / ".gitignore").read_text() == "*\n"


def test_the_same_night_again_from_its_own_record(night: Place, tmp_path: Path) -> None:
    """Replay of the run's own calls: the same trees, no drift."""
    again = pilot_place(tmp_path / "pilot")
    some = ("csv-export", "rename-project", "merge-entries", "split-evenly")
    models = ("--models", f"replay:{night.run_folder() / 'calls'}", "--strict")
    only = [flag for task in some for flag in ("--only", task)]
    ended = again.orchestrate("run", str(again.tasks), *models, *only)
    assert ended.code == 1, ended.err
    assert again.trees() == {task: tree for task, tree in night.trees().items() if task in some}
    assert again.statuses() == {task: status for task, status in night.statuses().items() if task in some}
    assert [entry for entry in again.entries() if entry["type"] == "replay:drift"] == []


def test_drift_is_told_with_its_place(night: Place, tmp_path: Path) -> None:
    again = pilot_place(tmp_path / "pilot")
    text = again.tasks.read_text().replace("0 stays 0, a multiple stays", "Zero stays 0, a multiple stays")
    again.tasks.write_text(text)
    ended = again.orchestrate(
        "run", str(again.tasks), "--models", f"replay:{night.run_folder() / 'calls'}", "--only", "round-up"
    )
    assert ended.code == 0, ended.err
    drift = [entry["detail"] for entry in again.entries() if entry["type"] == "replay:drift"]
    assert drift
    assert all("round-up" in line for line in drift)
    assert "Zero stays 0" in drift[0]
    assert "Zero stays 0" in (again.run_folder() / "report.md").read_text()


@needs("bwrap")
def test_the_gate_ran_in_the_sandbox(night: Place) -> None:
    started = next(entry for entry in night.entries() if entry["type"] == "run:started")
    assert started["sandbox"] == "bwrap"
