"""Findings into categories (L7, L8): tables for what is clear, the resolver for what names something, rules for tests.

Each failure carries the rule that decided it. The iteration takes the gravest.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from orchestrator.domain.failure import Category, CheckKind, Failure
from orchestrator.failures.consequences import without_consequences
from orchestrator.failures.finding import ENVIRONMENT, NAMES, Finding, Kind
from orchestrator.failures.resolve import Resolver
from orchestrator.failures.rules.evidence import Verdict
from orchestrator.failures.tables import Tables

RUNNERS = frozenset({"pytest", "unittest", "jest", "vitest", "mocha", "node:test", "cargo", "go", "maven"})
_AT_RUN_TIME = frozenset({Kind.EXCEPTION, Kind.NULL_ACCESS, Kind.ARITY, Kind.SYNTAX, Kind.TYPE})
_DELIBERATE = frozenset({Kind.ASSERTION, Kind.RAISED, Kind.TEST_TIMEOUT})
_EXPECTATIONS = frozenset({Kind.ASSERTION, Kind.TEST_TIMEOUT})
_REFUSAL = re.compile(
    r"\bnot (?:yet |currently )?(?:supported|implemented|available|enabled)\b|\bunsupported\b|\bunimplemented\b"
    r"|\bno longer\b|\b(?:disabled|removed|retired|discontinued|deprecated)\b|\b(?:switched|turned) off\b"
    r"|\bout of service\b",
    re.IGNORECASE,
)
"""A function that says it does not do its work: a capability taken away, not a slip."""
_SURROUNDINGS = frozenset({Kind.PORT, Kind.MEMORY, Kind.DISK, Kind.RESOURCE, Kind.NETWORK})
"""What the system says whoever asks; a program, a file or a right that is not there may be the line's own invention."""
_RAISES = re.compile(r"\b(?:raise|throw|reject|new \w*Error|process\.exit)\b|\bpanic!?\(")
"""A line that raises the error itself: a program's own, whatever it is called."""
_BEHAVIOUR = _DELIBERATE | _AT_RUN_TIME
_SUMMARIES = frozenset({Kind.TALLY, Kind.NO_TESTS})


def classify(findings: Sequence[Finding], resolver: Resolver, tables: Tables, check: CheckKind) -> tuple[Failure, ...]:
    """A failure for each finding that stands for itself; consequences of another and summaries are left out."""
    kept = _errors_only(without_consequences(findings, resolver, tables))
    judged = [(finding, _judge(finding, resolver, tables)) for finding in kept if finding.kind not in _SUMMARIES]
    judged = _without_aftermath(judged, resolver)
    grave = _regressions(kept, judged, resolver, tables)
    if grave is not None:
        judged = [
            (finding, grave if finding.tool in RUNNERS and verdict.category is Category.TACTICAL else verdict)
            for finding, verdict in judged
        ]
    failures = [_failure(finding, verdict, check) for finding, verdict in judged]
    if not failures:
        failures = [_failure(finding, grave or _judge(finding, resolver, tables), check) for finding in kept]
    return tuple(dict.fromkeys(failures))


def _failure(finding: Finding, verdict: Verdict, check: CheckKind) -> Failure:
    return Failure(
        check=check, tool=finding.tool, message=finding.message, category=verdict.category, code=finding.code,
        file=finding.file, line=finding.line,
        column=finding.column, symbol=finding.symbol, test_id=finding.test_id, why=verdict.why,
        suggestions=verdict.suggestions,
    )  # fmt: skip


def _judge(finding: Finding, resolver: Resolver, tables: Tables) -> Verdict:
    if finding.category is not None:
        return Verdict(finding.category, f"a pattern of your own: {finding.code}")
    verdict = resolver.decide(finding)
    if verdict is not None:
        return verdict
    line = resolver.added_line(finding) if finding.tool in RUNNERS and finding.kind in ENVIRONMENT else ""
    if line and (finding.kind not in _SURROUNDINGS or _RAISES.search(line)):
        return Verdict(Category.TACTICAL, "raised by a line the change wrote")
    if finding.kind is Kind.VERSION and finding.tool == "tsc" and resolver.diff.added(finding.file, finding.line):
        return Verdict(Category.TACTICAL, "a line the change wrote asks for a newer library than the target's")
    if finding.kind is Kind.BROKEN_CONFIG and finding.symbol and resolver.invented_file(finding.symbol):
        return Verdict(Category.HALLUCINATION, f"the change names the file `{finding.symbol}`, which is nowhere")
    if finding.kind is Kind.UNUSED_NAME and finding.tool == "tsc" and resolver.on_import(finding):
        return Verdict(Category.TRIVIAL, "an unused import")
    if finding.kind is Kind.UNUSED_NAME and (finding.tool in tables.compilers or _is_compiler_flag(finding)):
        return Verdict(Category.TACTICAL, "a compiler's unused check knows no disable comment (L5)")
    if finding.kind is Kind.LINT:
        if tables.has_safe_fix(finding):
            return Verdict(Category.TRIVIAL, f"{finding.code}: a fixer mends it without changing behaviour")
        return Verdict(Category.TACTICAL, f"{finding.code}: a rule without a safe fix")
    if finding.kind in {Kind.ASSERTION, Kind.RAISED, Kind.EXCEPTION} and _is_invariant(finding, tables):
        return Verdict(Category.STRATEGIC, "a test that holds an invariant of the project fails")
    return Verdict(tables.category(finding.kind), _WHY.get(finding.kind, finding.kind.value.replace("_", " ")))


