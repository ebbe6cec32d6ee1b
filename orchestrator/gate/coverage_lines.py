"""Lines covered and missed, by file: their share, and that of the lines a change touched."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from orchestrator.domain.gate import Coverage

FileLines = tuple[frozenset[int], frozenset[int]]
"""(covered, missed), 1-based."""

_HUNK = re.compile(r"@@ -\d{1,9}(?:,(\d{1,9}))? \+(\d{1,9})(?:,(\d{1,9}))? @@")


def percent_of(covered: int, total: int) -> float:
    """Percent; nothing to cover is all covered."""
    return 100.0 * covered / total if total else 100.0


def of_lines(lines: Mapping[str, FileLines], *, source: str) -> Coverage | None:
    """Coverage computed from the lines; ``None`` where there is no line."""
    covered = sum(len(said[0]) for said in lines.values())
    missed = sum(len(said[1]) for said in lines.values())
    if not covered + missed:
        return None
    return Coverage(percent=percent_of(covered, covered + missed), source=source, lines=lines)


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangedLines:
    """How far the executable lines of a change are covered."""

    covered: int
    missed: Mapping[str, tuple[int, ...]]
    """By file: the changed lines no test reaches."""

    @property
    def total(self) -> int:
        """Executable changed lines that the report measures."""
        return self.covered + sum(len(lines) for lines in self.missed.values())

    @property
    def percent(self) -> float:
        """0-100."""
        return percent_of(self.covered, self.total)


def changed_lines(diff: str, coverage: Coverage) -> ChangedLines:
    """Coverage of the lines a unified diff added; lines the report does not measure do not count (decision 20)."""
    covered = 0
    missed: dict[str, tuple[int, ...]] = {}
    for file, added in added_lines(diff).items():
        if file not in coverage.lines:
            continue
        reached, unreached = coverage.lines[file]
        covered += len(added & reached)
        if left := tuple(sorted(added & unreached)):
            missed[file] = left
    return ChangedLines(covered=covered, missed=missed)


def added_lines(diff: str) -> dict[str, set[int]]:
    """By file (its new path): the numbers of the lines a unified diff added."""
    found: dict[str, set[int]] = {}
    file, at, old_left, new_left = "", 0, 0, 0
    for line in diff.split("\n"):
        if old_left <= 0 and new_left <= 0:
            if line.startswith("+++ "):
                file = _path(line[4:])
            elif (hunk := _HUNK.match(line)) is not None:
                old_left = int(hunk[1]) if hunk[1] is not None else 1
                at, new_left = int(hunk[2]), int(hunk[3]) if hunk[3] is not None else 1
            continue
        if line.startswith("+"):
            found.setdefault(file, set()).add(at)
            at, new_left = at + 1, new_left - 1
        elif line.startswith("-"):
            old_left -= 1
        elif not line.startswith("\\"):
            at, old_left, new_left = at + 1, old_left - 1, new_left - 1
    found.pop("", None)
    return found


def _path(named: str) -> str:
    """git's name of the new file: quoted names unescaped, ``/dev/null`` is none."""
    named = named.split("\t", maxsplit=1)[0].rstrip("\r")
    if named.startswith('"') and named.endswith('"'):
        raw = named[1:-1].encode("latin-1", "replace").decode("unicode_escape").encode("latin-1", "replace")
        named = raw.decode("utf-8", "replace")
    return "" if named == "/dev/null" else named.removeprefix("b/")
