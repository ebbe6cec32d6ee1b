"""Tests counted from reports: junit XML, the JSON of jest and vitest, TAP."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any
from xml.etree.ElementTree import Element

from orchestrator.domain.gate import TestEvidence
from orchestrator.gate.report_files import ReportFile
from orchestrator.gate.report_paths import ReportPaths
from orchestrator.gate.report_xml import read_xml

_SKIPPED = frozenset({"skipped", "pending", "todo", "disabled"})


def read_tests(reports: Iterable[ReportFile], paths: ReportPaths) -> TestEvidence | None:
    """What all test reports together say; ``None`` where none is one.

    The same test told twice counts once, and as failed where one of them says so.
    """
    outcomes: dict[str, str] = {}
    sources: list[str] = []
    for report in reports:
        found = _outcomes(report, paths)
        if found is None:
            continue
        source, by_id = found
        sources.append(source)
        outcomes.update({test: said for test, said in by_id.items() if outcomes.get(test) != "failed"})
    if not sources:
        return None
    return counted(outcomes, source=sources[0])


def counted(outcomes: Mapping[str, str], *, source: str) -> TestEvidence:
    """Evidence of test id -> ``passed``, ``failed`` or ``skipped``."""
    by_outcome = {
        outcome: frozenset(test for test, said in outcomes.items() if said == outcome)
        for outcome in ("passed", "failed", "skipped")
    }
    passed, failed, skipped = (len(by_outcome[outcome]) for outcome in ("passed", "failed", "skipped"))
    return TestEvidence(
        ran=passed + failed,
        passed=passed,
        failed=failed,
        skipped=skipped,
        ids=frozenset(outcomes),
        source=source,
        failed_ids=by_outcome["failed"],
        skipped_ids=by_outcome["skipped"],
    )


def _outcomes(report: ReportFile, paths: ReportPaths) -> tuple[str, dict[str, str]] | None:
    if report.name.endswith(".xml"):
        root = read_xml(report.text)
        return (
            ("junit", _of_junit(root, paths)) if root is not None and root.tag in {"testsuites", "testsuite"} else None
        )
    if report.name.endswith(".json"):
        document = parsed(report.text)
        return ("json", _of_jest(document, paths)) if "testResults" in document else None
    if report.name.endswith(".tap"):
        return "tap", _of_tap(report.text)
    return None


def parsed(text: str) -> dict[str, Any]:
    """A JSON object; empty where it is none."""
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return document if isinstance(document, dict) else {}


class _Outcomes:
    """Test id -> outcome; a second test of the same name is another test."""

    def __init__(self) -> None:
        self.by_id: dict[str, str] = {}
        self._seen: Counter[str] = Counter()

    def add(self, test: str, outcome: str) -> None:
        self._seen[test] += 1
        self.by_id[test if self._seen[test] == 1 else f"{test} #{self._seen[test]}"] = outcome


def _of_junit(root: Element, paths: ReportPaths) -> dict[str, str]:
    found = _Outcomes()
    _walk_junit(root, (), found, paths)
    return found.by_id


def _walk_junit(element: Element, suites: tuple[str, ...], found: _Outcomes, paths: ReportPaths) -> None:
    for child in element:
        if child.tag == "testsuite":
            _walk_junit(child, (*suites, child.get("name", "")), found, paths)
        elif child.tag == "testcase":
            tags = {part.tag for part in child}
            failed = tags & {"failure", "error"}
            outcome = "failed" if failed else "skipped" if "skipped" in tags else "passed"
            found.add(_junit_id(child, suites, paths), outcome)


def _junit_id(case: Element, suites: tuple[str, ...], paths: ReportPaths) -> str:
    """pytest's node id where the report names the file; else file, suites, class and name."""
    name, owner, file = case.get("name", ""), case.get("classname", ""), case.get("file", "")
    if file.endswith(".py"):
        module = file.removesuffix(".py").replace("/", ".")
        classes = owner.removeprefix(module).strip(".")
        return "::".join(part for part in (file, *classes.split("."), name) if part)
    file = (paths.resolve(file) or file) if file else ""
    inner = [suite for suite in suites if suite]
    return " > ".join((*([file] if file else []), *inner, *([owner] if owner not in {"", "test"} else []), name))


def _of_jest(document: Mapping[str, Any], paths: ReportPaths) -> dict[str, str]:
    found = _Outcomes()
    for suite in document["testResults"] if isinstance(document["testResults"], list) else []:
        named = str(suite.get("name", ""))
        file = paths.resolve(named) or named
        cases = suite.get("assertionResults") or []
        for case in cases:
            titles = [*map(str, case.get("ancestorTitles") or []), str(case.get("title", ""))]
            status = str(case.get("status", ""))
            outcome = "skipped" if status in _SKIPPED else "passed" if status == "passed" else "failed"
            found.add(" > ".join((file, *titles)), outcome)
        if not cases and suite.get("status") == "failed":
            found.add(file, "failed")
    return found.by_id


_TAP = re.compile(r"( {0,200})(not ok|ok)\b(?: \d{1,9})?(?: -)? ?(.{0,500})$")
_TAP_SUBTEST = re.compile(r" {0,200}# Subtest: ")


def _of_tap(text: str) -> dict[str, str]:
    """Test points without subtests of their own: what stands deeper right before a point is summed up by it."""
    found = _Outcomes()
    deepest_since = 0
    for line in text.splitlines():
        point = _TAP.match(line)
        if point is None or _TAP_SUBTEST.match(line):
            continue
        depth = len(point[1])
        if depth >= deepest_since:
            name, _, directive = point[3].partition(" # ")
            skipped = directive.upper().startswith(("SKIP", "TODO"))
            outcome = "skipped" if skipped else "failed" if point[2] == "not ok" else "passed"
            found.add(name.strip(), outcome)
        deepest_since = depth
    return found.by_id


def of_tap(text: str) -> TestEvidence | None:
    """Evidence of TAP on standard output; ``None`` where there is no TAP."""
    if not re.search(r"^(?:TAP version \d\d?|1\.\.\d{1,9})[ \t\r]*$", text, re.MULTILINE):
        return None
    outcomes = _of_tap(text)
    return counted(outcomes, source="tap") if outcomes else None
