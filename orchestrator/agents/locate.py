"""Finding a SEARCH block in a document: exactly, else tolerantly within stated limits, never ambiguously.

Line endings and the block's place in the file never count. Tried in this order, the first level with a match decides:

1. every line as it stands;
2. white space at line ends differs;
3. the whole block is indented more or less by the same white space, or by tabs where the answer has blanks (or the
   other way round); the replacement is shifted alike;
4. 1 to 3 again without blank lines at the block's ends.

Two matches on the deciding level are a fault. Nothing else is tolerated: white space inside a line counts.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from enum import IntEnum

from orchestrator.agents.document import MAX_CANDIDATES, Document

Shift = Callable[[str], str | None]
"""Re-indents a line of the replacement; ``None``: it cannot be."""


class Level(IntEnum):
    """How a block matched."""

    EXACT = 0
    TRAILING = 1
    INDENT = 2


NOTES = {
    Level.TRAILING: "white space at line ends differed",
    Level.INDENT: "the indentation differed and was shifted",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a block was found, and what is to stand there."""

    lines: list[int]
    """Ids of the document's lines."""
    search: Sequence[str]
    """The block as it was matched (without blank ends, where they had to go)."""
    replace: Sequence[str]
    """The replacement, trimmed and shifted alike."""
    note: str = ""
    """What was tolerated; empty: nothing."""


@dataclass(slots=True)
class _Matches:
    by_level: dict[Level, list[tuple[list[int], Shift | None]]] = field(default_factory=dict)
    too_many: bool = False


def locate(document: Document, search: Sequence[str], replace: Sequence[str]) -> Place | tuple[int, ...]:
    """The one place of the block; else the first lines (ids) of the places it may be: none, or at least two."""
    if not any(line.strip() for line in search):
        return ()
    found = _locate(document, search, replace, trimmed=False)
    if found != ():
        return found
    head = _blanks(search)
    tail = _blanks(search[::-1])
    if not head and not tail:
        return ()
    shorter = search[head : len(search) - tail]
    head, tail = min(head, _blanks(replace)), min(tail, _blanks(replace[::-1]))
    if head + tail > len(replace):
        head, tail = len(replace), 0
    return _locate(document, shorter, replace[head : len(replace) - tail], trimmed=True)


def _locate(
    document: Document, search: Sequence[str], replace: Sequence[str], *, trimmed: bool
) -> Place | tuple[int, ...]:
    matches = _search(document, search)
    for level in Level:
        hits = matches.by_level.get(level, [])
        if len(hits) > 1 or (hits and matches.too_many):
            return tuple(lines[0] for lines, _ in (*hits, *hits)[:2])
        if not hits:
            continue
        lines, shift = hits[0]
        shifted = [shift(line) if shift else line for line in replace]
        if any(line is None for line in shifted):
            return ()
        notes = [NOTES[level]] if level in NOTES else []
        if trimmed:
            notes.append("blank lines at the block's ends differed")
        return Place(
            lines=lines,
            search=search if shift is None else [shift(line) or "" for line in search],
            replace=[line for line in shifted if line is not None],
            note="; ".join(notes),
        )
    return ()


def _blanks(lines: Sequence[str]) -> int:
    """Blank lines in front."""
    return next((count for count, line in enumerate(lines) if line.strip()), len(lines))


def _search(document: Document, search: Sequence[str]) -> _Matches:
    """All places, by level, starting from the block's rarest line; stops at a second exact one."""
    matches = _Matches()
    rarest = -1
    candidates: list[int] = []
    for position, line in enumerate(search):
        if not line.strip():
            continue
        places = document.places(line.strip())
        if rarest < 0 or len(places) < len(candidates):
            rarest, candidates = position, places
        if not places:
            return matches
    matches.too_many = len(candidates) > MAX_CANDIDATES
    for candidate in candidates[:MAX_CANDIDATES]:
        start = document.back(candidate, rarest)
        lines = document.run(start, len(search)) if start is not None else None
        if lines is None:
            continue
        hit = _compare([document.text(line) for line in lines], search)
        if hit is None:
            continue
        matches.by_level.setdefault(hit[0], []).append((lines, hit[1]))
        if len(matches.by_level.get(Level.EXACT, ())) > 1:
            break
    return matches


def _compare(have: Sequence[str], search: Sequence[str]) -> tuple[Level, Shift | None] | None:
    """How the file's lines match the block, if they do."""
    if all(a == b for a, b in zip(have, search, strict=True)):
        return Level.EXACT, None
    if all(a.strip() == b.strip() for a, b in zip(have, search, strict=True)):
        if all(a.rstrip() == b.rstrip() for a, b in zip(have, search, strict=True)):
            return Level.TRAILING, None
        shift = _shift(have, search)
        return (Level.INDENT, shift) if shift else None
    return None


def _shift(have: Sequence[str], search: Sequence[str]) -> Shift | None:
    """One change of indentation that turns every line of the block into the file's."""
    pairs = [(_indent(a), _indent(b)) for a, b in zip(have, search, strict=True) if b.strip()]
    for shift in _shifts(*pairs[0]):
        if all(shift(b + "x") == a + "x" for a, b in pairs):
            return shift
    return None


def _shifts(have: str, search: str) -> list[Shift]:
    """Changes of indentation to try, judged by the block's first line."""
    shifts: list[Shift] = []
    if len(have) > len(search) and have.endswith(search):
        shifts.append(_adder(have[: len(have) - len(search)]))
    if len(search) > len(have) and search.endswith(have):
        shifts.append(_remover(search[: len(search) - len(have)]))
    for width in (4, 2, 8, 3):
        shifts.extend((_tabber(width), _blanker(width)))
    return shifts


def _indent(line: str) -> str:
    return line[: len(line) - len(line.lstrip())]


def _adder(prefix: str) -> Shift:
    return lambda line: prefix + line if line.strip() else line


def _remover(prefix: str) -> Shift:
    def shift(line: str) -> str | None:
        if line.startswith(prefix):
            return line[len(prefix) :]
        return None if line.strip() else line

    return shift


def _tabber(width: int) -> Shift:
    """Blanks to tabs."""

    def shift(line: str) -> str | None:
        if not line.strip():
            return line
        indent = _indent(line)
        blanks = len(indent.replace("\t", " " * width))
        return "\t" * (blanks // width) + " " * (blanks % width) + line[len(indent) :]

    return shift


def _blanker(width: int) -> Shift:
    """Tabs to blanks."""

    def shift(line: str) -> str | None:
        if not line.strip():
            return line
        indent = _indent(line)
        return indent.replace("\t", " " * width) + line[len(indent) :]

    return shift
