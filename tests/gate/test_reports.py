"""Evidence and coverage read from what real tools wrote (tests/gate/captured)."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import pytest

from orchestrator.domain.failure import CheckKind
from orchestrator.domain.gate import CheckSpec, Coverage, TestEvidence
from orchestrator.gate.coverage import printed_coverage, read_coverage
from orchestrator.gate.coverage_lines import added_lines, changed_lines
from orchestrator.gate.detect import detect
from orchestrator.gate.evidence import refused
from orchestrator.gate.evidence_reports import read_tests
from orchestrator.gate.evidence_summary import plain, printed_failed, read_summary
from orchestrator.gate.report_files import ReportFile, read_report, scratch_reports, stamps, written_reports
from orchestrator.gate.report_paths import ReportPaths
from orchestrator.gate.report_xml import read_xml
from orchestrator.gate.toolchains import shipped_toolchains
from tests.gate.trees import CAPTURED, MemoryTree

LIMITS = shipped_toolchains().limits
JS = (
    "'use strict';\nfunction parse(text) {\n  if (text === '') {\n    return null;\n  }\n"
    "  const parts = text.split('-');\n  return parts.map(Number);\n}\n\n"
    "function never(x) {\n  const y = x + 1;\n  return y * 2;\n}\n"
    "module.exports = { parse, never };\n"
)
TREE = {
    "src/shop/dates.py": "",
    "src/shop/__init__.py": "",
    "src/dates.js": JS,
    "src/dates.mjs": "",
    "jest/dates.test.js": "",
    "test/dates.test.mjs": "",
    "nodetest/dates.test.js": "",
}
PATHS = ReportPaths(tuple(TREE), "/repo")


def captured(name: str) -> ReportFile:
    return ReportFile(name=name.rsplit("/", 1)[-1], text=(CAPTURED / name).read_text())


def evidence_in(name: str) -> TestEvidence:
    found = read_tests([captured(name)], PATHS)
    assert found is not None
    return found


def coverage_of(name: str) -> Coverage:
    found = read_coverage([captured(name)], PATHS, TREE.get)
    assert found is not None
    return found


def numbers(tests: TestEvidence) -> tuple[int, int, int, int]:
    return tests.ran, tests.passed, tests.failed, tests.skipped


@pytest.mark.parametrize(
    ("name", "expected", "failed"),
    [
        ("pytest/junit-xunit1.xml", (4, 2, 2, 2), "tests/test_dates.py::TestParse::test_wrong"),
        ("pytest/junit-xunit2.xml", (4, 2, 2, 2), "tests.test_dates.TestParse > test_wrong"),
        ("jest/jest.json", (2, 1, 1, 1), "jest/dates.test.js > parse > fails"),
        ("vitest/vitest.json", (2, 1, 1, 2), "test/dates.test.mjs > parse > fails"),
        ("node-test/junit.xml", (3, 2, 1, 1), "parse > fails"),
    ],
)
def test_reports_name_every_test(name: str, expected: tuple[int, ...], failed: str) -> None:
    tests = evidence_in(name)
    assert numbers(tests) == expected
    assert len(tests.ids) == expected[0] + expected[3]
    assert failed in {test.removeprefix("pytest > ") for test in tests.failed_ids}
    assert tests.failed_ids <= tests.ids
    assert tests.skipped_ids <= tests.ids


def test_pytest_ids_keep_parameters_with_colons() -> None:
    ids = evidence_in("pytest/junit-xunit1.xml").ids
    assert "tests/test_dates.py::TestParse::test_splits[a::b]" in ids
    assert "tests/test_dates.py::test_error" in ids


@pytest.mark.parametrize(
    ("tool", "name", "expected"),
    [
        ("pytest", "pytest/failing.txt", (4, 2, 2, 2)),
        ("pytest", "pytest/quiet.txt", (4, 2, 2, 2)),
        ("pytest", "pytest/passing.txt", (2, 2, 0, 0)),
        ("pytest", "pytest/none.txt", (0, 0, 0, 0)),
        ("unittest", "unittest/verbose.txt", (3, 1, 2, 1)),
        ("unittest", "unittest/plain.txt", (3, 1, 2, 1)),
        ("unittest", "unittest/none.txt", (0, 0, 0, 0)),
        ("jest", "jest/stderr.txt", (2, 1, 1, 1)),
        ("jest", "jest/none.txt", (0, 0, 0, 0)),
        ("vitest", "vitest/default.txt", (2, 1, 1, 2)),
        ("vitest", "vitest/none.txt", (0, 0, 0, 0)),
        ("mocha", "mocha/spec.txt", (2, 1, 1, 1)),
        ("node:test", "node-test/spec.txt", (3, 2, 1, 1)),
        ("node:test", "node-test/tap.txt", (3, 2, 1, 1)),
        ("", "mocha/tap.txt", (2, 1, 1, 1)),
    ],
)
def test_summary_lines(tool: str, name: str, expected: tuple[int, ...]) -> None:
    text = (CAPTURED / name).read_text()
    for asked in {tool, ""}:
        found = read_summary(asked, text, "")
        assert found is not None
        assert numbers(found) == expected, asked


@pytest.mark.parametrize("name", ["pytest/very-quiet.txt", "pytest/usage.txt"])
def test_output_without_a_count_proves_nothing(name: str) -> None:
    assert read_summary("pytest", (CAPTURED / name).read_text(), "") is None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("ok  \texample.com/a\t0.005s\nok  \tb\t(cached)\n?   \tc\t[no test files]\n", (2, 2, 0, 0)),
        ("--- PASS: TestA (0.00s)\n--- FAIL: TestB (0.00s)\n--- SKIP: TestC (0.00s)\nFAIL\n", (2, 1, 1, 1)),
        (
            "test result: ok. 5 passed; 0 failed; 1 ignored;\ntest result: F. 1 passed; 2 failed; 0 ignored;",
            (8, 6, 2, 1),
        ),
        ("[INFO] Tests run: 7, Failures: 1, Errors: 1, Skipped: 2\n", (5, 3, 2, 2)),
        ("80% tests passed, 1 tests failed out of 5\n", (5, 4, 1, 0)),
        ("10 examples, 2 failures, 1 pending\n", (9, 7, 2, 1)),
        ("12 specs, 1 failure, 2 pending specs\n", (10, 9, 1, 2)),
        ("9 runs, 20 assertions, 1 failures, 1 errors, 2 skips\n", (7, 5, 2, 2)),
        ("OK (5 tests, 9 assertions)\n", (5, 5, 0, 0)),
        ("Tests: 6, Assertions: 9, Errors: 1, Failures: 2, Skipped: 1.\n", (5, 2, 3, 1)),
        ("Failed!  - Failed:     1, Passed:     5, Skipped:     2, Total:     8\n", (6, 5, 1, 2)),
        ("ok | 5 passed (2 steps) | 0 failed (12ms)\n", (5, 5, 0, 0)),
        ("\t Executed 7 tests, with 1 failure (0 unexpected) in 0.1 seconds\n", (7, 6, 1, 0)),
        ("5 tests, 1 failure, 1 skipped\n", (4, 3, 1, 1)),
        ("  67 tests passed\n  1 test failed\n  2 tests skipped\n", (68, 67, 1, 2)),
        (" 5 pass\n 1 fail\n 9 expect() calls\n", (6, 5, 1, 0)),
        ("  3 passed (4.2s)\n", (3, 3, 0, 0)),
        ("  1 failed\n    a.spec.ts:3:1 > x\n  2 skipped\n  4 passed (1.1m)\n", (5, 4, 1, 2)),
    ],
)
def test_summaries_of_runners_that_are_only_configured(text: str, expected: tuple[int, ...]) -> None:
    found = read_summary("", text, "")
    assert found is not None
    assert numbers(found) == expected


def test_a_go_package_without_tests_to_run_is_no_proof() -> None:
    assert read_summary("", "ok  \texample.com/a\t0.005s [no tests to run]\n", "") is None


@pytest.mark.parametrize("text", ["", "All checks passed!", "Build finished", "5 files, 2 warnings", "passed 100%"])
def test_other_output_is_no_evidence(text: str) -> None:
    assert read_summary("", text, "") is None


def test_unittest_ids_come_from_verbose_output() -> None:
    found = read_summary("unittest", "", (CAPTURED / "unittest/verbose.txt").read_text())
    assert found is not None
    assert "unit_dates.DatesTest.test_splits" in found.ids
    assert found.skipped_ids == {"unit_dates.DatesTest.test_later"}


def test_colours_do_not_hide_a_summary() -> None:
    assert plain("\x1b[1m\x1b[31mTests:\x1b[39m  1 failed") == "Tests:  1 failed"


@pytest.mark.parametrize(
    ("name", "source", "percent", "file", "missed"),
    [
        ("coverage.py/coverage.json", "coverage.py json", 66.67, "src/shop/dates.py", {3, 8}),
        ("coverage.py/branch.json", "coverage.py json", 62.5, "src/shop/dates.py", {3, 8}),
        ("coverage.py/coverage.xml", "cobertura", 66.67, "src/shop/dates.py", {3, 8}),
        ("coverage.py/coverage.lcov", "lcov", 66.67, "src/shop/dates.py", {3, 8}),
        ("jest/coverage-final.json", "istanbul", 57.14, "src/dates.js", {4, 11, 12}),
        ("jest/lcov.info", "lcov", 57.14, "src/dates.js", {4, 11, 12}),
        ("jest/cobertura-coverage.xml", "cobertura", 57.14, "src/dates.js", {4, 11, 12}),
        ("vitest/coverage-final.json", "istanbul", 50.0, "src/dates.mjs", {4, 5, 10, 11, 12, 13}),
        ("c8/lcov.info", "lcov", 57.14, "src/dates.js", {4, 5, 10, 11, 12, 13}),
        ("c8/coverage-final.json", "istanbul", 57.14, "src/dates.js", {4, 5, 10, 11, 12, 13}),
        ("node-test/v8-coverage.json", "v8", 60.0, "src/dates.js", {4, 10, 11, 12}),
    ],
)
def test_coverage_reports(name: str, source: str, percent: float, file: str, missed: set[int]) -> None:
    coverage = coverage_of(name)
    assert coverage.source == source
    assert coverage.percent == pytest.approx(percent, abs=0.01)
    assert coverage.lines[file][1] == missed
    assert not coverage.lines[file][0] & missed


@pytest.mark.parametrize("name", ["jest/coverage-summary.json", "nyc/coverage-summary.json"])
def test_a_summary_has_a_percentage_and_no_lines(name: str) -> None:
    coverage = coverage_of(name)
    assert (coverage.percent, coverage.source, dict(coverage.lines)) == (57.14, "istanbul summary", {})


@pytest.mark.parametrize(
    ("name", "percent"), [("pytest/failing.txt", 67.0), ("jest/text.txt", 57.14), ("nyc/text-summary.txt", 57.14)]
)
def test_printed_totals_are_the_last_resort(name: str, percent: float) -> None:
    found = printed_coverage((CAPTURED / name).read_text())
    assert found is not None
    assert found.percent == percent
    assert printed_coverage("TOTAL amount 12 apples") is None


def test_the_report_that_knows_most_is_believed() -> None:
    reports = [captured("jest/lcov.info"), captured("jest/coverage-summary.json"), captured("jest/coverage-final.json")]
    found = read_coverage(reports, PATHS, TREE.get)
    assert found is not None
    assert found.source == "istanbul"


def test_coverage_of_two_packages_is_counted_together() -> None:
    one = {
        "/repo/src/dates.js": {
            "path": "/repo/src/dates.js",
            "statementMap": {"0": {"start": {"line": 1}}},
            "s": {"0": 1},
        }
    }
    other = {
        "/repo/src/dates.mjs": {
            "path": "/repo/src/dates.mjs",
            "statementMap": {"0": {"start": {"line": 1}}},
            "s": {"0": 0},
        }
    }
    reports = [
        ReportFile(name="a/coverage-final.json", text=json.dumps(one)),
        ReportFile(name="b/c.json", text=json.dumps(other)),
    ]
    found = read_coverage(reports, PATHS, TREE.get)
    assert found is not None
    assert found.percent == 50.0


def test_a_line_another_process_ran_is_covered() -> None:
    report = json.loads((CAPTURED / "node-test/v8-coverage.json").read_text())
    for script in report["result"]:
        for function in script["functions"]:
            for one in function["ranges"]:
                one["count"] = 1
    second = ReportFile(name="v8/2.json", text=json.dumps(report))
    found = read_coverage([captured("node-test/v8-coverage.json"), second], PATHS, TREE.get)
    assert found is not None
    assert found.percent == 100.0


def test_transformed_files_have_no_v8_coverage() -> None:
    report = json.loads((CAPTURED / "node-test/v8-coverage.json").read_text())
    report["source-map-cache"] = {script["url"]: {} for script in report["result"]}
    assert read_coverage([ReportFile(name="v8.json", text=json.dumps(report))], PATHS, TREE.get) is None


DIFF = """diff --git a/src/shop/dates.py b/src/shop/dates.py
index 1..2 100644
--- a/src/shop/dates.py
+++ b/src/shop/dates.py
@@ -1,3 +1,4 @@
 def parse(text):
