# The tools print these very characters.
# ruff: noqa: RUF001
"""jest (27-30), vitest (0.34-4), mocha (9-11) and node:test (Node 18-24; spec and TAP): failing tests and their errors.

Only what the runner itself says is read: the block of a failing test, its first error, its frames, the totals.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from orchestrator.failures.finding import Finding, Kind
from orchestrator.failures.output import FINDINGS_CAP, LINE_CAP, lines_after, lines_with, number, posix
from orchestrator.failures.parsers.js_errors import read_error

HINTS = ("  ● ", " FAIL ", "Test Suites:", " Test Files ", " failing\n", "not ok ", "✖ ", "Unhandled ", "Unhandled\n")

_TITLE_LINES, _DETAIL_LINES = 3, 40
"""Lines a mocha title may have, and lines kept of an error."""
_ERROR = re.compile(
    r"(?:Uncaught )?(?:Caused by: )?(?P<name>(?:[A-Za-z_$][\w$]{0,100}\.)?[A-Za-z_$]{0,100}(?:Error|Exception"
    r"|Failure))(?: \[(?P<code>[\w ]{1,60})\])?(?:: (?P<message>.*))?$"
)
_FRAME = re.compile(
    r"\s+at (?:.{0,300}? \()?(?:file://)?(?P<file>(?:[A-Za-z]:)?[^\s():][^():\n]{0,400}):(?P<line>\d+):(?P<column>\d+)\)?$"
)
_ARROW = re.compile(r"\s+❯ (?P<place>[^\n]{1,600}):(?P<line>\d+):(?P<column>\d+)$")
"""vitest's frames: a function's name may stand before the path, with spaces in it."""
_DRIVE = re.compile(r"(?:^|\s)((?:[A-Za-z]:)?[^\s:]+)$")
_FOREIGN = ("node_modules/", "node:", "internal/", "<anonymous>")
_VITEST_FAIL = re.compile(r" FAIL  (?:\|[^|]{1,60}\| )?(\S+?\.\w+)(?: > (.+)| \[ .+ \])?$")
_VITEST_UNHANDLED = re.compile(r"⎯+ (?:Unhandled|Uncaught) (?:Rejection|Exception|Error|Errors|TypeError).*⎯+$")
_JEST_TEST = re.compile(r"  ● (?!Console|Cannot log|Validation)(.{1,400})$")
_JEST_FILE = re.compile(r"FAIL (?:\S+ )?(\S+\.\w+)(?: \(.+\))?$")
_MOCHA_TEST = re.compile(r"  (\d{1,5})\) (.+)$")
_NODE_FILE = re.compile(r"test at (\S+):(\d+):(\d+)$")
_NODE_TEST = re.compile(r"✖ (.{1,300}) \([\d.]+ms\)$")
_TAP = re.compile(r"\s*not ok \d+ - (.{1,300})$")
_TAP_FIELD = re.compile(r"\s+(error|name|code|location|failureType|stack): (.*)$")
_TAP_FRAME = re.compile(r"(?:^|\()(?:file://)?((?:[A-Za-z]:)?[^\s():][^():\n]{0,400}):(\d+):(\d+)\)?$")
_TRANSFORM = re.compile(
    r"Transform failed with|PARSE_ERROR|Failed to parse source|Unexpected token|Parse failure|RolldownError"
    r"|Build failed with"
)
_TOTALS = (
    ("vitest", re.compile(r"\s*Tests  .*?(\d+) failed"), re.compile(r"\s*Test Files  .*?(\d+) failed")),
    (
        "jest",
        re.compile(r"Tests: +(?:.{0,60}, )?(\d+) failed"),
        re.compile(r"Test Suites: +(?:.{0,60}, )?(\d+) failed"),
    ),
)
_COUNTED = (("mocha", re.compile(r"  (\d+) failing$")), ("node:test", re.compile(r"[ℹ#] fail (\d+)$")))


@dataclass(slots=True)
class _Block:
    tool: str
    test_id: str | None
    file: str | None
    found: Finding | None = None
    place: tuple[str, int, int] | None = None
    detail: list[str] = field(default_factory=list)
    lines: int = 0


def parse(text: str) -> tuple[Finding, ...]:
    """One finding a failing test or suite, and the totals."""
    findings: list[Finding] = []
    block: _Block | None = None
    suite: str | None = None
    totals: dict[str, dict[str, int]] = {}
    mocha = False
    for raw in text.split("\n"):
        line = raw[:LINE_CAP] if len(raw) > LINE_CAP else raw
        if not line:
            continue
        head = line[:3]
        mocha = mocha or line.endswith(" failing")  # above it stands the tree of titles, numbered alike
        opened = _open(line, head, suite, mocha=mocha)
        if opened is not None:
            if block is not None:
                findings.extend(_close(block))
            block = opened
        elif head.startswith("FAI") and (match := _JEST_FILE.match(line)):
            suite = posix(match[1])
        elif block is not None:
            _read(block, line)
        if "fail" in line:
            _count(line, totals)
        if len(findings) >= FINDINGS_CAP:
            block = None
            break
    if block is not None:
        findings.extend(_close(block))
    findings.extend(_tap(text))
    return (*findings[:FINDINGS_CAP], *_tallies(totals, findings))


def _open(line: str, head: str, suite: str | None, *, mocha: bool) -> _Block | None:
    if head == " FA" and (match := _VITEST_FAIL.match(line)):
        file = posix(match[1])
        return _Block("vitest", f"{file} > {match[2]}" if match[2] else file, file)
    if head == "  ●" and (match := _JEST_TEST.match(line)):
        title = match[1]
        return _Block("jest", suite if title == "Test suite failed to run" else f"{suite or ''} > {title}", suite)
    if head[:1] == "⎯" and _VITEST_UNHANDLED.match(line):
        return _Block("vitest", None, None)
    if head[:1] == "✖" and (match := _NODE_TEST.match(line)):
        return _Block("node:test", match[1], None)
    if mocha and head[:2] == "  " and head[2:3].isdigit() and (match := _MOCHA_TEST.match(line)):
        return _Block("mocha", match[2], None)
    return None


def _read(block: _Block, line: str) -> None:
    block.lines += 1
    if (
        block.tool == "mocha"
        and block.found is None
        and block.lines <= _TITLE_LINES
        and line.startswith("       ")
        and line.rstrip().endswith(":")
        and not _ERROR.match(line.strip())
    ):
        block.test_id = f"{block.test_id} > {line.strip().rstrip(':')}"
        return
    stripped = line.strip()
    if block.found is None:
        if stripped and not stripped.startswith(
            ("at ", "❯", "---", "⎯", "|", "duration_ms", "type:", "location:", "Vitest caught", "This might")
        ):
            block.found = _first(block, stripped)
        return
    match = _FRAME.match(line) or _ARROW.match(line)
    if match:
        last = _DRIVE.search(match["place"]) if "place" in match.groupdict() else None
        path = posix(last[1] if last else match[1])
        if block.place is None and not any(part in path for part in _FOREIGN):
            block.place = (path, int(match["line"]), int(match["column"]))
        return
    if len(block.detail) < _DETAIL_LINES:
        block.detail.append(stripped)


def _first(block: _Block, text: str) -> Finding | None:
    if match := _ERROR.match(text):
        name = match["name"].rsplit(".", 1)[-1]
        if match["code"] == "ERR_ASSERTION":
            name = "AssertionError"
        return read_error(block.tool, name, match["message"] or "")
    if text.startswith("thrown: "):
        return read_error(block.tool, "", text[8:].strip('"'))
    return read_error(block.tool, "", text)


def _close(block: _Block) -> Iterator[Finding]:
    found = block.found
    if found is None or (block.tool == "node:test" and found.message == "'test failed'"):
        return  # the file died before a test ran: node itself says of what
    if found.kind in {Kind.RAISED, Kind.EXCEPTION, Kind.SYNTAX}:
        found = _refine(block, found)
    place = block.place
    yield replace(
        found, test_id=block.test_id, file=found.file or (place[0] if place else block.file),
        line=found.line or (place[1] if place else None), column=place[2] if place and not found.line else found.column,
    )  # fmt: skip


def _refine(block: _Block, found: Finding) -> Finding:
    """The error's first line may only announce what a later line says."""
    if _TRANSFORM.search(found.message):
        return replace(found, kind=Kind.SYNTAX)
    if found.message.startswith(("Jest encountered an unexpected token", "Jest failed to parse")):
        for text in block.detail:
            if (match := _ERROR.match(text)) and match["name"] == "SyntaxError":
                return replace(found, kind=Kind.SYNTAX, code="SyntaxError", message=match["message"] or "")
        return replace(found, kind=Kind.SYNTAX)
    for text in block.detail:
        if text.startswith("Failure message: "):  # jest 27-30: failed to cache transform results
            return read_error(found.tool, "", text.removeprefix("Failure message: "))
        if text.startswith("Caused by: ") and (match := _ERROR.match(text)):
            cause = read_error(found.tool, match["name"], match["message"] or "")
            if cause.kind not in {Kind.RAISED, Kind.EXCEPTION}:
                return cause
    return found


