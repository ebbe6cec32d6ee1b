"""Text as the terminal it is read on takes it: wrapped between words, a word of weight in colour.

What goes into a file or a pipe stays as it is: a program that reads lines gets whole ones.
"""

from __future__ import annotations

import os
import re
import textwrap
from collections.abc import Mapping
from enum import StrEnum
from typing import TextIO

from orchestrator.cli.live import draws_pictures

_LEAST = 40
"""Columns: on less nothing is wrapped, since hardly a word would fit beside the indent."""
_COLUMN = re.compile(r".{0,34}\S {2,}(?=\S)")
"""A label and the gap behind it, where a line has one near its beginning."""
_COMMAND = "orchestrate "
"""A line that holds a command stays whole, so that it can be copied."""


class Colour(StrEnum):
    """The terminal's own, so that they fit its theme."""

    GOOD = "32"
    LOOK = "33"
    BAD = "31;1"


def fitted(text: str, stream: TextIO) -> str:
    """Each line wrapped at the terminal's width, going on under its own text; as it is for any other stream."""
    width = _width(stream)
    if width < _LEAST:
        return text
    return "\n".join(_wrapped(line, width) for line in text.split("\n"))


def coloured(word: str, colour: Colour, stream: TextIO, environ: Mapping[str, str]) -> str:
    """The word in that colour, on a terminal that has some and where NO_COLOR does not ask for none."""
    plain = environ.get("NO_COLOR") or not draws_pictures(stream, environ)
    return word if plain else f"\x1b[{colour}m{word}\x1b[0m"


def _width(stream: TextIO) -> int:
    """Columns; 0 where it is no terminal."""
    try:
        return os.get_terminal_size(stream.fileno()).columns if stream.isatty() else 0
    except (OSError, ValueError):
        return 0


def _wrapped(line: str, width: int) -> str:
    if len(line) <= width or _COMMAND in line:
        return line
    label = _COLUMN.match(line)
    indent = label.end() if label else len(line) - len(line.lstrip()) + 2
    return textwrap.fill(
        line,
        width,
        subsequent_indent=" " * indent,
        expand_tabs=False,
        replace_whitespace=False,
        break_long_words=False,
        break_on_hyphens=False,
    )
