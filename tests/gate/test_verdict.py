"""What counts as passed: proof of tests, L11's coverage rule, what the base fails as well."""

from __future__ import annotations

from dataclasses import replace

import pytest

from orchestrator.domain.failure import Category, CheckKind, Failure
from orchestrator.domain.gate import CheckResult, Coverage, GateReport, TestEvidence
from orchestrator.gate.baseline import Baseline, baseline_of, identities, new_failures
from orchestrator.gate.coverage_lines import of_lines
from orchestrator.gate.evidence_reports import counted
from orchestrator.gate.plan import CoverageRule
from orchestrator.gate.verdict import judge_coverage, judge_tests, spans, unread
from tests.gate.trees import baseline

RULE = CoverageRule(minimum=80)


def lint(exit_code: int = 1, stdout: str = "", tool: str = "ruff") -> CheckResult:
    return CheckResult(kind=CheckKind.LINT, command="ruff check .", tool=tool, exit_code=exit_code, stdout=stdout)


def ran(count: int, **others: object) -> CheckResult:
    tests = TestEvidence(ran=count, passed=count, failed=0, skipped=0)
    fields: dict[str, object] = {
        "kind": CheckKind.TEST,
        "command": "pytest",
        "tool": "pytest",
        "exit_code": 0,
        "tests": tests,
        **others,
    }
    return CheckResult(**fields)  # type: ignore[arg-type]


def finding(message: str = "unused", line: int | None = 1, **others: object) -> Failure:
    fields: dict[str, object] = {
        "check": CheckKind.LINT,
        "tool": "ruff",
        "code": "F401",
        "file": "a.py",
        "line": line,
        **others,
    }
    return Failure(message=message, **fields)  # type: ignore[arg-type]


def report(*failures: Failure, result: CheckResult | None = None) -> GateReport:
    return GateReport(tree="b" * 40, results=(result or lint(),), failures=failures)


def coverage(percent: float, covered: int = 0, missed: int = 0) -> Coverage:
    lines = {"a.py": (frozenset(range(1, covered + 1)), frozenset(range(covered + 1, covered + missed + 1)))}
    found = of_lines(lines, source="lcov") if covered + missed else None
    return replace(found, percent=percent) if found else Coverage(percent=percent, source="lcov")


def diff(count: int) -> str:
    return f"--- a/a.py\n+++ b/a.py\n@@ -0,0 +1,{count} @@\n" + "+x\n" * count


@pytest.mark.parametrize(
    ("percent", "base", "code"),
    [
        (80.0, 90.0, None),
        (79.0, 90.0, "total"),
        (60.0, 60.0, None),
        (59.995, 60.0, None),
        (59.9, 60.0, "total"),
        (70.0, None, None),
        (10.0, 0.0, None),
    ],
)
def test_coverage_blocks_below_the_lower_of_minimum_and_base(
    percent: float, base: float | None, code: str | None
) -> None:
    verdict = judge_coverage(coverage(percent), base, RULE, "", 5)
    assert [failure.code for failure in verdict.failures] == ([code] if code else [])
    assert all(failure.category is Category.STRATEGIC for failure in verdict.failures)


def test_without_a_base_a_minimum_blocks_only_where_the_user_set_it() -> None:
    assert judge_coverage(coverage(70), None, RULE, "", 5).passed
    assert not judge_coverage(coverage(70), None, replace(RULE, required=True), "", 5).passed


@pytest.mark.parametrize(
    ("covered", "missed", "blocks"),
    [(4, 1, False), (3, 2, True), (0, 4, False), (5, 0, False), (79, 21, True), (80, 20, False)],
)
def test_changed_lines_block_below_the_minimum_from_five_on(covered: int, missed: int, blocks: bool) -> None:
    verdict = judge_coverage(coverage(99, covered, missed), 99, RULE, diff(covered + missed), 5)
    assert verdict.passed is not blocks
    if covered + missed < 5:
        assert "it advises" in verdict.note


def test_unknown_coverage_is_a_note_unless_a_minimum_was_set() -> None:
    assert judge_coverage(None, 90, RULE, "", 5).note == "coverage: unknown"
    (failure,) = judge_coverage(None, 90, replace(RULE, required=True), "", 5).failures
    assert (failure.category, failure.code) == (Category.ENVIRONMENT, "unknown")


def test_counts_are_compared_where_ids_are_not_known() -> None:
    base = TestEvidence(ran=5, passed=5, failed=0, skipped=0)
    assert judge_tests(ran(5), base, ()).passed
    assert judge_tests(ran(6), base, ()).passed
    (failure,) = judge_tests(ran(4), base, ()).failures
    assert (failure.code, failure.message) == ("fewer-tests", "4 tests ran, 5 on the base")
    lifted = judge_tests(ran(4), base, ("tests/**",))
    assert lifted.passed
    assert "4 tests ran" in lifted.note


def test_pytests_own_code_for_no_tests_is_believed() -> None:
    (failure,) = judge_tests(ran(0, exit_code=5, tests=None), None, ()).failures
    assert failure.message.startswith("no test ran")


def test_an_unread_failure_tells_the_last_words() -> None:
    assert unread(lint(2, "one\ntwo\n")).message == "`ruff check .` ended with exit code 2: two"
    missing = unread(replace(lint(127), stderr="sh: 1: ruff: not found"))
    assert missing.category is Category.ENVIRONMENT


def test_line_numbers_as_people_write_them() -> None:
    assert spans([9, 3, 1, 2, 7, 8]) == "1-3, 7-9"
    assert spans([]) == ""


