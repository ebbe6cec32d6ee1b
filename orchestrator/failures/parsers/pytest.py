"""pytest's terminal report (7-9: ``--tb`` long, short, line, native; ``-q``, ``-v``, ``-x``, with and without xdist).

Only the report's own lines are read: section headers, ``E`` lines, frames, the short summary, the last line. What a
test
printed, or what its assertion says, is never taken for a message of pytest.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from dataclasses import dataclass, field, replace

from orchestrator.failures.finding import Finding, Kind
from orchestrator.failures.output import FINDINGS_CAP, LINE_CAP, number, posix
from orchestrator.failures.parsers.python_errors import read_exception

TOOL = "pytest"
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
_EXCEPTION = re.compile(r"([A-Za-z_]\w{0,200}(?:\.(?:<locals>\.)?[A-Za-z_]\w{0,200}){0,20})(?:: (.*))?$")
_EXCEPTION_NAME = re.compile(
    r"(?:Error|Exception|Warning|Exit|Interrupt|Failed|Timeout|Group|NotFound|DoesNotExist|Violation|Refused|Abort)$"
)
_FRAME = re.compile(r"(?P<file>(?:[A-Za-z]:)?[^\s:][^:\n]{0,400}\.py):(?P<line>\d+): ?(?P<rest>.*)$")
_MARKER = re.compile(r"(?:Unknown )?'([^']{1,100})' (?:not found in `markers` configuration option|mark, did you mean)")
_SCOPE = re.compile(r"got an unexpected scope value '([^']{1,60})'")
_FIXTURE = re.compile(r"fixture '([^']{1,200})' not found")
_NATIVE_FRAME = re.compile(r'  File "(.{1,400})", line (\d+)')
_TRACEBACK = "Traceback (most recent call last):"
_PROGRAM = re.compile(r"No such file or directory: '([\w.+-]{1,100})'$")
_FIXTURE_FILE = re.compile(r"file (.{1,400}), line (\d+)$")
_SUMMARY = re.compile(r"(FAILED|ERROR) (\S.*?)(?: - (.*))?$")
_COUNT = re.compile(r"(?<!\d)(\d{1,9}) (failed|errors?|passed|skipped)\b")
_LAST = re.compile(r"(?:=+ )?\d{1,9} [a-z][^\n]{0,400} in \d+\.\d+s|(?:=+ )?no tests ran in ")
_ASYNC_UNSUPPORTED = "async def functions are not natively supported"
"""pytest (6-9) of an asynchronous test for which no plug-in is there."""
_CONFTEST = re.compile(r"ImportError while loading conftest '(.{1,400})'")
_UNREACHABLE = ("status = StatusCode.UNAVAILABLE", "status = StatusCode.DEADLINE_EXCEEDED")
"""grpcio (1.x): the error's status stands on the lines after its class."""
_FOREIGN = ("site-packages/", "/lib/python3", "importlib/", "<frozen", "_pytest/")


@dataclass(slots=True)
class _Section:
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
class _Reader:
    findings: list[Finding] = field(default_factory=list)
    section: _Section | None = None
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
            finding = _exception("Failed", section.told) if section.told else None
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


_CAUSES = frozenset(
    {
        Kind.UNDEFINED_NAME,
        Kind.MISSING_MODULE,
        Kind.MISSING_EXPORT,
        Kind.MISSING_ATTRIBUTE,
        Kind.UNKNOWN_KEYWORD,
        Kind.CYCLE,
        Kind.NETWORK,
        Kind.DISK,
        Kind.MEMORY,
    }
)
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


def parse(text: str) -> tuple[Finding, ...]:
    """Every failing test and collection error, and the tally."""
    reader = _Reader()
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
        elif first and reader.section is not None and not reader.section.told:
            reader.section.told = line.strip()
        if not is_e and reader.section is not None:
            _read_native(reader.section, line)
        if not is_e and reader.section is not None and ".py:" in line:
            _read_frame(reader, line)
        elif not is_e and reader.in_errors and ".py:" in line:
            _read_line_style(reader, line)
        previous_e = is_e
    reader.close()
    return _finish(reader)


def _read_e(reader: _Reader, text: str, *, fresh: bool) -> None:
    section = reader.section
    if section is None:
        reader.section = section = _Section()
    fixture = _FIXTURE.match(text)
    if fixture:
        section.errors.append(
            (
                Finding(tool=TOOL, kind=Kind.UNKNOWN_FIXTURE, message=text, symbol=fixture[1], code="fixture"),
                len(section.frames),
            )
        )
        return
    match = _EXCEPTION.match(text)
    named = match is not None and (bool(_EXCEPTION_NAME.search(match[1])) or "." in match[1])
    if match and named and (fresh or _nested(match[1], section)):
        found = _exception(match[1], match[2] or "")
        if not fresh and (at := _NATIVE_FRAME.match("  " + section.errors[-1][0].message)):  # it does not parse
            found = replace(found, file=posix(at[1]), line=number(at[2]))
        section.errors.append((found, len(section.frames)))
    elif fresh:
        section.errors.append((_plain(text), len(section.frames)))
    elif section.errors and text.startswith(_UNREACHABLE) and (section.errors[-1][0].code or "").endswith("RpcError"):
        section.errors[-1] = (replace(section.errors[-1][0], kind=Kind.NETWORK), section.errors[-1][1])


