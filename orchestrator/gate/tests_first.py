"""Tests written before the code: that they fail on the base, and run and pass on the branch. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

from orchestrator.domain.failure import Category, CheckKind, Failure
from orchestrator.domain.gate import CheckResult, CheckSpec, GateReport, TestEvidence
from orchestrator.gate.integrity import file_of_test

_BROKEN = frozenset({"SyntaxError", "IndentationError", "TabError"})
_SHOWN = 5


def spec_for(file: str, specs: Sequence[CheckSpec]) -> CheckSpec | None:
    """The test check that runs the file: of those whose folder it lies in, the deepest."""
    fitting = [
        spec for spec in specs if spec.kind is CheckKind.TEST and (spec.path == "." or file.startswith(f"{spec.path}/"))
    ]
    return max(fitting, key=lambda spec: len(spec.path), default=None)


def already_passing(files: Collection[str], result: CheckResult, failures: Iterable[Failure]) -> str:
    """What is wrong with new tests that were run on the base, or nothing: each file must hold one that fails there.

    A file that could not even be collected, since it imports what does not exist yet, fails; one that is no program
    of its language does not count. Evidence without ids tells by the exit code alone.
    """
    broken = sorted({one.file for one in failures if one.code in _BROKEN and one.file and one.file in files})
    if broken:
        return f"These files are no valid programs: {', '.join(broken)}."
    if result.timed_out:
        return "The tests ran into the time limit."
    passing = [file for file in files if _passes(ids_of(file, result), result.tests)]
    if not passing and result.exit_code == 0:
        passing = [file for file in files if not ids_of(file, result)]
        if passing and result.tests is not None and result.tests.ids:
            return f"The test command does not collect these files: {', '.join(sorted(passing)[:_SHOWN])}."
    if passing:
        return (
            f"These pass on the code as it stands, so they prove nothing: {', '.join(sorted(passing)[:_SHOWN])}. "
            "Write tests that fail until the task is done."
        )
    return ""


def ids_of(file: str, result: CheckResult) -> frozenset[str]:
    """Ids of the file's tests in the check's evidence; files are repository-relative, ids are by the check's folder."""
    if result.tests is None:
        return frozenset()
    within = file if result.path == "." else file.removeprefix(f"{result.path}/")
    return frozenset(test for test in result.tests.ids if file_of_test(test) in {file, within})


def _passes(ids: frozenset[str], tests: TestEvidence | None) -> bool:
    return bool(ids) and tests is not None and not ids & tests.failed_ids and not ids <= tests.skipped_ids


def not_proved(files: Collection[str], report: GateReport) -> tuple[Failure, ...]:
    """One failure where tests written before the code did not run on the green branch, or were skipped there."""
    results = [result for result in report.results if result.kind is CheckKind.TEST and result.tests is not None]
    if not any(result.tests and result.tests.ids for result in results):
        return ()  # evidence without ids: the green exit code is all there is
    lost = []
    for file in sorted(files):
        found = [(ids_of(file, result), result.tests) for result in results]
        ran = any(tests and ids - tests.skipped_ids for ids, tests in found)
        skipped = any(tests and ids & tests.skipped_ids for ids, tests in found)
        if not ran or skipped:
            lost.append(file)
    if not lost:
        return ()
    return (
        Failure(
            check=CheckKind.TEST,
            tool="gate",
            message=f"the tests written for this task did not all run: {', '.join(lost[:_SHOWN])}",
            category=Category.TACTICAL,
            code="missing-tests",
            file=lost[0],
            why="they failed on the base and have to pass on the branch",
        ),
    )
