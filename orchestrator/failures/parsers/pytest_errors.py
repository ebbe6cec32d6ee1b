"""What a line of pytest's report (7-9) says of an error: an exception by its name, a marker, a fixture, plain words."""

from __future__ import annotations

import re

from orchestrator.failures.finding import Finding, Kind
from orchestrator.failures.parsers.python_errors import read_exception

TOOL = "pytest"
EXCEPTION = re.compile(r"([A-Za-z_]\w{0,200}(?:\.(?:<locals>\.)?[A-Za-z_]\w{0,200}){0,20})(?:: (.*))?$")
EXCEPTION_NAME = re.compile(
    r"(?:Error|Exception|Warning|Exit|Interrupt|Failed|Timeout|Group|NotFound|DoesNotExist|Violation|Refused|Abort)$"
)
_MARKER = re.compile(r"(?:Unknown )?'([^']{1,100})' (?:not found in `markers` configuration option|mark, did you mean)")
_SCOPE = re.compile(r"got an unexpected scope value '([^']{1,60})'")


def exception(name: str, message: str) -> Finding:
    """The finding of an exception that stands by its name; ``Failed`` is pytest's own."""
    if name in {"Failed", "pytest.Failed"}:
        marker = _MARKER.match(message)
        if marker:
            return Finding(tool=TOOL, kind=Kind.UNKNOWN_OPTION, code="marker", message=message, symbol=marker[1])
        if scope := _SCOPE.search(message):
            return Finding(tool=TOOL, kind=Kind.UNKNOWN_OPTION, code="scope", message=message, symbol=scope[1])
        kind = Kind.TEST_TIMEOUT if message.startswith("Timeout") else Kind.ASSERTION
        return Finding(tool=TOOL, kind=kind, code="Failed", message=message)
    return read_exception(TOOL, name, message)


def plain(text: str) -> Finding:
    """What an assertion says, or pytest-xdist (2-3) of a worker that died."""
    if text.startswith("worker 'gw") and " crashed while running " in text:
        return Finding(tool=TOOL, kind=Kind.KILLED, message=text, code="crashed")
    return Finding(tool=TOOL, kind=Kind.ASSERTION, message=text, code="AssertionError")
