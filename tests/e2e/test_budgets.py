"""Budgets in whole runs: a stop and what it leaves, other budgets in mid-run, caps under several lanes, budgets off."""

from __future__ import annotations

import json
import threading
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from orchestrator.cli import main
from tests.e2e.nights import Place
from tests.e2e.small import ACCEPT, DOUBLED, PROJECT, adr, created, doubling, place_of, run, several
from tests.e2e.test_loopback_night import live
from tests.fakes.loopback import Loopback, Reply, SeenRequest, scripted_from_records

DEAR = "usage: {input_tokens: 90000, output_tokens: 100}"


def dear(place: Place, call: str) -> None:
    """Give a recorded answer the usage of a large one."""
    path = place.folder / "calls" / f"{call}.md"
    path.write_text(path.read_text().replace("reason: end", f"reason: end\n{DEAR}"))


def of(place: Place, kind: str) -> list[dict[str, Any]]:
    return [entry for entry in place.entries() if entry["type"] == kind]


def shown(capsys: pytest.CaptureFixture[str], *argv: str) -> str:
    capsys.readouterr()
    assert main(["budget", *argv]) == 0
    return capsys.readouterr().out


def test_a_stopped_task_leaves_one_that_runs_and_can_be_disputed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    place = place_of(tmp_path, PROJECT, doubling())
    dear(place, "double.plan.architect.1.1")
    code, output = run(place)
    assert code == 1, output
    assert place.statuses() == {"double": "stopped"}
    stop = of(place, "budget:stopped")[0]
    assert (stop["phase"], stop["used"], stop["line"]) == ("plan", 90_100, 43_200)
    first = place.run_folder()
    assert "orchestrate run" in (first / "report.md").read_text()
    paper = (first / "tasks/double/budget_report.md").read_text()
    assert "architect 90.1k" in paper
    assert "budget: {plan: 190000}" in paper

    monkeypatch.chdir(tmp_path)
    before = json.loads(shown(capsys, "show", "--json"))
    assert (before["stopped"], before["false_positives"], before["stopped_percent"]) == (1, 0, 100.0)
    assert "the stop of double counts" in shown(capsys, "dispute", "double", "--reason", "the code base is large")
    for projection in ("events.jsonl", "aggregates.json"):
        (tmp_path / "runs" / projection).unlink(missing_ok=True)
    assert main(["metrics", "refresh"]) == 0
    after = json.loads(shown(capsys, "show", first.name, "--json"))
    assert (after["false_positives"], after["runs"][0]["tasks"][0]["disputed"]) == (1, "the code base is large")
    assert "a false positive: the code base is large" in shown(capsys, "show", first.name)
    (tmp_path / "new.yaml").write_text("budgets: {tokens: {plan: 100000}}\n")
    again = json.loads(shown(capsys, "replay", "--config", "new.yaml", "--json"))
    assert (again["would_stop"], again["goes_on"]) == (0, 1)
    (tmp_path / "same.yaml").write_text("budgets: {mode: observe}\n")
    assert json.loads(shown(capsys, "replay", "--config", "same.yaml", "--json"))["tasks"][0]["why"] == stop["why"]

    file = first / "remediation.yaml"
    ended = place.orchestrate("run", str(file), "--models", f"replay:{tmp_path / 'calls'}", "--sandbox", "none")
    assert ended.code == 0, ended.err + ended.out
    assert place.run_folder().parent == first.parent != place.run_folder()
    assert place.statuses() == {"double": "delivered"}
    assert (place.run_folder() / "tasks.yaml").read_bytes() == file.read_bytes()


