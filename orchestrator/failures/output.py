"""A tool's output made plain: no colours, one kind of line ending, no line that is too long to match.

Everything here is linear in the length of the text: a marker is looked for with ``str.find``, and patterns only ever
see one line, cut at :data:`LINE_CAP`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

_DIGITS = 9
LINE_CAP = 4_000
"""Characters of a line that patterns see; longer lines are program data, not messages."""
FINDINGS_CAP = 2_000
"""Findings read of one tool's output; what follows repeats (10 MB within 0.5 s)."""

_ANSI = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|[()][0-9A-Za-z]|\][^\x07\x1b\n]{0,2000}(?:\x07|\x1b\\)|[@-Z\\^_=>78])")
"""ECMA-48 control sequences, charset switches (mypy 2.4 prints ``ESC ( B``), OSC 8 links."""


def plain(text: str) -> str:
    """The text without terminal controls, lines ended by ``\\n``; halves of characters, which JSON can hold, are
    replaced: whatever looks them up in files would fail."""
    if not text.isascii():
        text = text.encode("utf-8", "replace").decode()
    if "\x1b" in text:
        text = _ANSI.sub("", text)
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    return text


HITS_CAP = 4_000
"""Lines a marker is followed up on in one output."""
WHOLE = 1_000_000
"""Characters up to which an output is read whole; of a longer one the parts that matter are (:func:`condensed`)."""
_END = 150_000
_AROUND = 10_000
_MARKS: dict[str, tuple[str, ...]] = {
    "FAIL": ("= FAILURES =",), "ERROR": ("= ERRORS =",), "rror": ("rror: ", " error ", "rror TS", "rror["),
    "Traceback (most": (), " failing\n": (), "not ok ": (), " --> ": (), "reformat": (), " BROKEN": (),
    "panicked at": (), "fatal: ": (), "not found\n": (),
}  # fmt: skip
"""What every tool's own report shows of, with narrower marks that each hold it; the first and the last of each is kept
with what stands around it.
"""


def condensed(text: str) -> str:
    """A long output cut to its two ends and the surroundings of reports in between; whole lines, in their order.

    What is left out is what programs print, and repetitions of what is kept: 10 MB are read within 0.5 s.
    """
    if len(text) <= WHOLE:
        return text
    spans = [(0, _END), (len(text) - _END, len(text))]
    narrow = text if text.isascii() else text.encode("ascii", "replace").decode("ascii")  # same places, one byte each
    for mark, narrower in _MARKS.items():
        first = narrow.find(mark, _END, len(text) - _END)
        if first == -1:
            continue
        last = narrow.rfind(mark, _END, len(text) - _END)
        places = {first, last}
        for inner in narrower:
            found = narrow.find(inner, max(_END, first - LINE_CAP), len(text) - _END)
            if found != -1:
                places |= {found, narrow.rfind(inner, found, len(text) - _END)}
        spans.extend((place - _AROUND // 5, place + _AROUND) for place in places)
    kept: list[str] = []
    end = 0
    for start, stop in sorted(spans):
        low, high = max(start, end), min(stop, len(text))
        if low >= high:
            continue
        if low > end:
            line = text.find("\n", low, low + LINE_CAP)
            low = line + 1 if line != -1 else low
            kept.append("\n")
        kept.append(text[low:high])
        end = high
    return "".join(kept)


def lines_with(text: str, marker: str) -> Iterator[tuple[int, str]]:
    """Each line that holds the marker, once: its offset in the text, and the line itself (capped)."""
    position = text.find(marker)
    hits = 0
    while position != -1 and hits < HITS_CAP:
        hits += 1
        start = text.rfind("\n", 0, position) + 1
        end = text.find("\n", position)
        if end == -1:
            end = len(text)
        yield start, text[start : min(end, start + LINE_CAP)]
        position = text.find(marker, end)


def lines_after(text: str, offset: int, limit: int) -> Iterator[str]:
    """Up to ``limit`` lines that follow the line at that offset (capped)."""
    end = text.find("\n", offset)
    for _ in range(limit):
        if end == -1:
            return
        start = end + 1
        end = text.find("\n", start)
        yield text[start : min(end if end != -1 else len(text), start + LINE_CAP)]


def posix(path: str) -> str:
    """A printed path with forward slashes and without ``./`` before it."""
    path = path.strip().strip("'\"").replace("\\", "/")
    while path.startswith("./"):
        path = path[2:]
    return path


def number(text: str | None) -> int | None:
    """The number, or ``None`` where there is none (or one of absurd length)."""
    return int(text) if text and len(text) <= _DIGITS and text.isdigit() else None
