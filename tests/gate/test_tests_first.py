"""Tests written before the code: they fail on the base, run on the branch, and belong to nobody but the test master."""

from __future__ import annotations

import pytest

from orchestrator.domain.failure import Category, CheckKind, Failure
from orchestrator.domain.gate import CheckResult, CheckSpec, GateReport, TestEvidence
from orchestrator.gate.integrity import Protection
from orchestrator.gate.tests_first import already_passing, not_proved, spec_for
from orchestrator.gate.toolchains import shipped_toolchains

NEW = "tests/test_new.py"


def result(
    *ids: str, failed: str = "", skipped: str = "", exit_code: int = 1, path: str = ".", timed_out: bool = False
) -> CheckResult:
    names = frozenset(ids)
    tests = TestEvidence(
        ran=len(names),
        passed=len(names),
        failed=0,
        skipped=0,
        ids=names,
        failed_ids=frozenset(failed.split()),
        skipped_ids=frozenset(skipped.split()),
    )
    return CheckResult(
        kind=CheckKind.TEST, command="pytest", path=path, exit_code=exit_code, tests=tests, timed_out=timed_out
    )


def failure(code: str) -> Failure:
    return Failure(check=CheckKind.TEST, tool="pytest", message="m", category=Category.TACTICAL, code=code, file=NEW)


@pytest.mark.parametrize(
    ("on_base", "failures", "fault"),
    [
        (result(f"{NEW}::a", failed=f"{NEW}::a"), (), ""),
        (result(f"{NEW}::a", f"{NEW}::b", failed=f"{NEW}::b"), (), ""),
        (result(f"{NEW}::a", exit_code=0), (), "prove nothing: tests/test_new.py"),
        (result(), (failure("ModuleNotFoundError"),), ""),  # it imports what the task is to bring
        (result(), (failure("SyntaxError"),), "no valid programs: tests/test_new.py"),
        (result("tests/test_old.py::a", exit_code=0), (), "does not collect these files: tests/test_new.py"),
        (result(f"{NEW}::a", skipped=f"{NEW}::a", exit_code=0), (), ""),  # not_proved looks at it on the branch
        (result(exit_code=0), (), "prove nothing"),
        (result(timed_out=True), (), "time limit"),
    ],
)
def test_on_the_base_each_file_must_hold_a_test_that_fails(
    on_base: CheckResult, failures: tuple[Failure, ...], fault: str
) -> None:
    told = already_passing([NEW], on_base, failures)
    assert fault in told
    assert bool(told) is bool(fault)


def test_a_file_that_passes_beside_one_that_fails_is_named() -> None:
    both = result("a_test.py::x", "b_test.py::y", failed="a_test.py::x")
    told = already_passing(["a_test.py", "b_test.py"], both, ())
    assert "b_test.py" in told
    assert "a_test.py" not in told


@pytest.mark.parametrize(
    ("on_branch", "proved"),
    [
        (result(f"{NEW}::a", exit_code=0), True),
        (result("tests/test_old.py::a", exit_code=0), False),
        (result(f"{NEW}::a", f"{NEW}::b", skipped=f"{NEW}::b", exit_code=0), False),
        (result(exit_code=0), True),  # evidence without ids: the exit code is all there is
    ],
)
def test_on_the_branch_they_all_have_to_run(on_branch: CheckResult, *, proved: bool) -> None:
    report = GateReport(tree="t", results=(on_branch,), failures=())
    assert (not not_proved([NEW], report)) is proved


def test_ids_of_a_monorepo_are_by_the_checks_folder() -> None:
    specs = [CheckSpec(kind=CheckKind.TEST, command="pytest", path=path) for path in (".", "packages/api")]
    assert spec_for("packages/api/tests/test_a.py", specs) is specs[1]
    assert spec_for("tests/test_a.py", specs) is specs[0]
    assert spec_for("tests/test_a.py", specs[1:]) is None
    ran = result("tests/test_a.py::x", path="packages/api", exit_code=0)
    assert not not_proved(["packages/api/tests/test_a.py"], GateReport(tree="t", results=(ran,), failures=()))


def test_what_the_test_master_wrote_is_closed_whatever_the_task_allows() -> None:
    chains = shipped_toolchains()
    protection = Protection(base_files=[], configured=[], chains=chains, allow=["tests/**"])
    assert protection.reason(NEW) is None
    protection.close([NEW])
    assert protection.reason(NEW) == "the test master wrote it for this task"
    protection.close(["tests/test_other.py"])
    assert protection.reason(NEW) is None
