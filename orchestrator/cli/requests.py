"""``orchestrate land --pr`` and ``orchestrate resume --from-pr N``: a review on a forge instead of at home."""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from orchestrator import strict_yaml
from orchestrator.adapters.forge import Comment, Request, forge_of
from orchestrator.adapters.forge_push import push, remote_address
from orchestrator.adapters.repository import BRANCHES
from orchestrator.cli.night import work_through
from orchestrator.cli.options import sets_of
from orchestrator.cli.reopened import project_of, start_of
from orchestrator.cli.runs import find_run, read_run
from orchestrator.domain.errors import ExitCode, UsageError
from orchestrator.domain.outcome import TaskOutcome, TaskStatus
from orchestrator.intake import Project, load_project
from orchestrator.landing.candidates import Candidate
from orchestrator.landing.requests import answer_file, body_of, origin_of
from orchestrator.ledger.durable import write_whole
from orchestrator.reports.inert import plain
from orchestrator.reports.rebuild import summary_of
from orchestrator.wiring import Wanted
from orchestrator.wiring_landing import LandingSite
from orchestrator.wiring_models import LIVE


def open_requests(site: LandingSite, wanted: Sequence[Candidate], remote: str, *, as_json: bool) -> int:
    """Send each branch and open its request; one that is open already gets the branch as it stands now."""
    root = site.project.batch.repo
    address = remote_address(root, remote)
    forge = forge_of(address, os.environ)
    base = _base(site)
    outcomes = {outcome.id: outcome for outcome in site.summary.tasks}
    rows = []
    for one in wanted:
        if one.gone:
            raise UsageError(f"{one.branch} is gone", hint=f"git branch {one.branch} {one.commit}")
        push(root, address, one.commit, one.branch)
        request = forge.find(one.branch)
        how = "open already" if request else "opened"
        if request is None:
            folder = site.folder / "tasks" / one.id
            body = body_of(one.task, outcomes[one.id], folder)
            request = forge.open(head=one.branch, base=base, title=one.task.title, body=body)
        rows.append({"task": one.id, "how": how, "url": request.url, "number": request.number})
        if not as_json:
            print(plain(f"{one.id}: {how}: {request.url}"), flush=True)
    if as_json:
        print(json.dumps({"run": site.summary.run, "base": base, "requests": rows}))
    elif rows:
        print(plain(f"\nanswer their reviewers with: orchestrate resume --from-pr {rows[-1]['number']}"))
    else:
        print("nothing was delivered that could be asked for")
    return ExitCode.OK


def _base(site: LandingSite) -> str:
    """The branch the requests ask to be merged into: the tasks file's, else the one that is checked out."""
    named = site.project.batch.base
    if named and site.repository.tip(named):
        return named
    return site.repository.checkout().standing().branch


def answer_request(args: argparse.Namespace) -> int:
    """A run of one task, from the reviewed branch, that is told what its reviewers wrote."""
    found = read_run(find_run(args.state, args.run))
    project = project_of(found.folder, start_of(found), sets_of(args))
    forge = forge_of(remote_address(project.batch.repo, args.remote), os.environ)
    request, comments = forge.read(args.from_pr)
    origin = origin_of(request.head)
    if origin.run != found.folder.name:
        found = read_run(find_run(args.state, origin.run))
        project = project_of(found.folder, start_of(found), sets_of(args))
    outcome = _delivered(summary_of(found.entries).tasks, origin.task)
    path = _written(project, found.folder, outcome, request, comments)
    source = Path(str(start_of(found)["tasks_file"]))
    answering = load_project(path, environment=os.environ, sets=sets_of(args), placed=source)
    code = work_through(
        answering,
        Wanted(models=args.models or LIVE, strict=args.strict, state=found.folder.parent),
        as_json=args.json,
        stream=sys.stdout,
    )
    if code == ExitCode.OK and not args.json:
        new = f"{BRANCHES}RUN/{answering.batch.tasks[0].id}"
        print(plain(f"\nadd it to the request: git push {args.remote} {new}:{request.head}"))
    return code


def _delivered(tasks: Sequence[TaskOutcome], name: str) -> TaskOutcome:
    for outcome in tasks:
        if outcome.id == name and outcome.status is TaskStatus.DELIVERED and outcome.commit:
            return outcome
    raise UsageError(f"{name} was not delivered by that run", hint="orchestrate status", slug="land-not-delivered")


def _written(
    project: Project, folder: Path, outcome: TaskOutcome, request: Request, comments: Sequence[Comment]
) -> Path:
    """The tasks file, in the run's folder: what was answered can be read, and run again."""
    raw = strict_yaml.read((folder / "tasks.yaml").read_text("utf-8-sig"), source="tasks.yaml").data
    task = next(one for one in project.batch.tasks if one.id == outcome.id)
    text = answer_file(raw, task, number=request.number, commit=str(outcome.commit), remarks=comments)
    path = folder / f"pr-{request.number}.yaml"
    write_whole(path, text.encode())
    return path
