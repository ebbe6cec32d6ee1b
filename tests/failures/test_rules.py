"""The thoughts behind the categories, each on the smallest case; the diff is the one that made it."""

from __future__ import annotations

from pathlib import Path

import pytest

from orchestrator.domain.failure import Category, CheckKind, Failure, gravest
from orchestrator.domain.gate import CheckResult
from orchestrator.failures import RepositoryView, TextView, judge, judge_output
from tests.failures.trees import PYTHON, TYPESCRIPT, write

TRIVIAL, TACTICAL, STRATEGIC, INVENTED, ENVIRONMENT = Category


def diff(path: str, *, removed: str = "", added: str = "") -> str:
    minus = "".join(f"-{line}\n" for line in removed.splitlines())
    plus = "".join(f"+{line}\n" for line in added.splitlines())
    return f"diff --git a/{path} b/{path}\n--- a/{path}\n+++ b/{path}\n@@ -1,1 +1,1 @@\n{minus}{plus}"


def told(text: str, view: RepositoryView | TextView, *, exit_code: int = 1) -> tuple[Failure, ...]:
    return judge_output(text, "", exit_code=exit_code, check=CheckKind.TEST, view=view)


def pytest_report(names: list[str], error: str, place: str) -> str:
    sections = "".join(f"____ {name.rsplit('::')[-1]} ____\n{place}: in f\n    call()\nE   {error}\n" for name in names)
    summary = "".join(f"FAILED {name} - {error}\n" for name in names)
    tally = f"==== {len(names)} failed, 1 passed in 0.1s ====\n"
    return f"==== FAILURES ====\n{sections}==== short test summary info ====\n{summary}{tally}"


@pytest.mark.parametrize(
    ("name", "category"),
    [("Money", TRIVIAL), ("warnings", TRIVIAL), ("OrderedDict", TRIVIAL), ("resolve_everything_v2", INVENTED)],
)
def test_an_undefined_name_is_an_import_or_an_invention(name: str, category: Category, tmp_path: Path) -> None:
    view = RepositoryView(root=write(tmp_path, {**PYTHON, "shop/new.py": f"x = {name}\n"}))
    (failure,) = told(f"shop/new.py:1:5: F821 undefined name '{name}'\n", view)
    assert failure.category is category


def test_a_slip_of_a_local_name_is_a_plain_bug(tmp_path: Path) -> None:
    view = RepositoryView(root=write(tmp_path, {"a.py": "def f(storage):\n    return storag\n"}))
    (failure,) = told("a.py:2:12: F821 undefined name 'storag'\n", view)
    assert (failure.category, failure.suggestions) == (TACTICAL, ("storage",))


def test_a_removed_import_is_trivial_and_a_removed_definition_is_not() -> None:
    text = "a.py:9:1: F821 undefined name 'helper'\n"
    assert gravest(told(text, TextView(diff=diff("a.py", removed="from .b import helper")))) is TRIVIAL
    gone = diff("a.py", removed="def helper():\n    return 1")
    assert gravest(told(text, TextView(diff=gone))) is STRATEGIC


def test_a_module_the_change_did_not_write_is_the_environments(tmp_path: Path) -> None:
    text = "src/a.ts(1,1): error TS2307: Cannot find module 'some-lib' or its corresponding type declarations.\n"
    assert gravest(told(text, TextView(diff=""))) is ENVIRONMENT
    written = diff("src/a.ts", added="import { x } from 'some-lib';")
    assert gravest(told(text, TextView(diff=written))) is INVENTED
    declared = {**TYPESCRIPT, "package.json": '{"dependencies": {"some-lib": "1"}}'}
    assert gravest(told(text, RepositoryView(root=write(tmp_path, declared), diff=written))) is ENVIRONMENT


def test_a_misspelt_attribute_is_not_a_wrong_type(tmp_path: Path) -> None:
    view = RepositoryView(root=write(tmp_path, PYTHON))
    invented, wrong = (
        gravest(told(f'shop/cart.py:4: error: "Cart" has no attribute "{name}"  [attr-defined]\n', view))
        for name in ("totl", "plus")
    )
    assert (invented, wrong) == (INVENTED, TACTICAL)


