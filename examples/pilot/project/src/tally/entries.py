"""One line of the file: a day, a project, a duration, a note."""

from dataclasses import dataclass
from datetime import date

from tally.durations import parse_duration


@dataclass(frozen=True)
class Entry:
    """Work on one project on one day."""

    day: date
    project: str
    minutes: int
    note: str = ""


def parse_line(line: str) -> Entry:
    """The entry of a line like ``2026-03-02 website 1h30m fix the header``.

    ``ValueError`` says what is wrong with any other line.
    """
    parts = line.split(maxsplit=3)
    if len(parts) < 3:
        raise ValueError(f"needs a day, a project and a duration: {line!r}")
    day, project, duration = parts[:3]
    note = parts[3] if len(parts) > 3 else ""
    return Entry(date.fromisoformat(day), project, parse_duration(duration), note.strip())
