"""Whether a check passed: exit code and evidence together. Pure.

A test check is green only with proof that tests ran, none fewer than on the base (I10); coverage holds L11's rule.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from orchestrator.domain.failure import Category, CheckKind, Failure
from orchestrator.domain.gate import CheckResult, Coverage, TestEvidence
from orchestrator.domain.words import count
from orchestrator.gate.coverage_lines import ChangedLines, changed_lines
from orchestrator.gate.integrity import lost_tests
from orchestrator.gate.plan import CoverageRule

PYTEST_NO_TESTS = 5
NOT_FOUND = (126, 127)
"""The shell's codes for a program that is not there or may not run."""
_TOLD_TWICE = 2
"""A test that fails, and whose clean-up fails as well, is two to a summary and one to a report."""
_TOLERANCE = 0.01
"""Percentage points: what rounding in a report may take away."""
_SHOWN_LINES = 12
_SHOWN_MESSAGE = 300
_SHOWN_OUTPUT = 5
"""Lines of an invariant's check that its failure repeats."""
_LONGEST_INVARIANT = 800


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """``failures`` are the gate's own, beside what the tool said; empty and no note: nothing to add."""

    failures: tuple[Failure, ...] = ()
    note: str = ""

    @property
    def passed(self) -> bool:
        """Whether the gate itself has no objection."""
        return not self.failures


def no_tests(result: CheckResult) -> bool:
    """The runner says that it ran none."""
    if result.tool == "pytest" and result.exit_code == PYTEST_NO_TESTS:
        return True
    return result.tests is not None and result.tests.ran == 0


def judge_tests(result: CheckResult, base: TestEvidence | None, allow: Iterable[str]) -> Verdict:
    """A test command that ended with 0 (or that fails only as the base does): did it prove anything?"""
    allow = tuple(allow)
    if no_tests(result):
        lost = base is not None and base.ran > 0
        if base is not None and lost:
            return _failed("no test ran", Category.TACTICAL, "no-tests", f"the base ran {base.ran}")
        mend = "give `gate.test` the command that runs them, or switch it off with an empty one"
        why = "green needs proof that tests ran (I10)"
        return _failed(f"no test ran: {mend}", Category.ENVIRONMENT, "no-tests", why)
    if result.tests is None and base is not None and base.ran:
        message = f"exit code {result.exit_code}, but no evidence that the tests ran to their end"
        return _failed(message, Category.TACTICAL, "no-evidence", f"the base left evidence of {base.ran} tests (I10)")
    if result.tests is None:
        message = f"nothing `{result.command}` printed or wrote says how many tests ran"
        mend = "let it write junit XML or TAP into $ORCHESTRATE_SCRATCH, or print its runner's summary"
        return _failed(f"{message}: {mend}", Category.ENVIRONMENT, "no-evidence", "green needs proof (I10)")
    if base is not None and (unsaid := _failed_unsaid(result.tests, base, result.exit_code)):
        return unsaid
    return judge_against_base(result.tests, base, allow, result.path)


def _failed_unsaid(tests: TestEvidence, base: TestEvidence, exit_code: int) -> Verdict | None:
    """Exit code 0 with a report that tells otherwise, or that tells less than the base's did."""
    if base.ids and tests.ran and not tests.ids:
        message = f"only a summary line says that {tests.ran} tests ran; the base's run left a report that names them"
        return _failed(message, Category.TACTICAL, "no-evidence", "evidence as complete as the base's (I10)")
    if base.asked and not tests.asked and tests.ran:
        message = "the report that the gate asked for is not there; the base's run left it, and no other counts"
        return _failed(message, Category.TACTICAL, "no-evidence", "evidence as complete as the base's (I10)")
    if tests.printed_failed > max(_TOLD_TWICE * tests.failed, base.printed_failed):
        message = (
            f"the output says that {count(tests.printed_failed, 'test')} failed, the report says {tests.failed}: "
            "one of them is not the runner's"
        )
        return _failed(message, Category.TACTICAL, "contradiction", "a report that the run itself denies (I10)")
    new = sorted(tests.failed_ids - base.failed_ids)
    if exit_code == 0 and (new or (not tests.failed_ids and tests.failed > base.failed)):
        shown = ", ".join(new[:_SHOWN_LINES]) or f"{tests.failed} of them"
        message = f"the command ended with 0, but its own report has failed tests: {shown}"
        return _failed(message, Category.TACTICAL, "failed-tests", "evidence decides, not the exit code alone (I10)")
    return None


def judge_against_base(
    tests: TestEvidence, base: TestEvidence | None, allow: tuple[str, ...], path: str = "."
) -> Verdict:
    """No test of the base may be missing or newly skipped, unless the task is about it (``allow``)."""
    if base is None:
        return Verdict()
    if tests.ids and base.ids:
        lost = lost_tests(tests, base, allow, path)
        return Verdict(failures=lost)
    if tests.ran >= base.ran:
        return Verdict()
    message = f"{tests.ran} tests ran, {base.ran} on the base"
    if allow:
        return Verdict(note=f"{message}; which ones is not known, and the task may change {', '.join(allow)}")
    return _failed(message, Category.TACTICAL, "fewer-tests", "none fewer than on the base (I10)")


