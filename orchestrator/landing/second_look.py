"""A merged tree that is red by its tests alone: are they the merge's fault, or do they disagree with themselves?

The merged tree is asked again first. What is still red is asked of the tree before as well, which had passed it: a test
that fails there now is flaky there already, and keeps no branch from landing (decision 18).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from orchestrator.domain.failure import CheckKind
from orchestrator.domain.gate import CheckResult, CheckSpec, GateReport
from orchestrator.gate.baseline import Baseline
from orchestrator.gate.check import Evidence, run_check
from orchestrator.gate.plan import GatePlan
from orchestrator.gate.rerun import Again, blocking_ids, narrowed, said
from orchestrator.gate.toolchains import Toolchains
from orchestrator.pipeline.tree_view import LaneView
from orchestrator.ports import Lane

_SHOWN = 5


def doubted(report: GateReport, baseline: Baseline) -> frozenset[str]:
    """The tests a red gate hangs on, where the tree before has them all; empty where it hangs on more than tests."""
    red = [result for result in report.results if not result.passed]
    if not red or any(result.kind is not CheckKind.TEST or result.timed_out for result in red):
        return frozenset()
    known = frozenset().union(*(tests.ids for tests in baseline.tests.values()))
    ids: set[str] = set()
    for _, blocking in _blocking(report):
        if not blocking or not blocking <= known:
            return frozenset()
        ids |= blocking
    return frozenset(ids)


def looked_at_twice(again: GateReport, ids: frozenset[str]) -> GateReport:
    """What the gate says the second time; those of the tests that passed now are in its notes."""
    told = [result.tests for result in again.results if result.tests]
    passed = {test for tests in told for test in ids & tests.ids - tests.failed_ids - tests.skipped_ids}
    if not passed:
        return again
    return replace(again, notes=(*again.notes, f"failed and passed on this tree: {', '.join(sorted(passed)[:_SHOWN])}"))


def failing_before(report: GateReport, plan: GatePlan, lane: Lane, before: str, chains: Toolchains) -> frozenset[str]:
    """Of the tests a red report hangs on, those that now fail on the commit ``before``, which is then in the lane."""
    tree = lane.tree_of(before)
    files = lane.files(tree)
    failed: set[str] = set()
    for result, ids in _blocking(report):
        wanted = (result.kind, result.path, result.command)
        spec = next(spec for spec in plan.checks if (spec.kind, spec.path, spec.command) == wanted)
        few = narrowed(spec, ids, files)
        told = _run(few or spec, lane, before, chains, ids)
        if few is not None and not told.passed and not told.failed:  # the command takes no such selection
            told = _run(spec, lane, before, chains, ids)
        failed |= told.failed
    return frozenset(failed)


def _blocking(report: GateReport) -> Iterator[tuple[CheckResult, frozenset[str]]]:
    """Each red check of tests, with the tests its failures are about."""
    failures = [failure for failure in report.failures if failure.check is CheckKind.TEST]
    for result in report.results:
        if result.kind is CheckKind.TEST and not result.passed:
            yield result, blocking_ids(result, failures)


def _run(spec: CheckSpec, lane: Lane, commit: str, chains: Toolchains, ids: frozenset[str]) -> Again:
    lane.checkout(commit)
    tree = lane.tree_of(commit)
    evidence = Evidence(root=lane.root, files=lane.files(tree), text_of=LaneView(lane, tree).text, chains=chains)
    result, _ = run_check(spec, lane.shell, evidence, None)
    lane.settle(tree)
    return said(result.tests, result.exit_code, ids)
