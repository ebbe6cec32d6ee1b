"""``gate.json``: a gate report as JSON and back, without loss; a baseline likewise.

Shape (version 1): ``tree``, ``passed``, ``category``, ``seconds``, ``notes``, ``results`` and ``failures`` with the
fields of :class:`~orchestrator.domain.gate.CheckResult` and :class:`~orchestrator.domain.failure.Failure`. Test ids
are sorted lists; covered and missed lines are spans (``"1-3, 7"``) by file. ``passed`` and ``category`` of the whole
are for readers; they are computed again when it is read back.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

from orchestrator.domain.failure import Category, CheckKind, Failure
from orchestrator.domain.gate import CheckResult, Coverage, GateReport, TestEvidence
from orchestrator.gate.baseline import Baseline
from orchestrator.gate.verdict import spans
from orchestrator.ledger.durable import write_whole

VERSION = 1
_SETS = ("ids", "failed_ids", "skipped_ids")


def report_to_json(report: GateReport) -> dict[str, Any]:
    """The report as plain JSON."""
    return {
        "version": VERSION,
        "tree": report.tree,
        "passed": report.passed,
        "category": report.category.value if report.category else None,
        "seconds": report.seconds,
        "notes": list(report.notes),
        "results": [_result(result) for result in report.results],
        "failures": [failure_to_json(failure) for failure in report.failures],
    }


def report_from_json(data: Mapping[str, Any]) -> GateReport:
    """The report of that JSON. ``ValueError``, ``KeyError``, ``TypeError``: it is none, or of a newer version."""
    _check_version(data)
    return GateReport(
        tree=data["tree"],
        results=tuple(_read_result(result) for result in data["results"]),
        failures=tuple(failure_from_json(failure) for failure in data["failures"]),
        seconds=data["seconds"],
        notes=tuple(data["notes"]),
    )


def failure_to_json(failure: Failure) -> dict[str, Any]:
    """One failure as plain JSON: every field by its name."""
    plain = {field.name: getattr(failure, field.name) for field in fields(failure)}
    return {
        **plain,
        "check": failure.check.value,
        "category": failure.category.value,
        "suggestions": list(failure.suggestions),
    }


def failure_from_json(data: Mapping[str, Any]) -> Failure:
    """The failure of that JSON; keys it does not know are passed over."""
    known = {field.name: data[field.name] for field in fields(Failure) if field.name in data}
    known |= {"check": CheckKind(data["check"]), "category": Category(data["category"])}
    return Failure(**{**known, "suggestions": tuple(data.get("suggestions", ()))})


def tests_to_json(tests: TestEvidence | None) -> dict[str, Any] | None:
    """The evidence as plain JSON."""
    if tests is None:
        return None
    plain = {field.name: getattr(tests, field.name) for field in fields(tests)}
    return {**plain, **{name: sorted(plain[name]) for name in _SETS}}


def tests_from_json(data: Mapping[str, Any] | None) -> TestEvidence | None:
    """The evidence of that JSON."""
    if data is None:
        return None
    known = {field.name: data[field.name] for field in fields(TestEvidence) if field.name in data}
    return TestEvidence(**{**known, **{name: frozenset(data.get(name, ())) for name in _SETS}})


def baseline_to_json(baseline: Baseline) -> dict[str, Any]:
    """The baseline as plain JSON."""
    return {
        "version": VERSION,
        "tree": baseline.tree,
        "failures": sorted(baseline.failures),
        "exits": dict(baseline.exits),
        "outputs": sorted(baseline.outputs),
        "tests": {key: tests_to_json(tests) for key, tests in baseline.tests.items()},
        "coverage": dict(baseline.coverage),
        "inherited": list(baseline.inherited),
        "healthy": baseline.healthy,
    }


def baseline_from_json(data: Mapping[str, Any]) -> Baseline:
    """The baseline of that JSON. ``ValueError``, ``KeyError``, ``TypeError``: it is none, or of a newer version."""
    _check_version(data)
    read = {key: tests_from_json(tests) for key, tests in data["tests"].items()}
    return Baseline(
        tree=data["tree"],
        failures=frozenset(data["failures"]),
        exits=data["exits"],
        outputs=frozenset(data["outputs"]),
        tests={key: tests for key, tests in read.items() if tests is not None},
        coverage=data["coverage"],
        inherited=tuple(data.get("inherited", ())),
        healthy=data["healthy"],
    )


def read_report_file(path: Path) -> GateReport:
    """``gate.json`` read back."""
    return report_from_json(json.loads(path.read_text(encoding="utf-8")))


def save_baseline(path: Path, baseline: Baseline) -> None:
    """Keep it; one of an ailing environment is not kept."""
    if baseline.healthy:
        write_whole(path, _encoded(baseline_to_json(baseline)))


def load_baseline(path: Path) -> Baseline | None:
    """The kept baseline; ``None`` where there is none, or it is damaged or newer: it is then measured again."""
    try:
        return baseline_from_json(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None


def _encoded(data: Mapping[str, Any]) -> bytes:
    """As UTF-8 where it can be; output of a check that is none (lone surrogates) is escaped."""
    try:
        return (json.dumps(data, indent=1, ensure_ascii=False) + "\n").encode()
    except UnicodeEncodeError:
        return (json.dumps(data, indent=1) + "\n").encode()


def _check_version(data: Mapping[str, Any]) -> None:
    if data["version"] > VERSION:
        raise ValueError(f"version {data['version']} is newer than this program's {VERSION}")


def _result(result: CheckResult) -> dict[str, Any]:
    plain = {field.name: getattr(result, field.name) for field in fields(result)}
    return {
        **plain,
        "kind": result.kind.value,
        "seconds": result.seconds,
        "tests": tests_to_json(result.tests),
        "coverage": _coverage(result.coverage),
    }


def _read_result(data: Mapping[str, Any]) -> CheckResult:
    known = {field.name: data[field.name] for field in fields(CheckResult) if field.name in data}
    return CheckResult(
        **{
            **known,
            "kind": CheckKind(data["kind"]),
            "tests": tests_from_json(data["tests"]),
            "coverage": _read_coverage(data["coverage"]),
        }
    )


def _coverage(coverage: Coverage | None) -> dict[str, Any] | None:
    if coverage is None:
        return None
    lines = {file: [spans(covered), spans(missed)] for file, (covered, missed) in sorted(coverage.lines.items())}
    return {"percent": coverage.percent, "source": coverage.source, "lines": lines}


def _read_coverage(data: Mapping[str, Any] | None) -> Coverage | None:
    if data is None:
        return None
    lines = {file: (_numbers(covered), _numbers(missed)) for file, (covered, missed) in data["lines"].items()}
    return Coverage(percent=data["percent"], source=data["source"], lines=lines)


def _numbers(text: str) -> frozenset[int]:
    found: set[int] = set()
    for span in filter(None, text.split(",")):
        first, _, last = span.partition("-")
        found.update(range(int(first), int(last or first) + 1))
    return frozenset(found)
