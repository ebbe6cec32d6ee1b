"""Reads the text of a pattern into its parts; what it knows stands in ``pattern``. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass

PATTERN_CAP = 400
"""Characters of a pattern."""
REPEAT_CAP = 250
"""Highest count of a counted repeat."""
_DEPTH_CAP = 20
"""Groups within groups."""
_CLASSES = "dDwWsS"
_LITERAL = re.compile(r"[\\.^$*+?{}\[\]()|/\-'\"`#&~<>=!:;,@% _]")
_CONTROL = "tfv"
_COUNTED = re.compile(r"\{(\d{1,9})(,?)(\d{0,9})\}")
_SET = re.compile(r"\[(\^?)(\]?(?:[^\]\\]|\\.)*)\]", re.DOTALL)
_MEMBER = re.compile(r"\\.|[\[\]&~|]", re.DOTALL)
_REPEATS = {"*": (0, None), "+": (1, None), "?": (0, 1)}


class PatternError(ValueError):
    """A pattern that cannot be read; ``at`` is the offset of the fault, from 0."""

    def __init__(self, what: str, at: int) -> None:
        """``what``: the fault, without its place."""
        super().__init__(what)
        self.what = what
        self.at = at


@dataclass(frozen=True, slots=True)
class One:
    """One character of a set, as ``re`` writes it."""

    text: str


@dataclass(frozen=True, slots=True)
class Edge:
    """A place between characters: ``^``, ``$``, ``b`` or ``B``."""

    text: str


@dataclass(frozen=True, slots=True)
class Group:
    """A capturing group."""

    number: int
    inner: Part


@dataclass(frozen=True, slots=True)
class Sequence:
    """One after the other."""

    parts: tuple[Part, ...]


@dataclass(frozen=True, slots=True)
class Choice:
    """The first that leads to a match."""

    parts: tuple[Part, ...]


@dataclass(frozen=True, slots=True)
class Repeat:
    """So often; ``most`` ``None``: without end."""

    inner: Part
    least: int
    most: int | None
    lazy: bool


Part = One | Edge | Group | Sequence | Choice | Repeat


def read_pattern(text: str) -> tuple[Part, int]:
    """The pattern's parts, and how many groups capture. ``PatternError`` with the place of the fault."""
    if len(text) > PATTERN_CAP:
        raise PatternError(f"{len(text)} characters; at most {PATTERN_CAP}", PATTERN_CAP)
    reader = _Reader(text)
    part = reader.choice(0)
    if reader.at < len(text):
        raise PatternError("this `)` closes nothing", reader.at)
    return part, reader.groups


def _member(found: re.Match[str]) -> str:
    """A set's member as ``re`` takes it for a literal, now and in later versions (nested sets, set operations)."""
    return found[0] if found[0].startswith("\\") else f"\\{found[0]}"


class _Reader:
    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.groups = 0

    def choice(self, depth: int) -> Part:
        """Alternatives, up to a closing bracket or the end."""
        ways = [self._sequence(depth)]
        while self._next("|"):
            ways.append(self._sequence(depth))
        return ways[0] if len(ways) == 1 else Choice(tuple(ways))

    def _sequence(self, depth: int) -> Part:
        parts: list[Part] = []
        while self.at < len(self.text) and self.text[self.at] not in "|)":
            began = self.at
            parts.append(self._repeated(self._atom(depth), began))
        return Sequence(tuple(parts))

    def _repeated(self, inner: Part, began: int) -> Part:
        counts = self._counts()
        if counts is None:
            return inner
        least, most = counts
        if isinstance(inner, Edge):
            raise PatternError("a place between characters cannot be repeated", began)
        if max(least, most or 0) > REPEAT_CAP:
            raise PatternError(f"repeated more than {REPEAT_CAP} times", began)
        if most is not None and most < least:
            raise PatternError("the least count is above the most", began)
        lazy = self._next("?")
        if self.at < len(self.text) and (self.text[self.at] in "*+?" or _COUNTED.match(self.text, self.at)):
            raise PatternError("a repeat of a repeat; put the first into (?:...)", self.at)
        return Repeat(inner, least, most, lazy)

    def _counts(self) -> tuple[int, int | None] | None:
        letter = self.text[self.at : self.at + 1]
        if letter in _REPEATS:
            self.at += 1
            return _REPEATS[letter]
        counted = _COUNTED.match(self.text, self.at)
        if counted is None:
            return None
        self.at = counted.end()
        least = int(counted[1])
        return least, (int(counted[3]) if counted[3] else None) if counted[2] else least

    def _atom(self, depth: int) -> Part:
        letter = self.text[self.at]
        if letter == "(":
            return self._group(depth)
        if letter == "[":
            return self._set()
        if letter == "\\":
            return self._escaped()
        if letter in "*+?":
            raise PatternError(f"`{letter}` repeats nothing; a literal one is `\\{letter}`", self.at)
        self.at += 1
        if letter in "^$":
            return Edge(letter)
        return One("." if letter == "." else re.escape(letter))

    def _group(self, depth: int) -> Part:
        began = self.at
        if depth >= _DEPTH_CAP:
            raise PatternError(f"groups within groups more than {_DEPTH_CAP} deep", began)
        self.at += 1
        number = 0
        if self._next("?"):
            if not self._next(":"):
                raise PatternError("of groups, only (...) and (?:...) are known here", began)
        else:
            self.groups += 1
            number = self.groups
        inner = self.choice(depth + 1)
        if not self._next(")"):
            raise PatternError("this group is not closed", began)
        return Group(number, inner) if number else inner

    def _set(self) -> Part:
        began = self.at
        found = _SET.match(self.text, began)
        if found is None:
            raise PatternError("this set is not closed; a literal `[` is `\\[`", began)
        text = f"[{found[1]}{_MEMBER.sub(_member, found[2])}]"
        try:
            re.compile(text)
        except re.error as error:
            raise PatternError(f"not a set: {error.msg}", began) from error
        self.at = found.end()
        return One(text)

    def _escaped(self) -> Part:
        began, letter = self.at, self.text[self.at + 1 : self.at + 2]
        self.at += 2
        if letter in {"b", "B"}:
            return Edge(letter)
        if letter and (letter in _CLASSES or letter in _CONTROL):
            return One("\\" + letter)
        if letter and _LITERAL.match(letter):
            return One(re.escape(letter))
        if letter.isdigit():
            raise PatternError("back references are not known here: they cannot be matched in linear time", began)
        raise PatternError(f"`\\{letter}` is not known here" if letter else "a `\\` ends the pattern", began)

    def _next(self, letter: str) -> bool:
        if not self.text.startswith(letter, self.at):
            return False
        self.at += 1
        return True
