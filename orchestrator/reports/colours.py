"""A diff's lines as HTML with the language's colours: pygments reads, classes only, every character escaped.

What colours cannot be had for (an unknown language, lines of a megabyte, a lexer that does not give the text back as
it was) is shown without them. A page is bounded in bytes: what does not fit is told, and stands in the task's folder.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Any

from markupsafe import Markup, escape

from orchestrator.reports.hunks import Hunk
from orchestrator.reports.inert import plain

_LANGUAGES = {
    "py": "python", "pyi": "python", "js": "javascript", "mjs": "javascript", "cjs": "javascript", "jsx": "javascript",
    "ts": "typescript", "mts": "typescript", "cts": "typescript", "tsx": "typescript", "go": "go", "rs": "rust",
    "java": "java", "kt": "kotlin", "c": "c", "h": "c", "cc": "cpp", "cpp": "cpp", "hpp": "cpp", "cs": "csharp",
    "rb": "ruby", "php": "php", "swift": "swift", "sh": "bash", "sql": "sql", "css": "css", "html": "html",
    "json": "json", "yaml": "yaml", "yml": "yaml", "toml": "toml",
}  # fmt: skip
"""By a file's ending; named one by one, since a guess by content reads everything twice."""
_LONGEST_HUNK, _LONGEST_LINE = 20_000, 400
"""Characters above which a hunk, or a hunk with such a line, stays without colours: lexers are regular expressions."""
_LINE_MARKUP = len('<span class="same"></span>')
_CLOSEST = 40
"""At most so many lines that replace each other are compared word by word."""

Piece = tuple[str, str]
"""A class (``k`` keyword, ``q`` string, ``c`` comment, ``f`` name that is defined, or none) and its text."""


def hunk_markup(hunk: Hunk, limit: int) -> Markup:
    """The hunk's lines, each a ``span`` of class ``add``, ``del`` or ``same``; at most ``limit`` bytes of markup.

    What does not fit is told in a line more.
    """
    shown, markup = _rendered(hunk.path, tuple(_head(hunk.lines, limit)), limit)
    left = len(hunk.lines) - shown
    more = Markup('<span class="file">[... {} more lines: see changes.patch ...]</span>').format(f"{left:,}")
    return markup + more if left > 0 else markup


@functools.lru_cache(maxsize=2048)
def _rendered(path: str, head: tuple[str, ...], limit: int) -> tuple[int, Markup]:
    """Lines shown, and their markup; kept in memory, since a night writes its report after each task."""
    lines = plain("\n".join(head), limit=max(limit, 1)).split("\n")
    shown: list[str] = []
    used = 0
    for line in _lines(lines, path):
        used += len(line.encode())
        if used > limit:
            break
        shown.append(line)
    return len(shown), Markup("".join(shown))  # noqa: S704 - escaped piece by piece


def _head(lines: Sequence[str], limit: int) -> Sequence[str]:
    """As many lines as may fit: what is not shown need not be read by a lexer."""
    used = 0
    for number, line in enumerate(lines):
        used += len(line) + _LINE_MARKUP
        if used > limit:
            return lines[: number + 1]
    return lines


def _lines(lines: Sequence[str], path: str) -> Iterator[str]:
    coloured = _coloured(lines, path)
    changed = dict(_changed(lines))
    place = 0
    for kind, block in groupby(lines, _kind):
        texts = []
        for line in block:
            pieces = coloured.get(place) or [("", line[1:])]
            texts.append(str(escape(line[:1])) + "".join(_marked(pieces, changed.get(place))))
            place += 1
        for text in texts:
            yield f'<span class="{kind}">{text}</span>'


def _kind(line: str) -> str:
    return {"+": "add", "-": "del", "\\": "file"}.get(line[:1], "same")


