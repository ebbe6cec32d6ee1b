"""``orchestrate run TASKS.yaml``: the main job."""

from __future__ import annotations

import argparse
import os
import sys
from datetime import UTC, datetime
from pathlib import Path

from orchestrator.cli.door import say
from orchestrator.cli.night import work_through
from orchestrator.cli.options import sets_of
from orchestrator.cli.plan import outlook_of
from orchestrator.cli.readiness import advice_lines, advice_of, refuse_unready
from orchestrator.cli.runs import stood
from orchestrator.intake import load_project
from orchestrator.wiring import Wanted
from orchestrator.wiring_models import LIVE


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
    outlook = None
    if args.models == LIVE or project.loaded.settings.readiness == "refuse":
        outlook = outlook_of(project, args.state, datetime.now(UTC))
        advice = advice_of(project, outlook)
        refuse_unready(project, advice)
        for line in advice_lines(advice):
            say(f"advice: {line}")
    return work_through(project, wanted, as_json=args.json, stream=sys.stdout, outlook=outlook)
