# The tools print these very characters.
# ruff: noqa: RUF001
"""Test runners' reports made for programs: ``json`` of jest, vitest and mocha, TAP of mocha, vitest, tape and ava,
JUnit's XML of any of them. Each gives the failing tests' own errors, read as their plain reports are.
"""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterator
from dataclasses import replace
from itertools import islice
from typing import Any

from orchestrator.failures.finding import Finding, Kind
from orchestrator.failures.output import FINDINGS_CAP, lines_after, lines_with, posix
from orchestrator.failures.parsers.js_errors import read_error
from orchestrator.failures.parsers.machine_rows import LINTERS_JUNIT

HINTS = ('"testResults":', '"failures":', "not ok ", "<testsuite")

_ERROR = re.compile(
    r"(?:\w{1,100}\.)?(?P<name>\w{0,100}(?:Error|Exception))(?: \[(?P<code>[\w ]{1,60})\])?(?:: (?P<message>.*))?$"
)
_FRAME = re.compile(
    r"\s*(?:at|❯) (?:.{0,300}? \(|\S{1,300} )?(?:file://)?(?P<file>(?:[A-Za-z]:)?[^\s():][^():\n]{0,400}):(?P<line>\d+):\d+\)?$"
)
_FOREIGN = ("node_modules/", "node:", "internal/")
_TAP = re.compile(r"\s*not ok \d+ (?:- )?(.{1,300}?)(?: # time=[\d.]+m?s)?$")
_TAP_ERROR = re.compile(r"\s+(?:message|error): [\"']?(.*?)[\"']?$")
_JUNIT = re.compile(r"<(?:failure|error)\b(?P<attributes>[^<>]{0,4000})>(?P<text>[^<]{0,8000})", re.DOTALL)
_MESSAGE = re.compile(r"\bmessage=\"([^\"]{0,4000})\"")
_TYPE = re.compile(r"\btype=\"(?:\w+\.)?(\w{1,100})\"")
_STACK_LINES = 40


def parse(text: str) -> tuple[Finding, ...]:
    """One finding a failing test."""
    found = [*_json(text), *_tap(text), *_junit(text)][:FINDINGS_CAP]
    if not found:
        return ()
    files = {finding.file for finding in found if finding.file}
    tool = found[0].tool
    return (*found, Finding(tool=tool, kind=Kind.TALLY, message="", count=len(found), files=max(1, len(files))))


def _json(text: str) -> Iterator[Finding]:
    for marker in ('"testResults":', '"failures":'):
        if marker in text and (start := text.find("{")) != -1:
            try:
                data, _ = json.JSONDecoder().raw_decode(text, start)
            except (ValueError, RecursionError):
                return
            if isinstance(data, dict):
                yield from _jest(data.get("testResults"))
                yield from _mocha(data.get("failures"))
            return


def _jest(results: object) -> Iterator[Finding]:
    for suite in _dicts(results):
        file = posix(str(suite.get("name", ""))) or None
        tests = [test for test in _dicts(suite.get("assertionResults")) if test.get("status") == "failed"]
        for test in tests:
            messages = test.get("failureMessages")
            told = str(messages[0]) if isinstance(messages, list) and messages else ""
            yield _read("jest", told, test_id=str(test.get("fullName", "")), file=file)
        if not tests and suite.get("status") == "failed":
            yield _read("jest", str(suite.get("message", "")), test_id=file, file=file)


def _mocha(failures: object) -> Iterator[Finding]:
    for test in _dicts(failures):
        error = test.get("err")
        error = error if isinstance(error, dict) else {}
        told = str(error.get("stack") or error.get("message") or "")
        yield _read(
            "mocha", told, test_id=str(test.get("fullTitle", "")), file=posix(str(test.get("file", ""))) or None
        )


def _dicts(value: object) -> list[dict[str, Any]]:
    return [entry for entry in value if isinstance(entry, dict)] if isinstance(value, list) else []


def _tap(text: str) -> Iterator[Finding]:
    """What is not node:test's: that has a ``failureType`` and is read with its plain report."""
    if "failureType:" in text:
        return
    for start, line in lines_with(text, "not ok "):
        match = _TAP.match(line)
        if match is None or line.rstrip().endswith(("{", "# TODO", "# SKIP")):
            continue
        block = list(_own_block(text, start))
        told = next((part for part in block if _ERROR.match(part.strip())), None)
        error = next((found[1] for part in block if (found := _TAP_ERROR.match(part))), "")
        name = next((part.strip()[6:].strip("\"' ") for part in block if part.strip().startswith("name: ")), "")
        first = told.strip() if told else f"{name}: {error}" if name else error
        if first:
            yield _read("mocha", "\n".join([first, *block]), test_id=match[1], file=None)


def _own_block(text: str, start: int) -> Iterator[str]:
    for line in lines_after(text, start, _STACK_LINES):
        if line.lstrip().startswith(("ok ", "not ok ", "# tests", "1..")):
            return
        yield line


def _junit(text: str) -> Iterator[Finding]:
    if "<testsuite" not in text or LINTERS_JUNIT.search(text):
        return
    for match in islice(_JUNIT.finditer(text), FINDINGS_CAP):
        message, kind = _MESSAGE.search(match["attributes"]), _TYPE.search(match["attributes"])
        told = html.unescape(message[1] if message else match["text"].strip())
        if kind and not _ERROR.match(told.split("\n", 1)[0]):
            told = f"{kind[1]}: {told}"
        yield _read("mocha", f"{told}\n{html.unescape(match['text'])}", test_id=None, file=None)


def _read(tool: str, told: str, *, test_id: str | None, file: str | None) -> Finding:
    lines = told.split("\n")
    match = _ERROR.match(lines[0].strip())
    if match is None:
        found = read_error(tool, "", lines[0])
    else:
        name = "AssertionError" if match["code"] == "ERR_ASSERTION" else match["name"]
        found = read_error(tool, name, match["message"] or "")
    for line in lines[1:_STACK_LINES]:
        frame = _FRAME.match(line)
        if frame and not any(part in frame["file"] for part in _FOREIGN):
            return replace(found, test_id=test_id, file=posix(frame["file"]), line=int(frame["line"][:9]))
    return replace(found, test_id=test_id, file=found.file or file)
