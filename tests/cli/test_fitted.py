"""Text on a terminal of a given width, and in a file."""

from __future__ import annotations

import fcntl
import io
import os
import struct
import termios
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import TextIO

import pytest

from orchestrator.cli.fitted import Colour, coloured, fitted

TEXT = """\
note    tasks       tasks.yaml:7:5: halve: nothing says how one sees that it is done
  split-evenly    needs you  3/3  retry with the failure (tests/test_split.py:13: assert)
     expected 137k tokens (91k to 230k), $0.74 ($0.50 to $1.12), 13 min
yours: orchestrate resume 20261121-2313-tally --task split-evenly --hint "..."
a-word-that-is-longer-than-the-terminal-is-wide-and-stays-whole-for-copying short"""
AT_60 = """\
note    tasks       tasks.yaml:7:5: halve: nothing says how
                    one sees that it is done
  split-evenly    needs you  3/3  retry with the failure
                                  (tests/test_split.py:13:
                                  assert)
     expected 137k tokens (91k to 230k), $0.74 ($0.50 to
       $1.12), 13 min
yours: orchestrate resume 20261121-2313-tally --task split-evenly --hint "..."
a-word-that-is-longer-than-the-terminal-is-wide-and-stays-whole-for-copying
  short"""
XTERM = {"TERM": "xterm"}


@pytest.fixture
def terminal() -> Iterator[Callable[[int], TextIO]]:
    """Makes terminals of so many columns."""
    with ExitStack() as stack:

        def made(columns: int) -> TextIO:
            keyboard, screen = os.openpty()
            stack.callback(os.close, keyboard)
            fcntl.ioctl(screen, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
            return stack.enter_context(os.fdopen(screen, "w", encoding="utf-8"))

        yield made


def test_lines_go_on_under_their_own_text(terminal: Callable[[int], TextIO]) -> None:
    assert fitted(TEXT, terminal(60)) == AT_60
    assert fitted(TEXT, terminal(200)) == TEXT
    assert fitted(TEXT, terminal(20)) == TEXT, "too narrow to wrap well"
    assert fitted(TEXT, io.StringIO()) == TEXT, "a file's lines stay whole"


def test_colour_is_for_terminals_that_have_some(terminal: Callable[[int], TextIO]) -> None:
    assert coloured("GO", Colour.GOOD, terminal(80), XTERM) == "\x1b[32mGO\x1b[0m"
    assert coloured("GO", Colour.GOOD, terminal(80), {**XTERM, "NO_COLOR": "1"}) == "GO"
    assert coloured("GO", Colour.GOOD, terminal(80), {"TERM": "dumb"}) == "GO"
    assert coloured("GO", Colour.GOOD, io.StringIO(), XTERM) == "GO"
