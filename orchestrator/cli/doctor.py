"""``orchestrate doctor [TASKS.yaml]``: the night rehearsed; GO, GO without these tasks, or NO-GO, and each mend."""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from orchestrator.cli.fitted import Colour, coloured, fitted
from orchestrator.cli.here import project_here
from orchestrator.cli.night import signals
from orchestrator.cli.options import sets_of
from orchestrator.cli.plan import outlook_of
from orchestrator.cli.readiness import advice_of
from orchestrator.domain.errors import ExitCode
from orchestrator.intake import Project
from orchestrator.policy.outlook import Outlook
from orchestrator.preflight.night import fits, morning, with_measured_gate
from orchestrator.preflight.readiness import TreeLook
from orchestrator.preflight.verdict import Finding, Verdict, Weight, Word, verdict
from orchestrator.reports.inert import encodable, one_line
from orchestrator.settings.secrets import arm
from orchestrator.wiring_doctor import Rehearsed, told
from orchestrator.wiring_doctor_models import providers

_CODES = {Word.GO: ExitCode.OK, Word.GO_WITHOUT: ExitCode.TASKS_OPEN, Word.NO_GO: ExitCode.REFUSED}
_ANSWERS = {Word.GO: Colour.GOOD, Word.GO_WITHOUT: Colour.LOOK, Word.NO_GO: Colour.BAD}
_COLOURS = {Weight.OK: Colour.GOOD, Weight.NOTE: Colour.LOOK, Weight.TASKS: Colour.LOOK, Weight.STOP: Colour.BAD}
_WIDTH = 12


def run(args: argparse.Namespace) -> int:
    """0: GO; 1: GO without the tasks that are named; 6: NO-GO."""
    now = datetime.now(UTC)
    until = morning(args.until, now) if args.until else None
    project, has_tasks = project_here(args.tasks, sets_of(args))
    if not has_tasks:
        project = replace(project, batch=replace(project.batch, tasks=()))
    arm(project.loaded.settings)
    findings: list[Finding] = []
    with signals():
        for finding in _rehearsed(project, args, now, until):
            findings.append(finding)
            if not args.json:
                _print(finding)
    tasks = project.batch.tasks
    chains = [(task.id, before) for task in tasks for before in task.depends_on]
    answer = verdict(findings, [task.id for task in tasks], chains)
    if args.json:
        print(json.dumps(_as_json(findings, answer, until), indent=2, ensure_ascii=False))
    else:
        word = str(answer.word)
        more = _last_line(answer, findings, has_tasks=has_tasks).removeprefix(word)
        print(coloured(word, _ANSWERS[answer.word], sys.stdout, os.environ) + more)
    return _CODES[answer.word]


def _rehearsed(project: Project, args: argparse.Namespace, now: datetime, until: datetime | None) -> Iterator[Finding]:
    """Part by part, what is quick first."""
    state = Path(args.state) if args.state else project.batch.source.parent / "runs"
    site = Rehearsed(project=project, state=state, now=now)
    yield from told("sandbox", site.sandbox)
    yield from told("git", site.repository)
    yield from told("models", lambda: providers(project, site.confined, now, call=args.call))
    if not args.quick and site.base and site.sandboxed:
        yield from told("gate", lambda: site.gate(_say))
    yield from told("sleep", site.machine)
    yield from told("disk", site.disk)
    if not project.batch.tasks:
        return
    settings = with_measured_gate(project.loaded.settings, site.gate_s) if site.gate_s else project.loaded.settings
    measured = replace(project, loaded=replace(project.loaded, settings=settings))
    found = outlook_of(measured, args.state, now)
    end = until or now + timedelta(seconds=found.end.p90_s)
    yield from told("keys", lambda: site.credentials(end))
    yield fits(found, settings.loop.lanes, now, until, site.gate_s)
    yield from _caps(found)
    yield from _advice(measured, found, site)


def _caps(found: Outlook) -> Iterator[Finding]:
    """What the run's caps leave no room for."""
    if found.beyond_likely:
        some = len(found.beyond_likely) < len(found.tasks)
        yield Finding(
            topic="caps",
            weight=Weight.TASKS if some else Weight.STOP,
            what=f"the caps leave no room for {', '.join(found.beyond_likely)}",
            mend="raise --max-tokens or --max-cost",
            slug="caps-too-low",
            tasks=found.beyond_likely if some else (),
        )


def _advice(project: Project, found: Outlook, site: Rehearsed) -> Iterator[Finding]:
    """Tasks that are not ready, against the files of the base itself."""
    names = site.facts.files if site.facts else ()
    folders = {name[:at] for name in names for at, letter in enumerate(name) if letter == "/"}
    there = {*names, *folders}
    tree = TreeLook(exists=lambda path: path.rstrip("/") in there, names=names) if site.facts else None
    for each in advice_of(project, found, tree):
        where = f"{Path(each.source).name}:{each.line}:{each.column}"
        yield Finding(
            topic="tasks",
            weight=Weight.NOTE,
            what=f"{where}: {each.task}: {each.what}",
            mend=each.mend,
            slug=each.slug,
            tasks=(each.task,),
        )


def _print(finding: Finding) -> None:
    weight = {Weight.OK: "ok", Weight.NOTE: "note", Weight.TASKS: "without", Weight.STOP: "NO-GO"}[finding.weight]
    slug = f" [{finding.slug}]" if finding.slug else ""
    what = fitted(f"{weight:<8}{finding.topic:<{_WIDTH}}{one_line(finding.what, limit=600)}{slug}", sys.stdout)
    lines = [coloured(weight, _COLOURS[finding.weight], sys.stdout, os.environ) + what.removeprefix(weight)]
    if finding.mend:  # not wrapped: it may be a command to copy
        lines.append(f"{'':<8}{'mend:':<{_WIDTH}}{one_line(finding.mend, limit=600)}")
    sys.stdout.write(encodable("\n".join(lines) + "\n", sys.stdout.encoding))
    sys.stdout.flush()


def _last_line(answer: Verdict, findings: list[Finding], *, has_tasks: bool) -> str:
    told_of = [finding for finding in findings if finding.weight is Weight.STOP]
    match answer.word:
        case Word.GO if not has_tasks:
            return "GO, as far as can be told without a tasks file: orchestrate doctor TASKS.yaml"
        case Word.GO:
            return "GO"
        case Word.GO_WITHOUT:
            return f"GO without {', '.join(answer.without)}"
        case _:
            slugs = ", ".join(dict.fromkeys(finding.slug or finding.topic for finding in told_of))
            return f"NO-GO: {slugs or 'no task is left'}"


def _as_json(findings: list[Finding], answer: Verdict, until: datetime | None) -> dict[str, object]:
    return {
        "verdict": answer.word,
        "without": list(answer.without),
        "until": until.isoformat() if until else None,
        "findings": [
            {
                "topic": finding.topic,
                "weight": finding.weight,
                "slug": finding.slug or None,
                "what": finding.what,
                "mend": finding.mend or None,
                "tasks": list(finding.tasks),
            }
            for finding in findings
        ],
    }


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)
