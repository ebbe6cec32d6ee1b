"""``orchestrate budget``: how budgets fit, what another config would have stopped, which stop was a mistake."""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from orchestrator.cli.budget_text import replay_json, replay_lines, show_json, show_lines
from orchestrator.cli.options import sets_of
from orchestrator.cli.runs import DEFAULT_STATE, find_run
from orchestrator.domain.errors import ExitCode, UsageError
from orchestrator.intake import load_project_settings
from orchestrator.ledger.budget_history import PastRun, PastTask, past_runs
from orchestrator.ledger.disputes import dispute
from orchestrator.policy.budget import task_budget
from orchestrator.policy.budget_replay import Replayed, first_beyond, replay
from orchestrator.policy.budget_review import review
from orchestrator.reports.inert import encodable
from orchestrator.settings import Budgets, Settings
from orchestrator.settings.layers import file_layer
from orchestrator.strict_yaml import refuse


def run(args: argparse.Namespace) -> int:
    """Do the action; 0 whatever the figures say."""
    state = Path(args.state) if args.state is not None else DEFAULT_STATE
    if args.action == "dispute":
        return _dispute(args, state)
    return _replay(args, state) if args.action == "replay" else _show(args, state)


def _show(args: argparse.Namespace, state: Path) -> int:
    """All runs of the state folder together; a named one with its tasks and their phases."""
    loaded = load_project_settings(Path(), environment=os.environ, sets=sets_of(args))
    budgets = loaded.settings.budgets
    runs = _runs(state, budgets, [args.run] if args.run is not None else [])
    seen = [task.seen for each in runs for task in each.tasks]
    found = review(seen, budgets)
    detailed = runs[0] if args.run is not None else None
    if args.json:
        _print(json.dumps(show_json(found, runs, budgets, loaded.budget_digest, loaded.provenance), indent=2))
    else:
        _print("\n".join(show_lines(found, runs, budgets, loaded.provenance, detailed)))
    return ExitCode.OK


def _replay(args: argparse.Namespace, state: Path) -> int:
    """Each past task under the budgets of another config."""
    path = Path(args.config)
    layer, faults = file_layer(path, name=str(path))
    if faults:
        raise refuse(faults, source=str(path))
    settings = load_project_settings(Path(), environment=os.environ, over=[layer]).settings
    runs = _runs(state, settings.budgets, args.runs)
    rows = [(task, _again(task, settings)) for each in runs for task in each.tasks if task.calls]
    capped = {each.run: first_beyond(each.calls, settings.caps.max_tokens) for each in runs}
    if args.json:
        _print(json.dumps(replay_json(rows, capped), indent=2))
    else:
        _print("\n".join(replay_lines(rows, capped, str(path))))
    return ExitCode.OK


def _again(task: PastTask, settings: Settings) -> Replayed:
    bases = task.bases if settings.budgets.base == "registry" and task.bases else None
    budget = task_budget(task.complexity, task.importance, task.overrides, settings.budgets, bases)
    return replay((*task.calls, *task.refused), budget, settings.budgets)


def _dispute(args: argparse.Namespace, state: Path) -> int:
    """The newest run that stopped the task, or would have; ``--run`` names another."""
    reason = " ".join(str(args.reason).split())
    if not reason:
        raise UsageError("--reason is empty", hint='say why it was a mistake: --reason "the context was large"')
    budgets = load_project_settings(Path(), environment=os.environ).settings.budgets
    runs = _runs(state, budgets, [args.run] if args.run is not None else [])
    stopped = [
        task.seen
        for each in runs
        for task in each.tasks
        if task.seen.task == args.task and (task.seen.stopped or task.seen.would_stop)
    ]
    if not stopped:
        known = sorted(
            {one.seen.task for each in runs for one in each.tasks if one.seen.stopped or one.seen.would_stop}
        )
        hint = f"stopped were: {', '.join(known[:10])}" if known else "no budget has stopped a task there"
        raise UsageError(f"no budget stopped {args.task} in {args.run or state}", hint=hint, slug="not-stopped")
    newest = stopped[-1]
    dispute(state, run=newest.run, task=newest.task, reason=reason, at=datetime.now(UTC))
    _print(f"{newest.run}: the stop of {newest.task} counts as a false positive: {reason}")
    return ExitCode.OK


def _runs(state: Path, budgets: Budgets, names: Sequence[str]) -> tuple[PastRun, ...]:
    """Those runs, or all; ``UsageError`` where one is not there."""
    find_run(state, None)
    for name in names:
        find_run(state, name)
    return past_runs(state, budgets, names)


def _print(text: str) -> None:
    sys.stdout.write(encodable(text + "\n", sys.stdout.encoding))
