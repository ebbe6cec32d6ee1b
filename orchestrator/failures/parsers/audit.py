"""bandit (1.7-1.9), import-linter (2), and the coverage thresholds of coverage.py, istanbul, c8, jest, vitest, node."""

from __future__ import annotations

import re
from collections.abc import Iterator

from orchestrator.failures.finding import Finding, Kind
from orchestrator.failures.output import FINDINGS_CAP, lines_after, lines_with, number, posix

HINTS = (
    ">> Issue: [",
    "test_id,issue_severity",
    '"issue_severity": ',
    "issue_severity: ",
    ">Test ID: B",
    "[bandit]",
    " BROKEN",
    "overage",
    "threshold",
    "Broken contracts",
)

_BANDIT = re.compile(r">> Issue: \[([A-Z]\d{3}):([\w-]+)\] (.*)$")
_BANDIT_SEVERITY = re.compile(r"\s+Severity: (\w+)")
_BANDIT_PLACE = re.compile(r"\s+Location: (.{1,400}?):(\d+):(\d+)")
_BANDIT_CUSTOM = re.compile(
    r"(?P<file>[^\s:][^:\n]{0,400}):(?P<line>\d+): (?P<code>B\d{3})\[bandit\]: (?P<severity>\w+): (?P<text>.*)$"
)
_BANDIT_CSV = re.compile(r"([^,\n]{1,400}),\w{1,100},(B\d{3}),(HIGH|MEDIUM|LOW),\w{1,20},[^,]{0,200},(.*)$")
_BANDIT_KEY = re.compile(r'\s*"(filename|issue_severity|issue_text|line_number|test_id)": "?([^"\n]{0,400})"?,?$')
_BANDIT_YAML = re.compile(r"(?:- |  )(filename|issue_severity|issue_text|line_number|test_id): (.{0,400})$")
_BANDIT_XML = re.compile(r'message="([^"]{0,600})">Test ID: (B\d{3}) Severity: (\w{1,20})')
_BANDIT_XML_PLACE = re.compile(r"Location (.{1,400}?):(\d{1,9})</error>")
_CONTRACT = re.compile(r"(.{1,200}?) BROKEN(?: \[.*\])?$")
_FORBIDDEN = re.compile(r"(\S{1,300}) is not allowed to import (\S{1,300}?):?$")
_CHAIN = re.compile(r"-?\s+(\S+) -> (\S+) \(l\.(\d+)")
_COVERAGE: tuple[tuple[str, str, re.Pattern[str]], ...] = (
    ("coverage.py", "Coverage failure: total of", re.compile(r"\s*Coverage failure: total o"
        r"f .*is less than fail-under=")),
    ("pytest-cov", "Required test coverage of", re.compile(r"(?:FAIL |ERROR: )?(?:Coverage failure: )"
        r"?Required test coverage of .* not reached")),
    ("pytest-cov", "Coverage failure: ", re.compile(r"(?:ERROR: )?Coverage failure: total of .* is less than")),
    ("istanbul", "does not meet", re.compile(r"\s*(?:ERROR|Jest): Coverage for \w+ \(.*\) does not meet (?:global|\S+"
        r"|\".*\")? ?.*threshold")),
    ("jest", "coverage threshold for", re.compile(r"\s*Jest: .* coverage threshold for \w+ \(.*\) not met")),
    ("jest", "Coverage data for", re.compile(r"\s*Jest: Coverage data for .* was not found")),
    ("jest", "Uncovered count for", re.compile(r"\s*Jest: Uncovered count for \w+ \(.*\) exceeds")),
    ("vitest", "ERROR: Uncovered ", re.compile(r"\s*ERROR: Uncovered \w+ \(\d+\) exceed .*threshold")),
    ("node:test", "coverage does not meet threshold", re.compile(r".{0,60}\b(?:line|branch|function) cov"
        r"erage does not meet threshold of")),
    ("tarpaulin", "Coverage is below the failure threshold", re.compile(r".*Coverage is below the failure threshold")),
    ("jacoco", "covered ratio is",
        re.compile(r".{0,60}Rule violated for .{1,300}covered ratio is .{1,30}, but expected minimum is")),
    ("diff-cover", "Coverage is below", re.compile(r"Failure\. Coverage is below")),
)  # fmt: skip


