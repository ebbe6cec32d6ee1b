"""Passages through the gate, each remembered: a resume runs none twice whose tree and gate are the same."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from pathlib import Path

from orchestrator.domain.failure import Category, Failure
from orchestrator.domain.gate import CheckResult, CheckSpec, GateReport
from orchestrator.failures import reader_of
from orchestrator.failures.view import RepositoryView
from orchestrator.gate.record import read_report_file, report_to_json
from orchestrator.gate.run import GateContext, run_gate, run_on, run_rest
from orchestrator.gate.tests_first import not_proved
from orchestrator.ledger.durable import write_whole
from orchestrator.ledger.journal import Entry
from orchestrator.pipeline.second_look import look_again, own_flakes, quarantined_of
from orchestrator.pipeline.tree_view import LaneView, view_of_tree
from orchestrator.pipeline.work import Work
from orchestrator.redaction import hidden_bytes


def gated(work: Work, passage: int) -> GateReport:
    """:func:`pass_gate`; green only where the tests that were written before the code ran in it."""
    report = pass_gate(work, passage)
    lost = not_proved(work.own_tests, report) if report.passed and work.own_tests else ()
    return replace(report, failures=lost) if lost else report


def pass_gate(work: Work, passage: int) -> GateReport:
    """The gate on the work's tree; ``passage`` counts within the iteration (fixes and retries go through it again).

    Journals every check as it begins and ends, and the whole; writes gate.json, failures.json and a log a check into
    the iteration's folder.
    """
    known = _known(work, passage)
    if known is not None:
        work.gates += 1
        work.gate_seconds += known.seconds
        return known
    folder = work.iteration_folder()
    work.tell("gate:started", iteration=work.iteration, passage=passage)
    work.lane.checkout(work.tree)  # afresh: what an earlier gate left, ignored files among it, cannot help this one
    report = _run(work, folder)
    for note in work.lane.settle(work.tree):
        work.tell("note", text=f"after the gate: {note}")
    _remember(work, passage, report, folder)
    work.gates += 1
    work.gate_seconds += report.seconds
    return report


def view_of(work: Work) -> RepositoryView:
    """The tree on disk, as the classifier and the fixers look at it."""
    return view_of_tree(work.lane, work.tree, work.environment, base=work.base_tree)


def headline(failures: tuple[Failure, ...]) -> str:
    """The first failure in one line."""
    if not failures:
        return ""
    first = max(failures, key=lambda failure: failure.category.gravity)
    where = f"{first.file}:{first.line}: " if first.file and first.line else f"{first.file}: " if first.file else ""
    code = f"{first.code} " if first.code else ""
    return f"{where}{code}{' '.join(first.message.split())}"[:200]


def counted(failures: tuple[Failure, ...]) -> dict[str, int]:
    """Failures by category, for the journal."""
    counts = {category.value: 0 for category in Category}
    for failure in failures:
        counts[failure.category.value] += 1
    return {name: count for name, count in counts.items() if count}


def _run(work: Work, folder: Path) -> GateReport:
    """The gate; tests that block are looked at again, and where they were quarantined the gate goes on."""
    view = view_of(work)
    read, context = reader_of(view, work.night.settings.failures.patterns), _context(work, view, folder)
    report = run_gate(work.gate_plan, work.lane.shell, context, read)
    doubt = look_again(work, report)
    if doubt.own:
        report = replace(report, failures=own_flakes(report, doubt.own))
    if not doubt.quarantined:
        return report
    listed = ", ".join(sorted(doubt.quarantined))
    work.tell("test:quarantined", sync=True, iteration=work.iteration, tests=sorted(doubt.quarantined))
    work.tell("note", text=f"quarantined for {work.task.id}, since it failed and passed on one tree: {listed}")
    work.lane.checkout(work.tree)
    return run_on(work.gate_plan, work.lane.shell, _context(work, view, folder), read, report)


def rest_of_gate(work: Work) -> None:
    """What a stopped gate left out, once, at the end of a task that was not delivered: nothing stays hidden."""
    done = work.report
    if done is None or done.passed or done.tree != work.tree or not work.iteration:
        return
    if done.category is Category.ENVIRONMENT:
        return
    known = [entry for entry in work.night.memory.all("gate:rest", task=work.task.id) if entry["tree"] == work.tree]
    if known:
        return
    folder, view = work.iteration_folder(), view_of(work)
    work.lane.checkout(work.tree)
    read = reader_of(view, work.night.settings.failures.patterns)
    report = run_rest(work.gate_plan, work.lane.shell, _context(work, view, folder, rest=True), read, done)
    work.lane.settle(work.tree)
    had = len(done.results)
    if len(report.results) == had:
        return
    work.report = report
    work.gate_seconds += report.seconds - done.seconds
    passages = len(list(folder.glob("gate*.json")))
    write_whole(folder / _name(passages + 1), json.dumps(report_to_json(report), indent=1).encode())
    checks = [f"{result.kind}: {'green' if result.passed else 'red'}" for result in report.results]
    more = headline(report.failures[len(done.failures) :])
    told = f"{work.task.id}: the whole of its last gate: {', '.join(checks)}"
    work.tell("note", text=f"{told}; beside what stopped it: {more}" if more else told)
    work.tell(
        "gate:rest",
        iteration=work.iteration,
        tree=work.tree,
        checks=checks,
        failures=len(report.failures) - len(done.failures),
        headline=more,
        seconds=round(report.seconds - done.seconds, 3),
    )


def _context(work: Work, view: RepositoryView, folder: Path, *, rest: bool = False) -> GateContext:
    """``rest``: what a stopped gate left out; its checks are journaled as such."""

    def ended(result: CheckResult) -> None:
        work.tell(
            "check:finished",
            iteration=work.iteration,
            check=result.kind.value,
            tool=result.tool,
            path=result.path,
            command=result.command,
            passed=result.passed,
            seconds=round(result.seconds, 3),
            note=result.note,
            **({"rest": True} if rest else {}),
        )

    return GateContext(
        tree=work.tree,
        root=work.lane.root,
        files=view.files,
        text_of=LaneView(work.lane, work.tree).text,
        chains=work.night.toolchains,
        logs=folder,
        diff=view.diff or "",
        baseline=work.baseline,
        quarantined=quarantined_of(work),
        allow=work.task.allow,
        began=lambda spec: tell_check(work, spec, "the rest of the gate" if rest else "gate"),
        ended=ended,
    )


def tell_check(work: Work, spec: CheckSpec, of: str) -> None:
    """A check begins; ``of``: what it is a part of, as the live view says it. Without a sync: nothing hangs on it."""
    work.tell(
        "check:started", iteration=work.iteration, of=of, check=spec.kind.value, path=spec.path, command=spec.command
    )


def _name(passage: int) -> str:
    return "gate.json" if passage == 1 else f"gate-{passage}.json"


def _remember(work: Work, passage: int, report: GateReport, folder: Path) -> None:
    shape = report_to_json(report)
    content = hidden_bytes(json.dumps(shape, indent=1).encode())
    write_whole(folder / _name(passage), content)
    write_whole(folder / "failures.json", json.dumps(shape["failures"], indent=1).encode())
    work.tell(
        "gate:finished",
        sync=True,
        iteration=work.iteration,
        passage=passage,
        tree=work.tree,
        gate=work.gate_plan.digest,
        passed=report.passed,
        checks=len(report.results),
        categories=counted(report.failures),
        headline=headline(report.failures),
        seconds=round(report.seconds, 3),
        sha256=hashlib.sha256(content).hexdigest(),
    )


def _known(work: Work, passage: int) -> GateReport | None:
    """What the journal holds of this very passage, if its file is whole and tree and gate are the same.

    An environment that made the run pause is asked again: that is what the resume is for.
    """
    entry: Entry | None = work.night.memory.last(
        "gate:finished",
        task=work.task.id,
        iteration=work.iteration,
        passage=passage,
        tree=work.tree,
        gate=work.gate_plan.digest,
    )
    if entry is None:
        return None
    path = work.folder / "iterations" / str(work.iteration) / _name(passage)
    try:
        content = path.read_bytes()
    except OSError:
        return None
    if hashlib.sha256(content).hexdigest() != entry["sha256"]:
        return None
    report = read_report_file(path)
    paused = work.night.memory.last("run:paused")
    asked_again = paused is not None and paused["seq"] > entry["seq"] and report.category is Category.ENVIRONMENT
    return None if asked_again else report
