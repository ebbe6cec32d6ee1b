"""One pure parser a family of tools, and the registry that picks them by what the output looks like.

Each parser takes plain text (:func:`orchestrator.failures.output.plain`) and returns findings; it never raises and is
linear in the text. Several tools in one output (``ruff check; mypy src``) are each read by their own.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from orchestrator.failures.finding import Finding, Kind
from orchestrator.failures.parsers import (
    audit,
    biome,
    bundlers,
    compilers,
    js_lint,
    js_reports,
    js_tests,
    machine,
    machine_rows,
    pytest,
    python_format,
    python_lint,
    python_types,
    traceback,
    tsc,
)


@dataclass(frozen=True, slots=True)
class Parser:
    """A parser with the marks of which its output always shows one."""

    name: str
    hints: tuple[str, ...]
    parse: Callable[[str], tuple[Finding, ...]]


PARSERS: tuple[Parser, ...] = (
    Parser("pytest", pytest.HINTS, pytest.parse),
    Parser("js_tests", js_tests.HINTS, js_tests.parse),
    Parser("js_reports", js_reports.HINTS, js_reports.parse),
    Parser("traceback", traceback.HINTS, traceback.parse),
    Parser("tsc", tsc.HINTS, tsc.parse),
    Parser("python_types", python_types.HINTS, python_types.parse),
    Parser("python_lint", python_lint.HINTS, python_lint.parse),
    Parser("python_format", python_format.HINTS, python_format.parse),
    Parser("js_lint", js_lint.HINTS, js_lint.parse),
    Parser("machine", machine_rows.HINTS, machine.parse),
    Parser("biome", biome.HINTS, biome.parse),
    Parser("audit", audit.HINTS, audit.parse),
    Parser("compilers", compilers.HINTS, compilers.parse),
    Parser("bundlers", bundlers.HINTS, bundlers.parse),
)
"""Test runners first: what stands in a test's own report is theirs."""

_RUNNERS = frozenset({"pytest", "js_tests", "js_reports"})
_ALONGSIDE = frozenset({"audit", "tsc"})
"""What may stand beside a test runner's report in one output: thresholds, and ts-jest's diagnostics."""


def read(text: str) -> tuple[Finding, ...]:
    """Every finding in plain text. Where a test runner reports failures, what tests printed is not read as another
    tool's.
    """
    found: list[Finding] = []
    runner = False
    for parser in PARSERS:
        if runner and parser.name not in _ALONGSIDE and parser.name not in _RUNNERS:
            continue
        if runner and parser.name == "js_reports":
            continue  # its tests are told already
        if any(hint in text for hint in parser.hints):
            findings = parser.parse(text)
            found.extend(findings)
            runner = runner or (parser.name in _RUNNERS and any(finding.kind is not Kind.TALLY for finding in findings))
    return tuple(found)
