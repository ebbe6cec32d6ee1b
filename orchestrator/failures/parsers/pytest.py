"""pytest's terminal report (7-9: ``--tb`` long, short, line, native; ``-q``, ``-v``, ``-x``, with and without xdist).

Only the report's own lines are read: section headers, ``E`` lines, frames, the short summary, the last line. What a
test printed, or what its assertion says, is never taken for a message of pytest.
"""

from __future__ import annotations

import re
from dataclasses import replace

from orchestrator.failures.finding import Finding, Kind
from orchestrator.failures.output import FINDINGS_CAP, LINE_CAP, number, posix
from orchestrator.failures.parsers.pytest_errors import EXCEPTION, EXCEPTION_NAME, TOOL, exception, plain
from orchestrator.failures.parsers.pytest_report import Report, Section
from orchestrator.failures.parsers.pytest_summary import finish
from orchestrator.failures.parsers.python_errors import read_exception

HINTS = (
    "\nE   ",
    "= FAILURES =",
    "= ERRORS =",
    "short test summary info",
    "INTERNALERROR>",
    "while loading conftest",
    "no tests ran in ",
)

_HEADER = re.compile(r"_{3,} (.{1,400}) _{3,}$")
_ERROR_HEADER = re.compile(r"ERROR (?:collecting (?P<file>.+)|at (?:setup|teardown) of (?P<name>.+))$")
_FRAME = re.compile(r"(?P<file>(?:[A-Za-z]:)?[^\s:][^:\n]{0,400}\.py):(?P<line>\d+): ?(?P<rest>.*)$")
_FIXTURE = re.compile(r"fixture '([^']{1,200})' not found")
_NATIVE_FRAME = re.compile(r'  File "(.{1,400})", line (\d+)')
_TRACEBACK = "Traceback (most recent call last):"
_FIXTURE_FILE = re.compile(r"file (.{1,400}), line (\d+)$")
_SUMMARY = re.compile(r"(FAILED|ERROR) (\S.*?)(?: - (.*))?$")
_COUNT = re.compile(r"(?<!\d)(\d{1,9}) (failed|errors?|passed|skipped)\b")
_LAST = re.compile(r"(?:=+ )?\d{1,9} [a-z][^\n]{0,400} in \d+\.\d+s|(?:=+ )?no tests ran in ")
_ASYNC_UNSUPPORTED = "async def functions are not natively supported"
"""pytest (6-9) of an asynchronous test for which no plug-in is there."""
_CONFTEST = re.compile(r"ImportError while loading conftest '(.{1,400})'")
_CHAINED = ("During handling of the above exception", "The above exception was the direct cause")
_UNREACHABLE = ("status = StatusCode.UNAVAILABLE", "status = StatusCode.DEADLINE_EXCEEDED")
"""grpcio (1.x): the error's status stands on the lines after its class."""


def parse(text: str) -> tuple[Finding, ...]:
    """Every failing test and collection error, and the tally."""
    reader = Report()
    previous_e = False
    for raw in text.split("\n"):
        line = raw[:LINE_CAP] if len(raw) > LINE_CAP else raw
        first = line[:1]
        is_e = first == "E" and line.startswith("E  ")
        if is_e:
            _read_e(reader, line[1:].strip(), fresh=not previous_e)
        elif first in {"_", "=", "!"}:
            _read_rule(reader, line)
        elif first == "I" and line.startswith("INTERNALERROR> "):
            _read_internal(reader, line[15:])
        elif first in {"F", "E", "I", "f", "n", "a"} or first.isdigit():
            _read_words(reader, line)
        elif first:
            _read_told(reader.section, line)
        if not is_e and reader.section is not None:
            _read_native(reader.section, line)
        if not is_e and reader.section is not None and ".py:" in line:
            _read_frame(reader, line)
        elif not is_e and reader.in_errors and ".py:" in line:
            _read_line_style(reader, line)
        previous_e = is_e
    reader.close()
    return finish(reader)


def _read_e(reader: Report, text: str, *, fresh: bool) -> None:
    section = reader.section
    if section is None:
        reader.section = section = Section()
    fixture = _FIXTURE.match(text)
    if fixture:
        section.errors.append(
            (
                Finding(tool=TOOL, kind=Kind.UNKNOWN_FIXTURE, message=text, symbol=fixture[1], code="fixture"),
                len(section.frames),
            )
        )
        return
    match = EXCEPTION.match(text)
    named = match is not None and (bool(EXCEPTION_NAME.search(match[1])) or "." in match[1])
    if match and named and (fresh or _nested(match[1], section)):
        found = exception(match[1], match[2] or "")
        if not fresh and (at := _NATIVE_FRAME.match("  " + section.errors[-1][0].message)):  # it does not parse
            found = replace(found, file=posix(at[1]), line=number(at[2]))
        section.errors.append((found, len(section.frames)))
    elif fresh:
        section.errors.append((plain(text), len(section.frames)))
    elif section.errors and text.startswith(_UNREACHABLE) and (section.errors[-1][0].code or "").endswith("RpcError"):
        section.errors[-1] = (replace(section.errors[-1][0], kind=Kind.NETWORK), section.errors[-1][1])


