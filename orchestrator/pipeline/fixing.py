"""Fixing without a model: the ecosystem's own safe fixers, then our two (L5, L6); verified by the next gate."""

from __future__ import annotations

from orchestrator.domain.failure import Category, Failure
from orchestrator.failures.autofix import FixPlan, plan_fixes
from orchestrator.pipeline.gatehouse import view_of
from orchestrator.pipeline.work import Work
from orchestrator.ports import Command, Profile


def fix(work: Work, failures: tuple[Failure, ...]) -> bool:
    """Apply what the fixers know for these trivial failures; whether anything changed."""
    plan = plan_fixes(failures, view_of(work), work.night.settings.autofix)
    before = work.tree
    touched = _by_tools(work, plan)
    if plan.edits:
        work.tree = work.lane.stage(plan.edits)
        touched |= {edit.path for edit in plan.edits}
    if work.tree == before:
        return False
    trivial = sum(failure.category is Category.TRIVIAL for failure in failures)
    work.auto_fixed += trivial
    work.suppressions += plan.suppressions
    work.tell(
        "autofix:applied",
        iteration=work.iteration,
        files=sorted(touched),
        what=list(plan.notes),
        count=trivial,
        suppressions=plan.suppressions,
        tree=work.tree,
    )
    return True


def _by_tools(work: Work, plan: FixPlan) -> set[str]:
    """Run the tools' own fixers on the files named; what they changed elsewhere is put back."""
    touched: set[str] = set()
    timeout = work.night.settings.gate.check_timeout_s
    for command in plan.commands:
        ran = work.lane.shell.run(
            Command(line=command.line, profile=Profile.FIXER, timeout_s=timeout, path=command.path)
        )
        if ran.timed_out or ran.exit_code in {126, 127}:
            work.tell("note", text=f"a fixer did not run: {command.line}")
            work.lane.settle(work.tree)
            continue
        work.tree = work.lane.record(command.files)
        work.lane.settle(work.tree)
        touched.update(command.files)
    return touched
