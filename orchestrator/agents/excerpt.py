"""The parts of a long file that matter for what is asked, line for line: a ``SEARCH`` may be copied from them.

First what a failure points at by its line, then the definitions that share the rarest names with the question, whole
where they are short; the file's head, and an outline of the classes that are touched.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from orchestrator.agents.asking import estimate
from orchestrator.agents.fence import element
from orchestrator.agents.relevance import code_names, line_weights, names_of
from orchestrator.agents.skeleton import Definition, definitions

MARGIN = 8
"""Lines shown around a line that matters, where what it stands in is too long to show whole."""
LONGEST = 60
"""Lines of a definition that is shown whole."""
HEAD = 25
"""Lines of imports and the like, before the first definition, that are shown."""
NAMED, SPELT = 1.0, 100.0
"""What it counts that a definition's own name is a word of the question, and that it is a name only code has."""
LEAST_SHARE = 0.12
"""A part that weighs less than this share of the best one is left to look-ups."""
OUTLINE_SHARE, HEAD_SHARE = 6, 8
"""Parts of the budget that the outline and the head may take: one in so many."""


def excerpt(path: str, text: str, asked: str, budget: int, attributes: str = "") -> str:
    """At most about ``budget`` tokens: outline, then parts in the file's order, each run with the line it begins at."""
    lines = text.split("\n")
    found = definitions(path, text)
    weights = line_weights(lines, asked)
    left = budget - 20
    outline = _outline(found, weights, left // OUTLINE_SHARE)
    left -= estimate("\n".join(outline))
    shown: set[int] = set()
    head = _head(found, lines)
    if _cost(lines, head, shown) <= left // HEAD_SHARE:
        left -= _cost(lines, head, shown)
        shown.update(head)
    for span in _spans(path, found, weights, asked, len(lines)):
        cost = _cost(lines, span, shown)
        if cost > left:
            continue
        shown.update(span)
        left -= cost
    parts = ("", "(long: its outline, then the parts that matter)", *outline, *_numbered(lines, shown), "")
    return element("file", "\n".join(parts), f'{attributes} path="{path}" lines="{len(lines)}"')


def _spans(
    path: str, found: Sequence[Definition], weights: Mapping[int, float], asked: str, length: int
) -> Iterator[range]:
    """Lines to show, what matters most first."""
    for number in _pointed_at(path, asked):
        if 1 <= number <= length:
            yield _around(number, length)
    own = _own_lines(found, length)
    asked_names, asked_code = names_of(asked), code_names(asked)
    scored = []
    for at, lines in own.items():
        score = sum(weights.get(number, 0.0) for number in lines)
        own_names = names_of(found[at].signature.split("(")[0].split(":")[0]) if at >= 0 else frozenset()
        score += SPELT if own_names & asked_code else NAMED if own_names & asked_names else 0
        if score:
            scored.append((score, at))
    scored.sort(key=lambda pair: (-pair[0], pair[1]))
    best = max((score % SPELT for score, _ in scored), default=0.0)
    for score, at in scored:
        if score < best * LEAST_SHARE:
            return
        lines = own[at]
        if at >= 0 and len(lines) <= LONGEST:
            yield range(lines[0], lines[-1] + 1)
        else:
            hits = [number for number in lines if weights.get(number)]
            hits.sort(key=lambda number: (-weights[number], number))
            yield from (_around(number, length) for number in hits)


def _own_lines(found: Sequence[Definition], length: int) -> dict[int, list[int]]:
    """Definition (by its place; -1: none) -> the lines that belong to it and to nothing inside it."""
    owner = [-1] * (length + 1)
    for at, definition in enumerate(found):  # members come after their class
        for number in range(definition.first, min(definition.last, length) + 1):
            owner[number] = at
    own: dict[int, list[int]] = {}
    for number in range(1, length + 1):
        own.setdefault(owner[number], []).append(number)
    return own


def _pointed_at(path: str, asked: str) -> list[int]:
    """Lines that the text names after the file: ``src/dates.py:12``."""
    return [int(number) for number in re.findall(re.escape(path) + r":(\d{1,6})\b", asked)]


def _around(number: int, length: int) -> range:
    return range(max(1, number - MARGIN), min(length, number + MARGIN) + 1)


def _head(found: Sequence[Definition], lines: Sequence[str]) -> range:
    """Up to the first definition; nothing where that is far down."""
    first = min((definition.first for definition in found), default=1)
    while first > 1 and not lines[first - 2].strip():
        first -= 1
    return range(1, first) if first <= HEAD else range(0)


def _outline(found: Sequence[Definition], weights: Mapping[int, float], room: int) -> list[str]:
    """Signatures inside what shares something with the question, else the top of the file, while there is room."""
    touched = [
        top for top in found if top.depth == 0 and any(number in weights for number in range(top.first, top.last + 1))
    ] or [top for top in found if top.depth == 0]
    shown = []
    for definition in found:
        if not any(top.first <= definition.first and definition.last <= top.last for top in touched):
            continue
        line = f"{definition.line}: {definition.signature[:100]}"
        room -= estimate(line) + 1
        if room < 0:
            break
        shown.append(line)
    return shown


def _cost(lines: Sequence[str], span: range, shown: set[int]) -> int:
    return sum(estimate(lines[number - 1]) + 1 for number in span if number not in shown)


def _numbered(lines: Sequence[str], shown: set[int]) -> Iterator[str]:
    """The lines, and where each run of them begins."""
    last = -1
    for number in sorted(shown):
        if number != last + 1:
            yield f"[from line {number}]"
        yield lines[number - 1]
        last = number