def _coloured(lines: Sequence[str], path: str) -> dict[int, list[Piece]]:
    """Pieces by line: the new side read as a whole, the old side's removed lines from a reading of their own."""
    language = _LANGUAGES.get(path.rsplit(".", 1)[-1].lower())
    if language is None or max(map(len, lines)) > _LONGEST_LINE or sum(map(len, lines)) > _LONGEST_HUNK:
        return {}
    found: dict[int, list[Piece]] = {}
    for other in ("+", "-"):
        places = [place for place, line in enumerate(lines) if line[:1] != other and line[:1] != "\\"]
        if other == "-" or any(lines[place].startswith("-") for place in places):
            found |= _side([lines[place][1:] for place in places], places, language)
    return found


def _side(texts: Sequence[str], places: Sequence[int], language: str) -> dict[int, list[Piece]]:
    text = "\n".join(texts) + "\n"
    rows: list[list[Piece]] = [[]]
    for token, value in _tokens(text, language):
        name = _class(token)
        for number, part in enumerate(value.split("\n")):
            if number:
                rows.append([])
            if part and rows[-1] and rows[-1][-1][0] == name:
                rows[-1][-1] = (name, rows[-1][-1][1] + part)
            elif part:
                rows[-1].append((name, part))
    given = ["".join(part for _, part in row) for row in rows[: len(texts)]]
    return dict(zip(places, rows, strict=False)) if given == list(texts) else {}


def _tokens(text: str, language: str) -> Iterator[tuple[Any, str]]:
    for _, token, value in _lexer(language).get_tokens_unprocessed(text):
        yield token, value


@functools.cache
def _lexer(language: str) -> Any:
    from pygments.lexers import get_lexer_by_name  # type: ignore[import-untyped]  # noqa: PLC0415 - only pages need it

    return get_lexer_by_name(language)


def _class(token: Any) -> str:
    """Four colours are enough to read by; more would only make the page longer."""
    name = str(token)
    if name.startswith("Token.Keyword"):
        return "k"
    if name.startswith(("Token.Literal.String.Doc", "Token.Comment")):
        return "c"
    if name.startswith("Token.Literal.String"):
        return "q"
    return "f" if name.startswith(("Token.Name.Function", "Token.Name.Class", "Token.Name.Tag")) else ""


def _changed(lines: Sequence[str]) -> Iterator[tuple[int, tuple[int, int]]]:
    """Where lines that replace each other differ: by the line's place, the first and the last column of its text."""
    place = 0
    while place < len(lines):
        gone = _run(lines, place, "-")
        come = _run(lines, place + gone, "+")
        if 0 < gone == come <= _CLOSEST:
            for number in range(gone):
                old, new = place + number, place + gone + number
                span = _differ(lines[old][1:], lines[new][1:])
                if span:
                    start, old_end, new_end = span
                    yield old, (start, old_end)
                    yield new, (start, new_end)
        place += max(gone + come, 1)


def _run(lines: Sequence[str], start: int, mark: str) -> int:
    end = start
    while end < len(lines) and lines[end].startswith(mark):
        end += 1
    return end - start


def _differ(old: str, new: str) -> tuple[int, int, int] | None:
    """The stretch between common head and tail; ``None`` where less than a third is common: then all is new."""
    shortest = min(len(old), len(new))
    head = next((place for place in range(shortest) if old[place] != new[place]), shortest)
    most = shortest - head
    tail = next((place for place in range(most) if old[-1 - place] != new[-1 - place]), most)
    if 3 * (head + tail) < max(len(old), len(new)):
        return None
    return head, len(old) - tail, len(new) - tail


def _marked(pieces: Sequence[Piece], span: tuple[int, int] | None) -> Iterator[str]:
    """The pieces as markup, what changed within ``<b>``."""
    at = 0
    start, end = span or (0, 0)
    for name, text in pieces:
        low, high = (min(max(edge - at, 0), len(text)) for edge in (start, end))
        bold = f"<b>{escape(text[low:high])}</b>" if low < high else ""
        inner = f"{escape(text[:low])}{bold}{escape(text[high:])}"
        yield f"<i class={name}>{inner}</i>" if name else inner
        at += len(text)