def _nested(name: str, section: Section) -> bool:
    """A collection error prints its traceback inside ``E`` lines; the exception stands on the last."""
    return (
        name.endswith("Error")
        and bool(section.errors)
        and section.errors[-1][0].kind is Kind.ASSERTION
        and section.errors[-1][0].message.startswith("File ")
    )


def _read_rule(reader: Report, line: str) -> None:
    header = _HEADER.match(line)
    if header:
        reader.close()
        reader.section = Section()
        error = _ERROR_HEADER.match(header[1])
        if error and error["file"]:
            reader.section.file = posix(error["file"])
        else:
            reader.section.name = error["name"] if error else header[1]
        return
    if line.startswith(("=", "!")):
        if line.startswith("=="):
            reader.close()
            reader.in_errors = " FAILURES " in line or " ERRORS " in line
        _read_last(reader, line)


def _read_words(reader: Report, line: str) -> None:
    if line.startswith(("FAILED ", "ERROR ")):
        match = _SUMMARY.match(line)
        if match and len(reader.summaries) < FINDINGS_CAP:
            reader.summaries.append((match[2], match[3]))
            reader.failing_files.add(posix(match[2].split("::")[0]))
    elif line.startswith(_ASYNC_UNSUPPORTED) and reader.section is not None:
        found = Finding(tool=TOOL, kind=Kind.DEPENDENCY_MISSING, code="async", message=line, symbol="pytest-asyncio")
        reader.section.errors.append((found, len(reader.section.frames)))
    elif match := _CONFTEST.match(line):
        reader.close()
        reader.section = Section(file=posix(match[1]))
    elif (match := _FIXTURE_FILE.match(line)) and reader.section is not None:
        reader.section.frames.append((posix(match[1]), int(match[2])))
    else:
        _read_last(reader, line)
        _read_told(reader.section, line)


def _read_told(section: Section | None, line: str) -> None:
    """A failure without a traceback is told in one line; of a chain of such, the last tells it."""
    if section is not None and (not section.told or section.told.startswith(_CHAINED)):
        section.told = line.strip()
    elif section is not None and line.startswith(_CHAINED):
        section.told = line


def _read_last(reader: Report, line: str) -> None:
    if not _LAST.match(line):
        return
    counts = {word.rstrip("s"): int(count) for count, word in _COUNT.findall(line)}
    if "no tests ran" in line:
        reader.tally = Finding(tool=TOOL, kind=Kind.NO_TESTS, message=line.strip("= "))
    else:
        reader.tally = Finding(
            tool=TOOL, kind=Kind.TALLY, message=line.strip("= "), count=counts.get("failed", 0) + counts.get("error", 0)
        )


def _read_frame(reader: Report, line: str) -> None:
    match = _FRAME.match(line)
    section = reader.section
    if match and section is not None and len(section.frames) < FINDINGS_CAP:
        section.frames.append((posix(match["file"]), number(match["line"]) or 0))
        rest = match["rest"]
        if rest and not rest.startswith("in ") and section.errors and section.errors[-1][1] == len(section.frames) - 1:
            section.errors[-1] = (section.errors[-1][0], len(section.frames))
        if rest and section.name is None and section.file is None and section.errors:
            reader.close()  # --tb=line: an ``E`` line and its place are the whole section


def _read_native(section: Section, line: str) -> None:
    """``--tb=native``: no ``E`` lines, but tracebacks as Python prints them, before anything captured."""
    if section.captured:
        return
    if line == _TRACEBACK:
        section.native = not section.errors or section.native
    elif line.startswith("---") and " Captured " in line:
        section.captured = True
    elif not section.native:
        return
    elif match := _NATIVE_FRAME.match(line):
        if len(section.frames) < FINDINGS_CAP:
            section.frames.append((posix(match[1]), number(match[2]) or 0))
    elif (match := EXCEPTION.match(line)) and (EXCEPTION_NAME.search(match[1]) or match[2] or "." in match[1]):
        section.errors.append((exception(match[1], match[2] or ""), len(section.frames)))


def _read_line_style(reader: Report, line: str) -> None:
    """``--tb=line``: ``/repo/x.py:3: KeyError: 'a'``."""
    match = _FRAME.match(line)
    if not match or not match["rest"] or len(reader.findings) >= FINDINGS_CAP:
        return
    named = EXCEPTION.match(match["rest"])
    if named and EXCEPTION_NAME.search(named[1]):
        finding = exception(named[1], named[2] or "")
        reader.findings.append(replace(finding, file=posix(match["file"]), line=number(match["line"])))


def _read_internal(reader: Report, text: str) -> None:
    match = EXCEPTION.match(text.strip())
    if match and EXCEPTION_NAME.search(match[1]):
        reader.internal = read_exception(TOOL, match[1], match[2] or "")
