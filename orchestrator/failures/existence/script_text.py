"""A JavaScript or TypeScript source with its comments, strings and templates blanked; blocks and what opens them.

No parser: offsets and lines stay those of the file, so that what is found can be placed.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass
from functools import cached_property

_TOKEN = re.compile(
    r"(?P<comment>//[^\n]*|/\*[^*]*\*+(?:[^/*][^*]*\*+)*/)"
    r"|(?P<string>\"(?:[^\"\\\n]|\\.)*\"|'(?:[^'\\\n]|\\.)*')"
    r"|(?P<template>`(?:[^`\\]|\\.)*`)"
    r"|(?P<regex>(?<=[(,=:\[!&|?{};+\n>])[ \t]*/(?![*/ ])(?:[^/\\\[\n]|\\.|\[(?:[^\]\\\n]|\\.)*\])+/[dgimsuvy]*)",
    re.DOTALL,
)
_LONG_LINE = 1000
"""A line of minified or generated code (characters)."""


@dataclass(frozen=True)
class Block:
    """A pair of braces and the text that stands before it."""

    start: int
    end: int
    head: str


class ScriptText:
    """One file."""

    def __init__(self, data: bytes) -> None:
        self.raw = data.decode("utf-8", "replace").replace("\r\n", "\n")

    @cached_property
    def with_strings(self) -> str:
        """Comments and templates blanked."""
        return _TOKEN.sub(lambda match: match[0] if match["string"] else _blank(match[0]), self.raw)

    @cached_property
    def code(self) -> str:
        """Comments, templates, regular expressions and the insides of strings blanked."""
        return _TOKEN.sub(lambda match: _inside(match[0]) if match["string"] else _blank(match[0]), self.raw)

    @cached_property
    def readable(self) -> bool:
        """Written by hand, by the look of it, and with braces that fit."""
        return max(map(len, self.raw.split("\n")), default=0) < _LONG_LINE and self.code.count("{") == self.code.count(
            "}"
        )

    @cached_property
    def _starts(self) -> list[int]:
        return [0, *(match.end() for match in re.finditer("\n", self.raw))]

    def line(self, offset: int) -> int:
        """1-based."""
        return bisect_right(self._starts, offset)

    def column(self, offset: int) -> int:
        """1-based."""
        return offset - self._starts[self.line(offset) - 1] + 1

    @cached_property
    def blocks(self) -> tuple[Block, ...]:
        """Every pair of braces, in the order they open."""
        found: list[Block] = []
        stack: list[tuple[int, str]] = []
        edge = 0
        for match in re.finditer(r"[{};]", self.code):
            if match[0] == "{":
                stack.append((match.start(), self.code[max(edge, match.start() - 400) : match.start()].strip()))
            elif match[0] == "}" and stack:
                start, head = stack.pop()
                found.append(Block(start, match.start(), head))
            edge = match.end()
        return tuple(sorted(found, key=lambda block: block.start))

    def around(self, offset: int) -> list[Block]:
        """Blocks that hold the offset, the outermost first."""
        return [block for block in self.blocks if block.start < offset < block.end]

    def closing(self, offset: int) -> int:
        """Where the parenthesis opened at the offset is closed; -1 if nowhere."""
        depth = 0
        for match in re.compile(r"[()]").finditer(self.code, offset):
            depth += 1 if match[0] == "(" else -1
            if depth == 0:
                return match.start()
        return -1


def _blank(text: str) -> str:
    return "\n".join(" " * len(part) for part in text.split("\n"))


def _inside(text: str) -> str:
    return text[0] + " " * (len(text) - 2) + text[-1]
