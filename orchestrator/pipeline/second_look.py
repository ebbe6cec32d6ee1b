"""A second look at tests that block: run again on branch and base; what disagrees with itself is quarantined.

Alone first (the runner's own selection), since most failures are real and that is cheap. A test that then passes is
run with all the others once more: only a test that fails and passes under the same conditions is flaky, one that fails
with the others and passes alone is broken by them. A test of the change's own that is flaky stays a failure: it would
be the first flake of the branch.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from orchestrator.domain.failure import Category, CheckKind, Failure
from orchestrator.domain.gate import CheckResult, CheckSpec, GateReport
from orchestrator.gate.check import Evidence, run_check
from orchestrator.gate.rerun import Again, blocking_ids, is_about, narrowed, said
from orchestrator.pipeline.tree_view import LaneView
from orchestrator.pipeline.work import Work

_DETERMINISTIC = frozenset({"SyntaxError", "IndentationError", "ImportError", "ModuleNotFoundError", "NameError"})
"""Error classes that no chance decides: not worth a second run."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Disagreement:
    """Tests that failed and passed on one tree."""

    quarantined: frozenset[str] = frozenset()
    """The base's: they do not block this task."""
    own: frozenset[str] = frozenset()
    """The change's own: they block."""


def quarantined_of(work: Work) -> frozenset[str]:
    """Tests quarantined for this task so far, from the journal: the same after a resume."""
    entries = work.night.memory.all("test:quarantined", task=work.task.id)
    return frozenset(test for entry in entries for test in entry["tests"])


def look_again(work: Work, report: GateReport) -> Disagreement:
    """Run the blocking tests of a red report again. Nothing is run where none blocks, or where it is no test's."""
    quarantined: set[str] = set()
    own: set[str] = set()
    for result in report.results:
        if result.kind is not CheckKind.TEST or result.passed or result.timed_out:
            continue
        doubted = _doubted(work, result, report.failures)
        if doubted:
            base = work.baseline.tests_of(result) if work.baseline else None
            on_base = doubted if base and not base.ids else base.ids if base else frozenset()
            flaky = _disagreeing(work, _spec(work, result), doubted, on_base)
            quarantined |= {test for test in flaky if base is None or not base.ids or test in base.ids}
            own |= flaky - quarantined
    return Disagreement(quarantined=frozenset(quarantined), own=frozenset(own))


def own_flakes(report: GateReport, own: Collection[str]) -> tuple[Failure, ...]:
    """The report's failures, those of the change's own flaky tests told as such."""
    told = [
        Failure(
            check=CheckKind.TEST,
            tool="gate",
            message=f"{test} failed and passed on the same tree: make it depend on nothing but the code",
            category=Category.TACTICAL,
            code="flaky",
            test_id=test,
            why="a new test that disagrees with itself is a fault of the change (decision 18)",
        )
        for test in sorted(own)
    ]
    kept = [failure for failure in report.failures if not any(is_about(failure, test) for test in own)]
    return (*kept, *told)


def _doubted(work: Work, result: CheckResult, failures: Collection[Failure]) -> frozenset[str]:
    about = [
        failure
        for failure in failures
        if failure.check is CheckKind.TEST
        and failure.category not in {Category.ENVIRONMENT, Category.HALLUCINATION}
        and failure.code not in _DETERMINISTIC
    ]
    ids = blocking_ids(result, about)
    return ids if len(ids) <= work.night.toolchains.limits.rerun_tests else frozenset()


def _spec(work: Work, result: CheckResult) -> CheckSpec:
    wanted = (result.kind, result.path, result.command)
    return next(spec for spec in work.gate_plan.checks if (spec.kind, spec.path, spec.command) == wanted)


def _disagreeing(work: Work, spec: CheckSpec, ids: frozenset[str], on_base: frozenset[str]) -> frozenset[str]:
    few = narrowed(spec, ids, work.lane.files(work.tree))
    again = _run(work, few or spec, work.tree, ids)
    if few is not None and not again.passed and not again.failed:  # the command takes no such selection
        few, again = None, _run(work, spec, work.tree, ids)
    flaky, alone = again.passed, frozenset[str]()
    if few is not None and again.passed:
        flaky = _run(work, spec, work.tree, again.passed).passed
        alone = again.passed - flaky
    steady = ids - again.passed
    asked = (steady & on_base) - work.firm
    if asked:
        narrow = narrowed(spec, asked, work.lane.files(work.base_tree)) if few is not None else None
        failed = _run(work, narrow or spec, work.base_tree, asked).failed
        work.firm |= asked - failed
        flaky |= failed
    if alone & on_base:
        flaky |= _run(work, spec, work.base_tree, alone & on_base).failed
    return flaky


def _run(work: Work, spec: CheckSpec, tree: str, ids: frozenset[str]) -> Again:
    """Run it on a fresh check-out of that tree; the work's own tree stands in the lane again afterwards."""
    lane = work.lane
    lane.checkout(tree)
    evidence = Evidence(
        root=lane.root, files=lane.files(tree), text_of=LaneView(lane, tree).text, chains=work.night.toolchains
    )
    result, _ = run_check(spec, lane.shell, evidence, None)
    lane.settle(tree)
    work.gate_seconds += result.seconds
    work.tell(
        "test:again",
        iteration=work.iteration,
        tree="base" if tree == work.base_tree else "branch",
        tests=sorted(ids),
        command=spec.command,
        seconds=round(result.seconds, 3),
    )
    if tree != work.tree:
        lane.checkout(work.tree)
    return said(result.tests, result.exit_code, ids)
