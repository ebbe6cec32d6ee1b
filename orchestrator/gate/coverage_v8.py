"""V8's own coverage (``NODE_V8_COVERAGE``): what a process of node ran, as character ranges, turned into lines.

Only files that run as they are written: what a loader transforms (TypeScript, JSX) has other offsets, and is left out,
so its coverage stays unknown. A line is missed where a range that never ran covers all of its text; lines that hold no
code of their own (blank, comment, closing brackets) are not counted.
"""

from __future__ import annotations

import bisect
import re
import urllib.parse
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from orchestrator.domain.gate import Coverage
from orchestrator.domain.paths import is_test
from orchestrator.gate.coverage_lines import FileLines, of_lines
from orchestrator.gate.report_paths import ReportPaths

_MOST_WORK = 20_000_000
"""Ranges times lines of a file: above it the file (a bundle) is left out, its coverage unknown."""
_PLAIN = (".js", ".mjs", ".cjs")
_NO_CODE = re.compile(r"^[\s{}()\[\];,]*(?://.*|/\*.*|\*.*)?$")


@dataclass
class V8Sources:
    """Collects the scripts of every process's report."""

    paths: ReportPaths
    text_of: Callable[[str], str | None]
    covered: dict[str, set[int]] = field(default_factory=dict)
    counted: dict[str, frozenset[int]] = field(default_factory=dict)

    def add(self, document: Mapping[str, Any]) -> None:
        """One process's report: a line that ran in any process is covered."""
        transformed = document.get("source-map-cache")
        for script in document["result"]:
            url = str(script.get("url", "")) if isinstance(script, Mapping) else ""
            if not url.startswith("file://") or (isinstance(transformed, Mapping) and url in transformed):
                continue
            self._add_script(urllib.parse.unquote(url), script)

    def _add_script(self, url: str, script: Mapping[str, Any]) -> None:
        file = self.paths.resolve(url) if url.endswith(_PLAIN) else None
        text = self.text_of(file) if file is not None and not is_test(file) else None
        if file is None or text is None:
            return
        ranges = sum(len(function.get("ranges") or []) for function in script.get("functions") or [])
        if ranges * text.count("\n") > _MOST_WORK:
            return
        starts = _starts(text)
        lines = frozenset(number for number, line in enumerate(text.split("\n"), 1) if not _NO_CODE.match(line))
        self.counted[file] = lines
        self.covered.setdefault(file, set()).update(lines - _unreached(script, starts, text.split("\n")))


def is_v8(document: Mapping[str, Any]) -> bool:
    """Whether it is a V8 report."""
    return isinstance(document.get("result"), list)


def of_v8(sources: V8Sources) -> Coverage | None:
    """What all processes together ran; ``None`` where none ran a file of the tree."""
    lines: dict[str, FileLines] = {
        file: (frozenset(sources.covered[file]), counted - sources.covered[file])
        for file, counted in sources.counted.items()
    }
    return of_lines(lines, source="v8")


def _starts(text: str) -> list[int]:
    """Offset (UTF-16 units, as V8 counts) of each line's start, and of the end."""
    starts = [0]
    for line in text.split("\n"):
        starts.append(starts[-1] + len(line.encode("utf-16-le", "surrogatepass")) // 2 + 1)
    return starts


def _unreached(script: Mapping[str, Any], starts: list[int], lines: list[str]) -> set[int]:
    """Lines whose innermost range never ran; within a function ranges are nested and sorted outermost first."""
    counts: dict[int, int] = {}
    functions = sorted(script.get("functions") or [], key=_width, reverse=True)
    for function in functions:
        for one in function.get("ranges") or []:
            begin, end, count = one.get("startOffset"), one.get("endOffset"), one.get("count")
            if not all(isinstance(value, int) for value in (begin, end, count)):
                continue
            for number in _within(begin, end, starts, lines):
                counts[number] = count
    return {number for number, count in counts.items() if count == 0}


def _width(function: Mapping[str, Any]) -> int:
    first = (function.get("ranges") or [{}])[0]
    return int(first.get("endOffset") or 0) - int(first.get("startOffset") or 0)


def _within(begin: int, end: int, starts: list[int], lines: list[str]) -> range:
    """The lines whose text lies wholly inside: indentation before it and brackets behind it do not matter."""

    first = bisect.bisect_right(starts, begin) - 1
    if first < len(lines) and lines[first][: max(begin - starts[first], 0)].strip():
        first += 1
    last = bisect.bisect_left(starts, end) - 1
    if last < len(lines) and end < starts[last] + len(lines[last].rstrip(" \t\r;,)}")):
        last -= 1
    return range(first + 1, min(last, len(lines) - 1) + 2)
