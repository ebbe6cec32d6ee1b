"""Totals and their report."""

from pathlib import Path

import pytest

from tally.__main__ import main
from tally.report import render, totals
from tally.store import load

HOURS = """\
# March
2026-03-02 website 1h30m fix the header
2026-03-02 accounts 45m

2026-03-03 website 2h
"""


def write(folder: Path, text: str = HOURS) -> Path:
    path = folder / "hours.txt"
    path.write_text(text, encoding="utf-8")
    return path


def test_totals(tmp_path: Path) -> None:
    assert totals(load(write(tmp_path))) == {"website": 210, "accounts": 45}


def test_render_aligns_columns() -> None:
    assert render({"website": 210, "accounts": 45}) == "website     210\naccounts     45"
    assert render({}) == ""


def test_a_wrong_line_is_named(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"hours\.txt:2: needs a day"):
        load(write(tmp_path, "# March\nwebsite\n"))


def test_main(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(write(tmp_path))]) == 0
    assert "website" in capsys.readouterr().out


def test_main_without_a_file(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 2
    assert "usage" in capsys.readouterr().err
