"""Linters' reports made for programs, as ruff 0.17, pylint 4.1, mypy 2.4, pyright 1.1, oxlint 1.94 and biome 2.6 wrote
them of one faulty file each (shortened)."""

from __future__ import annotations

import json

import pytest

from orchestrator.failures.finding import Kind
from orchestrator.failures.output import plain
from orchestrator.failures.parsers import read

RUFF_JSON = json.dumps(
    [
        {
            "code": code, "filename": "/repo/a.py", "fix": fix, "location": {"column": 8, "row": 1}, "message": message,
            "noqa_row": 1, "url": "https://docs.astral.sh/ruff/rules/x",
        }
        for code, message, fix in (
            ("F401", "`os` imported but unused", {"applicability": "safe", "edits": []}),
            ("B006", "Do not use mutable data structures for argument defaults", {"applicability": "unsafe"}),
        )
    ],
    indent=2,
)  # fmt: skip
GITLAB = json.dumps(
    [{"check_name": "F401", "description": "F401: `os` imported but unused", "severity": "major",
      "location": {"path": "a.py", "positions": {"begin": {"line": 1, "column": 8}}}}], indent=2
)  # fmt: skip
SARIF = json.dumps(
    {"runs": [{"results": [{"ruleId": "F821", "level": "error", "message": {"text": "Undefined name `gone`"},
      "locations": [{"physicalLocation": {
        "artifactLocation": {"uri": "file:///repo/a.py"}, "region": {"startLine": 8}}}]}]}]},
    indent=2
)  # fmt: skip
RDJSON = json.dumps(
    {"diagnostics": [{"code": {"value": "F401"}, "message": "`os` imported but unused",
      "location": {"path": "a.py", "range": {"start": {"line": 1, "column": 8}}}}]},
    indent=2,
)  # fmt: skip
PYLINT_JSON = json.dumps(
    [{"type": "error", "line": 9, "column": 11, "path": "a.py", "symbol": "no-member",
      "message": "Module 'sys' has no 'nope' member", "message-id": "E1101"}], indent=4
)  # fmt: skip
MYPY_JSON = '{"file": "a.py", "line": 8, "column": 15, "message": "Name \\"gone\\" is not defined", "hint": null, "code": "name-defined", "severity": "error"}\n'  # noqa: E501
PYRIGHT_JSON = json.dumps(
    {"version": "1.1.414", "generalDiagnostics": [{"file": "/repo/a.py", "severity": "error",
      "message": '"gone" is not defined', "range": {"start": {"line": 7, "character": 15}},
      "rule": "reportUndefinedVariable"}], "summary": {"errorCount": 1}}, indent=4
)  # fmt: skip
OXLINT_JSON = """{ "diagnostics": [{"message": "Expected `}` but found `EOF`","severity": "error","filename": "c.js","labels": [{"span": {"offset": 19,"line": 2,"column": 1}}]},
{"message": "'gone' is not defined.","code": "eslint(no-undef)","severity": "error","filename": "a.js","labels": [{"span": {"offset": 95,"line": 5,"column": 10}}]}],
              "number_of_files": 2 }"""  # noqa: E501
OXLINT_JUNIT = """<?xml version="1.0" encoding="UTF-8"?>
<testsuites name="Oxlint" tests="1" failures="0" errors="1">
    <testsuite name="a.js" tests="1" disabled="0" errors="1" failures="0">
        <testcase name="eslint(no-undef)">
            <error message="&apos;gone&apos; is not defined.">line 5, column 10, &apos;gone&apos; is not defined.</error>
        </testcase>
    </testsuite>
</testsuites>"""  # noqa: E501
RUFF_JUNIT = """<testsuites name="ruff" tests="1" failures="1" errors="0">
    <testsuite name="/repo/a.py" tests="1" errors="0" failures="1" package="org.ruff">
        <testcase name="org.ruff.F401" classname="/repo/a" line="1" column="8">
            <failure message="`os` imported but unused">line 1, col 8, `os` imported but unused</failure>"""
BIOME_CHECKSTYLE = """<checkstyle version="4.3">
  <file name="a.js">
    <error line="5" column="10" severity="error" message="The gone variable is undeclared." source="lint/correctness/noUndeclaredVariables" />"""  # noqa: E501
GROUPED = "a.py:\n  1:8  F401 [*] `os` imported but unused\n  8:16 F821 Undefined name `gone`\n\nFound 2 errors.\n"