def _plain(text: str) -> Finding:
    """What an assertion says, or pytest-xdist (2-3) of a worker that died."""
    if text.startswith("worker 'gw") and " crashed while running " in text:
        return Finding(tool=TOOL, kind=Kind.KILLED, message=text, code="crashed")
    return Finding(tool=TOOL, kind=Kind.ASSERTION, message=text, code="AssertionError")


def _nested(name: str, section: _Section) -> bool:
    """A collection error prints its traceback inside ``E`` lines; the exception stands on the last."""
    return (
        name.endswith("Error")
        and bool(section.errors)
        and section.errors[-1][0].kind is Kind.ASSERTION
        and section.errors[-1][0].message.startswith("File ")
    )


def _exception(name: str, message: str) -> Finding:
    if name in {"Failed", "pytest.Failed"}:
        marker = _MARKER.match(message)
        if marker:
            return Finding(tool=TOOL, kind=Kind.UNKNOWN_OPTION, code="marker", message=message, symbol=marker[1])
        if scope := _SCOPE.search(message):
            return Finding(tool=TOOL, kind=Kind.UNKNOWN_OPTION, code="scope", message=message, symbol=scope[1])
        kind = Kind.TEST_TIMEOUT if message.startswith("Timeout") else Kind.ASSERTION
        return Finding(tool=TOOL, kind=kind, code="Failed", message=message)
    return read_exception(TOOL, name, message)


def _read_rule(reader: _Reader, line: str) -> None:
    header = _HEADER.match(line)
    if header:
        reader.close()
        reader.section = _Section()
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


def _read_words(reader: _Reader, line: str) -> None:
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
        reader.section = _Section(file=posix(match[1]))
    elif (match := _FIXTURE_FILE.match(line)) and reader.section is not None:
        reader.section.frames.append((posix(match[1]), int(match[2])))
    else:
        _read_last(reader, line)


def _read_last(reader: _Reader, line: str) -> None:
    if not _LAST.match(line):
        return
    counts = {word.rstrip("s"): int(count) for count, word in _COUNT.findall(line)}
    if "no tests ran" in line:
        reader.tally = Finding(tool=TOOL, kind=Kind.NO_TESTS, message=line.strip("= "))
    else:
        reader.tally = Finding(
            tool=TOOL, kind=Kind.TALLY, message=line.strip("= "), count=counts.get("failed", 0) + counts.get("error", 0)
        )


def _read_frame(reader: _Reader, line: str) -> None:
    match = _FRAME.match(line)
    section = reader.section
    if match and section is not None and len(section.frames) < FINDINGS_CAP:
        section.frames.append((posix(match["file"]), number(match["line"]) or 0))
        rest = match["rest"]
        if rest and not rest.startswith("in ") and section.errors and section.errors[-1][1] == len(section.frames) - 1:
            section.errors[-1] = (section.errors[-1][0], len(section.frames))
        if rest and section.name is None and section.file is None and section.errors:
            reader.close()  # --tb=line: an ``E`` line and its place are the whole section


def _read_native(section: _Section, line: str) -> None:
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
    elif (match := _EXCEPTION.match(line)) and (_EXCEPTION_NAME.search(match[1]) or match[2] or "." in match[1]):
        section.errors.append((_exception(match[1], match[2] or ""), len(section.frames)))


def _read_line_style(reader: _Reader, line: str) -> None:
    """``--tb=line``: ``/repo/x.py:3: KeyError: 'a'``."""
    match = _FRAME.match(line)
    if not match or not match["rest"] or len(reader.findings) >= FINDINGS_CAP:
        return
    named = _EXCEPTION.match(match["rest"])
    if named and _EXCEPTION_NAME.search(named[1]):
        finding = _exception(named[1], named[2] or "")
        reader.findings.append(replace(finding, file=posix(match["file"]), line=number(match["line"])))


def _read_internal(reader: _Reader, text: str) -> None:
    match = _EXCEPTION.match(text.strip())
    if match and _EXCEPTION_NAME.search(match[1]):
        reader.internal = read_exception(TOOL, match[1], match[2] or "")


_CUT_NAME = re.compile(r"^(name '\w{1,100}')[^']{0,20}\.\.\.$")


def _told_whole(placed: list[tuple[str, str]], finding: Finding) -> bool:
    """Whether a failure's own section has told its error already, of which the summary may be only the beginning."""
    start = finding.message.removesuffix("...").rstrip()
    at = bisect_left(placed, (finding.code or "", start))
    code, message = placed[at] if at < len(placed) else ("", "")
    cut = finding.message.endswith("...")  # a line wider than the terminal
    return code == (finding.code or "") and (message.startswith(start) if cut else message == start)


def _finish(reader: _Reader) -> tuple[Finding, ...]:
    findings = reader.findings
    if reader.internal is not None:
        findings.append(reader.internal)
    placed = sorted({(finding.code or "", finding.message.split("\n")[0]) for finding in findings})
    for node, reason in reader.summaries:
        path, _, name = node.partition("::")
        if (name.replace("::", ".") or posix(path)) in reader.seen or len(findings) >= FINDINGS_CAP:
            continue
        named = _EXCEPTION.match(reason or "")
        if reason and named and _EXCEPTION_NAME.search(named[1]):
            finding = _exception(named[1], _CUT_NAME.sub(r"\1 is not defined", named[2] or ""))
        else:
            finding = _plain(reason or "failed")
        if not _told_whole(placed, finding):
            findings.append(replace(finding, file=posix(path), test_id=posix(path) + ("::" + name if name else "")))
    if reader.tally is not None:
        findings.append(replace(reader.tally, files=len(reader.failing_files)))
    return tuple(findings)
