"""The pilot's morning: its delivered branches landed with one command, each merged tree gated by the real tools."""

from __future__ import annotations

import json

import pytest

from tests.e2e.nights import Place, pilot_place, replaying

ONLY = ("report-hours", "weekly-report", "round-up", "colour-output")
DELIVERED = ["report-hours", "round-up", "weekly-report"]


@pytest.fixture(scope="module")
def morning(tmp_path_factory: pytest.TempPathFactory) -> Place:
    """The pilot after a night over a chain, a task beside it, and one that waits for a human."""
    place = pilot_place(tmp_path_factory.mktemp("morning") / "pilot")
    only = [word for task in ONLY for word in ("--only", task)]
    assert place.orchestrate(*replaying(place, *only)).code == 1
    return place


@pytest.mark.slow
def test_the_pilot_lands_whole_and_is_taken_back(morning: Place) -> None:
    before = morning.git("rev-parse", "main").strip()
    (morning.folder / "tally" / "notes.txt").write_text("mine\n")
    ended = morning.orchestrate("land", "--all", "--json")
    assert ended.code == 0, ended.err
    steps = {step["task"]: step for step in json.loads(ended.out)["steps"]}
    assert sorted(steps) == DELIVERED
    certified = [step["certified"] for step in steps.values()]
    assert certified.count("known") >= 1, "the first is its branch's own tree"
    tree = morning.git("rev-parse", "main^{tree}").strip()
    certificate = json.loads((morning.folder / "runs" / "certificates" / f"{tree}.json").read_text())
    test = next(result for result in certificate["results"] if result["check"] == "test")
    single = json.loads((morning.run_folder() / "tasks" / "round-up" / "certificate.json").read_text())
    alone = next(result for result in single["results"] if result["check"] == "test")
    assert test["tests"]["ran"] > alone["tests"]["ran"], "the merged tree has the tests of all"
    assert test["tests"]["base_ran"] is not None
    assert morning.git("status", "--porcelain") == "?? notes.txt\n"
    assert morning.orchestrate("land", "--undo").code == 0
    assert morning.git("rev-parse", "main").strip() == before
    assert morning.git("status", "--porcelain") == "?? notes.txt\n"


def test_the_report_says_how_to_land(morning: Place) -> None:
    run = morning.run_folder().name
    planned = [entry for entry in morning.entries() if entry["type"] == "landing:planned"]
    assert len(planned) == 1
    assert sorted(planned[0]["order"]) == DELIVERED
    assert planned[0]["order"].index("report-hours") < planned[0]["order"].index("weekly-report")
    markdown = (morning.run_folder() / "report.md").read_text()
    assert "## Landing" in markdown
    assert f"orchestrate land --all --run {run}" in markdown
    html = (morning.run_folder() / "report.html").read_text()
    assert '<section id="landing">' in html
    assert "orchestrate land --undo" in html


def test_what_was_not_delivered_does_not_land(morning: Place) -> None:
    ended = morning.orchestrate("land", "colour-output")
    assert ended.code == 2
    assert "colour-output is not delivered (needs human)" in ended.err


def test_the_plan_changes_nothing(morning: Place) -> None:
    before = morning.git("for-each-ref"), morning.git("status", "--porcelain"), morning.git("reflog")
    ended = morning.orchestrate("land", "--all", "--plan")
    assert ended.code == 0, ended.err
    assert f"land them: orchestrate land --all --run {morning.run_folder().name}" in ended.out
    assert (morning.git("for-each-ref"), morning.git("status", "--porcelain"), morning.git("reflog")) == before
