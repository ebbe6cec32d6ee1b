"""Failures: what a check's output means, and what can be mended without a model.

:func:`judge` is the entry: a check's result and, where there is one, the repository as it stood; out come failures with
category, reason and suggestions. :mod:`orchestrator.failures.autofix` plans the fixes of the trivial ones.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from orchestrator.domain.failure import CheckKind, Failure
from orchestrator.domain.gate import CheckResult
from orchestrator.failures.classify import classify, located
from orchestrator.failures.command import terse
from orchestrator.failures.finding import Finding, Kind
from orchestrator.failures.index import SymbolIndex
from orchestrator.failures.output import condensed, plain, posix
from orchestrator.failures.resolve import Resolver
from orchestrator.failures.signatures import scan, scan_own
from orchestrator.failures.tables import Tables, shipped_tables, with_patterns
from orchestrator.failures.unreadable import silent
from orchestrator.failures.view import RepositoryView, TextView, View
from orchestrator.settings import FailurePattern

__all__ = ["RepositoryView", "TextView", "judge", "judge_output", "reader_of"]

_SUMMARIES = frozenset({Kind.TALLY, Kind.NO_TESTS, Kind.COVERAGE})
_REPORTING = frozenset({"pytest", "unittest", "jest", "vitest", "mocha", "node:test"})
_KILLED = {
    sign * (number + offset): Kind.KILLED for sign, offset in ((1, 128), (-1, 0)) for number in (4, 6, 7, 9, 11, 15)
}
"""SIGILL, SIGABRT, SIGBUS, SIGKILL, SIGSEGV, SIGTERM: 128 more as the shell sees it (POSIX), negative from Python."""
_TAIL_LINES, _LISTING = 3, 20_000
"""Lines quoted of an output nobody understood; characters read of one that may be a list of files."""


def judge(result: CheckResult, tree: RepositoryView | None, *, tables: Tables | None = None) -> tuple[Failure, ...]:
    """The failures of one check; none where it passed."""
    if result.passed:
        return ()
    return judge_output(
        result.stdout, result.stderr, exit_code=result.exit_code, timed_out=result.timed_out, check=result.kind,
        tool=result.tool,
        view=tree or TextView(), tables=tables, note=result.note, command=result.command,
    )  # fmt: skip


def reader_of(
    view: RepositoryView, patterns: Sequence[FailurePattern] = ()
) -> Callable[[CheckResult], tuple[Failure, ...]]:
    """Reads what a check said of that tree; its own path is left out: prompts and records are the same anywhere.

    ``patterns``: the user's own (``failures.patterns``).
    """
    own = f"{view.root}/"

    def read_failures(result: CheckResult) -> tuple[Failure, ...]:
        plain_paths = replace(result, stdout=result.stdout.replace(own, ""), stderr=result.stderr.replace(own, ""))
        return judge(plain_paths, view, tables=with_patterns(shipped_tables(), patterns))

    return read_failures


def judge_output(
    stdout: str,
    stderr: str,
    *,
    exit_code: int,
    check: CheckKind,
    view: View,
    timed_out: bool = False,
    tool: str = "",
    note: str = "",
    tables: Tables | None = None,
    command: str = "",
    command_doubted: bool = False,
) -> tuple[Failure, ...]:
    """The failures that a failed command's output tells of; at least one.

    ``command_doubted``: nobody has seen the command work before (a gate's has run on the base), so that an option the
    tool does not know may be the command's own invention.
    """
    tables = tables or shipped_tables()
    resolver = Resolver(SymbolIndex(view, tables.distributions), tables, command if command_doubted else "")
    if timed_out:
        findings: list[Finding] = [
            Finding(
                tool=tool or "generic",
                kind=Kind.TIMEOUT,
                code="timeout",
                message="the command ran over its limit and was ended",
            )
        ]
        return classify(findings, resolver, tables, check)
    text = condensed(plain(stdout)) + "\n" + condensed(plain(stderr))
    from orchestrator.failures.parsers import read  # noqa: PLC0415 - twenty modules that a green night never needs

    findings = located(read(text), resolver)
    telling = [finding for finding in findings if finding.kind not in _SUMMARIES]
    reported = any(finding.tool in _REPORTING for finding in telling)
    if not reported:
        findings += located(scan(text, tables, beside_findings=bool(telling)), resolver)
    findings += scan_own(text, tables)
    if exit_code in _KILLED and not telling:
        findings.append(
            Finding(
                tool=tool or "generic", kind=_KILLED[exit_code], code=str(exit_code), message="the command was killed"
            )
        )
    if not findings:
        findings = _unformatted(text, view) or terse(text, command, exit_code)
    findings += silent(findings, view)
    if not findings:
        findings = [
            Finding(
                tool=tool or "generic", kind=Kind.UNKNOWN, message=note or _last_words(text) or f"exit code {exit_code}"
            )
        ]
    return classify(findings, resolver, tables, check)


def _unformatted(text: str, view: View) -> list[Finding]:
    """Output that is nothing but files of the tree: what formatters list (prettier -l, gofmt -l, rustfmt -l)."""
    lines = [line.strip() for line in text[:_LISTING].splitlines() if line.strip()]
    known = {*view.paths, *view.files_changed, *view.changes.files}
    places = [view.locate(posix(line)) for line in lines]
    if not lines or not all(place in known for place in places):
        return []
    return [Finding(tool="formatter", kind=Kind.FORMAT, message="not formatted", file=place) for place in places]


def _last_words(text: str) -> str:
    lines = [line.strip() for line in text[-8000:].splitlines() if line.strip()]
    return "\n".join(line[:300] for line in lines[-_TAIL_LINES:])
