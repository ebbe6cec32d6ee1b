"""What the change itself told a tool to run or to obey, and what the gate lacks: real wordings of the tools named."""

from __future__ import annotations

from pathlib import Path

import pytest

from orchestrator.domain.failure import Category, CheckKind, Failure, gravest
from orchestrator.failures import RepositoryView, TextView, judge_output
from tests.failures.trees import PYTHON, TYPESCRIPT, write

TRIVIAL, TACTICAL, STRATEGIC, INVENTED, ENVIRONMENT = Category


def added(path: str, *lines: str) -> str:
    plus = "".join(f"+{line}\n" for line in lines)
    return f"--- a/{path}\n+++ b/{path}\n@@ -0,0 +1,{len(lines)} @@\n{plus}"


def told(text: str, diff: str, *, tree: Path | None = None) -> tuple[Failure, ...]:
    view = RepositoryView(root=tree, diff=diff) if tree else TextView(diff=diff)
    return judge_output(text, "", exit_code=1, check=CheckKind.TEST, view=view)


@pytest.mark.parametrize(
    ("text", "line", "category"),
    [
        ("/opt/venv/bin/python: No module named shoprunner\n", "\tpython -m shoprunner", INVENTED),
        ("/opt/venv/bin/python: No module named shoprunner\n", "\techo fine", ENVIRONMENT),
        ("/opt/venv/bin/python: No module named mypy\n", "\tpython -m mypy shop", ENVIRONMENT),
        ("/opt/venv/bin/python: No module named requests\n", "\tpython -m requests", ENVIRONMENT),
        ("python: can't open file '/repo/tools/verify_all.py': [Errno 2]\n", "\tpython tools/verify_all.py", INVENTED),
        ("python: can't open file '/repo/tools/verify_all.py': [Errno 2]\n", "\ttrue", ENVIRONMENT),
    ],
)  # fmt: skip
def test_what_is_told_to_run_is_invented_only_by_who_wrote_it(
    text: str, line: str, category: Category, tmp_path: Path
) -> None:
    tree = write(tmp_path, {**PYTHON, "Makefile": f"all:\n{line}\n"})
    assert gravest(told(text, added("Makefile", "all:", line), tree=tree)) is category


@pytest.mark.parametrize(
    ("text", "line", "category"),
    [
        ("Argument(s) {'tests'} are declared in the hookimpl but can not be found in the hookspec\n",
         "def pytest_collection_modifyitems(config, tests):", INVENTED),
        ("[extension_loader]\tWARNING\tUnknown test found in profile: B999\n", "bandit -t B999", INVENTED),
        ("mypy: pyproject.toml: [mypy]: disable_error_code: Invalid error code(s): no-such-code\n",
         'disable_error_code = ["no-such-code"]', INVENTED),
        ("************* Module pyproject.toml\npyproject.toml:1:0: E0015: Unrecognized option found: be-strict\n",
         "be-strict = true", INVENTED),
        ('[ERROR] Unknown lifecycle phase "verify-all". You must specify a valid one\n', "mvn verify-all", INVENTED),
        ("error: no bin target named `runner`.\n", "cargo run --bin runner", INVENTED),
        ("Invalid [report].exclude_lines value '((': missing ), unterminated subpattern at position 1\n", "((",
         ENVIRONMENT),
        ("error: externally-managed-environment\n", "pip install x", ENVIRONMENT),
        ("Could not find conf.ini.\n", "lint-imports --config conf.ini", ENVIRONMENT),
        ("[ERROR] The specified user settings file does not exist: /m/settings.xml\n", "x", ENVIRONMENT),
        ("npm error 404  The requested resource 'madge@*' could not be found or you do not have permission\n", "x = 1",
         ENVIRONMENT),
    ],
)  # fmt: skip
def test_options_and_surroundings(text: str, line: str, category: Category) -> None:
    assert gravest(told(text, added("config.txt", line))) is category


def test_an_unused_import_a_compiler_tells_of_is_trivial_and_an_unused_variable_is_not(tmp_path: Path) -> None:
    said = "src/new.ts({},1): error TS6133: '{}' is declared but its value is never read.\n"
    lines = ("import { plus } from './money';", "const rest = 1;")
    tree = write(tmp_path, {**TYPESCRIPT, "src/new.ts": "\n".join(lines) + "\n"})
    diff = added("src/new.ts", *lines)
    assert gravest(told(said.format(1, "plus"), diff, tree=tree)) is TRIVIAL
    assert gravest(told(said.format(2, "rest"), diff, tree=tree)) is TACTICAL


def test_a_component_without_the_property_has_an_invented_one() -> None:
    text = (
        "src/a.tsx(3,16): error TS2322: Type '{ colour: string; }' is not assignable to type 'IntrinsicAttributes'.\n"
        "  Property 'colour' does not exist on type 'IntrinsicAttributes & Props'.\n"
    )
    (failure,) = told(text, added("src/a.tsx", "const a = <Tag colour='red' />;"))
    assert (failure.category, failure.symbol) == (INVENTED, "colour")


def test_ruff_without_marks_is_ruff_and_its_rules_have_no_safe_fix() -> None:
    line = "shop/cart.py:3:1: E701 Multiple statements on one line (colon)\n"
    with_summary = told(line + "Found 1 error.\n", added("shop/cart.py", "if x: y()"))
    assert [(one.tool, one.category) for one in with_summary] == [("ruff", TACTICAL)]
    assert [(one.tool, one.category) for one in told(line, added("shop/cart.py", "x"))] == [("flake8", TRIVIAL)]


def test_a_cut_message_still_tells_its_class() -> None:
    text = (
        "=== short test summary info ===\n"
        "FAILED tests/test_a.py::TestA::test_a - AttributeError: 'TestA' object has...\n1 failed in 0.1s\n"
    )
    assert gravest(told(text, added("tests/test_a.py", "self.assertNearly(1, 2)"))) is INVENTED
    none = text.replace("'TestA' object has", "'NoneType' object")
    assert gravest(told(none, added("tests/test_a.py", "find(1).group()"))) is TACTICAL


@pytest.mark.parametrize(
    "line",
    [
        "1 " + "11 " * 1300,  # counts that could be split in exponentially many ways
        "  1:2  error  " + " " * 3900 + "!",
        "a.py:1: error: x" + " " * 3900 + "!",
        "/a.py:1:2 - error: x" + " " * 3900 + "!",
        "A" * 3999 + "!",
    ],
)
def test_no_single_line_takes_more_than_a_walk_over_it(line: str) -> None:
    text = "= FAILURES =\n\u2716 1 problem (1 error, 0 warnings)\n" + (line + "\n") * 20
    assert told(text, "")
