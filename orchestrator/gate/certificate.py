"""``certificate.json``: what green stood on, for exactly one tree (I10). Pure."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from orchestrator.domain.gate import CheckResult, GateReport, TestEvidence
from orchestrator.gate.baseline import Baseline
from orchestrator.gate.plan import GatePlan

VERSION = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Certified:
    """What the certificate names beside the gate's own words."""

    commit: str
    """The delivered commit, full hex."""
    base: str
    """The commit the branch starts from."""
    environment: str
    """Digest of the lane's environment (decision 6)."""
    sandbox: str
    at: datetime
    """With zone; from the journal."""


def certificate(report: GateReport, plan: GatePlan, baseline: Baseline | None, of: Certified) -> dict[str, Any]:
    """The certificate as plain JSON.

    ``ValueError`` where the report is not green: there is no certificate for that.
    """
    if not report.passed:
        raise ValueError(f"the gate did not pass on tree {report.tree}: no certificate")
    return {
        "version": VERSION,
        "tree": report.tree,
        "commit": of.commit,
        "base": of.base,
        "at": of.at.isoformat(timespec="seconds"),
        "gate_config": plan.digest,
        "environment": of.environment,
        "sandbox": of.sandbox,
        "base_gate": None if baseline is None else {"tree": baseline.tree, "green": baseline.green},
        "tests": "measured" if plan.tests_expected else "none",
        "results": [_result(result, baseline) for result in report.results],
        "notes": list(report.notes),
        "seconds": round(report.seconds, 3),
    }


def ids_digest(ids: Iterable[str]) -> str:
    """SHA-256 of the sorted test ids, one a line: a set that can be compared without being listed."""
    return hashlib.sha256("\n".join(sorted(ids)).encode("utf-8", "surrogatepass")).hexdigest()


def _result(result: CheckResult, baseline: Baseline | None) -> dict[str, Any]:
    return {
        "check": result.kind.value,
        "command": result.command,
        "path": result.path,
        "tool": result.tool,
        "exit_code": result.exit_code,
        "passed": result.passed,
        "seconds": round(result.seconds, 3),
        "note": result.note,
        "tests": _tests(result.tests, baseline.tests_of(result) if baseline else None),
        "coverage": None if result.coverage is None else round(result.coverage.percent, 2),
    }


def _tests(tests: TestEvidence | None, base: TestEvidence | None) -> dict[str, Any] | None:
    if tests is None:
        return None
    return {
        "ran": tests.ran,
        "passed": tests.passed,
        "failed": tests.failed,
        "skipped": tests.skipped,
        "source": tests.source,
        "ids_sha256": ids_digest(tests.ids) if tests.ids else None,
        "base_ran": base.ran if base else None,
    }
