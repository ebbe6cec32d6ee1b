"""What a gate will run, fixed before it runs: checks in order, what coverage must reach, what was switched off."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass

from orchestrator.domain.failure import CheckKind
from orchestrator.domain.gate import CheckSpec

ORDER = (CheckKind.LINT, CheckKind.BUILD, CheckKind.TEST, CheckKind.COVERAGE, CheckKind.INVARIANT)
"""L11: the order of the checks; coverage is read from the test check and is no command."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CoverageRule:
    """What the coverage of one folder's tests must reach."""

    path: str = "."
    minimum: float
    """Percent, 0-100."""
    required: bool = False
    """The user set it: coverage that cannot be had is then a failure, else it is a note (decision 21)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GatePlan:
    """All of a gate, as data."""

    checks: tuple[CheckSpec, ...]
    """In the order they run."""
    coverage: tuple[CoverageRule, ...] = ()
    """By path; a path without a rule is not judged."""
    tests_expected: bool = True
    """False: the repository has no tests (``test: none``), or the user switched the test check off."""
    notes: tuple[str, ...] = ()
    """Said in every report: what is not there, not installed or switched off."""

    def rule(self, path: str) -> CoverageRule | None:
        """The coverage rule of a test check's folder."""
        return next((rule for rule in self.coverage if rule.path == path), None)

    @property
    def digest(self) -> str:
        """SHA-256, hex: the gate's configuration as it stands in the certificate and names a baseline."""
        content = {
            "checks": [
                [
                    spec.kind,
                    spec.command,
                    spec.path,
                    spec.flags,
                    spec.afterwards,
                    dict(sorted(spec.environment.items())),
                ]
                for spec in self.checks
            ],
            "coverage": [[rule.path, rule.minimum, rule.required] for rule in self.coverage],
            "tests_expected": self.tests_expected,
        }
        return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def key_of(path: str, kind: CheckKind, tool: str) -> str:
    """How a check is named across trees (branch and base): folder, kind and tool."""
    return f"{path}:{kind}:{tool}"


def log_names(checks: tuple[CheckSpec, ...]) -> tuple[str, ...]:
    """The name of each check's log: ``lint.log``; with several of a kind, the tool or a number makes it unique."""
    names: list[str] = []
    for spec in checks:
        alone = sum(other.kind is spec.kind for other in checks) == 1
        label = spec.kind.value if alone else f"{spec.kind.value}-{_safe(spec.tool) or 'check'}"
        name = label
        while f"{name}.log" in names:
            name = f"{label}-{sum(taken.startswith(label) for taken in names) + 1}"
        names.append(f"{name}.log")
    return tuple(names)


def _safe(text: str) -> str:
    return "".join(letter if letter.isalnum() or letter in "-_" else "-" for letter in text)[:40]