def _tap(text: str) -> Iterator[Finding]:
    """node:test's TAP: a YAML block after each ``not ok``."""
    if "failureType:" not in text:
        return
    for start, line in lines_with(text, "not ok "):
        match = _TAP.match(line)
        if match is None:
            continue
        fields, frames = _tap_block(lines_after(text, start, 80))
        error = fields.get("error", "")
        if not error or fields.get("failureType") in {"subtestsFailed", "cancelledByParent"} or error == "test failed":
            continue  # its parts are told by themselves, or the file died before a test ran
        name = "AssertionError" if fields.get("code") == "ERR_ASSERTION" else fields.get("name", "")
        found = read_error("node:test", name, error)
        if fields.get("failureType") == "testTimeoutFailure":
            found = replace(found, kind=Kind.TEST_TIMEOUT)
        place = next((frame for frame in frames if not any(part in frame[0] for part in _FOREIGN)), None)
        yield replace(found, test_id=match[1], file=place[0] if place else None, line=place[1] if place else None)


def _tap_block(lines: Iterator[str]) -> tuple[dict[str, str], list[tuple[str, int]]]:
    fields: dict[str, str] = {}
    frames: list[tuple[str, int]] = []
    key = ""
    for line in lines:
        stripped = line.strip()
        if stripped == "...":
            break
        match = _TAP_FIELD.match(line)
        if match:
            key = match[1]
            fields[key] = match[2].strip().strip("'\"") if match[2].strip() not in {"|-", ">-", "|"} else ""
        elif frame := _TAP_FRAME.search(stripped):
            frames.append((posix(frame[1]), int(frame[2])))
        elif key and not fields[key] and stripped:
            fields[key] = stripped
    return fields, frames


def _count(line: str, totals: dict[str, dict[str, int]]) -> None:
    for tool, tests, files in _TOTALS:
        if match := tests.match(line):
            totals.setdefault(tool, {})["tests"] = number(match[1]) or 0
        elif match := files.match(line):
            totals.setdefault(tool, {})["files"] = number(match[1]) or 0
    for tool, pattern in _COUNTED:
        if match := pattern.match(line):
            totals.setdefault(tool, {})["tests"] = number(match[1]) or 0


def _tallies(totals: dict[str, dict[str, int]], findings: list[Finding]) -> Iterator[Finding]:
    for tool, count in totals.items():
        files = count.get("files") or len(
            {finding.file for finding in findings if finding.tool == tool and finding.file}
        )
        tests = count.get("tests", 0)
        yield Finding(
            tool=tool, kind=Kind.TALLY, message=f"{tests} failing tests in {files} files", count=tests, files=files
        )
