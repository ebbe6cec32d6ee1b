"""What the README shows is what happens."""

from __future__ import annotations

import re
from pathlib import Path

from tests.e2e.nights import Place

TOP = Path(__file__).parents[2]


def normal(text: str) -> list[str]:
    """Without what differs from night to night: the run's name, seconds."""
    text = re.sub(r"\d{8}-\d{4}-pilot(-\d+)?", "RUN", text)
    text = re.sub(r"report: \S*?(runs/pilot/runs/)", r"report: \1", text)
    return re.sub(r"in \d+ s:", "in N s:", text).strip("\n").splitlines()


def test_the_first_command_stands_on_the_first_screen() -> None:
    lines = (TOP / "README.md").read_text(encoding="utf-8").splitlines()
    assert any(line.strip() == "scripts/pilot" for line in lines[:15])


def test_the_output_below_it_is_the_real_one(tmp_path: Path) -> None:
    readme = (TOP / "README.md").read_text(encoding="utf-8")
    shown = readme.split("```text\n", 1)[1].split("\n```", 1)[0]
    place = Place(tmp_path, tmp_path / "runs" / "pilot" / "tasks.yaml")
    ended = place.orchestrate("pilot", "--dir", "runs/pilot")
    assert ended.code == 0, ended.err
    printed = normal(ended.out)
    assert printed[-len(normal(shown)) :] == normal(shown)
    assert "The pilot ended as designed in N s: 8 tasks delivered, 2 wait for a human." in normal(shown)


def test_its_commands_exist() -> None:
    readme = (TOP / "README.md").read_text(encoding="utf-8")
    for script in set(re.findall(r"^    (scripts/\w+)", readme, re.MULTILINE)):
        assert (TOP / script).stat().st_mode & 0o100, script
