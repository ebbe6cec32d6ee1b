"""What the entries add up to."""

from collections.abc import Iterable

from tally.entries import Entry


def totals(entries: Iterable[Entry]) -> dict[str, int]:
    """Minutes of each project, in the order they first appear."""
    found: dict[str, int] = {}
    for entry in entries:
        found[entry.project] = found.get(entry.project, 0) + entry.minutes
    return found


def render(minutes: dict[str, int]) -> str:
    """One line a project, the longest name sets the column."""
    width = max((len(project) for project in minutes), default=0)
    return "\n".join(f"{project:<{width}} {count:>6}" for project, count in minutes.items())
