"""A semicolon the change took away where the next line goes on without it: ``const f = 36 - s``, then ``(t.push(1))``.

A formatter takes both lines for one statement, and writes the changed program neatly. The old line says what was meant.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from orchestrator.failures.autofix.text import SourceText

_GOES_ON = tuple("([`+-/*")
"""What a line may begin with and still be part of the statement before it (ECMAScript, automatic semicolons)."""


def give_back(source: SourceText, replaced: Mapping[int, Sequence[str]]) -> bool:
    """Put such semicolons back. ``replaced``: 1-based line of the file -> the lines it stands for."""
    done = False
    for number, old in sorted(replaced.items()):
        line = (source.line(number) or "").rstrip()
        following = next((text for text in source.lines[number:] if text.strip()), "").lstrip()
        lost = line and any(one.rstrip() == f"{line};" for one in old)
        if lost and following.startswith(_GOES_ON) and not following.startswith(("//", "/*")):
            source.replace(number, f"{line};")
            done = True
    return done