def test_budgets_changed_in_mid_run_hold_for_the_next_task(tmp_path: Path) -> None:
    """The gate stands in for the user's editor: it runs while the first task is under way. It also takes the report's
    place, and a fault in reporting is said once and fails no task (B11).
    """
    shared = tmp_path / "orchestrate.yaml"
    tasks = (
        "  - {id: double, title: Double a price, files: [src/shop/doubled.py]}\n"
        "  - {id: twice, title: Double it, files: [src/shop/twice.py]}\n"
        "  - {id: thrice, title: Triple it, files: [src/shop/thrice.py]}\n"
    )
    answers = doubling()
    for name in ("twice", "thrice"):
        files = {path.replace("doubled", name): text.replace("doubled", name) for path, text in DOUBLED.items()}
        answers |= {f"{name}.plan.architect.1.1": adr(files), f"{name}.build.executor.1.1": created(files)}
        answers[f"{name}.deliver.reviewer.1.1"] = ACCEPT
    editor = (
        f"for run in {tmp_path}/runs/*/; do mkdir -p $run/report.md; done; "
        "if test -e src/shop/doubled.py; then echo 'budgets: {tokens: {build: 99000}}' > " + str(shared) + "; fi; "
        "if test -e src/shop/twice.py; then echo 'budgets: {tokens: {bild: 1}}' > " + str(shared) + "; fi; "
    )
    gate = f'gate: {{lint: none, test: "{editor}python -m pytest -q"}}\n'
    place = place_of(tmp_path, PROJECT, answers, tasks=tasks, gate=gate)
    code, output = run(place)
    assert code == 0, output
    defined = {entry["task"]: entry for entry in of(place, "task:defined")}
    build = {task: entry["limits"][3]["tokens"] for task, entry in defined.items()}
    assert build == {"double": 120_000, "twice": 79_200, "thrice": 79_200}
    assert defined["double"]["budgets"] != defined["twice"]["budgets"] == defined["thrice"]["budgets"]
    for entry in of(place, "phase:left"):
        if "token_limit" in entry:
            assert entry["budgets"] == defined[entry["task"]]["budgets"]
    notes = [entry["text"] for entry in of(place, "note")]
    assert len([note for note in notes if note.startswith("twice: budgets changed")]) == 1
    assert len([note for note in notes if "thrice: the changed budgets cannot be read" in note and "bild" in note]) == 1
    assert len([note for note in notes if note.startswith("the reports could not be written: ")]) == 1
    code, output = run(place)
    assert code == 2, "broken at start: refused"
    assert "bild" in output


def most_held(entries: tuple[dict[str, Any], ...]) -> tuple[int, int]:
    """The most that was ever spent and reserved together, and how many calls were under way at once."""
    spent = most = lanes = 0
    held: dict[tuple[str, int], int] = {}
    for entry in entries:
        if entry["type"] == "call:intent":
            held[entry["call"], entry["attempt"]] = entry["worst_input_tokens"] + entry["worst_output_tokens"]
        elif entry["type"] in ("call:answer", "call:failed", "call:lost"):
            del held[entry["call"], entry["attempt"]]
            spent += entry["input_tokens"] + entry["output_tokens"]
        most, lanes = max(most, spent + sum(held.values())), max(lanes, len(held))
    return most, lanes


def test_three_lanes_never_pass_a_tight_cap(tmp_path: Path) -> None:
    """Through both SDKs: the plans are answered once all three are in flight, and the cap holds one executor's call."""
    place = several(tmp_path, "one", "two", "three")
    recorded, together = scripted_from_records(tmp_path / "calls"), threading.Barrier(3)

    def script(seen: SeenRequest) -> Reply:
        if ".plan." in seen.call_id:
            together.wait(110)
        return recorded(seen)

    cap = 80_000
    flags = ("--max-tokens", str(cap), "--sandbox", "none", "--workers", "3")
    with Loopback(script) as server:
        ended = place.orchestrate("run", str(place.tasks), *flags, **live(server))
        assert server.problems == []
        asked = Counter(seen.call_id for seen in server.requests if seen.operation == "generate")
    assert ended.code == 5, ended.err + ended.out
    assert "--max-tokens" in ended.err
    most, lanes = most_held(place.entries())
    assert lanes == 3, "all three were under way at once"
    assert most <= cap
    assert set(asked.values()) == {1}
    assert len([call for call in asked if ".build." in call]) < 3, "what did not fit was not sent"
    spent = place.summary()["totals"]["tokens"]
    assert 0 < spent["input"] + spent["output"] <= cap


def test_budgets_off_changes_nothing_else(tmp_path: Path) -> None:
    trees: dict[str, Mapping[str, str]] = {}
    for name, flag in (("on", "true"), ("off", "false")):
        place = place_of(tmp_path / name, PROJECT, doubling())
        code, output = run(place, "--set", f"budgets.enabled={flag}")
        assert code == 0, output
        trees[name] = place.trees()
        file = json.loads((place.run_folder().parent / "performance-registry.json").read_text())
        assert file["features"][-1]["feature_id"].endswith("/double")
    assert trees["on"] == trees["off"]
    assert of(place, "task:defined")[0]["limits"] == []
    assert not any("token_limit" in entry for entry in of(place, "phase:left"))
    assert "No budget was in force" in (place.run_folder() / "tasks/double/budget_report.md").read_text()
