"""gate.json, kept baselines and certificates: written, read back, refused."""

from __future__ import annotations

import json
import shlex
from datetime import UTC, datetime
from pathlib import Path

import pytest

from orchestrator.domain.errors import UsageError
from orchestrator.domain.failure import Category, CheckKind, Failure
from orchestrator.domain.gate import CheckResult, CheckSpec, Coverage, GateReport
from orchestrator.gate.baseline import baseline_of
from orchestrator.gate.certificate import Certified, certificate, ids_digest
from orchestrator.gate.evidence_reports import counted
from orchestrator.gate.plan import GatePlan
from orchestrator.gate.record import (
    baseline_from_json,
    baseline_to_json,
    load_baseline,
    read_report_file,
    report_from_json,
    report_to_json,
    save_baseline,
)
from orchestrator.gate.toolchains import parse_toolchains, quoted, shipped_toolchains

TESTED = CheckResult(
    kind=CheckKind.TEST,
    command="pytest",
    tool="pytest",
    exit_code=0,
    seconds=1.2345678,
    stdout="\x1b[1mé\udcff",
    tests=counted({"b": "passed", "a": "skipped"}, source="junit"),
    coverage=Coverage(percent=66.7, source="lcov", lines={"a.py": (frozenset({1, 2, 3, 9}), frozenset({5}))}),
    passed=True,
    note="x",
)
FAILED = CheckResult(kind=CheckKind.LINT, command="ruff", exit_code=1)
FAILURE = Failure(
    check=CheckKind.LINT,
    tool="ruff",
    message="m",
    category=Category.HALLUCINATION,
    file="a.py",
    line=3,
    suggestions=("b",),
)
REPORT = GateReport(tree="a" * 40, results=(FAILED, TESTED), failures=(FAILURE,), seconds=2.5, notes=("test: none",))
GREEN = GateReport(tree="a" * 40, results=(TESTED,), failures=(), seconds=2.5, notes=())
PLAN = GatePlan(checks=(CheckSpec(kind=CheckKind.TEST, command="pytest"),))
OF = Certified(
    commit="c" * 40, base="b" * 40, environment="e", sandbox="bwrap", at=datetime(2026, 11, 21, 2, 36, tzinfo=UTC)
)


def test_a_report_comes_back_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "1" / "gate.json"
    path.parent.mkdir()
    path.write_text(json.dumps(report_to_json(REPORT)))
    assert read_report_file(path) == REPORT


def test_its_shape_is_stable() -> None:
    data = report_to_json(REPORT)
    assert list(data) == ["version", "tree", "passed", "category", "seconds", "notes", "results", "failures"]
    assert (data["version"], data["passed"], data["category"]) == (1, False, "hallucination")
    assert data["results"][1]["coverage"]["lines"] == {"a.py": ["1-3, 9", "5"]}
    assert data["results"][1]["tests"]["ids"] == ["a", "b"]
    assert json.loads(json.dumps(data)) == data


def test_a_newer_version_is_refused_and_new_keys_are_passed_over() -> None:
    data = report_to_json(REPORT)
    data["results"][0]["a_new_key"] = 1
    data["failures"][0]["a_new_key"] = 1
    assert report_from_json(data) == REPORT
    with pytest.raises(ValueError, match="version 2 is newer"):
        report_from_json({**data, "version": 2})


def test_a_baseline_comes_back_as_it_was(tmp_path: Path) -> None:
    base = baseline_of(REPORT, {"a.py": "1\n2\n3\n"}.get)
    assert baseline_from_json(json.loads(json.dumps(baseline_to_json(base)))) == base
    save_baseline(tmp_path / "b.json", base)
    assert load_baseline(tmp_path / "b.json") == base


@pytest.mark.parametrize("content", ["", "{", "[]", "{}", '{"version": 9}', '{"version": 1, "tree": "x", "tests": 3}'])
def test_a_damaged_baseline_is_none(tmp_path: Path, content: str) -> None:
    (tmp_path / "b.json").write_text(content)
    assert load_baseline(tmp_path / "b.json") is None
    assert load_baseline(tmp_path / "missing.json") is None


def test_the_certificate_names_what_green_stood_on() -> None:
    said = certificate(GREEN, PLAN, baseline_of(GREEN, {}.get), OF)
    assert (said["tree"], said["commit"], said["base"], said["environment"]) == ("a" * 40, "c" * 40, "b" * 40, "e")
    assert said["gate_config"] == PLAN.digest
    assert said["at"] == "2026-11-21T02:36:00+00:00"
    assert said["base_gate"] == {"tree": "a" * 40, "green": True}
    (result,) = said["results"]
    assert result["tests"] == {
        "ran": 1,
        "passed": 1,
        "failed": 0,
        "skipped": 1,
        "source": "junit",
        "ids_sha256": ids_digest({"a", "b"}),
        "base_ran": 1,
    }
    assert result["coverage"] == 66.7


def test_a_repository_without_tests_is_certified_as_such() -> None:
    lint = CheckResult(kind=CheckKind.LINT, command="ruff", exit_code=0, passed=True)
    report = GateReport(tree="a" * 40, results=(lint,), failures=(), notes=("test: none",))
    said = certificate(report, GatePlan(checks=(), tests_expected=False), None, OF)
    assert (said["tests"], said["notes"], said["base_gate"]) == ("none", ["test: none"], None)


def test_what_is_not_green_is_not_certified() -> None:
    with pytest.raises(ValueError, match="no certificate"):
        certificate(REPORT, PLAN, None, OF)


def test_words_are_quoted_as_the_shell_reads_them_back() -> None:
    words = ("a b.py", "-x.py", "it's", "src/a.py")
    assert [quoted(word) for word in words] == ["'a b.py'", "./-x.py", "'it'\"'\"'s'", "src/a.py"]
    assert shlex.split(" ".join(map(quoted, words))) == ["a b.py", "./-x.py", "it's", "src/a.py"]


@pytest.mark.parametrize(
    ("command", "tool"),
    [
        ("npx --no-install eslint@9 .", "eslint"),
        ("uv run python -m pytest -q", "pytest"),
        ("node_modules/.bin/tsc -p .", "tsc"),
        ("c8 --reporter=lcov mocha", "mocha"),
        ("node --import tsx --test test/", "node:test"),
        ("make lint", ""),
        ("(cd a && ruff check)", "ruff"),
    ],
)
def test_the_tool_in_a_command(command: str, tool: str) -> None:
    assert shipped_toolchains().tool_in(command) == tool


def test_faults_of_the_table_have_their_place() -> None:
    with pytest.raises(UsageError) as caught:
        parse_toolchains("version: 1\ntools:\n  x: {kind: nonsense}\n", source="gates.yaml")
    assert any("gates.yaml:3" in fault for fault in caught.value.faults)
