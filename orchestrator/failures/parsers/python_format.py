"""Formatters: ruff format (0.1-0.17), black (22-26), isort (5-9), and the diffs they print."""

from __future__ import annotations

import re

from orchestrator.failures.finding import Finding, Kind
from orchestrator.failures.output import FINDINGS_CAP, lines_with, number, posix

HINTS = (
    "would reformat",
    "Would reformat",
    "would be reformatted",
    "Imports are incorrectly sorted",
    "cannot format",
    "cannot parse",
    "Failed to parse",
)

_BLACK_BROKEN = re.compile(r"error: cannot format (.{1,400}?): (.*)$")
_BLACK_UNREAD = re.compile(r"error: cannot parse: (.{1,400}?):(\d+):(\d+)$")
_RUFF_BROKEN = re.compile(r"(?:error|warning): Failed to parse (.{1,400}?):(\d+):(\d+): (.*)$")
_RUFF_PLACE = re.compile(r"unformatted: File would be reformatted\n +--> ([^\n]{1,400}):(\d+):(\d+)$", re.MULTILINE)


def parse(text: str) -> tuple[Finding, ...]:
    """One finding a file."""
    findings: list[Finding] = []
    for _, line in lines_with(text, "ould reformat "):
        head = line.strip()
        if head.startswith(("would reformat ", "Would reformat: ")):
            findings.append(_unformatted("black" if head[0] == "w" else "ruff-format", head.split(" ", 2)[2]))
        if len(findings) >= FINDINGS_CAP:
            break
    findings.extend(_unformatted("ruff-format", match[1], match[2]) for match in _RUFF_PLACE.finditer(text))
    if not findings:
        for _, line in lines_with(text, "would be reformatted"):
            findings.append(_unformatted("ruff-format" if "already formatted" in line else "black", None))
    for _, line in lines_with(text, "Imports are incorrectly sorted"):
        path = line.split("ERROR: ", 1)[-1].split(" Imports are")[0]
        findings.append(
            Finding(
                tool="isort", kind=Kind.IMPORT_ORDER, message="imports are not sorted", file=posix(path), fixable=True
            )
        )
    return tuple(findings[:FINDINGS_CAP]) + _broken(text)


def _unformatted(tool: str, path: str | None, line: str | None = None) -> Finding:
    return Finding(
        tool=tool,
        kind=Kind.FORMAT,
        message="would be reformatted",
        file=posix(path) if path else None,
        line=number(line),
        fixable=True,
    )


def _broken(text: str) -> tuple[Finding, ...]:
    found: list[Finding] = []
    for _, line in lines_with(text, "error: cannot format "):
        if match := _BLACK_BROKEN.match(line.strip()):
            found.append(Finding(tool="black", kind=Kind.SYNTAX, message=match[2], file=posix(match[1])))
    for _, line in lines_with(text, "error: cannot parse: "):
        if match := _BLACK_UNREAD.match(line.strip()):
            at, column = number(match[2]), number(match[3])
            found.append(
                Finding(
                    tool="black", kind=Kind.SYNTAX, message="cannot parse", file=posix(match[1]), line=at, column=column
                )
            )
    for _, line in lines_with(text, "Failed to parse "):
        if match := _RUFF_BROKEN.match(line.strip()):
            found.append(
                Finding(
                    tool="ruff",
                    kind=Kind.SYNTAX,
                    message=match[4],
                    file=posix(match[1]),
                    line=number(match[2]),
                    column=number(match[3]),
                )
            )
    return tuple(found[:FINDINGS_CAP])
