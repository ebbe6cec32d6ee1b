"""Python tracebacks outside pytest: unittest's report (3.8-3.14), and programs that crash (tools with a bad config)."""

from __future__ import annotations

import re
from dataclasses import replace

from orchestrator.failures.finding import Finding, Kind
from orchestrator.failures.output import FINDINGS_CAP, LINE_CAP, number, posix
from orchestrator.failures.parsers.python_errors import read_exception

TOOL = "python"
HINTS = ("Traceback (most recent call last):",)

_TEST = re.compile(r"(?:ERROR|FAIL): (\S+) \(([\w.<>]{1,300})\)")
_IMPORT_FAILED = re.compile(r"ImportError: Failed to import test module: (\S+)")
_FILE = re.compile(r'\s*File "([^"\n]{1,400})", line (\d+)')
_EXCEPTION = re.compile(r"((?:[A-Za-z_]\w*\.)*[A-Z]\w*)(?:: (.*))?$")
_TALLY = re.compile(r"FAILED \((.*)\)$")
_COUNT = re.compile(r"(?:failures|errors)=(\d+)")
_CONFIG = re.compile(r"config|setup\.cfg|\.ini\b|\.toml\b|rcfile|configparser|tomllib|tomli", re.IGNORECASE)
_CONFIG_FRAME = re.compile(
    r"/(?:configparser|options/config|config/\w+|tomllib/_parser|tomli/_parser|config)\.py$|/options/parse_args\.py$|/tomllib/"
)
_SCRIPT = re.compile(r"/bin/[\w.-]+$|/Scripts/[\w.-]+$")
_FOREIGN = ("site-packages/", "/lib/python3", "<frozen", "<string>")


def parse(text: str) -> tuple[Finding, ...]:
    """The exception that ends each traceback, with its innermost frame in the project."""
    findings: list[Finding] = []
    lines = text.split("\n")
    test: str | None = None
    index = 0
    while index < len(lines) and len(findings) < FINDINGS_CAP:
        line = lines[index][:LINE_CAP]
        if match := _TEST.match(line):
            test = f"{match[2]}.{match[1]}" if not match[2].endswith(match[1]) else match[2]
        elif line.strip() == "Traceback (most recent call last):" and not line.startswith(("E ", "INTERNALERROR")):
            index, finding = _read_traceback(lines, index + 1)
            if finding is not None:
                findings.append(replace(finding, test_id=test, tool="unittest" if test else TOOL))
            continue
        elif match := _TALLY.match(line):
            count = sum(int(found) for found in _COUNT.findall(match[1])[:4])
            tests = {finding.test_id.rsplit(".", 2)[0] for finding in findings if finding.test_id}
            findings.append(Finding(tool="unittest", kind=Kind.TALLY, message=line, count=count, files=len(tests)))
        index += 1
    return tuple(findings)


def _read_traceback(lines: list[str], index: int) -> tuple[int, Finding | None]:
    indent = len(lines[index - 1]) - len(lines[index - 1].lstrip())
    frames: list[tuple[str, int]] = []
    while index < len(lines):
        line = lines[index][:LINE_CAP][indent:]
        if match := _FILE.match(line):
            frames.append((posix(match[1]), number(match[2]) or 0))
        elif line and not line.startswith((" ", "\t")):
            break
        index += 1
    if index >= len(lines):
        return index, None
    match = _EXCEPTION.match(lines[index][:LINE_CAP][indent:])
    if match is None:
        return index, None
    finding = read_exception(TOOL, match[1], match[2] or "")
    own = [frame for frame in frames if not any(part in frame[0] for part in _FOREIGN) and not _SCRIPT.search(frame[0])]
    if not own and finding.kind in {Kind.EXCEPTION, Kind.RAISED, Kind.SYNTAX} and _about_config(finding, frames):
        finding = replace(finding, kind=Kind.BROKEN_CONFIG)
    place = own[-1] if own else None
    return index + 1, replace(finding, file=place[0] if place else None, line=place[1] if place else None)


def _about_config(finding: Finding, frames: list[tuple[str, int]]) -> bool:
    """A tool that dies in its own code while it reads its configuration."""
    return finding.code != "PluginValidationError" and bool(
        _CONFIG.search(finding.message)
        or "Config" in (finding.code or "")
        or any(_CONFIG_FRAME.search(frame[0]) for frame in frames[-6:])
    )
