"""``orchestrate classify``: cases as JSON lines on stdin, their categories as JSON lines on stdout."""

from __future__ import annotations

import argparse
import sys


def run(args: argparse.Namespace) -> int:
    """Print one line for each case, as soon as it is judged."""
    from orchestrator.failures.cases import classify_lines

    for line in classify_lines(sys.stdin):
        print(line, flush=True)
    return 0