def judge_coverage(
    coverage: Coverage | None, base: float | None, rule: CoverageRule, diff: str, enough: int
) -> Verdict:
    """L11: blocks below the lower of minimum and base, and on changed lines below minimum.

    ``enough`` is the number of executable changed lines from which they may block; fewer advise (decision 20).
    """
    if coverage is None:
        if not rule.required:
            return Verdict(note="coverage: unknown")
        message = f"coverage is unknown, and a minimum of {rule.minimum:g} % is set"
        return _coverage(
            message, "unknown", Category.ENVIRONMENT, "install pytest-cov, or let the tests write a report"
        )
    failures: list[Failure] = []
    floor = min(rule.minimum, base) if base is not None else rule.minimum
    notes = [f"coverage {coverage.percent:.1f} % ({coverage.source})"]
    if coverage.percent < floor - _TOLERANCE:
        of_base = base is not None and base < rule.minimum
        message = (
            f"coverage {coverage.percent:.2f} % is below {'the base' if of_base else 'the minimum'}: {floor:.2f} %"
        )
        if base is None and not rule.required:
            notes.append(f"{message}; the base's own is unknown, so it advises")
        else:
            failures += _coverage(
                message, "total", Category.STRATEGIC, "L11: below the lower of minimum and base"
            ).failures
    changed = changed_lines(diff, coverage)
    if changed.total and changed.percent < rule.minimum - _TOLERANCE:
        message = _told(changed, rule.minimum)
        if changed.total < enough:
            notes.append(f"{message}; fewer than {enough} lines, so it advises")
        else:
            failures += _coverage(
                message, "changed lines", Category.STRATEGIC, "L11: changed lines below minimum"
            ).failures
    return Verdict(failures=tuple(failures), note="; ".join(notes))


def broken_invariant(result: CheckResult, read: tuple[Failure, ...]) -> tuple[Failure, ...]:
    """An invariant's check that failed: strategic, by the invariant's id (its tool), with what the check said.

    Where the check could not run at all, what was read stands.
    """
    if result.timed_out or result.exit_code in NOT_FOUND or any(one.category is Category.ENVIRONMENT for one in read):
        return read
    lines = [line.strip() for line in f"{result.stdout}\n{result.stderr}".splitlines() if line.strip()]
    said = f": {'; '.join(lines[:_SHOWN_OUTPUT])}" if lines else ""
    first = next((one for one in read if one.file), None)
    return (
        Failure(
            check=CheckKind.INVARIANT,
            tool=result.tool,
            message=f"the invariant {result.tool} is broken: `{result.command}` ended with {result.exit_code}{said}"[
                :_LONGEST_INVARIANT
            ],
            category=Category.STRATEGIC,
            code=result.tool,
            file=first.file if first else None,
            line=first.line if first else None,
            why="a broken invariant is the design's concern",
        ),
    )


def unread(result: CheckResult) -> Failure:
    """The failure of a check whose output no parser could read."""
    said = [line.strip() for line in (result.stderr + "\n" + result.stdout).splitlines() if line.strip()]
    message = result.note or f"`{result.command}` ended with exit code {result.exit_code}"
    missing = result.exit_code in NOT_FOUND
    return Failure(
        check=result.kind,
        tool="generic",
        message=f"{message}: {said[-1]}"[:_SHOWN_MESSAGE] if said else message,
        category=Category.ENVIRONMENT if missing else Category.TACTICAL,
        why="the shell found no such program" if missing else "no parser knew the output: unsure is tactical (L7)",
    )


def _failed(message: str, category: Category, code: str, why: str) -> Verdict:
    failure = Failure(check=CheckKind.TEST, tool="gate", message=message, category=category, code=code, why=why)
    return Verdict(failures=(failure,), note=message)


def _coverage(message: str, code: str, category: Category, why: str) -> Verdict:
    failure = Failure(check=CheckKind.COVERAGE, tool="coverage", message=message, category=category, code=code, why=why)
    return Verdict(failures=(failure,), note=message)


def _told(changed: ChangedLines, minimum: float) -> str:
    places = [f"{file}: {spans(lines)}" for file, lines in sorted(changed.missed.items())]
    more = f" and {len(places) - _SHOWN_LINES} more files" if len(places) > _SHOWN_LINES else ""
    return (
        f"{changed.covered} of {changed.total} changed lines are covered ({changed.percent:.1f} %, "
        f"minimum {minimum:g} %); not covered: {'; '.join(places[:_SHOWN_LINES])}{more}"
    )


def spans(lines: Iterable[int]) -> str:
    """``1-3, 7``: line numbers as people write them."""
    found: list[tuple[int, int]] = []
    for line in sorted(set(lines)):
        if found and line == found[-1][1] + 1:
            found[-1] = (found[-1][0], line)
        else:
            found.append((line, line))
    return ", ".join(str(first) if first == last else f"{first}-{last}" for first, last in found)
