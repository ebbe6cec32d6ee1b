"""Protected paths, the ADR's file list, and tests that went missing."""

from __future__ import annotations

import json

import pytest

from orchestrator.domain.adr import FileAction, PlannedFile
from orchestrator.domain.failure import Category, CheckKind
from orchestrator.domain.gate import TestEvidence
from orchestrator.gate.evidence_reports import counted
from orchestrator.gate.integrity import Protection, file_of_test, lost_tests, protection_failures, scope_failures
from orchestrator.gate.integrity_mixed import changed_tables
from orchestrator.gate.patterns import matches, matches_any
from orchestrator.gate.toolchains import shipped_toolchains
from orchestrator.ports import DiffLine
from orchestrator.settings.load import load_settings

CONFIGURED = (".github/**", "**/ruff.toml", "**/conftest.py", "**/*.lock", "**/package-lock.json")
BASE = ("src/a.py", "tests/test_a.py", "tests/data/a.json", "web/a.spec.ts", "pyproject.toml")


def protection(**others: object) -> Protection:
    fields: dict[str, object] = {"base_files": BASE, "configured": CONFIGURED, "chains": shipped_toolchains(), **others}
    return Protection(**fields)  # type: ignore[arg-type]


def changed(path: str, status: str = "M") -> DiffLine:
    return DiffLine(path=path, status=status, insertions=1, deletions=0)


@pytest.mark.parametrize(
    ("path", "pattern", "expected"),
    [
        ("tests/a/test_x.py", "**/tests/**/*.py", True),
        ("tests/x.py", "tests/**", True),
        ("tests", "tests/**", False),
        ("testsx/a.py", "tests/**", False),
        ("a/b/pytest.ini", "pytest.ini", True),
        ("docs/a/b.md", "docs", True),
        ("docs/a/b.md", "docs/", True),
        ("src/a/x.py", "src/*.py", False),
        ("src/x.py", "./src/*.py", True),
        ("src/x.py", "/src/x.py", True),
        ("lib/src/x.py", "/src/x.py", False),
        ("a/tox.ini", "/tox.ini", False),
        ("a/b/c/d.py", "a/**/d.py", True),
        ("a/d.py", "a/**/d.py", True),
        ("a/d.py", "a/**/**/d.py", True),
        ("x", "**", True),
        ("A.py", "a.py", False),
        ("a.py", "", False),
        ("src/[id].ts", "src/[[]id].ts", True),
    ],
)
def test_patterns(path: str, pattern: str, expected: bool) -> None:
    assert matches(path, pattern) is expected


@pytest.mark.timeout(5)
def test_no_pattern_hangs() -> None:
    assert matches_any("a" * 5000, ["*a" * 200 + "b"]) is None
    assert not matches("/".join("a" * 2000), "**/a/" * 200 + "b")


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("src/a.py", None),
        ("src/new.py", None),
        ("tests/test_a.py", "it is a test of the base"),
        ("web/a.spec.ts", "it is a test of the base"),
        ("tests/test_new.py", None),
        ("tests/conftest.py", "**/conftest.py is protected"),
        (".github/workflows/x.yml", ".github/** is protected"),
        ("sub/ruff.toml", "**/ruff.toml is protected"),
        ("uv.lock", "**/*.lock is protected"),
        ("docs/a.md", "the task protects docs/**"),
        ("pyproject.toml", None),
    ],
)
def test_what_is_protected(path: str, said: str | None) -> None:
    assert protection(protect=("docs/**",)).reason(path) == said


SHIPPED = (
    "shop.egg-info/entry_points.txt", "lib/x.dist-info/RECORD", "__mocks__/axios.js", "src/setupTests.ts",
    "test/jest-e2e.json", ".editorconfig", "bunfig.toml", "deno.json", "turbo.json", "nx.json", ".oxlintrc.json",
    "pylintrc.toml", "hatch.toml", "playwright.config.ts", "karma.conf.js", "vitest.e2e.config.ts", ".golangci.yml",
    "clippy.toml", ".cargo/config.toml", "phpunit.xml.dist", ".rubocop.yml", ".coveragerc.toml",
    "pnpm-workspace.yaml", "pytest_mock.py", "difflib.py",
    # tests of the base: what they compare with, and those of other ecosystems
    "tests/golden/total.json", "web/__fixtures__/a.html", "pkg/a_test.go", "src/test/java/AppTest.java",
    "spec/a_spec.rb", "tests/__snapshots__/a.ambr",
)  # fmt: skip
FREE = (
    "src/shop/price.py",
    "docs/a.md",
    "tests/test_new.py",
    "src/shop/mocks.py",
    "lib/testing.ts",
    "src/shop/typing.py",
)


@pytest.mark.parametrize("path", SHIPPED)
def test_what_the_shipped_configuration_protects(path: str) -> None:
    configured = load_settings(environment={}).settings.gate.protected
    base = [path] if path.startswith(("tests/", "web/", "pkg/", "src/test", "spec/")) else []
    assert protection(base_files=base, configured=configured).reason(path) is not None
    assert [free for free in FREE if protection(base_files=base, configured=configured).reason(free)] == []


def test_tables_that_task_runners_and_plugins_read() -> None:
    before = (
        "[tool.poe.tasks]\nlint = 'ruff check .'\n[tool.hatch.version]\npath = 'a.py'\n[project.scripts]\na = 'a:b'\n"
    )
    tables = protection().tables
    assert tables("pyproject.toml", before, before.replace("ruff check .", "true")) == ("tool.poe",)
    assert tables("pyproject.toml", before, f"{before}[project.entry-points.pytest11]\nx = 'y'\n") == (
        "project.entry-points.pytest11",
    )
    assert tables("pyproject.toml", before, before.replace("a.py", "b.py").replace("a:b", "a:c")) == ()


