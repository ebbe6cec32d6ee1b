"""The base's gate, measured once for a tree, a gate and an environment, and kept."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from orchestrator.domain.gate import GateReport
from orchestrator.gate.baseline import Baseline, baseline_key, baseline_of
from orchestrator.gate.plan import GatePlan
from orchestrator.gate.record import load_baseline, save_baseline
from orchestrator.gate.run import FailureReader, GateContext, run_gate
from orchestrator.ports import Shell


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """A base's gate."""

    baseline: Baseline
    report: GateReport | None
    """What it said in full; ``None`` where the kept one was taken."""


def measure_base(
    plan: GatePlan,
    shell: Shell,
    context: GateContext,
    read_failures: FailureReader,
    *,
    folder: Path,
    environment: str,
) -> Measured:
    """The kept baseline, else every check once on the tree in ``context`` (the base's, checked out), then kept.

    ``environment`` is the digest of the lane's environment. An ailing environment (``baseline.healthy`` false) is
    reported and not kept. ``OSError``: the folder cannot be written.
    """
    path = folder / f"{baseline_key(context.tree, plan.digest, environment)}.json"
    kept = load_baseline(path)
    if kept is not None:
        return Measured(baseline=kept, report=None)
    whole = replace(context, baseline=None, diff="", fail_fast=False)
    report = run_gate(plan, shell, whole, read_failures)
    baseline = baseline_of(report, context.text_of)
    save_baseline(path, baseline)
    return Measured(baseline=baseline, report=report)