def parse(text: str) -> tuple[Finding, ...]:
    """Security findings, broken contracts, thresholds not met."""
    return tuple([*_bandit(text), *_bandit_reports(text), *_contracts(text), *_coverage(text)][:FINDINGS_CAP])


def _bandit(text: str) -> Iterator[Finding]:
    for start, line in lines_with(text, ">> Issue: ["):
        match = _BANDIT.match(line.strip())
        if match is None:
            continue
        severity, place = "", None
        for following in lines_after(text, start, 6):
            if found := _BANDIT_SEVERITY.match(following):
                severity = found[1].lower()
            place = place or _BANDIT_PLACE.match(following)
        yield Finding(
            tool="bandit", kind=Kind.SECURITY if severity == "high" else Kind.ADVICE, code=match[1], message=match[3],
            file=posix(place[1]) if place else None, line=number(place[2]) if place else None, symbol=match[2],
        )  # fmt: skip


def _bandit_reports(text: str) -> Iterator[Finding]:
    """bandit's ``json``, ``yaml``, ``csv``, ``xml`` and ``custom`` formats."""
    for _, line in lines_with(text, ",B") if "test_id,issue_severity" in text else ():
        if match := _BANDIT_CSV.match(line):
            yield _advised(match[3], match[2], match[4], match[1], "")
    for _, line in lines_with(text, "[bandit]: "):
        if match := _BANDIT_CUSTOM.match(line):
            yield _advised(match["severity"], match["code"], match["text"], match["file"], match["line"])
    for start, line in lines_with(text, ">Test ID: B"):
        places = (_BANDIT_XML_PLACE.search(following) for following in lines_after(text, start, 6))
        place = next(filter(None, places), None)
        if match := _BANDIT_XML.search(line):
            yield _advised(match[3], match[2], match[1], place[1] if place else "", place[2] if place else "")
    yield from _bandit_keys(text, '": ', _BANDIT_KEY) if '"issue_severity": ' in text else ()
    yield from _bandit_keys(text, ": ", _BANDIT_YAML) if "  issue_severity: " in text else ()


def _bandit_keys(text: str, marker: str, key: re.Pattern[str]) -> Iterator[Finding]:
    entry: dict[str, str] = {}
    for _, line in lines_with(text, marker):
        if match := key.match(line):
            entry[match[1]] = match[2]
            if match[1] == "test_id":  # the last of an entry's keys that matter: they are sorted
                yield _advised(
                    entry.get("issue_severity", ""), match[2], entry.get("issue_text", ""), entry.get("filename", ""),
                    entry.get("line_number", ""),
                )  # fmt: skip


def _advised(severity: str, code: str, message: str, file: str, line: str) -> Finding:
    kind = Kind.SECURITY if severity.lower() == "high" else Kind.ADVICE
    return Finding(
        tool="bandit", kind=kind, code=code, message=message, file=posix(file), line=number(line.rstrip(","))
    )


def _contracts(text: str) -> Iterator[Finding]:
    if "Broken contracts" not in text and " BROKEN" not in text:
        return
    for _, line in lines_with(text, " BROKEN"):
        if match := _CONTRACT.match(line.strip()):
            yield Finding(
                tool="import-linter",
                kind=Kind.CONTRACT,
                code="BROKEN",
                message=f"contract broken: {match[1].strip()}",
                symbol=match[1].strip(),
            )
    for start, line in lines_with(text, " is not allowed to import "):
        if match := _FORBIDDEN.match(line.strip()):
            chain = next(
                (found for following in lines_after(text, start, 4) if (found := _CHAIN.match(following))), None
            )
            yield Finding(
                tool="import-linter", kind=Kind.CONTRACT, code="import", message=line.strip().rstrip(":"),
                symbol=match[2].rstrip(":"),
                owner=match[1], line=number(chain[3]) if chain else None,
            )  # fmt: skip


def _coverage(text: str) -> Iterator[Finding]:
    for tool, marker, pattern in _COVERAGE:
        for _, line in lines_with(text, marker):
            if pattern.match(line):
                yield Finding(tool=tool, kind=Kind.COVERAGE, code="coverage", message=line.strip())
                break
