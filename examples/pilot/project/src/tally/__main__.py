"""``python -m tally hours.txt`` prints the minutes of each project."""

import sys
from pathlib import Path

from tally.report import render, totals
from tally.store import load


def main(arguments: list[str]) -> int:
    """Print the report of the file named; 2 if none is named."""
    if len(arguments) != 1:
        print("usage: python -m tally FILE", file=sys.stderr)
        return 2
    print(render(totals(load(Path(arguments[0])))))
    return 0


if __name__ == "__main__":  # pragma: no cover
    raise SystemExit(main(sys.argv[1:]))