_WHY = {
    Kind.COVERAGE: "coverage below its floor (L11)",
    Kind.CYCLE: "modules import each other in a circle",
    Kind.CONTRACT: "a contract between layers is broken",
    Kind.SECURITY: "a security finding of high severity",
    Kind.UNKNOWN_OPTION: "a key, flag or rule the tool does not know, in a configuration it can read",
    Kind.BROKEN_CONFIG: "a configuration that cannot be read",
    Kind.TOOL_MISSING: "the tool is not installed",
    Kind.TIMEOUT: "the whole check ran over its limit",
    Kind.FORMAT: "a formatter mends it",
    Kind.UNKNOWN: "no rule knows it: unsure is tactical (L7)",
}


def _is_compiler_flag(finding: Finding) -> bool:
    return (finding.code or "").startswith("TS")


def _is_invariant(finding: Finding, tables: Tables) -> bool:
    where = f"{finding.test_id or ''} {finding.file or ''}".lower()
    return any(word in where for word in tables.invariant_tests)


def _errors_only(findings: Sequence[Finding]) -> list[Finding]:
    """Warnings count only where nothing is an error (``--max-warnings 0``)."""
    errors = [finding for finding in findings if not finding.warning]
    return errors if any(finding.kind not in _SUMMARIES for finding in errors) else list(findings)


def _without_aftermath(judged: list[tuple[Finding, Verdict]], resolver: Resolver) -> list[tuple[Finding, Verdict]]:
    """Beside a name that does not resolve at run time, other tests fail for it: only those in changed tests stand for
    themselves.
    """
    causes = {
        finding.symbol
        for finding, verdict in judged
        if finding.tool in RUNNERS
        and finding.kind in NAMES
        and finding.symbol
        and verdict.category is not Category.TACTICAL
    }
    if not causes:
        return judged
    kept = []
    for finding, verdict in judged:
        if finding.tool in RUNNERS and finding.kind in _BEHAVIOUR:
            mentions = any(symbol in finding.message for symbol in causes)
            own = resolver.diff.added(finding.file, finding.line)
            if mentions or not own:
                continue
        kept.append((finding, verdict))
    return kept


def _regressions(
    findings: Sequence[Finding], judged: list[tuple[Finding, Verdict]], resolver: Resolver, tables: Tables
) -> Verdict | None:
    """Many failing tests in several files are a broken design, unless one raising line explains them all."""
    tests = [(finding, verdict) for finding, verdict in judged if finding.tool in RUNNERS]
    if any(verdict.category is not Category.TACTICAL for _, verdict in tests):
        return None
    count = max((finding.count for finding in findings if finding.kind is Kind.TALLY), default=0)
    files = max((finding.files for finding in findings if finding.kind is Kind.TALLY), default=0)
    if count < tables.regression_tests or files < tables.regression_files:
        return None
    if _one_bug([finding for finding, _ in tests], resolver):
        return None
    return Verdict(Category.STRATEGIC, f"{count} tests fail in {files} files: a broken design, not a bug")


def _one_bug(tests: list[Finding], resolver: Resolver) -> bool:
    """One statement the change put in raises an error in every test that fails at a known place. A statement that it
    altered is another matter: what used to work there no longer does.
    """
    placed = [finding for finding in tests if finding.kind not in _EXPECTATIONS and finding.file and finding.line]
    if not placed:
        return False
    if resolver.view.change_known:
        placed = [finding for finding in placed if resolver.diff.added(finding.file, finding.line)]
        deliberate = any(finding.kind is Kind.RAISED and _refuses(finding) for finding in placed)
        altered = any(finding.kind not in NAMES and resolver.altered(finding) for finding in placed)
        return len({(finding.file, finding.line) for finding in placed}) == 1 and not deliberate and not altered
    return len({(finding.file, finding.line, finding.message) for finding in tests}) == 1


def _refuses(finding: Finding) -> bool:
    return finding.code == "NotImplementedError" or bool(_REFUSAL.search(finding.message))


def located(findings: Sequence[Finding], resolver: Resolver) -> list[Finding]:
    """Findings with their paths as the repository knows them."""
    return [
        replace(finding, file=resolver.view.locate(finding.file)) if finding.file else finding for finding in findings
    ]
