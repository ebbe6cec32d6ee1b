"""Bases that are not green: red, flaky, unable to run; a task is delivered where it can be (decision 18)."""

from __future__ import annotations

from pathlib import Path

import pytest

from orchestrator.intake import load_batch
from tests.e2e.nights import Place
from tests.e2e.small import DOUBLED, PROJECT, doubling, place_of, run

RED = {
    **PROJECT,
    "tests/test_broken.py": "from shop.price import total\n\n\ndef test_wrong():\n    assert total([1]) == 2\n",
}
COUNTER = """import os
from pathlib import Path

COUNTER = Path(os.environ["HOME"]).parents[4] / "counter"


def test_every_other_time():
    COUNTER.touch()
    said = COUNTER.read_text()
    COUNTER.write_text(said + "x")
    assert said.count("x") not in FAILS
"""


@pytest.fixture(scope="module")
def red(tmp_path_factory: pytest.TempPathFactory) -> Place:
    place = place_of(tmp_path_factory.mktemp("red"), RED, doubling())
    code, output = run(place)
    assert code == 0, output
    return place


def notes(place: Place) -> list[str]:
    return [str(entry["text"]) for entry in place.entries() if entry["type"] == "note"]


def of_type(place: Place, kind: str) -> list[dict[str, object]]:
    return [entry for entry in place.entries() if entry["type"] == kind]


def test_on_a_red_base_a_task_is_delivered(red: Place) -> None:
    assert red.statuses() == {"double": "delivered"}
    assert red.moves("double") == ["accept"]


def test_what_was_inherited_is_listed_once_and_offered_as_a_task(red: Place) -> None:
    told = [note for note in notes(red) if "on the base already" in note]
    assert len(told) == 1
    assert "tests/test_broken.py::test_wrong" in told[0]
    assert (red.run_folder() / "report.md").read_text().count("on the base already") == 1
    batch = load_batch(red.run_folder() / "inherited.yaml")
    assert [task.id for task in batch.tasks] == ["mend-test"]
    assert "test_wrong" in batch.tasks[0].description
    assert batch.repo == (red.folder / "tally").resolve()


def test_a_kept_baseline_runs_nothing_on_the_base(red: Place) -> None:
    again = Place(red.folder, red.tasks, red.variables)
    first = of_type(red, "check:started")
    code, output = run(again)
    assert code == 0, output
    assert {"gate of the base"} <= {entry["of"] for entry in first}, "the control: the first run gated it"
    begun = of_type(again, "check:started")
    assert {entry["of"] for entry in begun} == {"gate"}, "the branch's gate ran, the base's did not"
    assert of_type(again, "baseline:kept")
    assert not of_type(again, "baseline:finished")
    assert sum("on the base already" in note for note in notes(again)) == 1


def flaky_place(folder: Path, fails: set[int]) -> Place:
    """A base whose test fails at those runs, counted from 0 (0: the baseline, 1: the first gate of the branch)."""
    text = COUNTER.replace('Path(os.environ["HOME"]).parents[4] / "counter"', f"Path({str(folder / 'counter')!r})")
    project = {**PROJECT, "tests/test_flaky.py": f"FAILS = {fails!r}\n{text}"}
    return place_of(folder, project, doubling())


def test_a_test_that_disagrees_with_itself_is_quarantined(tmp_path: Path) -> None:
    place = flaky_place(tmp_path, {1})
    code, output = run(place)
    assert code == 0, output
    assert place.moves("double") == ["accept"]
    quarantined = of_type(place, "test:quarantined")
    assert [entry["tests"] for entry in quarantined] == [["tests/test_flaky.py::test_every_other_time"]]
    again = of_type(place, "test:again")
    assert [entry["tree"] for entry in again] == ["branch", "branch"]
    assert str(again[0]["command"]).endswith("tests/test_flaky.py::test_every_other_time")
    assert "quarantined for double" in (place.run_folder() / "report.md").read_text()
    certificate = (place.run_folder() / "tasks/double/certificate.json").read_text()
    assert "quarantined: tests/test_flaky.py::test_every_other_time" in certificate


def test_one_that_disagrees_with_itself_on_the_base_is_quarantined_as_well(tmp_path: Path) -> None:
    place = flaky_place(tmp_path, {1, 2, 3})
    code, output = run(place)
    assert code == 0, output
    assert [entry["tree"] for entry in of_type(place, "test:again")] == ["branch", "base"]
    assert len(of_type(place, "test:quarantined")) == 1


FEW = """import shop
from pathlib import Path


def test_few():
    assert len(list(Path(shop.__file__).parent.glob("*.py"))) < 3
"""
LEAKY = """import shop.price


def test_doubled():
    shop.price.total = None
"""


def test_a_test_that_the_change_breaks_blocks(tmp_path: Path) -> None:
    place = place_of(tmp_path, {**PROJECT, "tests/test_few.py": FEW}, doubling(DOUBLED))
    run(place)
    assert not of_type(place, "test:quarantined")
    assert [entry["tree"] for entry in of_type(place, "test:again")] == ["branch", "base"]
    assert place.moves("double") == ["retry"]


