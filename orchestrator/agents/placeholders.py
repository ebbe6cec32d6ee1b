"""Lines that stand for text left out (``# ... rest unchanged ...``): never written into a file."""

from __future__ import annotations

import re
from collections.abc import Sequence

_MARKS = re.compile(r"^(?:#+|//+|/\*+|\{/\*|<!--|--+|;+|%+|\*+|\(|\[|\"{3}|'{3})?\s*")
_TAIL = re.compile(r"\s*(?:\*/\}?|-->|\)|\]|\"{3}|'{3})?$")
_OMITTED = re.compile(
    r"\b(?:rest|remain\w*|existing|unchanged|same as|previous|other (?:code|methods?|functions?|imports?|tests?)"
    r"|omitted|as before|keep|no changes?|truncated|snip)\b",
    re.IGNORECASE,
)
_WHOLE = re.compile(
    r"(?:the )?(?:rest|remainder) of (?:the |this )?(?:\w+ )?"
    r"(?:code|file|function|class|method|module|implementation|content|body|tests?)s?"
    r"(?: (?:remains?|stays?|is|are|goes))?(?: the)?(?: unchanged| same| here)?\.?"
    r"|(?:existing|unchanged|previous) (?:code|content|implementation|methods|functions|tests)"
    r"(?: (?:here|remains?|stays?|unchanged|above|below))*\.?"
    r"|(?:code|file|rest) (?:is |remains |stays )?unchanged\.?",
    re.IGNORECASE,
)
MAX_LINE = 200
"""Longer lines are text, not placeholders."""


def found(search: Sequence[str], replace: Sequence[str]) -> str | None:
    """The first placeholder line of a block; a line that SEARCH and REPLACE share is the file's own text."""
    suspects = [line for line in (*search, *replace) if is_placeholder(line)]
    if not suspects:
        return None
    both = set(search) & set(replace)
    return next((line for line in suspects if line not in both), None)


def is_placeholder(line: str) -> bool:
    """Whether a line is nothing but a note that text was left out. A bare ``...`` is Python code, and none."""
    if len(line) > MAX_LINE:
        return False
    text = line.strip()
    marked = _MARKS.match(text)
    body = _TAIL.sub("", text[marked.end() :] if marked else text).strip()
    is_note = bool(marked and marked.end()) or body.startswith(("...", "…"))
    if not is_note:
        return False
    core = body.strip(".… -")
    elided = "..." in body or "…" in body
    return (elided and _OMITTED.search(core) is not None and _is_short(core)) or _WHOLE.fullmatch(core) is not None


def _is_short(core: str) -> bool:
    """Real comments that happen to hold an ellipsis are sentences; placeholders are a few words."""
    return len(core.split()) <= 9  # noqa: PLR2004  # "rest of the code in this file stays the same"
