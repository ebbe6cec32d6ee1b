"""TODO and FIXME comments of the code become drafts of tasks, each with its file and line."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from orchestrator.drafts.draft import Draft, line, prose, slug, unique

_MARK = re.compile(
    r"^\s{0,200}(?:.{0,400}?\s)?(?P<lead>#+|//+!?|/\*+|\*|--|;+|%+|<!--|\"\"\"|''')\s{0,8}@?"
    r"(?P<word>TODO|FIXME|XXX|HACK|BUG)\b(?:\s{0,2}\((?P<who>[^()\n]{0,80})\))?[:,.\-\s]{0,8}(?P<said>.*)$"
)
_LEAD = re.compile(r"^\s*(?:#+|//+!?|\*|--|;+|%+)\s?")
_END = re.compile(r"\s*(?:\*/|-->|\"\"\"|''')\s*$")
_LINE_LIMIT = 1_000
"""Characters of a line that is looked at: longer ones are generated."""
_FOLLOWING = 6
"""Lines of the same comment that are taken over with it."""
_AROUND = 3
_SHORTEST = 8
"""Letters a remark must have to be worth a task of its own."""
_DEFECTS = frozenset({"FIXME", "BUG"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Remark:
    """One such comment."""

    path: str
    line: int
    """1-based."""
    word: str
    """``TODO``, ``FIXME`` ..."""
    text: str
    code: str
    """The lines it stands at."""


def remarks(files: Iterable[tuple[str, str]]) -> Iterator[Remark]:
    """Those of the files (path, text), in their order. A remark without a sentence is none."""
    for path, text in files:
        if not any(word in text for word in ("TODO", "FIXME", "XXX", "HACK", "BUG")):
            continue
        lines = text.split("\n")
        for number, each in enumerate(lines):
            found = _MARK.match(each) if len(each) <= _LINE_LIMIT else None
            if found is None:
                continue
            said = " ".join([_END.sub("", found["said"]).strip(), *_continued(lines, number, found["lead"])]).strip()
            if sum(letter.isalpha() for letter in said) >= _SHORTEST:
                code = "\n".join(lines[max(0, number - _AROUND) : number + _AROUND + 1])
                yield Remark(path=path, line=number + 1, word=found["word"], text=said, code=code)


def _continued(lines: list[str], at: int, lead: str) -> Iterator[str]:
    """The following lines of the same comment; a comment behind code has none."""
    if not lines[at].lstrip().startswith(lead):
        return
    for each in lines[at + 1 : at + 1 + _FOLLOWING]:
        found = _LEAD.match(each)
        rest = _END.sub("", each[found.end() :]).strip() if found else ""
        if not rest or _MARK.match(each):
            return
        yield rest


def todo_drafts(found: Iterable[Remark]) -> list[Draft]:
    """A draft a remark."""
    drafts: list[Draft] = []
    taken: set[str] = set()
    for each in found:
        name = unique(slug(each.text, prefix="fix" if each.word in _DEFECTS else ""), taken)
        taken.add(name)
        where = f"{each.path}:{each.line}"
        kind = "Bug fix: " if each.word in _DEFECTS else ""
        drafts.append(
            Draft(
                id=name,
                title=line(f"{kind}{each.text}"),
                description=prose(f"{each.word} at {where}:\n{each.text}\n\nIt stands here:\n\n{_indented(each.code)}"),
                acceptance=(f"What the comment at {where} asks for is done, and the comment is gone.",),
                files=(each.path,),
                origin=where,
            )
        )
    return drafts


def _indented(code: str) -> str:
    return "\n".join(f"    {each}" for each in code.split("\n"))
