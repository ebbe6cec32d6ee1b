"""Lines of the file."""

from datetime import date

import pytest

from tally import Entry, parse_line


def test_a_whole_line() -> None:
    line = "2026-03-02 website 1h30m fix the header "
    assert parse_line(line) == Entry(date(2026, 3, 2), "website", 90, "fix the header")


def test_no_note() -> None:
    assert parse_line("2026-03-02 website 45m").note == ""


@pytest.mark.parametrize(
    "line", ["2026-03-02 website", "2026-13-02 website 45m", "website 45m x y"]
)
def test_not_an_entry(line: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011
        parse_line(line)
