"""What one passage of the gate over the base says of the gate itself: does it work, and is the base green?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from orchestrator.domain.failure import CheckKind
from orchestrator.domain.gate import CheckResult, GateReport
from orchestrator.domain.words import count
from orchestrator.gate.plan import GatePlan

BROKEN_COUNTS = 1_000_000
_NOT_STARTED = frozenset({126, 127})


class BaseWord(StrEnum):
    """The gate on the base, in a word."""

    GREEN = "green"
    RED = "red"
    """It works; some of the checks fail, on code that nobody has touched."""
    UNTESTED = "untested"
    """Its checks run, but there are no tests."""
    EMPTY = "empty"
    """There is no check at all."""
    BROKEN = "broken"
    """A check cannot run: its tool is missing, or no test was collected where there are tests."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BaseState:
    """What was found."""

    word: BaseWord
    broken: tuple[str, ...] = ()
    """A sentence a check that cannot run."""
    red: tuple[str, ...] = ()
    """A sentence a check that fails."""
    failing: Mapping[str, int] = field(default_factory=dict)
    """Check and command -> tests or findings that fail in it; one that cannot run counts as :data:`BROKEN_COUNTS`."""
    tests: int = 0
    """Tests that ran."""
    coverage: float | None = None
    """Percent of lines; ``None``: not measured."""
    seconds: float = 0.0

    @property
    def works(self) -> bool:
        """A run could start from here: every check runs, and tests are collected where there are any."""
        return self.word in {BaseWord.GREEN, BaseWord.RED, BaseWord.UNTESTED}


def base_state(plan: GatePlan, report: GateReport) -> BaseState:
    """Judge a gate's passage over an untouched commit."""
    not_passed = [result for result in report.results if not result.passed]
    broken = {_label(result): told for result in not_passed if (told := _broken(result, report))}
    red = {_label(result): _red(result, report) for result in not_passed if not _broken(result, report)}
    tests = sum(result.tests.ran for result in report.results if result.tests and result.kind is CheckKind.TEST)
    measured = [result.coverage.percent for result in report.results if result.coverage]
    return BaseState(
        word=_word(plan, broken=bool(broken), red=bool(red)),
        broken=tuple(f"{label}: {told}" for label, told in broken.items()),
        red=tuple(f"{label}: {told}" for label, (told, _) in red.items()),
        failing={**dict.fromkeys(broken, BROKEN_COUNTS), **{label: number for label, (_, number) in red.items()}},
        tests=tests,
        coverage=min(measured) if measured else None,
        seconds=report.seconds,
    )


def _word(plan: GatePlan, *, broken: bool, red: bool) -> BaseWord:
    if not plan.checks:
        return BaseWord.EMPTY
    if broken:
        return BaseWord.BROKEN
    if red:
        return BaseWord.RED
    return BaseWord.GREEN if plan.tests_expected else BaseWord.UNTESTED


def _label(result: CheckResult) -> str:
    where = "" if result.path == "." else f" in {result.path}"
    return f"{result.kind} ({result.command}){where}"


def _broken(result: CheckResult, report: GateReport) -> str:
    """Why a check cannot run; empty where it runs."""
    if result.kind in {CheckKind.COVERAGE, CheckKind.INVARIANT}:
        return ""
    if result.exit_code in _NOT_STARTED:
        return "the program is not found where the gate runs"
    if result.timed_out:
        return "it passed its time limit"
    if result.kind is CheckKind.TEST and (result.tests is None or result.tests.ran == 0):
        return f"no test ran{f' ({result.note})' if result.note else ''}"
    if result.tests is not None and result.tests.passed == 0:
        return f"not one test passes{_first(result, report)}"
    return ""


def _first(result: CheckResult, report: GateReport) -> str:
    told = next((failure.message for failure in report.failures if failure.check is result.kind), "")
    return f" ({told[:200]})" if told else ""


def _red(result: CheckResult, report: GateReport) -> tuple[str, int]:
    """What fails, in words and as a number."""
    if result.tests is not None and result.tests.failed:
        return f"{result.tests.failed} of {result.tests.ran} tests fail", result.tests.failed
    own = sum(failure.check is result.kind for failure in report.failures)
    return (count(own, "finding") if own else "red"), max(1, own)
