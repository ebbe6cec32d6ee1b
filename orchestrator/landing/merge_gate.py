"""A merged tree goes through the gate in the lane; the tree before it is its baseline.

The gate is the one of the tree before: what a branch does to the gate's configuration counts only once it has landed.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from orchestrator.domain.errors import PausedError
from orchestrator.domain.failure import Category
from orchestrator.domain.gate import GateReport
from orchestrator.domain.task import Batch, Task
from orchestrator.failures import reader_of
from orchestrator.gate.baseline import Baseline, baseline_key, baseline_of, told
from orchestrator.gate.certificate import Certified, certificate
from orchestrator.gate.detect import make_plan
from orchestrator.gate.evidence import probe, with_evidence
from orchestrator.gate.plan import GatePlan
from orchestrator.gate.record import load_baseline, report_to_json, save_baseline
from orchestrator.gate.run import GateContext, run_gate, run_on
from orchestrator.gate.toolchains import Toolchains
from orchestrator.gate.tree import LaneTree
from orchestrator.landing.second_look import doubted, failing_before, looked_at_twice
from orchestrator.ledger.durable import write_whole
from orchestrator.pipeline.gatehouse import headline
from orchestrator.pipeline.tree_view import LaneView, view_of_tree
from orchestrator.ports import Clock, EnvironmentInfo, Lane
from orchestrator.settings import Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class GateOn:
    """What a merged tree is held against: the gate, the environment, of the commit before."""

    commit: str
    tree: str
    plan: GatePlan
    environment: EnvironmentInfo


@dataclass(frozen=True, slots=True, kw_only=True)
class Passage:
    """A merged tree's way through the gate."""

    report: GateReport
    certificate: dict[str, Any] | None
    """``None``: it is not green."""

    @property
    def headline(self) -> str:
        """The gravest failure in a line."""
        gravest = max(self.report.failures, key=lambda failure: failure.category.gravity, default=None)
        return told(gravest) if gravest else "a check is red"


@dataclass(slots=True, kw_only=True)
class MergeGate:
    """Gates in one lane, one after the other; what is known of a tree is kept."""

    lane: Lane
    batch: Batch
    settings: Settings
    toolchains: Toolchains
    baselines: Path
    clock: Clock
    sandbox: str
    logs: Path
    """Below it a folder a merged tree, with gate.json and a log a check."""
    quarantined: frozenset[str] = frozenset()
    """Tests that disagreed with themselves in the night: they do not block."""
    prepared: dict[str, GateOn] = field(default_factory=dict)

    def on(self, commit: str) -> GateOn:
        """The gate as the commit's own tree has it. ``PausedError`` where its environment cannot be had."""
        if commit not in self.prepared:
            lane, tree = self.lane, self.lane.tree_of(commit)
            environment = lane.provide(commit, self.batch.setup)
            lane.checkout(commit)
            view = LaneTree(lane, tree)
            plan = make_plan(view, self.batch.gate, self.batch.invariants, self.settings.gate, self.toolchains)
            plan = with_evidence(plan, view, self.toolchains, probe(lane.shell, plan, self.toolchains))
            self.prepared[commit] = GateOn(commit=commit, tree=tree, plan=plan, environment=environment)
        return self.prepared[commit]

    def run(self, on: GateOn, merged: str, brought: Sequence[Task]) -> Passage:
        """The gate on the merged commit's tree; ``brought``: the tasks whose work it adds."""
        lane, tree = self.lane, self.lane.tree_of(merged)
        baseline = self._baseline(on)
        own_environment = any(task.allow_dependencies for task in brought)  # decision 5: a lock file of their own
        if own_environment:
            on = replace(on, environment=lane.provide(merged, self.batch.setup))
        lane.checkout(merged)
        allow = tuple(dict.fromkeys(path for task in brought for path in task.allow))
        report = self._pass(on, tree, baseline=baseline, allow=allow)
        ids = doubted(report, baseline)
        if ids:
            lane.checkout(merged)
            report = looked_at_twice(self._pass(on, tree, baseline=baseline, allow=allow), ids)
        if doubted(report, baseline) and not own_environment:  # in another one the tree before may fail by that alone
            report = self._without_flaky(on, merged, report, baseline, allow)
        if not report.passed:
            return Passage(report=report, certificate=None)
        of = Certified(
            commit=merged,
            base=on.commit,
            environment=on.environment.digest,
            sandbox=self.sandbox,
            at=self.clock.now(),
        )
        self._keep_baseline(on, tree, report)
        return Passage(report=report, certificate=certificate(report, on.plan, baseline, of))

    def _without_flaky(
        self, on: GateOn, merged: str, report: GateReport, baseline: Baseline, allow: tuple[str, ...]
    ) -> GateReport:
        """The report, its tests judged anew without those that now fail on the tree before as well."""
        flaky = failing_before(report, on.plan, self.lane, on.commit, self.toolchains)
        if not flaky:
            return report
        self.quarantined |= flaky
        self.lane.checkout(merged)
        listed = ", ".join(sorted(flaky))
        report = replace(report, notes=(*report.notes, f"quarantined, passed and failed on the tree before: {listed}"))
        return self._pass(on, report.tree, baseline=baseline, allow=allow, done=report)

    def _baseline(self, on: GateOn) -> Baseline:
        """What the tree before says itself: kept from the run that made it, else asked for now, all checks once."""
        known = load_baseline(self._baseline_path(on, on.tree))
        if known is not None:
            return known
        self.lane.checkout(on.commit)
        report = self._pass(on, on.tree, baseline=None, allow=())
        if report.category is Category.ENVIRONMENT:
            raise PausedError(
                f"the gate cannot run on {on.commit[:12]}: {headline(report.failures)}",
                hint=f"mend it (its logs are in {self.logs / on.tree[:12]}), then land again",
                slug="base-environment",
            )
        return self._keep_baseline(on, on.tree, report)

    def _keep_baseline(self, on: GateOn, tree: str, report: GateReport) -> Baseline:
        baseline = baseline_of(report, LaneView(self.lane, tree).text)
        save_baseline(self._baseline_path(on, tree), baseline)
        return baseline

    def _baseline_path(self, on: GateOn, tree: str) -> Path:
        return self.baselines / f"{baseline_key(tree, on.plan.digest, on.environment.digest)}.json"

    def _pass(
        self,
        on: GateOn,
        tree: str,
        *,
        baseline: Baseline | None,
        allow: tuple[str, ...],
        done: GateReport | None = None,
    ) -> GateReport:
        """``done``: go on after this report, which tests have stopped, with what is quarantined by now."""
        lane, logs = self.lane, self.logs / tree[:12]
        logs.mkdir(parents=True, exist_ok=True)
        view = view_of_tree(lane, tree, on.environment, base=on.tree)
        context = GateContext(
            tree=tree,
            root=lane.root,
            files=view.files,
            text_of=LaneView(lane, tree).text,
            chains=self.toolchains,
            logs=logs,
            diff=view.diff or "",
            baseline=baseline,
            quarantined=self.quarantined,
            allow=allow,
            fail_fast=baseline is not None,
        )
        read = reader_of(view, self.settings.failures.patterns)
        if done is None:
            report = run_gate(on.plan, lane.shell, context, read)
        else:
            report = run_on(on.plan, lane.shell, context, read, done)
        lane.settle(tree)
        write_whole(logs / "gate.json", json.dumps(report_to_json(report), indent=1).encode())
        return report
