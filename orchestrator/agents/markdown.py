"""Reading the loose Markdown models write: headings outside fences, list items with their continuation lines."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

_HEADING = re.compile(r" {0,3}(#{1,6})[ \t]+(.*?)[ \t]*#*[ \t]*")
_BOLD_HEADING = re.compile(r" {0,3}\*\*([^*]{1,80})\*\*:?[ \t]*")
_FENCE = re.compile(r" {0,3}(`{3,}|~{3,})")
_ITEM = re.compile(r"[ \t]{0,6}(?:[-*+]|\d{1,3}[.)])[ \t]+(.*)")
_ROW = re.compile(r"[ \t]*\|(.*)\|[ \t]*")
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]")
_ANSI = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|.)")


@dataclass(slots=True)
class Section:
    """A heading and the lines up to the next."""

    level: int
    """1-6; 0: the lines before the first heading."""
    title: str
    lines: list[str] = field(default_factory=list)

    @property
    def body(self) -> str:
        """The lines, without blank ones around."""
        return "\n".join(self.lines).strip("\n").rstrip()


def clean(text: str) -> str:
    """The text without terminal escapes, control and invisible characters; endings become line feeds."""
    text = text.replace("\r\n", "\n").replace("\r", "\n").encode("utf-8", "replace").decode("utf-8")
    return _CONTROL.sub("", _ANSI.sub("", text))


def unwrap(text: str) -> str:
    """The inside, where the whole text stands in one fence."""
    lines = text.strip().split("\n")
    opening = _FENCE.match(lines[0])
    if opening is None or len(lines) < 3 or lines[-1].strip() != opening[1]:  # noqa: PLR2004  # fence, text, fence
        return text
    inside = lines[1:-1]
    if any(line.strip() == opening[1] for line in inside[: len(inside) // 2]) and "#" not in inside[0]:
        return text
    return "\n".join(inside)


def sections(text: str, names: frozenset[str]) -> list[Section]:
    """The text by headings; a bold line counts as one where it says one of ``names`` (lower case)."""
    found = [Section(level=0, title="")]
    fence = ""
    for line in text.split("\n"):
        mark = _FENCE.match(line)
        if mark and not fence:
            fence = mark[1]
        elif mark and mark[1].startswith(fence) and line.strip() == mark[1]:
            fence = ""
        elif not fence:
            if heading := _HEADING.fullmatch(line):
                found.append(Section(level=len(heading[1]), title=heading[2].strip()))
                continue
            bold = _BOLD_HEADING.fullmatch(line)
            if bold and plain(bold[1]) in names:
                found.append(Section(level=2, title=bold[1].strip()))
                continue
        found[-1].lines.append(line)
    return found


def plain(title: str) -> str:
    """A heading's words: lower case, without numbering, marks and colon."""
    title = re.sub(r"^[\d.)\s]+", "", title.casefold())
    return " ".join(re.sub(r"[*_`:#]", " ", title).split())


def items(lines: list[str]) -> list[str]:
    """List items, continuation lines joined; rows of a table as ``cell: cell: cell``."""
    found: list[str] = []
    open_item = False
    for line in lines:
        if item := _ITEM.fullmatch(line):
            found.append(item[1].strip())
            open_item = True
        elif (row := _ROW.fullmatch(line)) and not set(row[1]) <= set("|-: \t"):
            found.append(": ".join(cell.strip() for cell in row[1].split("|")))
            open_item = False
        elif line.strip() and open_item:
            found[-1] += " " + line.strip()
        elif not line.strip():
            open_item = False
    return found