@pytest.mark.parametrize(
    ("tests", "files", "error", "place", "category"),
    [
        (9, 3, "AssertionError: assert 1 == 2", "shop/cart.py:99", STRATEGIC),
        (7, 3, "AssertionError: assert 1 == 2", "shop/cart.py:99", TACTICAL),
        (30, 1, "AssertionError: assert 1 == 2", "shop/cart.py:99", TACTICAL),
        (9, 3, "KeyError: 'timeout'", "shop/cart.py:1", TACTICAL),
        (9, 3, "KeyError: 'timeout'", "shop/cart.py:99", STRATEGIC),
        (9, 3, "NotImplementedError: not supported", "shop/cart.py:1", STRATEGIC),
    ],
)
def test_many_failing_tests_are_a_broken_design_unless_one_line_raises(
    tests: int, files: int, error: str, place: str, category: Category
) -> None:
    names = [f"tests/test_{number % files}.py::test_{number}" for number in range(tests)]
    view = TextView(diff=diff("shop/cart.py", added="raise_it()"))
    assert gravest(told(pytest_report(names, error, place), view)) is category


def test_a_broken_invariant_is_strategic() -> None:
    report = pytest_report(
        ["tests/test_invariants.py::test_layers"], "AssertionError: assert 1", "tests/test_invariants.py:4"
    )
    assert gravest(told(report, TextView())) is STRATEGIC


def test_words_in_a_tests_own_output_decide_nothing() -> None:
    report = pytest_report(
        ["tests/test_a.py::test_permission_denied"],
        "AssertionError: assert 'command not found' == 'ENOSPC'",
        "tests/test_a.py:4",
    )
    noise = (
        "sh: 1: jest: not found\nOSError: [Errno 28] No space left on device\n"
        "ModuleNotFoundError: No module named 'x'\n"
    )
    assert gravest(told(noise + report, TextView())) is TACTICAL


@pytest.mark.parametrize(
    ("text", "exit_code", "timed_out"),
    [
        ("bash: line 1: ruff: command not found\n", 127, False),
        ("sh: 1: vitest: not found\n", 127, False),
        ("FATAL ERROR: Reached heap limit Allocation failed - JavaScript heap out of memory\n", 134, False),
        ("", 137, False),
        ("1 failed in 0.1s\n", 1, True),
        ("npm error code EBADENGINE\n", 1, False),
        ("fatal: not a git repository (or any of the parent directories): .git\n", 128, False),
        ("error: could not lock config file: No space left on device\n", 1, False),
        ("ruff failed\n  Cause: TOML parse error at line 8, column 9\n", 2, False),
    ],
)
def test_what_is_not_the_codes_fault(text: str, exit_code: int, timed_out: bool) -> None:
    failures = judge_output(
        text, "", exit_code=exit_code, timed_out=timed_out, check=CheckKind.TEST, view=TextView(diff="")
    )
    assert gravest(failures) is ENVIRONMENT


@pytest.mark.parametrize(
    "message",
    [
        "Property 'deepClone' does not exist on type 'ObjectConstructor'.",
        "プロパティ 'deepClone' は型 'ObjectConstructor' に存在しません。",
        "Die Eigenschaft \"deepClone\" ist für den Typ \"ObjectConstructor\" nicht vorhanden.",
        "类型“ObjectConstructor”上不存在属性“deepClone”。",
    ],
)  # fmt: skip
def test_tsc_is_read_in_any_language(message: str) -> None:
    (failure,) = told(f"src\\a.ts(3,10): error TS2339: {message}\r\n", TextView())
    assert (failure.category, failure.file, failure.line) == (INVENTED, "src/a.ts", 3)


def test_unsure_is_tactical() -> None:
    (failure,) = told("something went sideways\n", TextView())
    assert (failure.category, failure.tool) == (TACTICAL, "generic")
    assert "something went sideways" in failure.message


def test_a_passed_check_has_no_failures() -> None:
    result = CheckResult(kind=CheckKind.LINT, command="ruff check", exit_code=0, passed=True, stdout="warning: x")
    assert judge(result, None) == ()


def test_several_at_once_keep_their_own_category(tmp_path: Path) -> None:
    text = (
        "shop/cart.py:1:1: I001 [*] Import block is un-sorted\nshop/cart.py:9:5: F821 Undefined name `build_all_v2`\n"
    )
    failures = told(text, RepositoryView(root=write(tmp_path, PYTHON)))
    assert [failure.category for failure in failures] == [TRIVIAL, INVENTED]
    assert gravest(failures) is INVENTED