def test_allow_lifts_protection() -> None:
    assert protection(allow=("tests/**",)).reason("tests/test_a.py") is None
    assert protection(allow=("tests/**",)).reason("web/a.spec.ts") is not None
    assert protection(allow_dependencies=True).reason("uv.lock") is None
    assert protection(allow_dependencies=True).reason("tests/conftest.py") is not None


BEFORE = "[project]\ndependencies = ['a']\n[tool.ruff]\nline-length = 100\n[tool.mine]\nx = 1\n"


@pytest.mark.parametrize(
    ("after", "tables"),
    [
        (BEFORE.replace("x = 1", "x = 2"), ()),
        (BEFORE + "# a comment\n", ()),
        (BEFORE.replace("100", "200"), ("tool.ruff",)),
        (BEFORE.replace("['a']", "['a', 'b']"), ("project.dependencies",)),
        (BEFORE + "[tool.coverage.report]\nfail_under = 1\n", ("tool.coverage",)),
        ("[project\n", ("the whole file, which does not parse",)),
        (None, ("the whole file",)),
    ],
)
def test_tables_of_pyproject(after: str | None, tables: tuple[str, ...]) -> None:
    assert protection().tables("pyproject.toml", BEFORE, after) == tables


def test_a_task_about_dependencies_may_change_them() -> None:
    after = BEFORE.replace("['a']", "['a', 'b']").replace("100", "200")
    assert protection(allow_dependencies=True).tables("pyproject.toml", BEFORE, after) == ("tool.ruff",)
    assert protection(allow=("pyproject.toml",)).tables("pyproject.toml", BEFORE, after) == ()


def test_tables_of_package_json_and_setup_cfg() -> None:
    before = {"name": "a", "scripts": {"test": "jest"}, "dependencies": {}}
    after = {**before, "name": "b", "scripts": {"test": "true"}}
    assert protection().tables("web/package.json", json.dumps(before), json.dumps(after)) == ("scripts",)
    old, new = "[metadata]\nname = a\n[coverage:report]\nfail_under = 9\n", "[metadata]\nname = b\n"
    assert changed_tables("setup.cfg", old, new, ("coverage:*", "flake8")) == ("coverage:*",)
    assert protection().tables("src/a.py", "a", "b") == ()


def test_a_new_mixed_file_that_configures_a_tool_is_a_change_of_it() -> None:
    assert protection().tables("sub/pyproject.toml", None, "[tool.ruff]\n") == ("tool.ruff",)
    assert protection().tables("sub/pyproject.toml", None, "[tool.mine]\n") == ()


def test_each_protected_change_is_a_failure() -> None:
    texts = {"pyproject.toml": BEFORE}
    changes = [changed("tests/test_a.py", "D"), changed("src/a.py"), changed("pyproject.toml")]
    failures = protection_failures(changes, protection(), texts.get, {"pyproject.toml": BEFORE.replace("100", "1")}.get)
    assert [failure.file for failure in failures] == ["tests/test_a.py", "pyproject.toml"]
    assert {(failure.check, failure.category, failure.code) for failure in failures} == {
        (CheckKind.SCOPE, Category.TACTICAL, "protected")
    }
    assert "tool.ruff" in failures[1].message


def test_only_files_of_the_adr_may_change() -> None:
    planned = [
        PlannedFile(path="src/a.py", action=FileAction.MODIFY),
        PlannedFile(path="src/b.py", action=FileAction.DELETE),
    ]
    changes = [changed("src/a.py"), changed("src/b.py", "D"), changed("src/c.py", "A"), changed("src/__init__.py")]
    failures = scope_failures(changes, planned, scope_open=False, granted=("src/__init__.py",))
    assert [(failure.file, failure.category) for failure in failures] == [("src/c.py", Category.STRATEGIC)]
    assert scope_failures(changes, planned, scope_open=True) == ()
    (gone,) = scope_failures([changed("src/a.py", "D")], planned, scope_open=False)
    assert gone.message == "src/a.py is deleted; the ADR says modify"


def evidence(**outcomes: str) -> TestEvidence:
    return counted({f"tests/test_a.py::{name}": outcome for name, outcome in outcomes.items()}, source="junit")


def test_tests_that_are_missing_or_newly_skipped() -> None:
    base = evidence(a="passed", b="passed", c="skipped", d="failed")
    now = evidence(a="passed", b="skipped", c="skipped", new="passed")
    failures = lost_tests(now, base, ())
    assert [(failure.code, failure.message) for failure in failures] == [
        ("missing-tests", "1 test of the base did not run: tests/test_a.py::d"),
        ("skipped-tests", "1 test of the base now skipped: tests/test_a.py::b"),
    ]
    assert lost_tests(now, base, ("tests/**",)) == ()
    assert len(lost_tests(now, base, ("docs/**",))) == 2
    assert lost_tests(now, base, ("api/tests/*",), "api") == ()


def test_the_file_of_a_test_id() -> None:
    assert file_of_test("tests/test_a.py::T::t[x.py > y]") == "tests/test_a.py"
    assert file_of_test("web/a.spec.ts > parse > works") == "web/a.spec.ts"
    assert file_of_test("tests.test_a.T.test_b") == "tests/test_a.py"
    assert file_of_test("parse > works") is None


def test_tests_that_name_no_file_are_explained_by_any_allow() -> None:
    base = counted({"parse > works": "passed", "other": "passed"}, source="junit")
    now = counted({"other": "passed"}, source="junit")
    assert len(lost_tests(now, base, ())) == 1
    assert lost_tests(now, base, ("tests/**",)) == ()
