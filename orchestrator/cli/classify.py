"""``orchestrate classify``: cases as JSON lines on stdin, their categories as JSON lines on stdout."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

from orchestrator.cli.options import sets_of


def run(args: argparse.Namespace) -> int:
    """Print one line for each case, as soon as it is judged. This folder's own patterns (``failures``) count."""
    from orchestrator.failures.cases import classify_lines
    from orchestrator.failures.tables import shipped_tables, with_patterns
    from orchestrator.intake import load_project_settings

    loaded = load_project_settings(Path(), environment=os.environ, sets=sets_of(args))
    tables = with_patterns(shipped_tables(), loaded.settings.failures.patterns)
    for line in classify_lines(sys.stdin, tables=tables):
        print(line, flush=True)
    return 0
