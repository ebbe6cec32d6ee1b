"""Patterns that people write, matched in time linear in the text: all ways side by side, never by trying one and going
back (Thompson 1968; captures as in Pike's ``sam``). Python's own ``re`` cannot be stopped once it runs, so no pattern
of a user's reaches it; only its sets of characters do, one character at a time. Pure.

What is known: literal characters, ``.``, ``[...]``, ``\\d \\w \\s`` and their capitals, ``\\b``, ``^``, ``$``,
``(...)``, ``(?:...)``, ``|``, ``*``, ``+``, ``?``, ``{m}``, ``{m,}``, ``{m,n}``, and the lazy forms of these.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum, auto

from orchestrator.domain.pattern_reader import (
    Choice,
    Edge,
    Group,
    One,
    Part,
    PatternError,
    Repeat,
    Sequence,
    read_pattern,
)

SIZE_CAP = 1000
"""Steps a pattern may have once its counted repeats are written out."""


class _Do(Enum):
    CHARACTER = auto()
    WAYS = auto()
    SAVE = auto()
    EDGE = auto()
    DONE = auto()


@dataclass(slots=True)
class _Step:
    do: _Do
    text: str = ""
    """A set of characters as ``re`` writes it, or an edge."""
    ways: tuple[int, ...] = ()
    """Where it goes on; the way to be preferred stands first."""
    slot: int = 0


@dataclass(slots=True)
class Budget:
    """Steps that may still be taken: the same on every machine, unlike a time limit."""

    steps: int


_Saved = tuple[int, ...]
_Thread = tuple[int, _Saved]


@dataclass(frozen=True, slots=True)
class Pattern:
    """A pattern, ready to match."""

    groups: int
    """How many of its groups capture."""
    _first: int
    _steps: tuple[_Step, ...]
    _sets: Mapping[str, re.Pattern[str]]

    def match(self, line: str, budget: Budget) -> tuple[str | None, ...] | None:
        """The groups of a match at the line's beginning, 0 is all that matched, ``None`` one that took no part.

        ``None`` as a whole: no match, or the budget ran out.
        """
        if budget.steps <= 0:
            return None
        best: _Saved | None = None
        threads = self._reached([(self._first, (-1,) * (2 * self.groups + 2))], line, 0, budget)
        for position in range(len(line) + 1):
            if budget.steps < 0:
                return None
            ahead: list[_Thread] = []
            for number, saved in threads:
                step = self._steps[number]
                if step.do is _Do.DONE:
                    best = saved
                    break  # those behind it were to be tried only without it
                if position < len(line) and self._sets[step.text].match(line[position]):
                    ahead.append((step.ways[0], saved))
            if not ahead:
                break
            threads = self._reached(ahead, line, position + 1, budget)
        if best is None:
            return None
        spans = zip(best[::2], best[1::2], strict=True)
        return tuple(line[start:end] if 0 <= start <= end else None for start, end in spans)

    def _reached(self, entries: list[_Thread], line: str, position: int, budget: Budget) -> list[_Thread]:
        """All steps that ask for a character, or are the end, by ways that take none; the first to reach one wins."""
        found: list[_Thread] = []
        seen: set[int] = set()
        stack = entries[::-1]
        while stack:
            number, saved = stack.pop()
            budget.steps -= 1
            if number in seen:
                continue
            seen.add(number)
            step = self._steps[number]
            if step.do is _Do.CHARACTER or step.do is _Do.DONE:
                found.append((number, saved))
                continue
            if step.do is _Do.SAVE:
                saved = (*saved[: step.slot], position, *saved[step.slot + 1 :])
            if step.do is not _Do.EDGE or _is_edge(step.text, line, position):
                stack.extend((way, saved) for way in reversed(step.ways))
        return found


def compile_pattern(text: str) -> Pattern:
    """Make a pattern ready. ``PatternError`` with the place of what is wrong, or not known here."""
    part, groups = read_pattern(text)
    writer = _Writer()
    first = writer.write(Group(0, part), writer.add(_Step(_Do.DONE)))
    sets = {step.text: re.compile(step.text, re.DOTALL) for step in writer.steps if step.do is _Do.CHARACTER}
    return Pattern(groups, first, tuple(writer.steps), sets)


class _Writer:
    """Writes the parts as steps, from the last to the first."""

    def __init__(self) -> None:
        self.steps: list[_Step] = []

    def add(self, step: _Step) -> int:
        if len(self.steps) >= SIZE_CAP:
            raise PatternError(f"more than {SIZE_CAP} steps once its repeats are written out", 0)
        self.steps.append(step)
        return len(self.steps) - 1

    def write(self, part: Part, after: int) -> int:
        """The number of the part's first step; the part goes on with ``after``."""
        match part:
            case One(text):
                return self.add(_Step(_Do.CHARACTER, text, (after,)))
            case Edge(text):
                return self.add(_Step(_Do.EDGE, text, (after,)))
            case Group(number, inner):
                end = self.add(_Step(_Do.SAVE, ways=(after,), slot=2 * number + 1))
                return self.add(_Step(_Do.SAVE, ways=(self.write(inner, end),), slot=2 * number))
            case Sequence(parts):
                for each in reversed(parts):
                    after = self.write(each, after)
                return after
            case Choice(parts):
                return self.add(_Step(_Do.WAYS, ways=tuple(self.write(each, after) for each in parts)))
            case Repeat():
                return self._repeat(part, after)

    def _repeat(self, part: Repeat, after: int) -> int:
        if part.most is None:
            loop = self.add(_Step(_Do.WAYS))
            body = self.write(part.inner, loop)
            self.steps[loop].ways = (after, body) if part.lazy else (body, after)
            after = loop
        else:
            leave = after
            for _ in range(part.most - part.least):
                body = self.write(part.inner, after)
                after = self.add(_Step(_Do.WAYS, ways=(leave, body) if part.lazy else (body, leave)))
        for _ in range(part.least):
            after = self.write(part.inner, after)
        return after


def _is_edge(edge: str, line: str, position: int) -> bool:
    if edge == "^":
        return position == 0
    if edge == "$":
        return position == len(line)
    before = position > 0 and _is_word(line[position - 1])
    after = position < len(line) and _is_word(line[position])
    return (before != after) == (edge == "b")


def _is_word(letter: str) -> bool:
    return letter.isalnum() or letter == "_"