def test_an_identity_follows_its_line_and_counts_doubles() -> None:
    old, new = {"a.py": "import os\nx = 1\n"}.get, {"a.py": "'doc'\n\nimport  os \n"}.get
    assert identities([finding(line=1)], old) == identities([finding(line=3)], new)
    assert identities([finding(line=1)], old) != identities([finding(line=2)], old)
    twice = identities([finding(line=1), finding(line=1)], old)
    assert len(set(twice)) == 2
    assert identities([finding("line 3 is bad", line=None)], old) == identities(
        [finding("line 9 is bad", line=None)], old
    )


def test_only_what_is_new_is_kept() -> None:
    text = {"a.py": "import os\nimport sys\n"}.get
    base = baseline_of(report(finding(line=1)), text)
    assert new_failures(lint(1), (finding(line=1),), base, text) == ()
    after = new_failures(lint(1), (finding(line=1), finding(line=2)), base, text)
    assert [failure.line for failure in after] == [2]
    assert len(new_failures(lint(1), (finding(line=1), finding(line=1)), base, text)) == 1


def test_another_exit_code_or_a_time_limit_inherits_nothing() -> None:
    text = {"a.py": "import os\n"}.get
    base = baseline_of(report(finding()), text)
    assert new_failures(lint(1), (finding(),), base, text) == ()
    assert new_failures(lint(2), (finding(),), base, text) == (finding(),)
    assert new_failures(replace(lint(1), timed_out=True), (finding(),), base, text) == (finding(),)


def test_runners_that_count_failures_in_their_exit_code_are_compared_by_their_tests() -> None:
    def mocha(*failed: str) -> tuple[CheckResult, tuple[Failure, ...]]:
        tests = TestEvidence(ran=9, passed=9 - len(failed), failed=len(failed), skipped=0)
        found = [Failure(check=CheckKind.TEST, tool="mocha", message="m", test_id=test) for test in failed]
        return ran(9, tool="mocha", exit_code=len(failed), tests=tests), tuple(found)

    result, failures = mocha("a", "b")
    base = baseline_of(report(*failures, result=result), {}.get)
    assert new_failures(*mocha("b"), base, {}.get) == ()
    assert [failure.test_id for failure in new_failures(*mocha("a", "b", "c"), base, {}.get)] == ["c"]


def test_a_failure_without_a_place_is_inherited_only_with_the_whole_output() -> None:
    def of(stdout: str) -> tuple[CheckResult, Failure]:
        result = lint(1, stdout, tool="")
        return result, unread(result)

    result, failure = of("3 problems in 1.2 s at /tmp/a1/x\nbad: yes\nfailed\n")
    base = baseline_of(report(failure, result=result), {}.get)
    again, same = of("3 problems in 7.5 s at /tmp/b2/x\nbad: yes\nfailed\n")
    assert new_failures(again, (same,), base, {}.get) == ()
    other, new = of("3 problems in 7.5 s at /tmp/b2/x\nbad: yes\nworse: yes\nfailed\n")
    assert new_failures(other, (new,), base, {}.get) == (new,)


def test_failed_tests_no_parser_named_are_not_lost() -> None:
    tests = counted({"t::a": "failed", "t::b": "failed"}, source="junit")
    result = ran(2, exit_code=1, tests=tests)
    known = Failure(check=CheckKind.TEST, tool="pytest", message="assert", test_id="t::a")
    old = ran(2, exit_code=1, tests=counted({"t::a": "failed", "t::b": "passed"}, source="junit"))
    base = baseline_of(report(known, result=old), {}.get)
    new = new_failures(result, (known,), base, {}.get)
    assert [failure.test_id for failure in new] == ["t::b"]


def test_a_failing_environment_makes_no_baseline() -> None:
    sick = finding(category=Category.ENVIRONMENT)
    base = baseline_of(report(sick), {}.get)
    assert not base.healthy
    assert base.failures == frozenset()
    assert new_failures(lint(1), (sick,), base, {}.get) == (sick,)


def test_a_predecessors_gate_is_a_baseline() -> None:
    tested = ran(3, coverage=Coverage(percent=75, source="lcov"), passed=True)
    base = baseline_of(GateReport(tree="c" * 40, results=(tested,), failures=()), {}.get)
    assert base.green
    assert base.coverage_of(tested) == 75
    assert base.tests_of(replace(tested, path="web")) is None
    assert baseline() == Baseline(tree="b" * 40)


def named(**others: object) -> TestEvidence:
    fields: dict[str, object] = {"ran": 2, "passed": 2, "failed": 0, "skipped": 0, "ids": frozenset({"a", "b"})}
    return TestEvidence(**{**fields, **others})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("tests", "base", "code"),
    [
        (named(asked=True), named(asked=True), None),
        (named(), named(asked=True), "no-evidence"),
        (named(asked=True), named(), None),
        (named(asked=True, printed_failed=1), named(asked=True), "contradiction"),
        (named(printed_failed=1), named(printed_failed=1), None),
        (named(failed=1, passed=1, printed_failed=2), named(failed=1, passed=1), None),
        (named(failed=1, passed=1, printed_failed=3), named(failed=1, passed=1), "contradiction"),
    ],
)
def test_a_report_that_the_run_denies_or_that_nobody_asked_for(
    tests: TestEvidence, base: TestEvidence, code: str | None
) -> None:
    verdict = judge_tests(ran(2, tests=tests), base, ())
    assert [failure.code for failure in verdict.failures] == ([code] if code else [])
