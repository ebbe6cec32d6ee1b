"""Does the record answer every invariant? A pattern for the section, keywords as the fallback, no model call (L4)."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from orchestrator.agents import markdown
from orchestrator.domain.task import Invariant

SECTION = "invariant compliance"
MIN_KEYWORDS = 2
"""Keywords one paragraph has to hold (all of them, where there are fewer)."""

_EMPTY = frozenset({"", "tbd", "todo", "n/a", "na", "none", "unknown", "?", "ok", "yes", "..."})
"""Answers that say nothing about how."""
_STOP_WORDS = """
any and are can does each every for from has have into may must never not only other shall should that the their them
there these they this use uses used was were which with without
"""
_STOP = frozenset(_STOP_WORDS.split())
_WORD = re.compile(r"[^\W_]{3,}")


def compliance(
    bodies: Mapping[str, str], invariants: Sequence[Invariant]
) -> tuple[dict[str, str], tuple[Invariant, ...]]:
    """How each invariant is kept, by id, and the invariants that nothing answers."""
    items = markdown.items(bodies.get(SECTION, "").split("\n"))
    kept: dict[str, str] = {}
    unanswered = []
    for invariant in invariants:
        said = _item(items, invariant)
        how = _paragraph(bodies, invariant, invariants) if said is None else said
        if how:
            kept[invariant.id] = how
        else:
            unanswered.append(invariant)
    return kept, tuple(unanswered)


def _item(items: Sequence[str], invariant: Invariant) -> str | None:
    """The item that begins with the id, without it; empty where it says nothing, ``None`` where there is none."""
    pattern = re.compile(
        r"[\s*`\[(\"']*" + re.escape(invariant.id) + r"[\s*`\])\"']*(?:[:\-\u2013\u2014=.]+|\s)(.*)",
        re.IGNORECASE | re.DOTALL,
    )
    found = None
    for item in items:
        if match := pattern.fullmatch(item):
            how = match[1].strip(" *`:-\u2013\u2014\t")
            if how.casefold().rstrip(".") not in _EMPTY:
                return how
            found = ""
    return found


def _paragraph(bodies: Mapping[str, str], invariant: Invariant, others: Sequence[Invariant]) -> str:
    """The first paragraph that holds enough of the invariant's keywords: in the section where there is one, else in
    the decision and what follows it."""
    keywords = invariant.keywords or tuple(
        _words(f"{invariant.id.replace('-', ' ').replace('_', ' ')} {invariant.text}")
    )
    names = [SECTION] if bodies.get(SECTION) else ["decision", "rationale", "consequences"]
    need = min(MIN_KEYWORDS, len(keywords))
    for name in names:
        body = bodies.get(name, "")
        lines = body.split("\n")
        spoken = [item for item in markdown.items(lines) if all(_item([item], other) is None for other in others)]
        for paragraph in (*spoken, *_prose(body)):
            folded = paragraph.casefold()
            hits = sum(1 for keyword in keywords if _stands_in(keyword.casefold(), folded))
            if need and hits >= need and len(folded.split()) > MIN_KEYWORDS:
                return " ".join(paragraph.split())
    return ""


def _prose(body: str) -> list[str]:
    """Paragraphs that are no list."""
    return [part for part in re.split(r"\n[ \t]*\n", body) if not markdown.items(part.split("\n"))]


def _stands_in(keyword: str, text: str) -> bool:
    """As a word or its beginning: ``query`` is in ``queries are``, not in ``inquery``."""
    stem = keyword[:-1] if len(keyword) > 4 and keyword.endswith(("y", "s", "e")) else keyword  # noqa: PLR2004  # word endings
    return re.search(r"(?<!\w)" + re.escape(stem), text) is not None


def _words(text: str) -> list[str]:
    """The words that carry meaning, each once, in order."""
    return list(dict.fromkeys(word for word in _WORD.findall(text.casefold()) if word not in _STOP))
