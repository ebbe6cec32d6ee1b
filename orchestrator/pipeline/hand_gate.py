"""The gate without a run: on a tree somebody wants judged, mended or put to the test."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from orchestrator.domain.edit import FileChange
from orchestrator.domain.failure import Category
from orchestrator.domain.gate import GateReport
from orchestrator.domain.task import Batch
from orchestrator.failures import RepositoryView, reader_of
from orchestrator.failures.autofix import plan_fixes
from orchestrator.gate.baseline import Baseline
from orchestrator.gate.detect import make_plan
from orchestrator.gate.evidence import probe, with_evidence
from orchestrator.gate.integrity import Protection
from orchestrator.gate.plan import GatePlan
from orchestrator.gate.run import GateContext, run_gate
from orchestrator.gate.runner_files import files_run
from orchestrator.gate.toolchains import Toolchains
from orchestrator.gate.tree import LaneTree
from orchestrator.pipeline.tree_view import LaneView, view_of_tree
from orchestrator.ports import Command, EnvironmentInfo, Lane, Profile
from orchestrator.settings import Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class Mended:
    """What fixes without a model made of a tree."""

    tree: str
    report: GateReport
    """Of that tree."""
    before: tuple[FileChange, ...]
    """The files that changed, as they were."""
    files: tuple[FileChange, ...]
    """As they are now; none where nothing helped."""
    notes: tuple[str, ...] = ()


@dataclass(slots=True, kw_only=True)
class HandGate:
    """Gates in one lane."""

    lane: Lane
    batch: Batch
    settings: Settings
    toolchains: Toolchains
    logs: Path
    plan: GatePlan = field(default_factory=lambda: GatePlan(checks=()))
    environment: EnvironmentInfo = field(default_factory=lambda: EnvironmentInfo(digest="", lock_hash=""))

    def prepare(self, commit: str, changes: Sequence[FileChange] = ()) -> str:
        """Set-up on the commit, then the tree with those changes and its gate; the tree.

        ``PausedError`` where set-up fails.
        """
        lane = self.lane
        self.environment = lane.provide(commit, self.batch.setup)
        lane.checkout(commit)
        tree = lane.stage(changes) if changes else lane.tree_of(commit)
        reader = LaneTree(lane, tree)
        plan = make_plan(reader, self.batch.gate, self.batch.invariants, self.settings.gate, self.toolchains)
        self.plan = with_evidence(plan, reader, self.toolchains, probe(lane.shell, plan, self.toolchains))
        return tree

    def run(
        self, tree: str, *, base: str = "", baseline: Baseline | None = None, plan: GatePlan | None = None
    ) -> GateReport:
        """Every check on that tree. ``base``: the tree it grew out of, for the coverage of changed lines."""
        lane = self.lane
        lane.checkout(tree)
        self.logs.mkdir(parents=True, exist_ok=True)
        view = self.view(tree, base)
        context = GateContext(
            tree=tree,
            root=lane.root,
            files=view.files,
            text_of=LaneView(lane, tree).text,
            chains=self.toolchains,
            logs=self.logs,
            diff=view.diff or "",
            baseline=baseline,
            fail_fast=False,
        )
        report = run_gate(plan or self.plan, lane.shell, context, reader_of(view, self.settings.failures.patterns))
        lane.settle(tree)
        return report

    def view(self, tree: str, base: str = "") -> RepositoryView:
        """The tree as the classifier sees it; without a base nothing is known of a change."""
        return view_of_tree(self.lane, tree, self.environment, base=base or None)

    def protection(self, tree: str) -> Protection:
        """What a task without ``allow`` may not touch of that tree."""
        view = LaneView(self.lane, tree)
        folders = tuple(dict.fromkeys((".", *(spec.path for spec in self.plan.checks))))
        return Protection(
            base_files=view.files(),
            configured=self.settings.gate.protected,
            chains=self.toolchains,
            run_by_gate=files_run(self.plan.checks, view.files(), view.text),
            import_roots=folders,
        )

    def mend(self, tree: str, report: GateReport) -> Mended:
        """Fix what needs no model, as often as a run would; what does not help is undone."""
        start, notes = tree, list[str]()
        for _ in range(self.settings.loop.autofix_rounds):
            fixed = self._fix(tree, report, notes)
            if fixed == tree:
                break
            after = self.run(fixed)
            gone = _trivial(report) - {failure.signature for failure in after.failures}
            worse = {failure.signature for failure in after.failures if failure.category is not Category.TRIVIAL}
            if not gone or worse - {failure.signature for failure in report.failures}:
                self.lane.checkout(tree)
                notes.append("the fixes of the last round did not help, and were undone")
                break
            tree, report = fixed, after
        changed = [change.path for change in self.lane.changes(start, tree)] if tree != start else []
        old, new = LaneView(self.lane, start), LaneView(self.lane, tree)
        return Mended(
            tree=tree,
            report=report,
            before=tuple(FileChange(path=path, content=old.read(path)) for path in changed),
            files=tuple(FileChange(path=path, content=new.read(path)) for path in changed),
            notes=tuple(dict.fromkeys(notes)),
        )

    def _fix(self, tree: str, report: GateReport, notes: list[str]) -> str:
        """Apply the plan of fixes; the resulting tree."""
        self.lane.checkout(tree)
        command = next((result.command for result in report.results if not result.passed), "")
        plan = plan_fixes(report.failures, self.view(tree), self.settings.autofix, command=command)
        notes += plan.notes
        if plan.edits:
            tree = self.lane.stage(plan.edits)
        for fixer in plan.commands:
            line, timeout = fixer.line, self.settings.gate.check_timeout_s
            ran = self.lane.shell.run(Command(line=line, profile=Profile.FIXER, timeout_s=timeout))
            if not ran.timed_out and ran.exit_code not in {126, 127}:
                tree = self.lane.record(fixer.files)
                notes.append(line)
            self.lane.settle(tree)
        return tree


def _trivial(report: GateReport) -> set[str]:
    return {failure.signature for failure in report.failures if failure.category is Category.TRIVIAL}
