"""Remarks on a finished change, each with its place: what reviewers bring, and how those of several are merged."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from orchestrator.agents.headings import looks_like_path
from orchestrator.agents.paths import normalise
from orchestrator.agents.schemas import SEVERITIES

SERIOUS, MINOR = SEVERITIES
MAX_FINDINGS = 20
MAX_TEXT = 600
"""Characters kept of one finding."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One remark."""

    text: str
    file: str | None = None
    line: int | None = None
    severity: str = ""
    """``serious``, ``minor``; empty: the review's own, whose verdict says what follows."""
    by: str = ""
    """The agent's role; empty: the reviewer."""


def where(finding: Finding) -> str:
    """``src/a.py:3: ``, or as much of it as is known."""
    if finding.file is None:
        return ""
    return f"{finding.file}:{finding.line}: " if finding.line else f"{finding.file}: "


def json_object(text: str) -> dict[str, Any] | None:
    """The JSON object of an answer, fenced or with words around it; ``None`` where there is none."""
    start, end = text.find("{"), text.rfind("}")
    if start < 0 or end < start:
        return None
    try:
        value = json.loads(text[start : end + 1])
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def read_findings(text: str, by: str) -> tuple[str, tuple[Finding, ...]] | None:
    """Summary and findings of an answer in JSON; ``None`` where it is not of that form.

    What a finding lacks or has wrong makes it a lesser one, never a lost one: without a known severity or a place it is
    minor.
    """
    data = json_object(text)
    if data is None or not isinstance(data.get("findings"), list):
        return None
    found = [_finding(item, by) for item in data["findings"][:MAX_FINDINGS] if isinstance(item, Mapping)]
    return " ".join(str(data.get("summary", "")).split())[:500], tuple(one for one in found if one.text)


def _finding(item: Mapping[str, Any], by: str) -> Finding:
    said = [" ".join(str(item.get(name) or "").split()) for name in ("problem", "remedy")]
    path, line = item.get("file"), item.get("line")
    file = normalise(path) if isinstance(path, str) and looks_like_path(path) else None
    placed = file is not None and isinstance(line, int) and not isinstance(line, bool) and line > 0
    return Finding(
        text=" ".join(one for one in said if one)[:MAX_TEXT],
        file=file,
        line=line if placed else None,
        severity=SERIOUS if item.get("severity") == SERIOUS and placed else MINOR,
        by=by,
    )


def held_against(findings: Iterable[Finding], lines_of: Callable[[str], int | None]) -> tuple[Finding, ...]:
    """The findings whose places are held against the tree; ``lines_of``: a file's number of lines, ``None``: no file.

    A place that is not there is dropped, and with it the weight of the finding: what cannot be pointed at sends
    nothing back.
    """
    return tuple(_held(finding, lines_of) for finding in findings)


def _held(finding: Finding, lines_of: Callable[[str], int | None]) -> Finding:
    lines = lines_of(finding.file) if finding.file else None
    if lines is not None and (finding.line is None or finding.line <= lines):
        return finding
    text = finding.text if finding.file is None else f"{where(finding)}{finding.text}"
    return replace(finding, text=text, file=None, line=None, severity=MINOR if finding.severity else "")


def merged(parts: Iterable[Iterable[Finding]]) -> tuple[Finding, ...]:
    """The findings of several agents in the agents' order; of one place and text, the first."""
    seen: set[tuple[str | None, int | None, str]] = set()
    kept = []
    for finding in (finding for part in parts for finding in part):
        key = (finding.file, finding.line, finding.text.casefold())
        if key not in seen:
            seen.add(key)
            kept.append(finding)
    return tuple(kept)
