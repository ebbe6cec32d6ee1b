"""The registry in whole runs: taught by delivery, asked before phases, never in the way."""

from __future__ import annotations

import json
from pathlib import Path

from tests.e2e.nights import Place
from tests.e2e.small import PROJECT, doubling, place_of, run


def the_file(place: Place) -> Path:
    return place.tasks.parent / "runs" / "performance-registry.json"


def test_delivery_teaches_it_and_it_can_be_rebuilt_from_the_journal(tmp_path: Path) -> None:
    place = place_of(tmp_path, PROJECT, doubling())
    code, output = run(place)
    assert code == 0, output
    assert "estimates: 1 delivered; actual/estimated by stage" in output
    written = json.loads(the_file(place).read_text())
    assert [each["feature_id"] for each in written["features"]][:2] == ["034", "038"]
    taught = written["features"][2]
    summary = place.summary()["tasks"][0]
    tokens = summary["tokens"]
    assert taught["feature_id"] == f"{place.run_folder().name}/double"
    assert taught["total_estimated_tokens"] == tokens["input"] + tokens["output"] > 0
    assert taught["recorded"] is True
    assert taught["stage_actuals"]["plan"]["pre"] == 20_000
    assert sum(stage["post"] for stage in taught["stage_actuals"].values()) == taught["total_estimated_tokens"]

    started = next(entry for entry in place.entries() if entry["type"] == "run:started")
    assert started["estimates"]["usable_budget"] == 60_000
    report = (place.run_folder() / "tasks/double/delivery_report.md").read_text()
    assert "## Performance Registry Updated\n\n| estimate | before | after |" in report
    assert f"| plan | 20000 | {written['calibrated_defaults']['per_stage_estimates']['plan']} |" in report

    the_file(place).write_text("{")
    shown = place.orchestrate("registry", "show", "--state", "runs")
    assert "the fallbacks are used" in shown.out
    assert place.orchestrate("registry", "rebuild", "--state", "runs").code == 0
    assert json.loads(the_file(place).read_text())["features"] == written["features"]


def test_a_damaged_file_stops_nothing_and_is_said_once(tmp_path: Path) -> None:
    place = place_of(tmp_path, PROJECT, doubling())
    the_file(place).parent.mkdir()
    the_file(place).write_text('{"version": "9.0"}')
    code, output = run(place, "--only", "double")
    assert code == 0, output
    assert the_file(place).read_text() == '{"version": "9.0"}'
    started = next(entry for entry in place.entries() if entry["type"] == "run:started")
    assert started["estimates"]["usable_budget"] == 60_000
    assert set(started["estimates"]["stages"].values()) == {5_000}
    notes = [
        entry["text"] for entry in place.entries() if entry["type"] == "note" and "newer than 1.0" in entry["text"]
    ]
    assert len([note for note in notes if "fallbacks" in note]) == 1
    assert len([note for note in notes if "not updated" in note]) == 1
    value = ("registry", "get", "calibrated_defaults.usable_budget", "--fallback", "7", "--state", "runs")
    assert place.orchestrate(*value).out == "7\n"


def test_on_pause_pauses_before_the_phase_and_a_resume_has_a_new_window(tmp_path: Path) -> None:
    """19,800 tokens hold the build's 13,000 x 1.5 = 19,500 only while the plan's few hundred are not used up.

    Both ends are told to whoever wants to know.
    """
    place = place_of(tmp_path, PROJECT, doubling())
    the_file(place).parent.mkdir()
    shipped = (Path(__file__).parents[2] / "config" / "registry_seed.json").read_text()
    the_file(place).write_text(shipped.replace('"usable_budget": 60000', '"usable_budget": 19800'))
    telling = ("--set", f'notify.command=echo "$NOTICE" >> {tmp_path}/told')
    code, output = run(place, "--set", "on_pause=pause", *telling)
    assert code == 5, output
    assert "double, before build: 19," in output
    assert "the phase may need 19,500" in output
    advised = [(entry["phase"], entry["used"] > 0) for entry in place.entries() if entry["type"] == "pause:advised"]
    assert advised == [("define", False), ("plan", False), ("build", True)]
    ended = place.orchestrate("resume", "--state", "runs", "--set", "on_pause=pause", "--sandbox", "none", *telling)
    assert ended.code == 0, ended.err + ended.out
    paused, over = (tmp_path / "told").read_text().splitlines()
    assert "has paused (pause-advised): 0 of 1 task delivered" in paused
    assert over.endswith("has ended: 1 of 1 task delivered, 0 wait for a human")
    assert place.statuses() == {"double": "delivered"}
    assert json.loads(the_file(place).read_text())["features"][-1]["session_count"] == 2


def test_bases_of_the_registry_are_the_limits(tmp_path: Path) -> None:
    place = place_of(tmp_path, PROJECT, doubling())
    code, output = run(place, "--set", "budgets.base=registry", "--set", "budgets.mode=observe")
    assert code == 0, output
    defined = next(entry for entry in place.entries() if entry["type"] == "task:defined")
    how = {limit["phase"]: limit["how"].split(" x ")[0] for limit in defined["limits"]}
    assert how == {"discover": "10000", "define": "20000", "plan": "20000", "build": "13000", "deliver": "11500"}
