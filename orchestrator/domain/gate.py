"""What a gate is made of, and what it said."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from orchestrator.domain.failure import Category, CheckKind, Failure, gravest


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckSpec:
    """One command of the gate, ready to run."""

    kind: CheckKind
    command: str
    """A shell line, run by ``sh -c`` inside the sandbox."""
    path: str = "."
    """Folder it runs in, relative to the repository's root."""
    tool: str = ""
    """The tool expected to speak (``ruff``, ``pytest``, ``tsc`` ...); empty: unknown."""
    origin: str = "configured"
    """``configured``, or where the command was detected (``pyproject.toml [tool.ruff]``)."""
    environment: Mapping[str, str] = field(default_factory=dict)
    """Extra variables: how evidence is asked for without changing the command (decision 21)."""
    reports: tuple[str, ...] = ()
    """Evidence files it is expected to write, relative to the scratch folder."""
    timeout_s: float = 600.0
    flags: str = ""
    """Added to a detected command when it is run, so that it writes its reports; never to one the user gave."""
    afterwards: str = ""
    """A shell line run after the command, whatever its exit code: turns the data it left into a report."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TestEvidence:
    """Proof that the suite ran (I10)."""

    __test__ = False  # not a test class, whatever its name looks like to pytest

    ran: int
    passed: int
    failed: int
    skipped: int
    ids: frozenset[str] = frozenset()
    """Ids of the collected tests, where the tool's report names them."""
    source: str = ""
    """What told: ``junit``, ``json``, ``summary line``."""
    failed_ids: frozenset[str] = frozenset()
    skipped_ids: frozenset[str] = frozenset()
    asked: bool = False
    """It comes from the report that the gate itself asked for, and from no other."""
    printed_failed: int = 0
    """The most failed tests that any summary line of the output tells of, whatever the report says."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Coverage:
    """Line coverage read from the test check's own report."""

    percent: float
    """Of the whole, 0-100."""
    source: str
    """``coverage.py json``, ``lcov``, ``cobertura``, ``istanbul``."""
    lines: Mapping[str, tuple[frozenset[int], frozenset[int]]] = field(default_factory=dict)
    """By repository-relative file: (covered lines, missed lines), 1-based."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckResult:
    """What one check did."""

    kind: CheckKind
    command: str
    path: str = "."
    tool: str = ""
    exit_code: int
    """-1 where it was ended by its time limit or never started."""
    seconds: float = 0.0
    timed_out: bool = False
    stdout: str = ""
    """Head and tail kept, the cut marked."""
    stderr: str = ""
    tests: TestEvidence | None = None
    coverage: Coverage | None = None
    passed: bool = False
    """The gate's verdict on this check: exit code and evidence together."""
    note: str = ""
    """Why it passed or not where the exit code does not say it (``no test ran``, ``coverage unknown``)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GateReport:
    """One passage through the gate on one tree."""

    tree: str
    """The git tree that was tested."""
    results: tuple[CheckResult, ...]
    failures: tuple[Failure, ...]
    seconds: float = 0.0
    notes: tuple[str, ...] = ()

    @property
    def passed(self) -> bool:
        """Green: every check that ran passed, and nothing failed."""
        return not self.failures and all(result.passed for result in self.results)

    @property
    def category(self) -> Category | None:
        """The gravest category of its failures; ``None`` when green."""
        return gravest(self.failures)
