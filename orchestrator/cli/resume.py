"""``orchestrate resume [RUN]``: go on with an unfinished run, or answer an escalation."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping, Sequence
from typing import Any

from orchestrator.cli.night import Hint, work_through
from orchestrator.cli.options import sets_of
from orchestrator.cli.reopened import project_of, start_of
from orchestrator.cli.runs import FoundRun, find_run, read_run, run_names
from orchestrator.domain.errors import UsageError
from orchestrator.domain.outcome import RunOutcome, TaskStatus
from orchestrator.intake import Project
from orchestrator.reports.rebuild import summary_of
from orchestrator.settings.faults import nearest
from orchestrator.wiring import Wanted
from orchestrator.wiring_models import LIVE

_LOOK = "orchestrate report --open shows what was delivered, orchestrate land --plan what merges"
_OVER = frozenset({RunOutcome.DELIVERED, RunOutcome.PARTLY})


def run(args: argparse.Namespace) -> int:
    """Open the run's folder again; settings are read anew, what was bought and done is kept."""
    if args.from_pr is not None:
        from orchestrator.cli.requests import answer_request

        return answer_request(args)
    if (args.task is None) != (args.hint is None):
        raise UsageError("--task and --hint belong together", hint='orchestrate resume --task ID --hint "..."')
    found = _find(args)
    start = start_of(found)
    project = project_of(found.folder, start, sets_of(args))
    if args.task is not None:
        _refuse_unasked(found, project, args.task)
    models = args.models or str(_latest(found.entries, "models_mode") or LIVE)
    wanted = Wanted(models=models, strict=args.strict, state=found.folder.parent, ask_now=args.now)
    hint = Hint(task=args.task, text=args.hint) if args.task is not None else None
    return work_through(project, wanted, as_json=args.json, stream=sys.stdout, folder=found.folder, hint=hint)


def _refuse_unasked(found: FoundRun, project: Project, task: str) -> None:
    """A hint for a task that is not there, or that was delivered and asks nothing."""
    known = [one.id for one in project.batch.tasks]
    if task not in known:
        raise UsageError(f"--task {task}: {found.folder.name} has no task of that id", hint=nearest(task, known))
    delivered = {one.id for one in summary_of(found.entries).tasks if one.status is TaskStatus.DELIVERED}
    if task in delivered:
        others = ", ".join(one for one in known if one not in delivered)
        raise UsageError(
            f"--task {task}: it is delivered, and waits for no answer",
            hint=f"open are: {others}" if others else _LOOK,
            slug="nothing-to-resume",
        )


def _find(args: argparse.Namespace) -> FoundRun:
    """The named run, or the newest that is not over; with a hint, the newest."""
    if args.run is not None or args.task is not None:
        return read_run(find_run(args.state, args.run))
    newest = find_run(args.state, None)
    for name in reversed(run_names(newest.parent)):
        found = read_run(newest.parent / name)
        if _is_open(found):
            return found
    start_of(read_run(newest))  # the newest may not even have begun, and says so
    waits = summary_of(read_run(newest).entries).outcome is not RunOutcome.DELIVERED
    raise UsageError(
        f"{newest.parent}: every run there is over",
        hint=f"answer an escalation: orchestrate resume {newest.name} --task ID --hint TEXT" if waits else _LOOK,
        slug="nothing-to-resume",
    )


def _is_open(found: FoundRun) -> bool:
    try:
        return summary_of(found.entries).outcome not in _OVER
    except ValueError:
        return False


def _latest(entries: Sequence[Mapping[str, Any]], name: str) -> Any:
    return next((entry[name] for entry in reversed(entries) if entry.get(name) is not None), None)
