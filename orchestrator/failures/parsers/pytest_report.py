"""What is read of pytest's report while it is read: its sections, each with its exceptions and frames."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace

from orchestrator.failures.finding import NAMES, Finding, Kind
from orchestrator.failures.output import FINDINGS_CAP
from orchestrator.failures.parsers.pytest_errors import exception

_PROGRAM = re.compile(r"No such file or directory: '([\w.+-]{1,100})'$")
_FOREIGN = ("site-packages/", "/lib/python3", "importlib/", "<frozen", "_pytest/")


@dataclass(slots=True)
class Section:
    """What stands below one header: a failing test, or a file that could not be collected."""

    name: str | None = None
    file: str | None = None
    frames: list[tuple[str, int]] = field(default_factory=list)
    errors: list[tuple[Finding, int]] = field(default_factory=list)
    """Each exception of a chain, with the number of frames printed before it."""
    native: bool = False
    """Inside a traceback as Python prints it (``--tb=native``)."""
    told: str = ""  # the first line; all there is where a failure has no traceback (``pytrace=False``)
    captured: bool = False
    """Past the report: what the test printed follows."""

    def frame(self, count: int | None = None) -> tuple[str, int] | None:
        """The innermost frame of the project before that point."""
        own = [frame for frame in self.frames[:count] if not any(part in frame[0] for part in _FOREIGN)]
        return own[-1] if own else None


@dataclass(slots=True)
class Report:
    """What has been read so far."""

    findings: list[Finding] = field(default_factory=list)
    section: Section | None = None
    seen: set[str] = field(default_factory=set)
    failing_files: set[str] = field(default_factory=set)
    summaries: list[tuple[str, str | None]] = field(default_factory=list)
    internal: Finding | None = None
    in_errors: bool = False
    tally: Finding | None = None

    def close(self) -> None:
        """End the section: one finding for its test."""
        section, self.section = self.section, None
        if section is None or len(self.findings) >= FINDINGS_CAP:
            return
        finding, count = _root(section.errors)
        if finding is None:
            finding = exception("Failed", section.told) if section.told else None
            if finding is None or finding.kind is not Kind.UNKNOWN_OPTION:
                return  # the short summary tells of it
        place = section.frame(count) or section.frame()
        program = _PROGRAM.search(finding.message) if finding.code == "FileNotFoundError" else None
        if program and any(frame[0].endswith("/subprocess.py") for frame in section.frames):
            finding = replace(finding, kind=Kind.TOOL_MISSING, symbol=program[1])
        first = section.file or (section.frames[0][0] if section.frames else None)
        test_id = "::".join(filter(None, [first, (section.name or "").replace(".", "::")])) or None
        self.findings.append(
            replace(
                finding,
                file=finding.file or (place[0] if place else first),
                line=finding.line or (place[1] if place else None),
                test_id=test_id,
            )
        )
        if section.name:
            self.seen.add(section.name)
        elif first:
            self.seen.add(first)


_CAUSES = NAMES | {Kind.NETWORK, Kind.DISK, Kind.MEMORY}
_CONSEQUENCES = frozenset({Kind.RAISED, Kind.EXCEPTION, Kind.ASSERTION})


def _root(errors: list[tuple[Finding, int]]) -> tuple[Finding | None, int]:
    """The exception of a chain that tells most: the last one, unless it only wraps a telling cause."""
    if not errors:
        return None, 0
    last = errors[-1]
    if last[0].kind in _CONSEQUENCES:
        for error in reversed(errors[:-1]):
            if error[0].kind in _CAUSES:
                return error
    return last
