"""What a change does to the checks inside files that it may touch. Pure.

Suppression comments above what the base had are tactical failures that name them, unless the task's ``allow`` names
the file; auto-fix's own are exempt and counted elsewhere. Code that names the gate's own variables fails likewise.
Weakened assertions are flagged for the review and block only in protected files (decision 20). Known limit: code that
reaches the gate's variables without naming them is not seen here.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from orchestrator.domain.failure import Category, CheckKind, Failure
from orchestrator.gate.integrity import Protection, Reader
from orchestrator.gate.suppressions import Suppression, added_suppressions
from orchestrator.gate.weakened import Weakening, weakened
from orchestrator.ports import DiffLine

_SHOWN = 10
_GATE_OWN = re.compile(r"ORCHESTRATE_SCRATCH|PYTEST_ADDOPTS|NODE_V8_COVERAGE")
_EXITS = re.compile(
    r"\bos\._exit[ \t]*\(|\bpytest\.exit[ \t]*\(|\bprocess\.(?:reallyExit|exit)[ \t]*\([ \t]*0?[ \t]*\)"
)
_UNDER_TEST = re.compile(
    r"PYTEST_CURRENT_TEST|[\"']pytest[\"'][ \t]+in[ \t]+sys\.modules|JEST_WORKER_ID|process\.env\.VITEST"
)
_RUNNER = re.compile(
    r"\b_pytest\b|\bpytest_runtest_\w{1,30}|\bxmlpath\b|\bjunitxml\b|\bgc\.get_objects\b"
    r"|\b(?:jest-circus|@vitest/runner|mocha/lib)\b|\bglobalThis\.(?:expect|it|test|describe)\s?=(?!=)"
)
"""Names by which code reaches into the runner that judges it."""
_IGNORED = (".gitignore", ".ignore")
_SOURCE = (".py", ".js", ".mjs", ".cjs", ".jsx", ".ts", ".mts", ".cts", ".tsx", ".sh")
_LONGEST_LINE = 5000


@dataclass(frozen=True, slots=True, kw_only=True)
class Scan:
    """What was found."""

    failures: tuple[Failure, ...] = ()
    """They block."""
    flags: tuple[str, ...] = ()
    """For the review and the report, one line each; they do not block."""
    suppressions: tuple[Suppression, ...] = ()
    """All that the change adds, exempt ones left out."""


def scan(
    changes: Iterable[DiffLine],
    protection: Protection,
    before: Reader,
    after: Reader,
    exempt: Mapping[str, int] | None = None,
) -> Scan:
    """Look at every changed file. ``exempt``: what auto-fix added, by ``what`` of a suppression."""
    changes = tuple(changes)
    added = _beyond(added_suppressions(changes, before, after), exempt or {})
    barred = [one for one in added if not protection.allowed(one.path)]
    failures = list(_suppressed(barred))
    flags = [f"suppression allowed by the task: {one}" for one in added if one not in barred]
    for change in changes:
        own, told = _file(change.path, protection, before(change.path), after(change.path))
        failures += own
        flags += told
    return Scan(failures=tuple(failures), flags=tuple(flags), suppressions=added)


def _file(path: str, protection: Protection, before: str | None, after: str | None) -> tuple[list[Failure], list[str]]:
    failures: list[Failure] = []
    flags: list[str] = []
    weaker = weakened(path, before, after) if protection.is_test(path) else ()
    if weaker and protection.reason(path) is not None:
        failures += _weakened(path, weaker)
    else:
        flags += [f"weakened test: {one}" for one in weaker]
    if path.rsplit("/", 1)[-1] in _IGNORED and before != after:
        flags.append(f"{path}: linters may pass over what it names")
    if after is None or not path.endswith(_SOURCE):
        return failures, flags
    for number, line in _new_lines(before or "", after):
        if (own := _GATE_OWN.search(line)) and not protection.allowed(path):
            failures.append(_gate_own(path, number, own.group()))
        if ended := _EXITS.search(line):
            flags.append(f"{path}:{number}: ends the process: {ended.group().strip()}")
        if reaches := _RUNNER.search(line):
            flags.append(f"{path}:{number}: reaches into the test runner: {reaches.group()}")
        if (asks := _UNDER_TEST.search(line)) and not protection.is_test(path):
            flags.append(f"{path}:{number}: asks whether it is under test: {asks.group()}")
    return failures, flags


def _beyond(found: Iterable[Suppression], exempt: Mapping[str, int]) -> tuple[Suppression, ...]:
    left = Counter(exempt)
    kept = []
    for one in found:
        if left[one.what] > 0:
            left[one.what] -= 1
        else:
            kept.append(one)
    return tuple(kept)


def _suppressed(found: list[Suppression]) -> Iterator[Failure]:
    for one in found:
        yield Failure(
            check=CheckKind.SCOPE,
            tool="gate",
            message=f"`{one.what}` silences a check: mend what it hides and leave the comment out",
            category=Category.TACTICAL,
            code="suppression",
            file=one.path,
            line=one.line,
            symbol=one.what,
            why="no new suppression comments (I10); `allow` on the task lifts it for the files it names",
        )


def _weakened(path: str, found: tuple[Weakening, ...]) -> Iterator[Failure]:
    shown = "; ".join(one.what for one in found[:_SHOWN])
    more = f"; and {len(found) - _SHOWN} more" if len(found) > _SHOWN else ""
    yield Failure(
        check=CheckKind.SCOPE,
        tool="gate",
        message=f"{path} proves less than on the base: {shown}{more}",
        category=Category.TACTICAL,
        code="weakened",
        file=path,
        line=found[0].line,
        why="tests of the base stay as strong as they are (I10)",
    )


def _gate_own(path: str, line: int, name: str) -> Failure:
    return Failure(
        check=CheckKind.SCOPE,
        tool="gate",
        message=f"{path} names {name}, which is the gate's own: only the gate asks for its evidence",
        category=Category.TACTICAL,
        code="gate-internals",
        file=path,
        line=line,
        symbol=name,
        why="evidence is the gate's (I10)",
    )


def _new_lines(before: str, after: str) -> Iterator[tuple[int, str]]:
    """Lines that the file did not have, by number."""
    known = Counter(line.strip() for line in before.split("\n"))
    for number, line in enumerate(after.split("\n"), 1):
        if known[line.strip()] > 0:
            known[line.strip()] -= 1
        else:
            yield number, line[:_LONGEST_LINE]
