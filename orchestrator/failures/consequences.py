"""Findings that only follow from another: what a lost name, header or syntax error makes a tool say of other lines."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from orchestrator.failures.finding import Finding, Kind
from orchestrator.failures.resolve import Resolver
from orchestrator.failures.tables import Tables

_GO_ON = frozenset({"pylint", "pyright", "tsc"})
"""Tools that go on after a syntax error."""
_LOST = frozenset({Kind.UNDEFINED_NAME, Kind.MISSING_MODULE, Kind.MISSING_EXPORT, Kind.MISSING_ATTRIBUTE})
"""What they then say of lines that nobody touched."""
_UNRESOLVED = frozenset({Kind.UNDEFINED_NAME, Kind.MISSING_MODULE})

Place = tuple[str, str | None] | tuple[str, str | None, int | None]


def without_consequences(findings: Sequence[Finding], resolver: Resolver, tables: Tables) -> list[Finding]:
    """The findings that stand for themselves: not the type errors that follow from a name that does not resolve, the
    texts of a ``Literal`` that is not imported, what a file that does not parse is said to lack, nor what lines that
    nobody touched would need a lost header for.
    """
    causes = _causes(findings, resolver)
    return [finding for finding in findings if not _follows(finding, causes, resolver, tables)]


@dataclass(frozen=True, slots=True)
class _Causes:
    unresolved: frozenset[Place]
    """Files, and lines, with a name or module that does not resolve."""
    literals: frozenset[Place]
    """The same with a ``Literal`` that is not imported."""
    unread: frozenset[str]
    """Tools that met a syntax error."""
    headless: bool
    """The change took a header away, and names are lost with it."""


def _causes(findings: Sequence[Finding], resolver: Resolver) -> _Causes:
    unresolved = [finding for finding in findings if finding.kind in _UNRESOLVED]
    literals = _places([finding for finding in findings if finding.symbol == "Literal"])
    broken = [finding for finding in findings if finding.kind is Kind.SYNTAX and finding.tool in _GO_ON]
    return _Causes(
        unresolved=_places(unresolved),
        literals=literals,
        unread=frozenset(finding.tool for finding in broken if not _is_quoted(finding, resolver, literals)),
        headless=any(found.tool == "cc" and found.kind is Kind.UNDEFINED_NAME for found in unresolved)
        and resolver.include_removed(),
    )


def _places(findings: Sequence[Finding]) -> frozenset[Place]:
    files: set[Place] = {(finding.tool, finding.file) for finding in findings}
    return frozenset(files | {(finding.tool, finding.file, finding.line) for finding in findings})


def _follows(finding: Finding, causes: _Causes, resolver: Resolver, tables: Tables) -> bool:
    file, line = (finding.tool, finding.file), (finding.tool, finding.file, finding.line)
    touched = resolver.diff.added(finding.file, finding.line)
    if finding.tool in causes.unread and finding.kind in _LOST and (finding.tool == "pylint" or not touched):
        return True
    if causes.headless and finding.tool == "cc" and finding.kind is not Kind.UNDEFINED_NAME and not touched:
        return True
    if file in causes.unresolved and finding.code in tables.consequences.get(finding.tool, ()):
        return True
    if finding.kind is Kind.TYPE and line in causes.unresolved:
        return True
    return finding.kind in {Kind.UNDEFINED_NAME, Kind.SYNTAX} and _is_quoted(finding, resolver, causes.literals)


def _is_quoted(finding: Finding, resolver: Resolver, literals: frozenset[Place]) -> bool:
    """Whether it tells of a text of a ``Literal`` (an empty one is a syntax error to pyright 1.1). Without the line at
    hand it is the one ``Literal`` is on.
    """
    if (finding.tool, finding.file) not in literals:
        return False
    line, symbol = resolver.line_text(finding), finding.symbol or ""
    if not line:
        return (finding.tool, finding.file, finding.line) in literals and symbol != "Literal"
    return "Literal[" in line and (f'"{symbol}"' in line or f"'{symbol}'" in line)
