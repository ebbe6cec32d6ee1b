"""Fixing without a model: our two fixes (L5, L6), then the ecosystem's own safe fixers; the next gate verifies them."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from orchestrator.domain.failure import Category
from orchestrator.domain.gate import GateReport
from orchestrator.gate.rewrites import REWRITTEN
from orchestrator.pipeline.gatehouse import view_of
from orchestrator.pipeline.work import Work
from orchestrator.ports import Command, Profile

if TYPE_CHECKING:
    from orchestrator.failures.autofix import FixCommand, FixPlan


@dataclass(frozen=True, slots=True, kw_only=True)
class Fixed:
    """A fix that the next gate has yet to confirm."""

    tree: str
    """What it was applied to, and what it is undone to."""
    failures: frozenset[str]
    """Signatures of what it was to mend."""
    count: int
    suppressions: int


def fix(work: Work, report: GateReport) -> Fixed | None:
    """Apply what the fixers know for the report's trivial failures; ``None`` where nothing changed."""
    from orchestrator.failures.autofix import plan_fixes  # noqa: PLC0415 - twenty modules that a green night never needs

    command = next((result.command for result in report.results if not result.passed), "")
    said = [failure for failure in report.failures if failure.code != REWRITTEN]
    plan = plan_fixes(said, view_of(work), work.night.settings.autofix, command=command)
    plan = replace(plan, commands=(*plan.commands, *_own_fixers(report)))
    before = work.tree
    touched = {edit.path for edit in plan.edits}
    if plan.edits:
        work.tree = work.lane.stage(plan.edits)
    touched |= _by_tools(work, plan)
    if work.tree == before:
        return None
    trivial = [failure for failure in report.failures if failure.category is Category.TRIVIAL]
    work.tell(
        "autofix:applied",
        iteration=work.iteration,
        files=sorted(touched),
        what=list(plan.notes),
        count=len(trivial),
        suppressions=plan.suppressions,
        tree=work.tree,
    )
    return Fixed(
        tree=before,
        failures=frozenset(failure.signature for failure in trivial),
        count=len(trivial),
        suppressions=plan.suppressions,
    )


def confirm(work: Work, fixed: Fixed, report: GateReport) -> bool:
    """Count a fix that helped; undo one after which every failure it was to mend is still there."""
    left = frozenset(failure.signature for failure in report.failures)
    if fixed.failures and fixed.failures <= left:
        work.lane.checkout(fixed.tree)
        work.tree = fixed.tree
        work.tell("autofix:undone", iteration=work.iteration, tree=fixed.tree)
        return False
    work.auto_fixed += fixed.count - len(fixed.failures & left)
    work.suppressions += fixed.suppressions
    return True


def _own_fixers(report: GateReport) -> Iterator[FixCommand]:
    """A check that rewrites what it judges is its own fixer: its command, for the files it rewrote."""
    from orchestrator.failures.autofix import FixCommand  # noqa: PLC0415 - as above

    files = tuple(failure.file for failure in report.failures if failure.code == REWRITTEN and failure.file)
    if files:
        check = next(result for result in reversed(report.results) if not result.passed)
        inside = "" if check.path == "." else f"cd {shlex.quote(check.path)} && "
        yield FixCommand(line=f"{inside}{check.command}", files=files)


def _by_tools(work: Work, plan: FixPlan) -> set[str]:
    """Run the tools' own fixers on the files named; what they changed elsewhere is put back."""
    touched: set[str] = set()
    timeout = work.night.settings.gate.check_timeout_s
    for command in plan.commands:
        before = work.tree
        ran = work.lane.shell.run(Command(line=command.line, profile=Profile.FIXER, timeout_s=timeout))
        if ran.timed_out or ran.exit_code in {126, 127}:
            work.tell("note", text=f"a fixer did not run: {command.line}")
            work.lane.settle(work.tree)
            continue
        work.tree = work.lane.record(command.files)
        work.lane.settle(work.tree)
        if work.tree != before:
            touched.update(command.files)
    return touched