def test_a_test_that_fails_only_beside_a_new_one_blocks(tmp_path: Path) -> None:
    late = {
        **PROJECT,
        "tests/test_z.py": "import shop.price\n\n\ndef test_z():\n    assert shop.price.total([1]) == 1\n",
    }
    place = place_of(tmp_path, late, doubling({**DOUBLED, "tests/test_doubled.py": LEAKY}))
    run(place)
    assert not of_type(place, "test:quarantined")
    assert [entry["tree"] for entry in of_type(place, "test:again")] == ["branch", "branch", "base"]
    assert place.moves("double") == ["retry"]


def test_a_new_test_that_is_flaky_is_the_changes_fault(tmp_path: Path) -> None:
    flaky = f"""from pathlib import Path

COUNTER = Path({str(tmp_path / "counter")!r})


def test_doubled():
    first = not COUNTER.exists()
    COUNTER.touch()
    assert not first
"""
    place = place_of(tmp_path, PROJECT, doubling({**DOUBLED, "tests/test_doubled.py": flaky}))
    run(place)
    gate = next(entry for entry in of_type(place, "gate:finished"))
    assert "failed and passed on the same tree" in str(gate["headline"])
    assert not of_type(place, "test:quarantined")


def test_a_base_that_cannot_run_pauses_with_the_mend(tmp_path: Path) -> None:
    place = place_of(tmp_path, PROJECT, doubling(), gate="gate: {lint: none, test: no-such-runner}\n")
    code, output = run(place)
    assert code == 5, output
    assert "no-such-runner" in output
    assert "orchestrate resume" in output


def test_an_environment_that_fails_under_way_pauses_and_a_resume_goes_on(tmp_path: Path) -> None:
    """Not the code's fault (L8): no iteration is used up, the mend is named, the same gate runs again."""
    tool = tmp_path / "tool"
    needs = f"sh -c 'test -e src/shop/doubled.py && test ! -x {tool} && exec {tool}; python -m pytest -q'"
    place = place_of(tmp_path, PROJECT, doubling(), gate=f'gate: {{lint: none, test: "{needs}"}}\n')
    waits = {"ORCHESTRATE_LOOP__ENVIRONMENT_WAIT_S": "0"}
    paused = place.orchestrate(
        "run", str(place.tasks), "--models", f"replay:{tmp_path / 'calls'}", "--sandbox", "none", **waits
    )
    assert paused.code == 5, paused.err + paused.out
    assert "orchestrate resume" in paused.err
    assert str(tool) in paused.err
    tool.write_text("#!/bin/sh\n")
    tool.chmod(0o755)
    resumed = place.orchestrate("resume", "--models", f"replay:{tmp_path / 'calls'}", "--sandbox", "none", **waits)
    assert resumed.code == 0, resumed.err + resumed.out
    assert place.summary()["tasks"][0]["iterations"] == 1


def test_what_a_stopped_gate_left_out_runs_once_at_the_end(tmp_path: Path) -> None:
    """Given to a human with a red lint: the tests and the invariant have run as well, and stand in the papers."""
    broken = {**DOUBLED, "src/shop/doubled.py": "def doubled(price):\n    return undefined_name + price\n"}
    place = place_of(
        tmp_path,
        PROJECT,
        doubling(broken, invariants=("no-doubling",)),
        gate="gate: {lint: ruff check --isolated ., test: python -m pytest -q}\n",
        shared="invariants:\n  - {id: no-doubling, text: Nothing doubles., check: '! grep -rn doubled src'}\n",
    )
    code, output = run(place)
    assert code == 1, output
    (rest,) = of_type(place, "gate:rest")
    assert rest["checks"] == ["lint: red", "test: red", "invariant: red"]
    folder = place.run_folder() / "tasks/double/iterations"
    last = max(folder.glob("*/gate*.json"), key=lambda path: path.stat().st_mtime_ns).read_text()
    assert "the invariant no-doubling is broken" in last


def test_a_broken_invariant_is_strategic_and_named(tmp_path: Path) -> None:
    shared = "invariants:\n  - {id: no-doubling, text: Nothing doubles., check: '! grep -rn doubled src'}\n"
    shared += "  - {id: calm, text: Nothing hurries., check: 'true'}\n  - {id: kind, text: It is kind.}\n"
    answers = doubling(invariants=("no-doubling", "calm", "kind"))
    place = place_of(tmp_path, PROJECT, answers, shared=shared)
    run(place)
    gate = next(entry for entry in of_type(place, "gate:finished"))
    assert gate["categories"] == {"strategic": 1}
    assert "no-doubling" in str(gate["headline"])
    assert place.moves("double")[0] == "redesign"


def test_an_invariant_that_neither_a_check_nor_the_review_answers_for_is_a_finding(tmp_path: Path) -> None:
    shared = "invariants:\n  - {id: calm, text: Nothing hurries., check: 'true'}\n  - {id: kind, text: It is kind.}\n"
    place = place_of(tmp_path, PROJECT, doubling(invariants=("calm", "kind")), shared=shared)
    code, output = run(place)
    assert code == 0, output
    assert [entry["unanswered"] for entry in of_type(place, "review:finished")] == [["kind"]]
    assert "invariant kind" in (place.run_folder() / "tasks/double/review.md").read_text()
    notes = {
        entry["tool"]: entry["note"] for entry in of_type(place, "check:finished") if entry["check"] == "invariant"
    }
    assert notes == {"calm": "calm: kept"}
