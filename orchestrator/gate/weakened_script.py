"""Weakened tests of JavaScript and TypeScript: test by test, told apart by their titles, without a parser. Pure.

Strings, templates and comments are blanked first, so that brackets can be matched; linear patterns. Of a file whose
brackets do not fit, all is taken for one test. Assertions are those of jest, vitest, chai, node and ava.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property

from orchestrator.failures.existence.script_text import ScriptText
from orchestrator.gate.weakened_asserts import worse_asserts

_CASE = re.compile(
    r"\b(?:(describe|suite|context)|it|test|specify|[fx](?:it|test|specify|describe))\b((?:\.\w{1,30}){0,4})"
)
_ASSERTION = re.compile(r"\b(?:expect|assert|t)((?:\.\w{1,40}){0,3})[ \t]*\(")
_AVA = re.compile(
    r"is|not|deepEqual|notDeepEqual|like|truthy|falsy|true|false|throws(?:Async)?|notThrows|regex|snapshot|assert"
)
_CHAIN = re.compile(r"\s*\.\s*(\w{1,40})")
_STRICT = re.compile(
    r"to(?:Be|Equal|StrictEqual|MatchObject|HaveBeenCalledWith|HaveBeenCalledTimes|HaveLength|ThrowError|Throw)"
    r"|equals?|eql|strictEqual|deepEqual|deepStrictEqual|is|include|throws?"
)
_PLANNED = re.compile(r"\bexpect\.assertions\([ \t]*(\d{1,4})[ \t]*\)|\b(?:expect\.hasAssertions|t\.plan)\(")
_ONLY = re.compile(
    r"\b(?:it|test|describe|suite|context|specify)\.only\b|\bf(?:it|describe|test)[ \t]*\(|\bonly[ \t]*:[ \t]*true"
)
_SKIP = re.compile(
    r"\b(?:it|test|describe|suite|context|specify)\.(?:skip|todo|fails|failing|skipIf|runIf)\b"
    r"|\bx(?:it|describe|test|specify)[ \t]*\(|\b(?:this|t|context|ctx)\.(?:skip|todo)\("
    r"|\b(?:skip|todo)[ \t]*:[ \t]*(?:true|['\"])"
)
_DROPPED = re.compile(
    r"\bcatch[ \t]*(?:\([^()\n]{0,80}\)[ \t]*)?\{\s{0,200}\}|\.catch\([ \t]*\(\w{0,40}\)[ \t]*=>[ \t]*\{\s{0,200}\}"
)
LEFT_OUT = "others left out"
_LITERAL = r"true|false|null|\d{1,10}|'[^'\n]{0,80}'|\"[^\"\n]{0,80}\""
_TRIVIAL = re.compile(
    rf"\bexpect\([ \t]*({_LITERAL})[ \t]*\)\.to(?:Be|Equal|StrictEqual)\([ \t]*\1[ \t]*\)"
    r"|\bexpect\([ \t]*true[ \t]*\)\.toBeTruthy\(|\bassert(?:\.ok)?\([ \t]*(?:true|1)[ \t]*[,)]"
    rf"|\bassert\.\w{{0,10}}[eE]qual\([ \t]*({_LITERAL})[ \t]*,[ \t]*\2[ \t]*[,)]"
    r"|\bt\.(?:pass|truthy|true)\([ \t]*(?:true)?[ \t]*\)"
)
_CLOSE = re.compile(
    r"\.toBeCloseTo\([^,()\n]{1,200},[ \t]*(\d{1,3})[ \t]*\)|\.closeTo\([^,()\n]{1,200},[ \t]*([\d.]{1,12})[ \t]*\)"
)
_LONGEST = 2000
"""Characters of one assertion that are looked at."""
_LINKS = 8
"""Of the chain behind ``expect(...)``."""
_DEPTH = 20
"""Groups within groups."""
_REST = "outside of tests"


@dataclass(slots=True)
class _Test:
    """What a test asserts."""

    line: int
    asserts: list[str] = field(default_factory=list)
    compared: dict[str, tuple[str, bool]] = field(default_factory=dict)
    """What is looked at -> (its assertion, whether it asks for one value)."""
    trivial: Counter[str] = field(default_factory=Counter)
    skips: Counter[str] = field(default_factory=Counter)
    only: Counter[str] = field(default_factory=Counter)
    planned: list[int] = field(default_factory=list)
    """Numbers of assertions that must run; 1: at least one."""
    digits: list[float] = field(default_factory=list)
    """Tolerances, as digits: fewer is wider."""
    dropped: int = 0


def weakened_script(before: str | None, after: str) -> Iterator[tuple[int, str]]:
    """(line, what) of each finding."""
    new = _tests(after)
    old = _tests(before) if before is not None else {}
    for name, test in new.items():
        was = old.get(name) or _Test(line=test.line)
        for what in _compared(was, test, known=name in old):
            yield test.line, f"{name}: {what}"
    yield from ((1, f"{name}: the test is gone") for name in old if name not in new)


def _compared(old: _Test, new: _Test, *, known: bool) -> Iterator[str]:
    if known:
        yield from worse_asserts(old, new, loosened_word="asks for less than equality")
        yield from (
            f"tolerance widened: {was:g} to {now:g}"
            for was, now in zip(old.digits, new.digits, strict=False)
            if now < was
        )
        if sum(new.planned) < sum(old.planned):
            yield f"fewer assertions must run: {sum(old.planned)} planned before, {sum(new.planned)} now"
    yield from (f"newly skipped ({mark})" for mark in new.skips - old.skips)
    yield from (f"{LEFT_OUT} ({mark})" for mark in new.only - old.only)
    yield from (f"holds whatever the code does: {text}" for text in new.trivial - old.trivial)
    if new.dropped > old.dropped and new.asserts:
        yield "a failed assertion may be caught and dropped"


class _Script(ScriptText):
    """A source whose round brackets are matched once, for all of them."""

    @cached_property
    def _pairs(self) -> dict[int, int]:
        pairs, stack = {}, []
        for match in re.finditer(r"[()]", self.code):
            if match[0] == "(":
                stack.append(match.start())
            elif stack:
                pairs[stack.pop()] = match.start()
        return pairs

    def closing(self, offset: int) -> int:
        """Where the bracket at the offset is closed; -1 if nowhere, or if none is opened there."""
        return self._pairs.get(offset, -1)

    def first_argument(self, opened: int, closed: int) -> str:
        """Of the call with those brackets, blanks made one."""
        at = opened + 1
        while at < min(closed, opened + _LONGEST) and self.code[at] != ",":
            at = self._pairs.get(at, at) + 1
        return " ".join(self.raw[opened + 1 : min(at, closed)].split())


def _tests(text: str) -> dict[str, _Test]:
    """Tests by their titles, those of the groups around them first; and what stands outside of them."""
    script = _Script(text.encode("utf-8", "surrogatepass"))
    found: dict[str, _Test] = {}
    cases = list(_cases(script)) if script.readable else []
    around: list[tuple[int, str]] = []
    named: Counter[str] = Counter()
    outside, edge = [], 0
    for start, end, title, group in cases:
        if start < edge:
            continue  # a test within a test belongs to it
        while around and around[-1][0] < start:
            around.pop()
        if group:
            around = [*around[-_DEPTH:], (end, repr(title))]
            continue
        name = " > ".join((*(part for _, part in around), repr(title)))
        named[name] += 1
        found[name if named[name] == 1 else f"{name} #{named[name]}"] = _read(script, start, end)
        outside.append((edge, start))
        edge = end
    rest = found[_REST] = _Test(line=1)
    for start, end in (*outside, (edge, len(script.raw))):
        _add(rest, script, start, end)
    return found


def _cases(script: _Script) -> Iterator[tuple[int, int, str, bool]]:
    """(start, end, title, whether it is a group) of each call that declares tests."""
    code = script.code
    for match in _CASE.finditer(code):
        at = _open(code, match.end())
        if at >= 0 and code[at] == "(" and re.search(r"\.(?:each|for|skipIf|runIf)$", match[2]):
            at = _open(code, script.closing(at) + 1)  # the table first, then the title
        if at < 0 or code[at] != "(":
            continue
        end = script.closing(at)
        title = re.compile(r"\s*(['\"`])((?:[^\\\n]|\\.)*?)\1").match(script.raw, at + 1)
        if end >= 0 and title is not None:
            yield match.start(), end + 1, title[2][:200], match[1] is not None or match[0].endswith("describe")


def _open(code: str, at: int) -> int:
    """Where the next thing after blanks stands, if it is a bracket; a blanked template is blanks."""
    found = re.compile(r"\s*\(").match(code, at) if at > 0 else None
    return found.end() - 1 if found else -1


def _read(script: _Script, start: int, end: int) -> _Test:
    test = _Test(line=script.line(start))
    _add(test, script, start, end)
    return test


def _add(test: _Test, script: _Script, start: int, end: int) -> None:
    """What stands between the offsets."""
    code, raw = script.code[start:end], script.with_strings[start:end]
    for match in _ASSERTION.finditer(script.code, start, end):
        _assertion(test, script, match, end)
    for pattern, counter in ((_SKIP, test.skips), (_ONLY, test.only)):
        counter.update(" ".join(hit.group().split())[:80].rstrip("( ") for hit in pattern.finditer(code))
    test.trivial.update(hit.group()[:80] for hit in _TRIVIAL.finditer(raw))
    test.planned += [int(hit[1] or 1) for hit in _PLANNED.finditer(code)]
    test.digits += [
        float(hit[1]) if hit[1] else -float(hit[2]) for hit in _CLOSE.finditer(raw) if hit[1] or _is_number(hit[2])
    ]
    test.dropped += len(_DROPPED.findall(code))


def _assertion(test: _Test, script: _Script, match: re.Match[str], limit: int) -> None:
    name = match[1].rsplit(".", 1)[-1]
    starts = match[0]
    if starts.startswith("t") and _AVA.fullmatch(name) is None:
        return
    if starts.startswith("expect") and name:
        return  # expect.assertions(), expect.anything(): no assertion of its own
    opened = match.end() - 1
    closed = script.closing(opened)
    if not 0 <= closed < limit:
        return
    end, words = closed + 1, [name]
    if starts.startswith("expect"):
        while (link := _CHAIN.match(script.code, end)) is not None and link.end() <= limit and len(words) < _LINKS:
            words.append(link[1])
            end = link.end()
            if script.code[end : end + 1] == "(" and 0 <= script.closing(end) < limit:
                end = script.closing(end) + 1
    text = " ".join(script.raw[match.start() : end].split())[:_LONGEST]
    test.asserts.append(text)
    strict = any(_STRICT.fullmatch(word) for word in words) and "not" not in words
    test.compared[script.first_argument(opened, closed)] = (text, strict)


def _is_number(text: str) -> bool:
    return re.fullmatch(r"\d{1,9}(?:\.\d{1,9})?", text) is not None
