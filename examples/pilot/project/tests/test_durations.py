"""Durations."""

import pytest

from tally import format_duration, parse_duration


@pytest.mark.parametrize(
    ("text", "minutes"), [("1h30m", 90), ("45m", 45), ("2h", 120), (" 1H ", 60), ("0m", 0)]
)
def test_parse(text: str, minutes: int) -> None:
    assert parse_duration(text) == minutes


@pytest.mark.parametrize("text", ["", "h", "90", "1h30", "1d", "-5m"])
def test_not_a_duration(text: str) -> None:
    with pytest.raises(ValueError, match="not a duration"):
        parse_duration(text)


@pytest.mark.parametrize(("minutes", "text"), [(90, "1h30m"), (45, "45m"), (120, "2h"), (0, "0m")])
def test_format(minutes: int, text: str) -> None:
    assert format_duration(minutes) == text
