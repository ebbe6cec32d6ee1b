"""The gate: lint, build, test, coverage, invariants, in that order, stopping at the first that fails (L11)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from orchestrator.domain.failure import Category, CheckKind, Failure
from orchestrator.domain.gate import CheckResult, CheckSpec, GateReport
from orchestrator.gate.baseline import Baseline, inherited_note, new_failures
from orchestrator.gate.check import Evidence, run_check
from orchestrator.gate.plan import ORDER, GatePlan, log_names
from orchestrator.gate.toolchains import Toolchains
from orchestrator.gate.verdict import judge_coverage, judge_tests, no_tests, unread
from orchestrator.ports import Shell

FailureReader = Callable[[CheckResult], tuple[Failure, ...]]
"""Reads and classifies what a failed check said; empty where it can make nothing of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GateContext:
    """What a passage through the gate is about."""

    tree: str
    """The git tree on disk under ``root``."""
    root: Path
    """The lane's work tree."""
    files: Sequence[str]
    """Tracked paths of the tree."""
    text_of: Callable[[str], str | None]
    """A tracked file's text; ``None`` where it is not there."""
    chains: Toolchains
    logs: Path | None = None
    """The iteration's folder: one log a check; ``None``: no logs."""
    diff: str = ""
    """Unified diff from the base to the tree, for the coverage of changed lines."""
    baseline: Baseline | None = None
    """What the base's gate said; ``None`` on the base itself."""
    allow: tuple[str, ...] = ()
    """The task's ``allow``: tests of these files may go or be skipped."""
    fail_fast: bool = True
    """False: every check runs (the base, the final report)."""


def run_gate(plan: GatePlan, shell: Shell, context: GateContext, read_failures: FailureReader) -> GateReport:
    """One passage. Never raises for what the checks do; ``RefusedError`` where the sandbox cannot be had."""
    return _Passage(plan, shell, context, read_failures).run(plan.checks)


def run_rest(
    plan: GatePlan, shell: Shell, context: GateContext, read_failures: FailureReader, done: GateReport
) -> GateReport:
    """The checks that a stopped passage left out, all of them, and what it had said before (for the last report)."""
    had = {(result.kind, result.path, result.command) for result in done.results}
    left = tuple(spec for spec in plan.checks if (spec.kind, spec.path, spec.command) not in had)
    rest = _Passage(plan, shell, replace(context, fail_fast=False), read_failures).run(left)
    results = sorted((*done.results, *rest.results), key=lambda result: ORDER.index(result.kind))
    return replace(
        rest,
        results=tuple(results),
        failures=done.failures + rest.failures,
        seconds=done.seconds + rest.seconds,
        notes=tuple(dict.fromkeys((*done.notes, *rest.notes))),
    )


@dataclass(slots=True)
class _Passage:
    plan: GatePlan
    shell: Shell
    context: GateContext
    read_failures: FailureReader
    results: list[CheckResult] = field(default_factory=list)
    failures: list[Failure] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def run(self, checks: Sequence[CheckSpec]) -> GateReport:
        logs = dict(zip(map(id, self.plan.checks), log_names(self.plan.checks), strict=True))
        self.notes += self.plan.notes
        for kind in ORDER:
            for spec in (spec for spec in checks if spec.kind is kind):
                self._check(spec, logs[id(spec)])
                if self._stopped():
                    return self._report()
            if kind is CheckKind.COVERAGE:
                self._coverage()
            if self._stopped():
                break
        return self._report()

    def _stopped(self) -> bool:
        return self.context.fail_fast and any(not result.passed for result in self.results)

    def _report(self) -> GateReport:
        return GateReport(
            tree=self.context.tree,
            results=tuple(self.results),
            failures=tuple(self.failures),
            seconds=sum(result.seconds for result in self.results),
            notes=tuple(dict.fromkeys(self.notes)),
        )

    def _check(self, spec: CheckSpec, log: str) -> None:
        context = self.context
        evidence = Evidence(root=context.root, files=context.files, text_of=context.text_of, chains=context.chains)
        target = None if context.logs is None else context.logs / log
        result, notes = run_check(spec, self.shell, evidence, target)
        self.notes += notes
        self._judge(result)

    def _judge(self, result: CheckResult) -> None:
        """The verdict: what the tool said that is new, and what the gate has to say itself."""
        failures, note = self._said(result)
        if not failures and result.kind is CheckKind.TEST:
            base = self.context.baseline.tests_of(result) if self.context.baseline else None
            verdict = judge_tests(result, base, self.context.allow)
            failures, note = verdict.failures, verdict.note or note
        self.failures += failures
        self.results.append(replace(result, passed=not failures, note=note or result.note))

    def _said(self, result: CheckResult) -> tuple[tuple[Failure, ...], str]:
        if result.exit_code == 0 and not result.timed_out:
            return (), ""
        if result.kind is CheckKind.TEST and no_tests(result) and not result.timed_out and result.exit_code > 0:
            read = self.read_failures(result)
            return (read, "no test ran") if any(_telling(failure) for failure in read) else ((), "")
        read = self.read_failures(result) or (unread(result),)
        if self.context.baseline is None:
            return read, ""
        new = new_failures(result, read, self.context.baseline, self.context.text_of)
        return new, "" if new else inherited_note(read)

    def _coverage(self) -> None:
        """From the test checks' own reports; no command of its own."""
        enough = self.context.chains.limits.changed_lines
        for tested in [result for result in self.results if result.kind is CheckKind.TEST]:
            rule = self.plan.rule(tested.path)
            if rule is None or not tested.passed:
                continue
            base = self.context.baseline.coverage_of(tested) if self.context.baseline else None
            verdict = judge_coverage(tested.coverage, base, rule, self.context.diff, enough)
            self.failures += verdict.failures
            self.results.append(
                CheckResult(
                    kind=CheckKind.COVERAGE,
                    command=tested.command,
                    path=tested.path,
                    tool=tested.tool,
                    exit_code=0,
                    coverage=tested.coverage,
                    passed=verdict.passed,
                    note=verdict.note,
                )
            )


def _telling(failure: Failure) -> bool:
    """Whether it says why no test ran; a failure without a place, of no grave kind, only says that none did."""
    placed = failure.file or failure.test_id or failure.symbol
    return bool(placed) or failure.category in {Category.HALLUCINATION, Category.ENVIRONMENT}
