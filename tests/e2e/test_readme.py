"""What the README shows is what happens."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.e2e.nights import Ended, Place

TOP = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Place:
    folder = tmp_path_factory.mktemp("newcomer")
    return Place(folder, folder / "runs" / "pilot" / "tasks.yaml")


@pytest.fixture(scope="module")
def pilot(place: Place) -> Ended:
    return place.orchestrate("pilot", "--dir", "runs/pilot")


def normal(text: str) -> list[str]:
    """Without what differs from night to night: the run's name, seconds."""
    text = re.sub(r"\d{8}-\d{4}-pilot(-\d+)?", "RUN", text)
    text = re.sub(r"report: \S*?(runs/pilot/runs/)", r"report: \1", text)
    return re.sub(r"in \d+ s:", "in N s:", text).strip("\n").splitlines()


def test_the_first_command_stands_on_the_first_screen() -> None:
    lines = (TOP / "README.md").read_text(encoding="utf-8").splitlines()
    assert any(line.strip() == "scripts/pilot" for line in lines[:15])


def test_the_pilot_ends_with_zero_as_designed(place: Place, pilot: Ended) -> None:
    assert pilot.code == 0, pilot.err
    assert "8 tasks delivered, 2 wait for a human" in pilot.out
    assert len(place.trees()) == 9, "eight delivered, and the last state of one that waits; the other built nothing"


def test_a_folder_it_did_not_make_is_left_alone(place: Place) -> None:
    other = place.folder / "mine"
    other.mkdir()
    (other / "precious.txt").write_text("x")
    refused = place.orchestrate("pilot", "--dir", "mine")
    assert refused.code == 2
    assert (other / "precious.txt").read_text() == "x"


def test_the_output_below_it_is_the_real_one(pilot: Ended) -> None:
    readme = (TOP / "README.md").read_text(encoding="utf-8")
    shown = readme.split("```text\n", 1)[1].split("\n```", 1)[0]
    printed = normal(pilot.out)
    assert printed[-len(normal(shown)) :] == normal(shown)
    assert "The pilot ended as designed in N s: 8 tasks delivered, 2 wait for a human." in normal(shown)


def test_its_commands_exist() -> None:
    readme = (TOP / "README.md").read_text(encoding="utf-8")
    for script in set(re.findall(r"^    (scripts/\w+)", readme, re.MULTILINE)):
        assert (TOP / script).stat().st_mode & 0o100, script
