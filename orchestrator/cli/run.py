"""``orchestrate run TASKS.yaml``: the main job."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

from orchestrator.cli.night import work_through
from orchestrator.cli.options import sets_of
from orchestrator.cli.runs import stood
from orchestrator.intake import load_project
from orchestrator.wiring import Wanted


def run(args: argparse.Namespace) -> int:
    """Validate, work through the tasks, report; the exit code says how it ended."""
    path = Path(args.tasks)
    project = load_project(path, environment=os.environ, sets=sets_of(args), only=args.only, placed=stood(path))
    wanted = Wanted(
        models=args.models,
        strict=args.strict,
        state=Path(args.state) if args.state is not None else None,
        by_hand=bool(args.only),
    )
    return work_through(project, wanted, as_json=args.json, stream=sys.stdout)
