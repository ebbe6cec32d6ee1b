"""``orchestrate status [RUN]``: where a run stands, read from its journal without a lock.

Reads ``args.run``, ``args.state``, ``args.line`` (one line for a shell prompt; silent where there is no run) and
``args.json``.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from orchestrator.cli.fitted import fitted
from orchestrator.cli.live import utc_now
from orchestrator.cli.runs import find_run, read_run
from orchestrator.domain.errors import ExitCode, OrchestrateError
from orchestrator.reports.console import status_line, status_text
from orchestrator.reports.fold import fold
from orchestrator.reports.inert import encodable
from orchestrator.reports.progress import Progress, TaskProgress


def run(args: argparse.Namespace) -> int:
    """Print where the run stands; 0 whatever that is."""
    now = utc_now()
    prompt = bool(getattr(args, "line", False))
    try:
        progress = fold(read_run(find_run(args.state, args.run)).entries)
    except OrchestrateError:
        if prompt:
            return ExitCode.OK  # a prompt is no place for an error
        raise
    if args.json:
        print(json.dumps(progress_fields(progress, now), indent=2))
        return ExitCode.OK
    text = status_line(progress, now) + "\n" if prompt else fitted(status_text(progress, now), sys.stdout)
    sys.stdout.write(encodable(text, sys.stdout.encoding))
    return ExitCode.OK


def progress_fields(progress: Progress, now: datetime | None = None) -> dict[str, Any]:
    """Where a run stands, as plain values; ``cost_usd`` is ``None`` where any call's price is unknown."""
    return {
        "run": progress.run,
        "outcome": progress.outcome,
        "started_at": _at(progress.started_at),
        "last_event_at": _at(progress.last_at),
        "quiet": progress.quiet(now),
        "seconds": round(progress.elapsed(now), 3),
        "done": progress.done,
        "tasks": [_task_fields(task) for task in progress.tasks.values()],
        "current": progress.current,
        "doing": progress.doing,
        "tokens": {"input": progress.input_tokens, "output": progress.output_tokens},
        "cost_usd": _money(progress.cost_usd, progress.unpriced),
        "calls": progress.calls,
        "away": {name: {"fault": told.fault, "resume_at": _at(told.until)} for name, told in progress.away.items()},
        "reason": progress.pause_reason,
        "hint": progress.hint,
    }


def _task_fields(task: TaskProgress) -> Mapping[str, Any]:
    return {
        "id": task.id,
        "state": task.state,
        "phase": task.phase or None,
        "iteration": task.iteration,
        "iteration_limit": task.iteration_limit,
        "complexity": task.complexity,
        "branch": task.branch or None,
        "checks": {check.check: check.passed for check in task.checks},
        "headline": task.headline,
        "reason": task.reason,
        "tokens": task.tokens,
        "cost_usd": _money(task.cost_usd, task.unpriced),
        "seconds": round(task.seconds, 3),
    }


def _money(known: Decimal, unpriced: int) -> float | None:
    return None if unpriced else round(float(known), 6)


def _at(at: datetime | None) -> str | None:
    return at.isoformat() if at else None
