"""Discover: the base the branch starts from, its environment, its gate, what the agents are shown of it."""

from __future__ import annotations

from orchestrator.agents.context import build_context
from orchestrator.domain.errors import PausedError
from orchestrator.domain.failure import Category
from orchestrator.domain.gate import GateReport
from orchestrator.domain.task import Phase
from orchestrator.failures import reader_of
from orchestrator.gate.baseline import Baseline, baseline_key, baseline_of
from orchestrator.gate.detect import make_plan
from orchestrator.gate.evidence import probe, with_evidence
from orchestrator.gate.integrity import Protection
from orchestrator.gate.plan import GatePlan
from orchestrator.gate.record import load_baseline, save_baseline
from orchestrator.gate.run import GateContext, run_gate
from orchestrator.gate.runner_files import files_run
from orchestrator.gate.tree import LaneTree
from orchestrator.pipeline.gatehouse import headline, tell_check, view_of
from orchestrator.pipeline.inherited import tell_inherited
from orchestrator.pipeline.night import Prepared
from orchestrator.pipeline.opening import start_from
from orchestrator.pipeline.researching import research
from orchestrator.pipeline.tree_view import LaneView
from orchestrator.pipeline.work import Step, Work


def discover(work: Work) -> Step:
    """Prepare the lane for this task's base, and pack the context."""
    started = work.night.memory.last("task:started", task=work.task.id)
    conflict = start_from(work, started["depends_on"] if started else {})
    if conflict is not None:
        return conflict
    key = f"{work.lane.root}:{work.base_tree}"
    prepared = work.night.prepared.get(key) or _prepare(work)
    work.night.prepared[key] = prepared
    work.environment, work.gate_plan, work.baseline = prepared.environment, prepared.plan, prepared.baseline
    tell_inherited(work, prepared.baseline)
    work.lane.checkout(work.base_tree)
    view = LaneView(work.lane, work.base_tree)
    folders = tuple(dict.fromkeys((".", *(spec.path for spec in work.gate_plan.checks))))
    work.protection = Protection(
        base_files=view.files(),
        configured=work.night.settings.gate.protected,
        chains=work.night.toolchains,
        protect=work.task.protect,
        allow=work.task.allow,
        allow_dependencies=work.task.allow_dependencies,
        run_by_gate=files_run(work.gate_plan.checks, view.files(), view.text),
        import_roots=folders,
    )
    work.context = build_context(view, work.task).text
    work.research = research(work, view)
    return Phase.DEFINE


def _prepare(work: Work) -> Prepared:
    """Environment, gate and baseline of a base that was not looked at before in this lane."""
    lane, night = work.lane, work.night
    work.tell("setup:started")
    environment = lane.provide(work.base, night.batch.setup)
    work.tell(
        "setup:finished",
        seconds=round(environment.seconds, 3),
        digest=environment.digest,
        lock_hash=environment.lock_hash,
        notes=list(environment.notes),
    )
    lane.checkout(work.base_tree)
    tree = LaneTree(lane, work.base_tree)
    plan = make_plan(tree, night.batch.gate, night.batch.invariants, night.settings.gate, night.toolchains)
    plan = with_evidence(plan, tree, night.toolchains, probe(lane.shell, plan, night.toolchains))
    return Prepared(environment=environment, plan=plan, baseline=_baseline(work, plan, environment.digest))


def _baseline(work: Work, plan: GatePlan, environment: str) -> Baseline:
    """The base's gate: from the store where it was run before, else run now, all checks once (decision 18)."""
    path = work.night.baselines / f"{baseline_key(work.base_tree, plan.digest, environment)}.json"
    kept = load_baseline(path)
    if kept is not None:
        work.tell("baseline:kept", tree=work.base_tree, green=kept.green)
        return kept
    report = _run_base(work, plan)
    for _ in range(work.night.settings.loop.environment_retries):
        if report.category is not Category.ENVIRONMENT:
            break
        work.night.clock.sleep(work.night.settings.loop.environment_wait_s)
        report = _run_base(work, plan)
    if report.category is Category.ENVIRONMENT:
        raise PausedError(
            f"the gate cannot run on the base {work.base[:12]}: {headline(report.failures)}",
            hint="mend it (see logs in the run's folder), then: orchestrate resume",
            slug="base-environment",
        )
    baseline = baseline_of(report, LaneView(work.lane, work.base_tree).text)
    save_baseline(path, baseline)
    work.tell(
        "baseline:finished",
        tree=work.base_tree,
        green=baseline.green,
        checks=len(report.results),
        failures=len(report.failures),
        headline=headline(report.failures),
        seconds=round(report.seconds, 3),
    )
    return baseline


def _run_base(work: Work, plan: GatePlan) -> GateReport:
    view = view_of(work)
    context = GateContext(
        tree=work.base_tree,
        root=work.lane.root,
        files=view.files,
        text_of=LaneView(work.lane, work.base_tree).text,
        chains=work.night.toolchains,
        logs=work.night.folder / "base" / work.base_tree[:12],
        fail_fast=False,
        began=lambda spec: tell_check(work, spec, "gate of the base"),
    )
    report = run_gate(plan, work.lane.shell, context, reader_of(view, work.night.settings.failures.patterns))
    work.lane.settle(work.base_tree)
    return report
