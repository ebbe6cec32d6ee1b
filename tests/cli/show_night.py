"""A program for the tests: shows the made-up night on its stdout, halting where it is told to until Enter."""

from __future__ import annotations

import sys
from datetime import timedelta

from orchestrator.cli.live import open_listener
from orchestrator.reports.fold import fold
from tests.reports.night import night, until


def main() -> None:
    """``show_night.py KIND NUMBER [json]``: halts after the n-th event of that kind."""
    kind, number = sys.argv[1], int(sys.argv[2])
    first = list(until(kind, number))
    last = fold(first).last_at
    assert last
    listener = open_listener(sys.stdout, as_json="json" in sys.argv, now=lambda: last + timedelta(seconds=3))
    try:
        for event in first:
            listener(event)
        print("said on stderr", file=sys.stderr)
        if sys.stdin.isatty():
            sys.stdin.readline()
        for event in night()[len(first) :]:
            listener(event)
    finally:
        listener.close()


if __name__ == "__main__":
    main()
