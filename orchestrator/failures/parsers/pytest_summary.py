"""pytest's short summary (6-9): the failures that no section told of, and the tally."""

from __future__ import annotations

import re
from bisect import bisect_left
from dataclasses import replace

from orchestrator.failures.finding import Finding
from orchestrator.failures.output import FINDINGS_CAP, posix
from orchestrator.failures.parsers.pytest_errors import EXCEPTION, EXCEPTION_NAME, exception, plain
from orchestrator.failures.parsers.pytest_report import Report

_CUT_NAME = re.compile(r"^(name '\w{1,100}')[^']{0,20}\.\.\.$")


def _told_whole(placed: list[tuple[str, str]], finding: Finding) -> bool:
    """Whether a failure's own section has told its error already, of which the summary may be only the beginning."""
    start = finding.message.removesuffix("...").rstrip()
    at = bisect_left(placed, (finding.code or "", start))
    code, message = placed[at] if at < len(placed) else ("", "")
    cut = finding.message.endswith("...")  # a line wider than the terminal
    return code == (finding.code or "") and (message.startswith(start) if cut else message == start)


def finish(reader: Report) -> tuple[Finding, ...]:
    """All findings of a report that has been read."""
    findings = reader.findings
    if reader.internal is not None:
        findings.append(reader.internal)
    placed = sorted({(finding.code or "", finding.message.split("\n")[0]) for finding in findings})
    for node, reason in reader.summaries:
        path, _, name = node.partition("::")
        if (name.replace("::", ".") or posix(path)) in reader.seen or len(findings) >= FINDINGS_CAP:
            continue
        named = EXCEPTION.match(reason or "")
        if reason and named and EXCEPTION_NAME.search(named[1]):
            finding = exception(named[1], _CUT_NAME.sub(r"\1 is not defined", named[2] or ""))
        else:
            finding = plain(reason or "failed")
        if not _told_whole(placed, finding):
            findings.append(replace(finding, file=posix(path), test_id=posix(path) + ("::" + name if name else "")))
    if reader.tally is not None:
        findings.append(replace(reader.tally, files=len(reader.failing_files)))
    return tuple(findings)