CASES = (
    ("ruff json", RUFF_JSON, [("ruff", Kind.UNUSED_IMPORT, 1, "os"), ("ruff", Kind.LINT, 1, None)]),
    ("a report cut short", RUFF_JSON[:-40], [("ruff", Kind.UNUSED_IMPORT, 1, "os")]),
    ("gitlab", GITLAB, [("flake8", Kind.UNUSED_IMPORT, 1, "os")]),
    ("sarif", SARIF, [("flake8", Kind.UNDEFINED_NAME, 8, "gone")]),
    ("reviewdog", RDJSON, [("flake8", Kind.UNUSED_IMPORT, 1, "os")]),
    ("grouped", GROUPED, [("ruff", Kind.UNUSED_IMPORT, 1, "os"), ("ruff", Kind.UNDEFINED_NAME, 8, "gone")]),
    ("pylint json", PYLINT_JSON, [("pylint", Kind.MISSING_EXPORT, 9, "nope")]),
    ("parseable", "************* Module a\na.py:9: [E1101(no-member), f] Module 'sys' has no 'nope' member\n",
     [("pylint", Kind.MISSING_EXPORT, 9, "nope")]),
    ("msvs", "a.py(9): [E1101(no-member)f] Module 'sys' has no 'nope' member\n",
     [("pylint", Kind.MISSING_EXPORT, 9, "nope")]),
    ("mypy json", MYPY_JSON, [("mypy", Kind.UNDEFINED_NAME, 8, "gone")]),
    ("pyright json", PYRIGHT_JSON, [("pyright", Kind.UNDEFINED_NAME, 8, "gone")]),
    ("github ruff", "::error title=ruff (F821),file=/repo/a.py,line=8,col=16,endLine=8,endColumn=26::a.py:8:16: F821 Undefined name `gone`\n",  # noqa: E501
     [("ruff", Kind.UNDEFINED_NAME, 8, "gone")]),
    ("github pylint", "::error file=a.py,line=8,endline=8,col=15,title=E0602::Undefined variable 'gone'\n",
     [("pylint", Kind.UNDEFINED_NAME, 8, "gone")]),
    ("azure", "##vso[task.logissue type=error;sourcepath=/repo/a.py;linenumber=8;columnnumber=16;code=F821;]Undefined name `gone`\n",  # noqa: E501
     [("flake8", Kind.UNDEFINED_NAME, 8, "gone")]),
    ("oxlint json", OXLINT_JSON, [("oxlint", Kind.SYNTAX, 2, None), ("oxlint", Kind.UNDEFINED_NAME, 5, "gone")]),
    ("oxlint junit", OXLINT_JUNIT, [("oxlint", Kind.UNDEFINED_NAME, 5, "gone")]),
    ("ruff junit", RUFF_JUNIT, [("ruff", Kind.UNUSED_IMPORT, 1, "os")]),
    ("oxlint agent", "a.js:5:10: error eslint(no-undef): 'gone' is not defined. help: Either define it.\n",
     [("oxlint", Kind.UNDEFINED_NAME, 5, "gone")]),
    ("checkstyle", BIOME_CHECKSTYLE, [("biome", Kind.UNDEFINED_NAME, 5, "gone")]),
    ("compact", "/repo/a.js: line 5, col 10, Error - 'gone' is not defined. (no-undef)\n",
     [("eslint", Kind.UNDEFINED_NAME, 5, "gone")]),
    ("unix", "/repo/a.js:5:10: 'gone' is not defined. [Error/no-undef]\n",
     [("eslint", Kind.UNDEFINED_NAME, 5, "gone")]),
)  # fmt: skip


@pytest.mark.parametrize(("text", "wanted"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_report(text: str, wanted: list[tuple[str, Kind, int, str | None]]) -> None:
    assert [(found.tool, found.kind, found.line, found.symbol) for found in read(plain(text))] == wanted


def test_safe_fixes_are_told_where_the_report_tells_them() -> None:
    first, second = read(RUFF_JSON)

    assert first.fixable
    assert second.unfixable


def test_brackets_that_begin_no_document_are_given_up() -> None:
    assert read('"code": 1\n' + "[[[[[[[[[[\n" * 20_000) == ()


def test_a_test_runners_junit_is_its_own() -> None:
    report = '<testsuites name="vitest tests"><testsuite name="a.test.ts"><testcase name="x"><failure message="expected 1 to be 2" type="AssertionError">'  # noqa: E501

    assert [found.kind for found in read(report)] == [Kind.ASSERTION, Kind.TALLY]


CUT_SHORT = """\
=================================== FAILURES ===================================
E   NameError: name 'get_processname' is not defined
/repo/tests/test_extra.py:6: NameError: name 'get_processname' is not defined
=========================== short test summary info ============================
FAILED tests/test_extra.py::test_a - NameError: name 'get_processname' is not...
1 failed in 0.05s
"""


def test_what_the_short_summary_cuts_is_not_told_twice() -> None:
    """pytest 9, ``--tb=line -rf``."""
    found = [one for one in read(CUT_SHORT) if one.kind is not Kind.TALLY]

    assert [(one.kind, one.symbol) for one in found] == [(Kind.UNDEFINED_NAME, "get_processname")]


def test_a_name_that_the_short_summary_leaves_whole_is_read() -> None:
    """pytest 9, ``--tb=no``."""
    found = read("\n".join(CUT_SHORT.split("\n")[3:]))

    assert (found[0].kind, found[0].symbol) == (Kind.UNDEFINED_NAME, "get_processname")
