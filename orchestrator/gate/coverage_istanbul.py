"""Istanbul's JSON: ``coverage-final.json`` (statements) and ``coverage-summary.json`` (totals)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from orchestrator.domain.gate import Coverage
from orchestrator.gate.coverage_lines import FileLines, of_lines
from orchestrator.gate.report_paths import ReportPaths


def of_istanbul(document: Mapping[str, Any], paths: ReportPaths) -> Coverage | None:
    """A line is covered as often as the most often run statement that starts on it: Istanbul's own rule."""
    lines: dict[str, FileLines] = {}
    for named, said in document.items():
        if not isinstance(said, Mapping) or "statementMap" not in said:
            return None
        file = paths.resolve(str(said.get("path", named))) or str(named)
        lines[file] = _of_file(said)
    return of_lines(lines, source="istanbul")


def of_istanbul_summary(document: Mapping[str, Any]) -> Coverage | None:
    """The total's line percentage; without lines."""
    total = document.get("total")
    lines = total.get("lines") if isinstance(total, Mapping) else None
    percent = lines.get("pct") if isinstance(lines, Mapping) else None
    return Coverage(percent=float(percent), source="istanbul summary") if isinstance(percent, int | float) else None


def _of_file(said: Mapping[str, Any]) -> FileLines:
    counts: dict[int, int] = {}
    statements, hits = said["statementMap"], said.get("s")
    if not isinstance(statements, Mapping) or not isinstance(hits, Mapping):
        return frozenset(), frozenset()
    for key, place in statements.items():
        start = place.get("start") if isinstance(place, Mapping) else None
        line, count = (start or {}).get("line"), hits.get(key, 0)
        if isinstance(line, int) and isinstance(count, int):
            counts[line] = max(counts.get(line, 0), count)
    covered = frozenset(line for line, count in counts.items() if count > 0)
    return covered, frozenset(counts) - covered
