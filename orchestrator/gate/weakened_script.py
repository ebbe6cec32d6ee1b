"""Weakened tests of JavaScript and TypeScript: a light scan that counts, without a parser. Pure, linear patterns."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator

_ASSERTION = re.compile(r"\b(?:expect|assert(?:\.\w{1,40})?)[ \t]*\(")
_SKIP = re.compile(
    r"\b(?:it|test|describe|suite|context|specify)\.(?:skip|todo|only|fails|failing|skipIf|runIf)\b"
    r"|\bx(?:it|describe|test|specify)[ \t]*\(|\bthis\.skip\(|\b(?:skip|todo)[ \t]*:[ \t]*(?:true|['\"])"
)
_LITERAL = r"true|false|null|\d{1,10}|'[^'\n]{0,80}'|\"[^\"\n]{0,80}\""
_TRIVIAL = re.compile(
    rf"\bexpect\([ \t]*({_LITERAL})[ \t]*\)\.to(?:Be|Equal|StrictEqual)\([ \t]*\1[ \t]*\)"
    r"|\bexpect\([ \t]*true[ \t]*\)\.toBeTruthy\(|\bassert(?:\.ok)?\([ \t]*(?:true|1)[ \t]*[,)]"
)
_STRICT = re.compile(
    r"\.to(?:Be|Equal|StrictEqual|MatchObject|HaveBeenCalledWith|ThrowError|Throw)\(|\bassert\.(?:strict|deep)"
)
_LOOSE = re.compile(
    r"\.to(?:BeTruthy|BeFalsy|BeDefined|BeInstanceOf|HaveBeenCalled|Contain)\(|expect\.anything\(|\bassert\.ok\("
)
_CLOSE = re.compile(r"\.toBeCloseTo\([^,()\n]{1,200},[ \t]*(\d{1,3})[ \t]*\)")
_COMMENT = re.compile(r"^[ \t]*(?://|\*|/\*)")


def weakened_script(before: str | None, after: str) -> Iterator[tuple[int, str]]:
    """(line, what) of each finding."""
    new = _lines(after)
    old = _lines(before or "")
    if before is not None:
        had, has = _count(_ASSERTION, old), _count(_ASSERTION, new)
        if has < had:
            yield 1, f"{had - has} of {had} assertions removed"
        strict, loose = _count(_STRICT, old) - _count(_STRICT, new), _count(_LOOSE, new) - _count(_LOOSE, old)
        if strict > 0 and loose > 0:
            yield 1, f"{min(strict, loose)} assertions ask for less than equality now"
        for was, now in zip(_digits(old), _digits(new), strict=False):
            if now < was:
                yield 1, f"tolerance widened: toBeCloseTo with {was} to {now} digits"
    for pattern, what in ((_SKIP, "newly skipped, or others left out"), (_TRIVIAL, "holds whatever the code does")):
        yield from _new_hits(pattern, old, new, what)


def _lines(text: str) -> list[tuple[int, str]]:
    return [(number, line) for number, line in enumerate(text.split("\n"), 1) if not _COMMENT.match(line)]


def _count(pattern: re.Pattern[str], lines: list[tuple[int, str]]) -> int:
    return sum(len(pattern.findall(line[:5000])) for _, line in lines)


def _digits(lines: list[tuple[int, str]]) -> list[int]:
    return [int(digits) for _, line in lines for digits in _CLOSE.findall(line[:5000])]


def _new_hits(
    pattern: re.Pattern[str], old: list[tuple[int, str]], new: list[tuple[int, str]], what: str
) -> Iterator[tuple[int, str]]:
    known = Counter(hit.group() for _, line in old for hit in pattern.finditer(line[:5000]))
    for number, line in new:
        for hit in pattern.finditer(line[:5000]):
            if known[hit.group()] > 0:
                known[hit.group()] -= 1
            else:
                yield number, f"{what}: {hit.group()[:80]}"
