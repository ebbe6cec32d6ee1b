"""Every parser on what the real tool printed (captures/): the category, and the fact that decides it.

Captured on 2026-11-21 with CPython 3.11.7, pylint 4.1.4, mypy 2.4.1, black 26.10.1, isort 9.0.2, bandit 1.9.4,
import-linter 2.16, pytest 9.2.0, coverage 7.17.3, flake8 7.5.0, ruff 0.17.6; Node 20.20.2, jest 30.5.2, vitest 3.2.7,
mocha 11.8.0, eslint 9.39.5, biome 2.6.8, oxlint 1.94.0, esbuild 0.25.12, webpack 5.112.2, vite 6.4.6, c8 10.1.3;
gcc 12.2, clang 14.0.6, CMake 3.25.1, GNU make 4.3, go 1.19.8, OpenJDK javac 17.0.15, rustc 1.95.0.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from orchestrator.domain.failure import Category, CheckKind, gravest
from orchestrator.failures import RepositoryView, judge_output
from tests.failures.trees import PYTHON, TYPESCRIPT, write

CAPTURES = Path(__file__).parent / "captures"
TRIVIAL, TACTICAL, STRATEGIC, INVENTED, ENVIRONMENT = Category
CASES: dict[str, tuple[Category, str, str | None]] = {
    # name: category, tool, symbol of a failure that has that category
    "pylint_attr": (INVENTED, "pylint", "push"),
    "pylint_kwarg": (INVENTED, "pylint", "rounding"),
    "pylint_name": (TRIVIAL, "pylint", "Money"),
    "pylint_import": (TRIVIAL, "pylint", "os"),
    "pylint_unused": (TRIVIAL, "pylint", "total"),
    "pylint_mod": (INVENTED, "pylint", "yamll"),
    "unittest_attr": (INVENTED, "unittest", "push"),
    "unittest_kwarg": (INVENTED, "unittest", "rounding"),
    "unittest_module": (INVENTED, "unittest", "shop.monies"),
    "unittest_assert": (TACTICAL, "unittest", None),
    "mypy_kwarg": (INVENTED, "mypy", "rounding"),
    "mypy_bad": (INVENTED, "mypy", "undefined_thing"),
    "mypy_multi": (INVENTED, "mypy", "plus2"),
    "black_check": (TRIVIAL, "black", None),
    "black_syntax": (TACTICAL, "black", None),
    "black_badconf": (ENVIRONMENT, "generic", None),
    "isort_check": (TRIVIAL, "isort", None),
    "bandit_high": (STRATEGIC, "bandit", "subprocess_popen_with_shell_equals_true"),
    "bandit_medium": (TACTICAL, "bandit", "assert_used"),
    "bandit_badtoml": (ENVIRONMENT, "generic", None),
    "il_broken": (STRATEGIC, "import-linter", "shop.cart"),
    "il_pkg": (INVENTED, "generic", "shopp"),
    "pytest_dep": (ENVIRONMENT, "pytest", "requests"),
    "pytest_timeout": (TACTICAL, "pytest", None),
    "pytest_strict": (INVENTED, "generic", "testpath"),
    "pytest_marker": (INVENTED, "pytest", "slowly"),
    "cov_badtoml": (ENVIRONMENT, "generic", None),
    "flake8_bad": (ENVIRONMENT, "python", None),
    "ruff_badvalue": (ENVIRONMENT, "generic", None),
    "ruff_selector": (INVENTED, "generic", "QQQ"),
    "jest_attr": (INVENTED, "jest", "append"),
    "jest_matcher": (INVENTED, "jest", "toBeExactly"),
    "jest_module": (INVENTED, "jest", "./monies"),
    "vitest_attr": (INVENTED, "vitest", "append"),
    "vitest_matcher": (INVENTED, "vitest", "toBeExactly"),
    "vitest_module": (INVENTED, "vitest", "./monies"),
    "vitest_syntax": (TACTICAL, "vitest", None),
    "mocha_assert": (TACTICAL, "mocha", None),
    "mocha_attr": (INVENTED, "mocha", "fold"),
    "mocha_module": (INVENTED, "node", "./summ"),
    "node_assert": (TACTICAL, "node:test", None),
    "node_attr": (INVENTED, "node:test", "fold"),
    "node_module": (INVENTED, "node", "./summ"),
    "node_pkg": (INVENTED, "node", "left-padd"),
    "node_export": (INVENTED, "node", "zipp"),
    "c8_fail": (STRATEGIC, "istanbul", None),
    "eslint_unused": (TRIVIAL, "eslint", "join"),
    "eslint_multi": (TACTICAL, "eslint", None),
    "biome_check": (TRIVIAL, "biome", None),
    "biome_syntax": (TACTICAL, "biome", None),
    "biome_conf": (INVENTED, "generic", "linterr"),
    "oxlint_lint": (TACTICAL, "oxlint", None),  # no-debugger: oxlint only suggests
    "oxlint_syntax": (TACTICAL, "oxlint", None),
    "oxlint_conf": (INVENTED, "generic", "no-such-rule"),
    "esbuild_export": (INVENTED, "esbuild", "nopkg"),
    "webpack_export": (INVENTED, "webpack", "zipp"),
    "vite_export": (INVENTED, "rollup", "zipp"),
    "vite_module": (INVENTED, "rollup", "./gone.mjs"),
    "gcc_header": (INVENTED, "cc", "missing_thing.h"),
    "gcc_many": (INVENTED, "cc", "frobnicate"),
    "gcc_link": (INVENTED, "ld", "helper_missing"),
    "gcc_unused": (TACTICAL, "cc", None),
    "javac_many": (INVENTED, "javac", "com.nowhere"),
    "javac_import": (TRIVIAL, "javac", "Map"),
    "javac_syntax": (TACTICAL, "javac", None),
    "javac_type": (TACTICAL, "javac", None),
    "rust_import": (TRIVIAL, "rustc", "HashMap"),
    "rust_many": (INVENTED, "rustc", "lenn"),
    "rust_deny": (TACTICAL, "rustc", "y"),
    "rust_typo": (TACTICAL, "rustc", "coun"),
    "rust_borrow": (TACTICAL, "rustc", "x"),
    "rust_test": (TACTICAL, "cargo", None),
    "rust_dep": (ENVIRONMENT, "generic", "serde_jsonn"),
    "clang_library": (TRIVIAL, "cc", "printf"),
    "gcc_include_gone": (TRIVIAL, "cc", None),
    "clang_std": (TRIVIAL, "cc", "cout"),
    "clang_flag": (INVENTED, "generic", "-fstrict-rings"),
    "clang_type": (TRIVIAL, "cc", "uint32_t"),
    "gcc_api": (STRATEGIC, "ld", "ring_pop"),
    "rust_macro": (INVENTED, "rustc", "ensure_that"),
    "rust_trait": (TRIVIAL, "rustc", None),
    "rustfmt_check": (TRIVIAL, "rustfmt", None),
    "go_unused": (TRIVIAL, "go", "os"),
    "go_cycle": (STRATEGIC, "go", None),
    "javac_disk": (ENVIRONMENT, "generic", None),
    "cmake_command": (INVENTED, "generic", "shape_add_module"),
    "make_separator": (ENVIRONMENT, "generic", None),
    "mocha_reporter": (INVENTED, "generic", "tidy"),
    "mocha_json": (TACTICAL, "mocha", None),
    "mocha_tap": (TACTICAL, "mocha", None),
    "biome_json": (TRIVIAL, "biome", None),
    "jest_conf": (ENVIRONMENT, "node", None),
}


def test_every_capture_has_its_expectation() -> None:
    assert {path.stem for path in CAPTURES.glob("*.json")} == {*CASES, "pytest_flag"}


@pytest.mark.parametrize("name", CASES)
def test_the_tools_own_words(name: str, tmp_path: Path) -> None:
    category, tool, symbol = CASES[name]
    capture = json.loads((CAPTURES / f"{name}.json").read_text(encoding="utf-8"))
    view = RepositoryView(root=write(tmp_path, {**PYTHON, **TYPESCRIPT}), diff=capture["diff"] or None)
    failures = judge_output(
        capture["stdout"], capture["stderr"], exit_code=capture["exit_code"], check=CheckKind.TEST, view=view
    )
    assert gravest(failures) is category
    telling = [failure for failure in failures if failure.category is category]
    assert tool in {failure.tool for failure in telling}
    assert all(failure.why for failure in failures)
    if symbol:
        assert symbol in {failure.symbol for failure in telling}


def test_an_option_nobody_wrote_is_a_missing_plugin(tmp_path: Path) -> None:
    capture = json.loads((CAPTURES / "pytest_flag.json").read_text(encoding="utf-8"))
    told = [
        gravest(
            judge_output(
                capture["stdout"],
                capture["stderr"],
                exit_code=4,
                check=CheckKind.TEST,
                view=RepositoryView(root=write(tmp_path, PYTHON), diff=diff),
            )
        )
        for diff in ("", "--- a/tox.ini\n+++ b/tox.ini\n@@ -1 +1 @@\n-a\n+pytest --max-speed\n")
    ]
    assert told == [ENVIRONMENT, INVENTED]


def test_places_are_the_repositorys(tmp_path: Path) -> None:
    capture = json.loads((CAPTURES / "jest_attr.json").read_text(encoding="utf-8"))
    view = RepositoryView(root=write(tmp_path, TYPESCRIPT), diff=capture["diff"])
    (failure,) = judge_output(
        capture["stdout"],
        capture["stderr"].replace("src/cart.ts", "C:\\repo\\src\\cart.ts"),
        exit_code=1,
        check=CheckKind.TEST,
        view=view,
    )
    assert (failure.file, failure.line, failure.column) == ("src/cart.ts", 7, 16)
    assert failure.test_id == "test/cart.test.ts > adds prices"
