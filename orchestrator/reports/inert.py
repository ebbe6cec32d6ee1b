"""Text of models, tests and repositories, made inert (I15): for terminals, for markdown, for HTML.

Nothing is trusted and nothing is lost in silence: terminal sequences go, other control characters, bidirectional
overrides and invisible characters become visible escapes (``\\x07``, ``\\u202e``), long text keeps head and tail with
the cut named. HTML is escaped by jinja2 on top of :func:`plain`.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from markupsafe import Markup

LINE_LIMIT = 2_000
"""Characters of one line that are shown."""
TEXT_LIMIT = 60_000
"""Characters of one block that are shown; two thirds from its head, one third from its tail."""

# Linear patterns: no nested repetition. OSC, DCS, PM, APC, SOS run to BEL or ST, or to the end of their line.
_SEQUENCE = re.compile(
    r"\x1b\[[0-?]*[ -/]*[@-~]|\x9b[0-?]*[ -/]*[@-~]"
    r"|(?:\x1b[\]P^_X]|[\x90\x98\x9d-\x9f])[^\x07\x1b\x9c\n]*(?:\x07|\x1b\\|\x9c)?"
    r"|\x1b[ -/]*[0-~]"
)
_UNSAFE = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\xad\u061c\u115f\u1160\u17b4\u17b5\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f"
    "\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffc\ufffe\uffff\ud800-\udfff\U000e0000-\U000e0fff]"
)
_BACKTICKS = re.compile(r"`+")
_MARKDOWN = re.compile(r"[\\`*\[\]<>|~&$]|(?<![A-Za-z0-9])_|_(?![A-Za-z0-9])")
_SPAN = re.compile(r"(?<!`)`([^`|\\ ](?:[^`|\\]*[^`|\\ ])?)`(?!`)")
_BLOCK_START = re.compile(r"^(?:[-+](?= |$)|-(?=[- ]*$)|#(?=[# ]|$)|=(?==*$)|:(?=[-: ]*$))")
_ORDERED = re.compile(r"^(\d{1,9})([.)])(?= |$)")
_LINKS = re.compile(r"(?i)\b(https?|ftp|mailto|xmpp):|\bwww\.")


def plain(text: str, *, limit: int = TEXT_LIMIT) -> str:
    """Several lines, safe on any surface: no control but ``\\n`` and ``\\t``; encodable as UTF-8; at most ``limit``."""
    text = _clip(text, limit)
    text = _SEQUENCE.sub("", text).replace("\r\n", "\n").replace("\r", "\n")
    text = _UNSAFE.sub(_visible, text)
    return text if len(text) <= LINE_LIMIT else "\n".join(map(_clip_line, text.split("\n")))


def one_line(text: str, *, limit: int = 200) -> str:
    """The same on one line: white space folded, at most ``limit`` characters, the cut marked by ``...``."""
    folded = " ".join(plain(text[: 20 * limit], limit=20 * limit).split())
    return folded if len(folded) <= limit else folded[: max(limit - 3, 0)].rstrip() + "..."


def encodable(text: str, encoding: str | None) -> str:
    """What that encoding cannot say is written as escapes: a terminal that is not UTF-8 must not stop the run."""
    if "\N{HORIZONTAL ELLIPSIS}" in text and not (encoding or "").lower().startswith("utf"):
        text = text.replace("\N{HORIZONTAL ELLIPSIS}", "...")  # the one such sign that messages of ours hold
    try:
        return text.encode(encoding or "ascii", "backslashreplace").decode(encoding or "ascii")
    except LookupError:
        return text.encode("ascii", "backslashreplace").decode("ascii")


def html_spans(text: str) -> Markup:
    """Prose for HTML: escaped, and names that stand between single backticks as code."""
    from markupsafe import Markup, escape  # noqa: PLC0415 - comes with jinja2, which `status` need not load

    parts = _SPAN.split(plain(text))  # prose, content of a span, prose, ...
    return Markup().join(
        Markup("<code>{}</code>").format(part) if place % 2 else escape(part) for place, part in enumerate(parts)
    )


def md_text(text: str, *, limit: int = 2_000) -> str:
    """One line of prose for markdown, table cells included: no markup, no HTML, no link of its own.

    Names that stand between single backticks stay code spans: they are as inert as text, and easier to read.
    """
    line = one_line(text, limit=limit)
    parts = _SPAN.split(line)  # prose, content of a span, prose, ...
    shown = "".join(md_cell_code(part) if place % 2 else _md_prose(part) for place, part in enumerate(parts))
    shown = _ORDERED.sub(r"\1\\\2", shown)
    return _BLOCK_START.sub(lambda hit: "\\" + hit[0], shown)


def _md_prose(text: str) -> str:
    text = _MARKDOWN.sub(lambda hit: "&lt;" if hit[0] == "<" else "&amp;" if hit[0] == "&" else "\\" + hit[0], text)
    return _LINKS.sub(lambda hit: f"{hit[0][:-1]}&#{ord(hit[0][-1])};", text)


def md_code(text: str, *, limit: int = 300) -> str:
    """A code span that its content cannot leave."""
    line = one_line(text, limit=limit)
    if not line:
        return ""
    ticks = "`" * (_longest_run(line) + 1)
    pad = " " if line[0] == "`" or line[-1] == "`" else ""
    return f"{ticks}{pad}{line}{pad}{ticks}"


def md_cell_code(text: str, *, limit: int = 300) -> str:
    """A code span inside a table cell, where a pipe would end the cell even between backticks."""
    return md_code(text, limit=limit).replace("|", "\\|")


def md_fence(text: str, language: str = "", *, limit: int = TEXT_LIMIT) -> str:
    """A fenced block whose fence is longer than any run of backticks inside; ``language`` is ours, never theirs."""
    body = plain(text, limit=limit).rstrip("\n")
    fence = "`" * max(3, _longest_run(body) + 1)
    return f"{fence}{language}\n{body}\n{fence}"


def _longest_run(text: str) -> int:
    return max((len(hit) for hit in _BACKTICKS.findall(text)), default=0)


def _visible(hit: re.Match[str]) -> str:
    if "\ud800" <= hit[0] <= "\udfff":
        return "\ufffd"
    return hit[0].encode("unicode_escape").decode("ascii")


def _clip(text: str, limit: int) -> str:
    if len(text) <= limit:
        return text
    head, tail = limit * 2 // 3, limit // 3
    return f"{text[:head]}\n[... {len(text) - head - tail:,} characters not shown ...]\n{text[-tail:] if tail else ''}"


def _clip_line(line: str) -> str:
    if len(line) <= LINE_LIMIT:
        return line
    return f"{line[:LINE_LIMIT]} [... {len(line) - LINE_LIMIT:,} characters not shown ...]"
