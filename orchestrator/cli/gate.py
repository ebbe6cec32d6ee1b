"""``orchestrate gate``: the gate by hand, on the checkout as it stands, uncommitted work and all.

The work is done in a copy (a lane of the tool's own); the checkout is written to by ``--fix`` alone.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from dataclasses import asdict

from orchestrator.cli.here import project_here
from orchestrator.cli.night import signals
from orchestrator.cli.options import sets_of
from orchestrator.domain.errors import ExitCode, UsageError
from orchestrator.domain.failure import Failure
from orchestrator.domain.gate import GateReport
from orchestrator.domain.words import count
from orchestrator.gate.record import report_to_json
from orchestrator.pipeline.hand_gate import Mended
from orchestrator.pipeline.selftest import Tried, selftest
from orchestrator.reports.figures import duration
from orchestrator.reports.inert import one_line
from orchestrator.reports.task_papers import gate_rows
from orchestrator.wiring_gate import GateSite, open_gate_site

_SHOWN = 50
"""Failures listed; more are counted."""


def run(args: argparse.Namespace) -> int:
    """0: green (``--selftest``: every defect that could be planted was stopped); 1: not, or nothing was checked."""
    if args.fix and args.selftest:
        raise UsageError("--fix and --selftest are two things", hint="orchestrate gate --selftest")
    project, _ = project_here(args.tasks, sets_of(args))
    with signals(), open_gate_site(project) as site:
        for path in site.uncommitted.left_out:
            _say(f"left out: {path}")
        if args.selftest:
            return _selftest(site, as_json=args.json)
        tree = site.gate.prepare(site.commit, site.uncommitted.changes)
        _say(f"the gate on {_what(site)}, in a copy (sandbox {site.sandbox}); your files stay as they are")
        report = site.gate.run(tree)
        mended = site.gate.mend(tree, report) if args.fix and not report.passed else None
        written = _written(site, mended) if mended else ()
        report = mended.report if mended else report
        if args.json:
            shape = {**report_to_json(report), "fixed": list(written), "fixes": list(mended.notes) if mended else []}
            print(json.dumps(shape))
        else:
            print("\n".join(_lines(report, site)))
    return ExitCode.OK if report.passed and report.results else ExitCode.TASKS_OPEN


def _what(site: GateSite) -> str:
    changed = len(site.uncommitted.changes)
    more = f" with {count(changed, 'uncommitted file')}" if changed else ""
    return f"{site.commit[:12]}{more}"


def _written(site: GateSite, mended: Mended) -> tuple[str, ...]:
    """Write the fixes into the user's files: named before and after."""
    if not mended.files:
        _say("--fix: nothing here can be mended without a model")
        return ()
    paths = tuple(change.path for change in mended.files)
    _say(f"--fix writes to your checkout: {', '.join(paths)}")
    left = site.write_back(mended.before, mended.files)
    written = tuple(path for path in paths if path not in left)
    _say(f"--fix wrote {', '.join(written) or 'nothing'}")
    for note in mended.notes:
        _say(f"--fix: {one_line(note)}")
    for path in left:
        _say(f"--fix left {path} alone: it has changed meanwhile")
    return written


def _lines(report: GateReport, site: GateSite) -> list[str]:
    lines = []
    for row in gate_rows(report):
        where = "" if row.path == "." else f" in {row.path}"
        lines.append(
            f"{row.check:<10} {row.verdict:<6} {row.took:>7}  {one_line(row.command)}{where}: {one_line(row.proof)}"
        )
    failures = sorted(report.failures, key=lambda failure: -failure.category.gravity)
    lines += ["", *(_failure(failure) for failure in failures[:_SHOWN])] if failures else []
    if len(failures) > _SHOWN:
        lines.append(f"... and {len(failures) - _SHOWN} more")
    lines += [f"note: {one_line(note)}" for note in report.notes]
    counts = Counter(failure.category for failure in failures)
    told = ", ".join(f"{count} {category}" for category, count in sorted(counts.items()))
    if not report.results:
        return [*lines, "", "no check is there, so nothing is proved; name one: gate: {test: ...} in orchestrate.yaml"]
    verdict = "green" if report.passed else f"red: {told}"
    return [*lines, "", f"{verdict}, {duration(report.seconds)}; logs in {site.gate.logs}"]


def _failure(failure: Failure) -> str:
    where = failure.file or failure.test_id or ""
    where += f":{failure.line}" if failure.file and failure.line else ""
    test = failure.test_id if failure.file else None
    where += f" ({test})" if test and not test.startswith(failure.file or "") else ""
    code = f" {failure.code}" if failure.code else ""
    near = f" (nearest: {', '.join(failure.suggestions[:3])})" if failure.suggestions else ""
    told = one_line(f"{failure.tool}{code} {where}: {failure.message}{near}", limit=300)
    return f"{failure.category:<13} {told}"


def _selftest(site: GateSite, *, as_json: bool) -> int:
    """Plant defects into a copy of the checked-out commit."""
    tree = site.gate.prepare(site.commit)
    _say(f"planting defects into a copy of {site.commit[:12]} (sandbox {site.sandbox}); your files stay as they are")

    def tell(row: Tried) -> None:
        if not as_json:
            print(_row(row), flush=True)

    rows = selftest(site.gate, tree, tell)
    through = [row.defect for row in rows if row.stopped is False]
    if as_json:
        print(json.dumps({"commit": site.commit, "passed": not through, "defects": [asdict(row) for row in rows]}))
    else:
        stopped = sum(row.stopped is True for row in rows)
        print(f"\n{stopped} of {len(rows)} stopped" + (f"; got through: {', '.join(through)}" if through else ""))
    return ExitCode.TASKS_OPEN if through else ExitCode.OK


def _row(row: Tried) -> str:
    verdict = {True: "stopped", False: "GOT THROUGH", None: "not here"}[row.stopped]
    by = f"by {row.by}: " if row.by else ""
    barred = " [an executor's edit is refused before]" if row.protected else ""
    return f"{row.defect:<17} {verdict:<12} {by}{one_line(row.reason, limit=160)}{barred}"


def _say(text: str) -> None:
    print(text, file=sys.stderr)