-    if text is None:
+    if not text:
+        return None
--- a sql comment that was removed
     return text.split("-")
@@ -7,0 +8 @@
+    return value + 1
\\ No newline at end of file
diff --git a/gone.py b/gone.py
--- a/gone.py
+++ /dev/null
@@ -1 +0,0 @@
-x
diff --git "a/\\303\\244.py" "b/\\303\\244.py"
--- /dev/null
+++ "b/\\303\\244.py"
@@ -0,0 +1,2 @@
++++ b/no header
+y
"""


def test_added_lines_of_a_diff() -> None:
    text = DIFF.replace("@@ -1,3 +1,4 @@", "@@ -1,4 +1,4 @@")
    assert added_lines(text) == {"src/shop/dates.py": {2, 3, 8}, "ä.py": {1, 2}}


def test_changed_lines_count_only_what_the_report_measures() -> None:
    text = DIFF.replace("@@ -1,3 +1,4 @@", "@@ -1,4 +1,4 @@")
    changed = changed_lines(text, coverage_of("coverage.py/coverage.json"))
    assert (changed.covered, dict(changed.missed), changed.total) == (1, {"src/shop/dates.py": (3, 8)}, 3)
    assert changed.percent == pytest.approx(33.33, abs=0.01)


@pytest.mark.parametrize(
    "text",
    [
        '<!DOCTYPE t [<!ENTITY a "aaaa">]><testsuites>&a;</testsuites>',
        '<!DOCTYPE t [<!ENTITY x SYSTEM "file:///etc/passwd">]><testsuites>&x;</testsuites>',
        "<testsuites>" + "<a>" * 200 + "</a>" * 200 + "</testsuites>",
        "<testsuites>",
        "",
        "not xml",
        "<testsuites>&undefined;</testsuites>",
    ],
)
def test_unsafe_or_broken_xml_is_not_read(text: str) -> None:
    assert read_xml(text) is None


def test_a_doctype_that_names_a_dtd_is_passed_over() -> None:
    root = read_xml(
        '<?xml version="1.0"?><!DOCTYPE coverage SYSTEM "http://example.org/c.dtd"><coverage line-rate="0.5"/>'
    )
    assert root is not None
    assert root.get("line-rate") == "0.5"


@pytest.mark.parametrize(
    "text", ["[]", "{}", "nonsense", '{"testResults": 3}', '{"result": [1, null, {"url": 3}]}', "[" * 100_000]
)
def test_json_that_is_no_report(text: str) -> None:
    report = ReportFile(name="x.json", text=text)
    tests = read_tests([report], PATHS)
    assert tests is None or tests.ran == 0
    assert read_coverage([report], PATHS, TREE.get) is None


def test_links_pipes_and_large_files_are_not_read(tmp_path: Path) -> None:
    secret = tmp_path / "secret.json"
    secret.write_text("{}")
    scratch = tmp_path / "scratch"
    (scratch / "real").mkdir(parents=True)
    (scratch / "real" / "a.json").write_text("{}")
    (scratch / "link.json").symlink_to(secret)
    (scratch / "folder").symlink_to(scratch / "real")
    os.mkfifo(scratch / "pipe.json")
    (scratch / "large.json").write_bytes(b" " * 2048)
    assert read_report(scratch, "real/a.json", 1024) == "{}"
    for name in ("link.json", "folder/a.json", "pipe.json", "large.json", "missing.json", "real"):
        assert read_report(scratch, name, 1024) is None, name
    assert [report.name for report in scratch_reports(scratch, LIMITS)] == ["large.json", "real/a.json"]


def test_a_report_the_check_did_not_write_is_not_its_own(tmp_path: Path) -> None:
    places = ("coverage.xml", "coverage/lcov.info")
    shutil.copy(CAPTURED / "coverage.py/coverage.xml", tmp_path / "coverage.xml")
    before = stamps(tmp_path, ".", places)
    assert list(written_reports(tmp_path, ".", places, before, LIMITS)) == []
    (tmp_path / "coverage").mkdir()
    shutil.copy(CAPTURED / "c8/lcov.info", tmp_path / "coverage" / "lcov.info")
    (tmp_path / "coverage.xml").unlink()
    shutil.copy(CAPTURED / "coverage.py/coverage.xml", tmp_path / "coverage.xml")
    assert [report.name for report in written_reports(tmp_path, ".", places, before, LIMITS)] == list(places)


def test_report_paths_resolve_to_tracked_files() -> None:
    paths = ReportPaths(("a/src/x.py", "src/x.py", "a/y.py"), "/clone", "a")
    assert paths.resolve("src/x.py") == "a/src/x.py"
    assert paths.resolve("../src/x.py") == "src/x.py"
    assert paths.resolve("/clone/src/x.py") == "src/x.py"
    assert paths.resolve("/elsewhere/a/src/x.py") == "a/src/x.py"
    assert paths.resolve("x.py", ["/clone/src"]) == "src/x.py"
    assert paths.resolve("/usr/lib/z.py") is None
    assert paths.resolve("z.py") is None


HOSTILE = {
    "long line": "x" * 2_000_000,
    "spaces": " " * 2_000_000,
    "newlines": "\n" * 1_000_000,
    "digits": "1 " * 1_000_000,
    "equals": "=" * 2_000_000,
    "equal lines": "= 1 passed, " * 200_000,
    "plans": "1..3\n" * 200_000 + "x",
    "points": "ok 1 - a\n" * 100_000,
    "totals": "TOTAL 1 2 3 4 " * 100_000,
    "table": "All files | 1 | 2 | 3 " * 100_000,
    "cases": "test_a (a.b) ... " * 100_000,
    "tests": "Tests: 1 a, 1 b, " * 100_000,
    "refusals": "unrecognized arguments: " * 100_000,
    "internal": "INTERNALERROR> " * 100_000,
    "escapes": "\x1b[" * 500_000,
}


@pytest.mark.timeout(20)
@pytest.mark.parametrize("name", HOSTILE)
def test_no_output_makes_reading_hang(name: str) -> None:
    """Each is read in linear time: 2 MB take well under a second."""
    text = plain(HOSTILE[name])
    read_summary("", text, "")
    printed_coverage(text)
    refused(CheckSpec(kind=CheckKind.TEST, command="x", flags="y"), text)


@pytest.mark.timeout(20)
@pytest.mark.parametrize("text", ["/*" * 400_000, '"' * 400_000, "//" * 400_000, " " * 800_000 + "x", "," * 800_000])
def test_no_configuration_makes_detection_hang(text: str) -> None:
    tree = {
        "package.json": json.dumps({"scripts": {"test": text, "lint": text}}),
        "tsconfig.json": text,
        "setup.py": text,
        "pyproject.toml": text,
        "setup.cfg": text,
        "tox.ini": text,
        "requirements.txt": text,
        ".github/workflows/a.yml": text,
        "tests/test_a.py": text,
    }
    detect(MemoryTree(tree), ".", shipped_toolchains())


@pytest.mark.parametrize(
    ("tool", "text", "failed"),
    [
        ("pytest", "=== 1 failed, 2 passed in 0.01s ===\n3 passed in 0.01s\n", 1),
        ("pytest", "= 2 passed, 1 failed, 4 warnings in 62.10s (0:01:02) =\n", 1),
        ("unittest", "Ran 3 tests in 0.1s\n\nFAILED (failures=2)\n", 2),
        ("jest", "Tests:       3 failed, 2 passed, 5 total\nTests:       5 passed, 5 total\n", 3),
        ("vitest", "      Tests  1 failed | 2 passed (3)\n", 1),
        ("mocha", "  2 passing (3ms)\n  1 failing\n", 1),
        ("node:test", "# pass 1\n# fail 4\n", 4),
        ("go", "FAIL\n", 0),
    ],
)
def test_any_summary_that_tells_of_failed_tests_counts(tool: str, text: str, failed: int) -> None:
    assert printed_failed(tool, text, "") == failed


def test_of_two_reports_the_worse_word_on_a_test_counts() -> None:
    case = (
        '<testsuite><testcase classname="tests.test_a" name="test_b" file="tests/test_a.py">{}</testcase></testsuite>'
    )
    files = [ReportFile(name="a.xml", text=case.format("<failure/>")), ReportFile(name="z.xml", text=case.format(""))]
    paths = ReportPaths(["tests/test_a.py"], "/nowhere", ".")
    for order in (files, files[::-1]):
        tests = read_tests(order, paths)
        assert tests is not None
        assert tests.failed_ids == {"tests/test_a.py::test_b"}
