"""Which lines of a text matter for what is asked: by the rare names they share.

A name that a task, a record or a failure spells out, and that stands in few lines, says most. No model, no index: the
same texts give the same answer.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence

COMMON = 25
"""Lines a name may stand in and still tell one from another."""
PART_WEIGHT = 0.2
"""What a shared part of a name counts (``offset`` of ``parse_offset``), beside the whole name's 1."""

_NAME = re.compile(r"[A-Za-z_$][\w$]{2,}")
_PART = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")
_DULL_WORDS = """
the and for not that this with from are was has have its all any new add use used uses when which where into def class
return self import none true false const let var function export type string number int str src test tests one out end
"""
_DULL = frozenset(_DULL_WORDS.split())
"""Words that stand in every file or every task."""


def names_of(text: str) -> frozenset[str]:
    """Names as they are spelt, dull ones left out."""
    return frozenset(name for name in _NAME.findall(text) if name.lower() not in _DULL)


def code_names(text: str) -> frozenset[str]:
    """Names that can only be code's: with an underscore, or a capital inside."""
    return frozenset(name for name in names_of(text) if "_" in name.strip("_") or re.search(r"[a-z][A-Z]", name))


def parts_of(text: str) -> frozenset[str]:
    """Parts of names, lower case: ``parseDate`` and ``parse_date`` are parse and date."""
    return frozenset(part.lower() for part in _PART.findall(text) if len(part) > 2) - _DULL  # noqa: PLR2004 - "is"


def line_weights(lines: Sequence[str], asked: str) -> Mapping[int, float]:
    """Line, from 1, -> how much it shares with ``asked``; lines that share nothing are left out."""
    names, parts = names_of(asked), parts_of(asked)
    shared = [(names & names_of(line[:400]), parts & parts_of(line[:400])) for line in lines]
    spread = Counter(word for whole, pieces in shared for word in (*whole, *(f"{piece} " for piece in pieces)))
    weights = {}
    for number, (whole, pieces) in enumerate(shared, 1):
        weight = sum(1 / spread[name] for name in whole if spread[name] <= COMMON)
        rare = [piece for piece in pieces if spread[f"{piece} "] <= COMMON]
        weight += sum(PART_WEIGHT / spread[f"{piece} "] for piece in rare)
        if weight:
            weights[number] = weight
    return weights
