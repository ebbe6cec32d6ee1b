"""The file of hours on disk."""

from pathlib import Path

from tally.entries import Entry, parse_line


def load(path: Path) -> list[Entry]:
    """All entries of a file; blank lines and lines that begin with ``#`` are skipped.

    ``ValueError`` names the line that is wrong.
    """
    entries = []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        if not line.strip() or line.startswith("#"):
            continue
        try:
            entries.append(parse_line(line))
        except ValueError as error:
            raise ValueError(f"{path.name}:{number}: {error}") from None
    return entries
