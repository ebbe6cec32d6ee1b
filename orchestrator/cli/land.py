"""``orchestrate land``: green branches onto the checked-out branch; ``--plan`` shows, ``--undo`` takes back."""

from __future__ import annotations

import argparse
import json
import shlex
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from orchestrator.cli.night import signals
from orchestrator.cli.options import sets_of
from orchestrator.cli.reopened import project_of, start_of
from orchestrator.cli.runs import find_run, read_run
from orchestrator.domain.errors import ExitCode, UsageError
from orchestrator.landing.candidates import Candidate
from orchestrator.landing.combined import Combined, combined_gate
from orchestrator.landing.land import Step, Strategy, is_whole
from orchestrator.landing.merge_plan import MergePlan
from orchestrator.reports.inert import plain
from orchestrator.reports.rebuild import summary_of
from orchestrator.wiring_landing import LandingSite, open_landing_site

_SHORT = 10
"""Digits of a commit as it is shown."""


def run(args: argparse.Namespace) -> int:
    """Land, plan or undo; 1 where a branch that was asked for did not land."""
    _check(args)
    found = read_run(find_run(args.state, args.run))
    project = project_of(found.folder, start_of(found), sets_of(args))
    with signals(), open_landing_site(project, summary_of(found.entries), found.folder, found.entries) as site:
        for line in site.recovered:
            print(f"note: {line}", file=sys.stderr)
        if args.undo:
            return _undo(site, as_json=args.json)
        wanted = site.candidates(args.task or None)
        if args.plan:
            return _plan(site, wanted, gated=args.gate, as_json=args.json)
        if args.pr:
            from orchestrator.cli.requests import open_requests

            return open_requests(site, wanted, args.remote, as_json=args.json)
        ordered = _as_planned(site, wanted) if args.all else wanted
        return _land(site, ordered, Strategy(args.strategy), as_json=args.json)


def _check(args: argparse.Namespace) -> None:
    if args.undo and (args.task or args.all or args.plan or args.gate or args.pr):
        raise UsageError("--undo stands alone: it takes the last landing back", hint="orchestrate land --undo")
    if args.gate and not args.plan:
        raise UsageError("--gate belongs to --plan: a landing is always gated", hint="orchestrate land --plan --gate")
    if args.pr and (args.plan or args.strategy != "merge"):
        raise UsageError("--pr opens requests and merges nothing", hint="orchestrate land --all --pr")
    if args.task and args.all:
        raise UsageError("name tasks, or say --all; not both", hint="orchestrate land --all")
    if not (args.task or args.all or args.plan or args.undo):
        raise UsageError(
            "which tasks shall land?", hint="orchestrate land --all, or name them; --plan shows what merges with what"
        )


def _as_planned(site: LandingSite, wanted: Sequence[Candidate]) -> tuple[Candidate, ...]:
    """In the tested order: what does not merge comes last, so that it keeps nothing else from landing."""
    plan = site.plan(wanted)
    order = [*plan.landed, *plan.order]
    return tuple(sorted(wanted, key=lambda one: order.index(one.id) if one.id in order else len(order)))


def _land(site: LandingSite, wanted: Sequence[Candidate], strategy: Strategy, *, as_json: bool) -> int:
    if not wanted:
        _say("nothing was delivered that could land")
        return ExitCode.OK

    def tell(step: Step) -> None:
        if not as_json:
            _say(_line(step))

    steps = site.land(wanted, strategy, tell)
    whole = is_whole(steps)
    if as_json:
        print(json.dumps({"run": site.summary.run, "landed": whole, "steps": [asdict(step) for step in steps]}))
    elif any(step.commit for step in steps):
        _say(f"\ntake all of it back with: orchestrate land --undo{_state(site)}")
    return ExitCode.OK if whole else ExitCode.TASKS_OPEN


def _plan(site: LandingSite, wanted: Sequence[Candidate], *, gated: bool, as_json: bool) -> int:
    plan = site.plan(wanted)
    combined = combined_gate(site.gate(site.repository.lane(0)), plan, wanted, site.plan) if gated else None
    if as_json:
        print(json.dumps({**plan.as_json(), "combined": None if combined is None else asdict(combined)}))
        return ExitCode.OK
    _say("\n".join(_plan_lines(plan, wanted)))
    if combined is not None:
        _say("\n".join(_combined_lines(combined)))
    order = combined.green if combined is not None else plan.order
    if order:
        everything = {one.id for one in wanted} <= {*order, *plan.landed}
        named = "--all" if everything else shlex.join(order)
        _say(f"\nland them: orchestrate land {named} --run {site.summary.run}{_state(site)}")
    return ExitCode.OK


def _undo(site: LandingSite, *, as_json: bool) -> int:
    landed = site.undo()
    if as_json:
        print(json.dumps({"undone": list(landed.tasks), "branch": landed.shift.branch, "head": landed.shift.old}))
    else:
        back = f"{landed.shift.branch} is at {landed.shift.old[:_SHORT]} again, as before {', '.join(landed.tasks)}"
        _say(f"{back}; the merges are kept at {landed.shift.new[:_SHORT]}, the delivered branches as they were")
    return ExitCode.OK


def _line(step: Step) -> str:
    if step.how == "stopped":
        mend = f"\n  hint: {step.hint}" if step.hint else ""
        return f"{step.task}: stopped: {step.why}{mend}"
    if not step.commit:
        return f"{step.task}: {step.how}"
    gate = "certified by its tree" if step.certified == "known" else f"gate green in {step.seconds:.1f} s"
    brought = f", with {', '.join(step.brought)}" if step.brought else ""
    return f"{step.task}: {step.how} as {step.commit[:_SHORT]}{brought}; {gate}"


def _plan_lines(plan: MergePlan, wanted: Sequence[Candidate]) -> list[str]:
    branches = {one.id: one.branch for one in wanted}
    lines = [f"onto {plan.head[:_SHORT]}:"]
    lines += [f"  {number}. {task}  {branches[task]}" for number, task in enumerate(plan.order, 1)] or ["  nothing"]
    lines += [f"already there: {', '.join(plan.landed)}"] if plan.landed else []
    lines += [f"left out: {one.task}: {one.why}{_in(one.paths)}" for one in plan.left_out]
    lines += [f"gone: {one.id}: git branch {one.branch} {one.commit}" for one in wanted if one.gone]
    lines += [f"conflict: {clash.one} and {clash.other}{_in(clash.paths)}" for clash in plan.clashes]
    return lines


def _combined_lines(combined: Combined) -> list[str]:
    lines = [
        f"red: {one.task} on top of {', '.join(one.after) or 'the branch you are on'}: {one.headline}"
        for one in combined.culprits
    ]
    lines += [f"left out with it: {', '.join(combined.without)}"] if combined.without else []
    lines.append(
        f"green together: {', '.join(combined.green) or 'none'} "
        f"({combined.gates} passages through the gate, {combined.seconds:.1f} s)"
    )
    return lines


def _in(paths: Sequence[str]) -> str:
    return f" in {', '.join(paths)}" if paths else ""


def _state(site: LandingSite) -> str:
    """`` --state DIR`` where it is not the default."""
    here = Path.cwd() / "runs"
    return "" if site.state.resolve() == here.resolve() else f" --state {shlex.quote(str(site.state))}"


def _say(text: str) -> None:
    """Names come from repositories: made inert (I15)."""
    print(plain(text), flush=True)
