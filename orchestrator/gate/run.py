"""The gate: lint, build, test, coverage, invariants, in that order, stopping at the first that fails (L11)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from orchestrator.domain.failure import Category, CheckKind, Failure
from orchestrator.domain.gate import CheckResult, CheckSpec, GateReport
from orchestrator.gate.baseline import Baseline, identities, inherited_note, new_failures
from orchestrator.gate.check import Evidence, run_check
from orchestrator.gate.plan import ORDER, GatePlan, log_names
from orchestrator.gate.rerun import is_about
from orchestrator.gate.rewrites import file_stamps, rewritten
from orchestrator.gate.toolchains import Toolchains
from orchestrator.gate.verdict import broken_invariant, judge_coverage, judge_tests, no_tests, unread
from orchestrator.ports import Shell

FailureReader = Callable[[CheckResult], tuple[Failure, ...]]
"""Reads and classifies what a failed check said; empty where it can make nothing of it."""
_SHOWN = 5


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
    quarantined: frozenset[str] = frozenset()
    """Ids of tests that disagree with themselves: their failures do not block."""
    allow: tuple[str, ...] = ()
    """The task's ``allow``: tests of these files may go or be skipped."""
    fail_fast: bool = True
    """False: every check runs (the base, the final report)."""
    began: Callable[[CheckSpec], None] = lambda _: None
    """Told of each check as it begins."""
    ended: Callable[[CheckResult], None] = lambda _: None
    """Told of each check as it is judged, coverage among them."""


def run_gate(plan: GatePlan, shell: Shell, context: GateContext, read_failures: FailureReader) -> GateReport:
    """One passage. Never raises for what the checks do; ``RefusedError`` where the sandbox cannot be had."""
    return _Passage(plan, shell, context, read_failures).run(plan.checks)


def run_rest(
    plan: GatePlan, shell: Shell, context: GateContext, read_failures: FailureReader, done: GateReport
) -> GateReport:
    """The checks that a stopped passage left out, all of them, and what it had said before (for the last report)."""
    return _go_on(plan, shell, replace(context, fail_fast=False), read_failures, done)


def run_on(
    plan: GatePlan, shell: Shell, context: GateContext, read_failures: FailureReader, done: GateReport
) -> GateReport:
    """Go on after a passage that tests have stopped: these are judged anew, without ``context.quarantined``."""
    return _go_on(plan, shell, context, read_failures, done, judge_anew=True)


def _go_on(
    plan: GatePlan,
    shell: Shell,
    context: GateContext,
    read_failures: FailureReader,
    done: GateReport,
    *,
    judge_anew: bool = False,
) -> GateReport:
    passage = _Passage(plan, shell, context, read_failures, notes=list(done.notes))
    again = [result for result in done.results if judge_anew and result.kind is CheckKind.TEST and not result.passed]
    passage.results = [result for result in done.results if result not in again]
    tests_too = {CheckKind.TEST} if again else set()
    passage.failures = [failure for failure in done.failures if failure.check not in tests_too]
    for result in again:
        passage.judge(replace(result, note=""))
        context.ended(passage.results[-1])
    had = {(result.kind, result.path, result.command) for result in done.results}
    left = tuple(spec for spec in plan.checks if (spec.kind, spec.path, spec.command) not in had)
    report = passage.run(left)
    return replace(report, results=tuple(sorted(report.results, key=lambda result: ORDER.index(result.kind))))


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
        if self._stopped():
            return self._report()
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
        before = file_stamps(context.root, context.files) if spec.kind is CheckKind.LINT else {}
        context.began(spec)
        result, notes = run_check(spec, self.shell, evidence, target)
        self.notes += notes
        self.judge(result)
        self._judge_rewriting(rewritten(result, context.root, before, context.text_of))
        context.ended(self.results[-1])

    def _judge_rewriting(self, found: tuple[Failure, ...]) -> None:
        """A check that rewrote files has not passed them; what it says of having mended them needs no reading."""
        result = self.results[-1]
        known = self.context.baseline.failures if self.context.baseline else frozenset()
        named = zip(found, identities(found, self.context.text_of), strict=True)
        found = tuple(failure for failure, identity in named if identity not in known)
        if not found:
            return
        self.failures = [failure for failure in self.failures if failure.check is not result.kind or failure.file]
        self.failures += found
        self.results[-1] = replace(result, passed=False, note=f"rewrote {len(found)} of the files it judges")

    def judge(self, result: CheckResult) -> None:
        """The verdict: what the tool said that is new, and what the gate has to say itself."""
        failures, note = self._said(result)
        if not failures and result.kind is CheckKind.TEST:
            base = self.context.baseline.tests_of(result) if self.context.baseline else None
            if base is not None:
                base = replace(base, failed_ids=base.failed_ids | self.context.quarantined)
            verdict = judge_tests(result, base, self.context.allow)
            failures, note = verdict.failures, verdict.note or note
        if result.kind is CheckKind.INVARIANT:
            note = "; ".join(part for part in (f"{result.tool}: {'broken' if failures else 'kept'}", note) if part)
        self.failures += failures
        self.results.append(replace(result, passed=not failures, note=note or result.note))

    def _said(self, result: CheckResult) -> tuple[tuple[Failure, ...], str]:
        if result.exit_code == 0 and not result.timed_out:
            return (), ""
        if result.kind is CheckKind.TEST and no_tests(result) and not result.timed_out and result.exit_code > 0:
            read = self.read_failures(result)
            return (read, "no test ran") if any(_telling(failure) for failure in read) else ((), "")
        read = self.read_failures(result) or (unread(result),)
        if result.kind is CheckKind.INVARIANT:
            read = broken_invariant(result, read)
        if self.context.baseline is None:
            return read, ""
        new = new_failures(result, read, self.context.baseline, self.context.text_of)
        kept = without_quarantined(result, new, self.context.baseline, self.context.quarantined)
        if new and not kept:
            return (), f"what fails is quarantined: {', '.join(sorted(self.context.quarantined)[:_SHOWN])}"
        return kept, "" if kept else inherited_note(read)

    def _coverage(self) -> None:
        """From the test checks' own reports; no command of its own."""
        enough = self.context.chains.limits.changed_lines
        told = {(result.path, result.command) for result in self.results if result.kind is CheckKind.COVERAGE}
        for tested in [result for result in self.results if result.kind is CheckKind.TEST]:
            if (tested.path, tested.command) in told:
                continue
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
            self.context.ended(self.results[-1])


def without_quarantined(
    result: CheckResult, failures: tuple[Failure, ...], baseline: Baseline, quarantined: frozenset[str]
) -> tuple[Failure, ...]:
    """The failures of a check that are not about quarantined tests.

    One without a place goes as well where its report has no other failed test that the base does not have.
    """
    if not quarantined or result.tests is None or not result.tests.failed_ids:
        return failures
    base = baseline.tests_of(result)
    explained = result.tests.failed_ids <= quarantined | (base.failed_ids if base else frozenset())
    about = result.tests.failed_ids & quarantined
    return tuple(
        failure
        for failure in failures
        if not any(is_about(failure, test) for test in about)
        and not (explained and failure.tool == "generic" and not failure.file and not failure.test_id)
    )


def _telling(failure: Failure) -> bool:
    """Whether it says why no test ran; a failure without a place, of no grave kind, only says that none did."""
    placed = failure.file or failure.test_id or failure.symbol
    return bool(placed) or failure.category in {Category.HALLUCINATION, Category.ENVIRONMENT}
