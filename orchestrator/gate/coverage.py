"""Coverage from the reports a test check left: which report is read, and what they say together."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from xml.etree.ElementTree import Element

from orchestrator.domain.gate import Coverage
from orchestrator.gate.coverage_istanbul import of_istanbul, of_istanbul_summary
from orchestrator.gate.coverage_lines import FileLines, of_lines, percent_of
from orchestrator.gate.coverage_v8 import V8Sources, is_v8, of_v8
from orchestrator.gate.evidence_reports import parsed
from orchestrator.gate.report_files import ReportFile
from orchestrator.gate.report_paths import ReportPaths
from orchestrator.gate.report_xml import read_xml

_RANK = ("coverage.py json", "istanbul", "cobertura", "lcov", "v8", "istanbul summary")
"""Which report is believed where there are several: the first knows what the tool itself counts."""
_TOTALS = (
    re.compile(r"^TOTAL\s{1,40}[\d\s]{1,80}?\s(\d{1,3}(?:\.\d{1,4})?)%[ \t\r]*$", re.MULTILINE),
    re.compile(r"^All files\s{1,40}\|(?:\s{1,12}[\d.]{1,8} \|){3}\s{1,12}([\d.]{1,8}) \|", re.MULTILINE),
    re.compile(r"^Lines\s{1,12}: ([\d.]{1,8})% \(", re.MULTILINE),
)


def read_coverage(
    reports: Iterable[ReportFile], paths: ReportPaths, text_of: Callable[[str], str | None]
) -> Coverage | None:
    """The best report among them; ``None`` where none is a coverage report. ``text_of`` gives a tracked file's text."""
    found: dict[str, Coverage] = {}
    v8 = V8Sources(paths, text_of)
    for report in reports:
        coverage = _of_report(report, paths, v8)
        if coverage is not None:
            found[coverage.source] = _joined(found.get(coverage.source), coverage)
    if v8_found := of_v8(v8):
        found["v8"] = v8_found
    return next((found[source] for source in _RANK if source in found), None)


def printed_coverage(output: str) -> Coverage | None:
    """The total a tool printed: a percentage without lines. ``None`` where it printed none."""
    for pattern in _TOTALS:
        if said := pattern.findall(output):
            return Coverage(percent=min(float(said[-1]), 100.0), source="printed total")
    return None


def _of_report(report: ReportFile, paths: ReportPaths, v8: V8Sources) -> Coverage | None:
    if report.name.endswith(".xml"):
        root = read_xml(report.text)
        return _of_cobertura(root, paths) if root is not None and root.tag == "coverage" else None
    if report.name.endswith((".info", ".lcov")):
        return _of_lcov(report.text, paths)
    document = parsed(report.text)
    if is_v8(document):
        v8.add(document)
        return None
    if "totals" in document and "files" in document:
        return _of_coverage_py(document, paths)
    return of_istanbul(document, paths) or of_istanbul_summary(document)


def _of_coverage_py(document: dict[str, object], paths: ReportPaths) -> Coverage | None:
    """``percent_covered`` is the figure of its ``fail_under``: with branch coverage on, branches count in it."""
    totals, files = document["totals"], document["files"]
    if not isinstance(totals, dict) or not isinstance(files, dict):
        return None
    percent = totals.get("percent_covered")
    lines: dict[str, FileLines] = {}
    for named, said in files.items():
        file = paths.resolve(str(named))
        if file is not None and isinstance(said, dict):
            lines[file] = (_numbers(said.get("executed_lines")), _numbers(said.get("missing_lines")))
    if not isinstance(percent, int | float):
        return of_lines(lines, source="coverage.py json")
    return Coverage(percent=float(percent), source="coverage.py json", lines=lines)


def _numbers(values: object) -> frozenset[int]:
    return frozenset(value for value in values if isinstance(value, int)) if isinstance(values, list) else frozenset()


def _of_cobertura(root: Element, paths: ReportPaths) -> Coverage | None:
    """Cobertura XML, coverage.py's among it. Files it names that are not tracked count in the whole all the same."""
    sources = [source.text.strip() for source in root.iter("source") if source.text]
    lines: dict[str, FileLines] = {}
    for owner in root.iter("class"):
        hits: dict[int, int] = {}
        for line in owner.iterfind("lines/line"):
            number, count = line.get("number", ""), line.get("hits", "")
            if number.isdigit() and count.isdigit():
                hits[int(number)] = max(hits.get(int(number), 0), int(count))
        file = paths.resolve(owner.get("filename", ""), sources)
        if file is not None:
            lines[file] = _merged(lines.get(file), _split(hits))
    percent = _rate(root)
    if percent is None:
        return of_lines(lines, source="cobertura")
    return Coverage(percent=percent, source="cobertura", lines=lines)


def _rate(root: Element) -> float | None:
    covered, valid = root.get("lines-covered", ""), root.get("lines-valid", "")
    if covered.isdigit() and valid.isdigit():
        return percent_of(int(covered), int(valid))
    rate = root.get("line-rate", "")
    return float(rate) * 100 if re.fullmatch(r"[01](?:\.\d{1,20})?", rate) else None


def _of_lcov(text: str, paths: ReportPaths) -> Coverage | None:
    lines: dict[str, FileLines] = {}
    hits: dict[int, int] = {}
    found, hit = 0, 0
    file: str | None = None
    for line in text.splitlines():
        if line.startswith("SF:"):
            file, hits = paths.resolve(line[3:]), {}
        elif (said := re.match(r"DA:(\d{1,9}),(\d{1,18})", line)) is not None:
            hits[int(said[1])] = max(hits.get(int(said[1]), 0), int(said[2]))
        elif line.startswith("end_of_record"):
            found, hit = found + len(hits), hit + sum(count > 0 for count in hits.values())
            if file is not None:
                lines[file] = _merged(lines.get(file), _split(hits))
    return Coverage(percent=percent_of(hit, found), source="lcov", lines=lines) if found else None


def _split(hits: dict[int, int]) -> FileLines:
    return (
        frozenset(line for line, count in hits.items() if count > 0),
        frozenset(line for line, count in hits.items() if count == 0),
    )


def _merged(first: FileLines | None, second: FileLines) -> FileLines:
    """Two reports on one file: a line covered in either is covered."""
    if first is None:
        return second
    covered = first[0] | second[0]
    return covered, (first[1] | second[1]) - covered


def _joined(first: Coverage | None, second: Coverage) -> Coverage:
    """Two reports of one kind (packages of a workspace): their lines together, where both have lines."""
    if first is None or not (first.lines and second.lines):
        return second if first is None else first
    lines = dict(first.lines)
    for file, said in second.lines.items():
        lines[file] = _merged(lines.get(file), said)
    return of_lines(lines, source=first.source) or first
