"""Tests counted from the summary line a runner prints. Linear patterns; the last summary of an output counts."""

from __future__ import annotations

import re
from collections.abc import Callable

from orchestrator.domain.gate import TestEvidence
from orchestrator.gate.evidence_others import Counts, read_other
from orchestrator.gate.evidence_reports import counted, of_tap

_ANSI = re.compile(r"\x1b\[[0-9;?]{0,30}[A-Za-z]")
_LONGEST_LINE = 2000
_COUNT = re.compile(r"(\d{1,9}) ([a-z]{1,20})")


def plain(text: str) -> str:
    """Without terminal colours."""
    return _ANSI.sub("", text)


def read_summary(tool: str, stdout: str, stderr: str) -> TestEvidence | None:
    """What the tool's own summary says; with an unknown tool, what any known one would. ``None``: nothing does."""
    text = f"{plain(stdout)}\n{plain(stderr)}"
    if tool not in _READERS and (tap := of_tap(text)) is not None:
        return tap
    readers = [_READERS[tool]] if tool in _READERS else [*_READERS.values(), read_other]
    for reader in readers:
        found = reader(text)
        if found is not None:
            return found
    return of_tap(text) if tool == "node:test" else None


_FAILED = {
    "pytest": re.compile(
        r"^=* ?(?:\d{1,9} [a-z]{1,12},? ){0,10}?(\d{1,9}) failed\b[^\n]{0,200} in [\d.:]{1,20}s", re.MULTILINE
    ),
    "unittest": re.compile(r"^FAILED \((?:[a-z]{1,20}=\d{1,9}, )?(?:failures|errors)=(\d{1,9})", re.MULTILINE),
    "jest": re.compile(r"^[ \t]{0,20}Tests:?\s{1,20}(\d{1,9}) failed\b", re.MULTILINE),
    "mocha": re.compile(r"^[ \t]{1,10}(\d{1,9}) failing\b", re.MULTILINE),
    "node:test": re.compile(r"^[\u2139#] fail (\d{1,9})[ \t\r]*$", re.MULTILINE),
}
_FAILED["vitest"] = _FAILED["jest"]


def printed_failed(tool: str, stdout: str, stderr: str) -> int:
    """The most failed tests that any summary of the output tells of; 0 where none does, or the tool is not known.

    Not the last summary alone: code that ends a run early can print another one after it.
    """
    pattern = _FAILED.get(tool)
    text = f"{plain(stdout)}\n{plain(stderr)}" if pattern else ""
    return max((int(count) for count in pattern.findall(text)), default=0) if pattern else 0


def _pytest(text: str) -> TestEvidence | None:
    lines = re.findall(
        r"^=* ?((?:\d{1,9} [a-z]{1,12},? ?){1,10}|no tests (?:ran|collected))[^\n]{0,80} in [\d.:]{1,20}s",
        text,
        re.MULTILINE,
    )
    if not lines:
        return None
    said = {word: int(count) for count, word in _COUNT.findall(lines[-1])}
    failed = said.get("failed", 0) + said.get("error", 0) + said.get("errors", 0)
    passed = said.get("passed", 0) + said.get("xpassed", 0)
    skipped = said.get("skipped", 0) + said.get("xfailed", 0)
    return Counts(passed, failed, skipped).evidence()


_UNITTEST_CASE = re.compile(r"(\w{1,200}) \(([\w.]{1,300})\)")
_UNITTEST_SAID = re.compile(r"\.\.\. (ok|FAIL|ERROR|skipped|expected failure|unexpected success)\b")


def _unittest(text: str) -> TestEvidence | None:
    runs = re.findall(r"^Ran (\d{1,9}) tests? in ", text, re.MULTILINE)
    if not runs:
        return None
    total = int(runs[-1])
    ends = re.findall(r"^(?:OK|FAILED|NO TESTS RAN)(?: \(([a-z0-9=, ]{0,200})\))?[ \t\r]*$", text, re.MULTILINE)
    said = {name: int(count) for name, count in re.findall(r"([a-z ]{1,30})=(\d{1,9})", ends[-1] if ends else "")}
    said = {name.strip(): count for name, count in said.items()}
    failed = said.get("failures", 0) + said.get("errors", 0) + said.get("unexpected successes", 0)
    skipped = said.get("skipped", 0) + said.get("expected failures", 0)
    named = _unittest_ids(text)
    if named is not None and len(named.ids) == total:
        return named
    return Counts(max(total - failed - skipped, 0), failed, skipped).evidence()


def _unittest_ids(text: str) -> TestEvidence | None:
    """From verbose output; a test with a docstring has its outcome on the docstring's line."""
    outcomes: dict[str, str] = {}
    test = ""
    for line in text.splitlines():
        if (case := _UNITTEST_CASE.match(line)) is not None:
            test = case[2] if case[2].endswith(f".{case[1]}") else f"{case[2]}.{case[1]}"
        said = _UNITTEST_SAID.search(line[:_LONGEST_LINE])
        if said is not None and test:
            skipped = said[1] in {"skipped", "expected failure"}
            outcomes[test] = "skipped" if skipped else "passed" if said[1] == "ok" else "failed"
            test = ""
    return counted(outcomes, source="summary line") if outcomes else None


def _jest(text: str) -> TestEvidence | None:
    lines = re.findall(r"^[ \t]{0,20}Tests:?\s{1,20}((?:\d{1,9} [a-z]{1,10}[,| ]{0,4}){1,8})", text, re.MULTILINE)
    if not lines:
        return Counts().evidence() if re.search(r"^No tests? (?:files )?found", text, re.MULTILINE) else None
    said = {word: int(count) for count, word in _COUNT.findall(lines[-1])}
    return Counts(said.get("passed", 0), said.get("failed", 0), said.get("skipped", 0) + said.get("todo", 0)).evidence()


def _mocha(text: str) -> TestEvidence | None:
    counts = {
        word: re.findall(rf"^[ \t]{{1,10}}(\d{{1,9}}) {word}(?: \([^\n]{{1,20}}\))?[ \t\r]*$", text, re.MULTILINE)
        for word in ("passing", "failing", "pending")
    }
    if not counts["passing"] and not counts["failing"]:
        return None
    passed, failed, skipped = (
        int(counts[word][-1]) if counts[word] else 0 for word in ("passing", "failing", "pending")
    )
    return Counts(passed, failed, skipped).evidence()


def _node(text: str) -> TestEvidence | None:
    said = {
        word: int(count)
        for word, count in re.findall(
            r"^[\u2139#] (tests|pass|fail|cancelled|skipped|todo) (\d{1,9})[ \t\r]*$", text, re.MULTILINE
        )
    }
    if "tests" not in said:
        return None
    failed = said.get("fail", 0) + said.get("cancelled", 0)
    return Counts(said.get("pass", 0), failed, said.get("skipped", 0) + said.get("todo", 0)).evidence()


_READERS: dict[str, Callable[[str], TestEvidence | None]] = {
    "pytest": _pytest,
    "unittest": _unittest,
    "jest": _jest,
    "vitest": _jest,
    "mocha": _mocha,
    "node:test": _node,
}
