"""What the file really says near where a block was looked for; bounded in cost whatever the file."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from difflib import SequenceMatcher

from orchestrator.agents.document import Document

MAX_SHOWN = 14
"""Lines of the real text told."""
MAX_SHOWN_LINE = 240
"""Characters of one of them."""
MAX_VOTES = 300
"""Places of one line that are counted."""
MAX_COMPARED = 3000
"""Lines compared letter by letter where none is found as it stands."""
MAX_COMPARED_LINE = 200
MIN_RATIO = 0.6
MARGIN = 1
"""Real lines shown before and after the block's length."""


def nearest(document: Document, search: Sequence[str]) -> tuple[int, list[str]] | None:
    """The first line's number and the lines of the stretch most like the block; ``None`` where nothing is."""
    lines = list(document)
    if not lines:
        return None
    start = _by_votes(document, lines, search)
    if start is None:
        start = _by_likeness(document, lines, search)
    if start is None:
        return None
    first = max(0, start - MARGIN)
    last = min(len(lines), max(start, 0) + min(len(search), MAX_SHOWN - 2 * MARGIN) + MARGIN)
    return first + 1, [document.text(line)[:MAX_SHOWN_LINE] for line in lines[first:last]]


def _by_votes(document: Document, lines: Sequence[int], search: Sequence[str]) -> int | None:
    """Each line of the block that stands in the file votes for a start; the first of the best wins."""
    places = {line: position for position, line in enumerate(lines)}
    votes: Counter[int] = Counter()
    for offset, text in enumerate(search):
        key = text.strip()
        if len(key) < 3:  # noqa: PLR2004  # "}" and the like say nothing about the place
            continue
        for line in document.places(key)[:MAX_VOTES]:
            votes[places[line] - offset] += 1
    if not votes:
        return None
    best = max(votes.values())
    return max(0, min(start for start, count in votes.items() if count == best))


def _by_likeness(document: Document, lines: Sequence[int], search: Sequence[str]) -> int | None:
    """The line most like the block's longest, by letters."""
    offset, wanted = max(enumerate(search), key=lambda item: len(item[1].strip()))
    matcher = SequenceMatcher(None, autojunk=False)
    matcher.set_seq2(wanted.strip()[:MAX_COMPARED_LINE])
    best, ratio = None, MIN_RATIO
    for position, line in enumerate(lines[:MAX_COMPARED]):
        matcher.set_seq1(document.text(line).strip()[:MAX_COMPARED_LINE])
        if matcher.real_quick_ratio() > ratio and matcher.quick_ratio() > ratio:
            likeness = matcher.ratio()
            if likeness > ratio:
                best, ratio = position, likeness
    return None if best is None else max(0, best - offset)
