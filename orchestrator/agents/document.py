"""A file's lines while edits are applied to them: an indexed, linked list, so that ten thousand edits stay linear."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from difflib import SequenceMatcher

from orchestrator.agents.filetext import Decoded, split

MAX_CANDIDATES = 50_000
"""Places looked at for one block; a block made of lines commoner than that is called ambiguous."""
MAX_ALIGNED = 160_000
"""Product of a block's two lengths up to which its unchanged middle lines are found; beyond, only its ends are."""

_HEAD = 0


class Document:
    """Lines with their endings, in order, addressed by ids that stay valid while others come and go.

    ``wanted`` are the stripped lines that will be searched for: only those are indexed.
    """

    def __init__(self, decoded: Decoded, wanted: Collection[str]) -> None:
        self.encoding = decoded.encoding
        self.mark = decoded.mark
        lines = split(decoded.text)
        count = len(lines) + 1
        self._text = ["", *(text for text, _ in lines)]
        self._ending = ["", *(ending for _, ending in lines)]
        self._next = [*range(1, count), _HEAD]
        self._previous = [count - 1, *range(count - 1)]
        self._alive = bytearray(b"\1") * count
        self._wanted = wanted
        self._index: dict[str, list[int]] = {}
        for line in range(1, count):
            self._remember(line)
        self.ending = next((ending for _, ending in lines if ending), "\n")

    def _remember(self, line: int) -> None:
        key = self._text[line].strip()
        if key in self._wanted:
            self._index.setdefault(key, []).append(line)

    def places(self, key: str) -> list[int]:
        """Ids of the lines that are ``key`` but for white space around them."""
        lines = [line for line in self._index.get(key, ()) if self._alive[line]]
        if key in self._index:
            self._index[key] = lines
        return lines

    def __iter__(self) -> Iterator[int]:
        line = self._next[_HEAD]
        while line != _HEAD:
            yield line
            line = self._next[line]

    def text(self, line: int) -> str:
        """A line without its ending."""
        return self._text[line]

    def numbers(self, wanted: Collection[int]) -> dict[int, int]:
        """1-based line numbers of ids; a walk over the whole document, so for faults only."""
        return {line: number for number, line in enumerate(self, 1) if line in wanted}

    def back(self, line: int, steps: int) -> int | None:
        """The id that many lines before; ``None`` beyond the first."""
        for _ in range(steps):
            line = self._previous[line]
            if line == _HEAD:
                return None
        return line

    def run(self, start: int, length: int) -> list[int] | None:
        """The ids of ``length`` lines from ``start``; ``None`` where the document ends before."""
        lines = [start]
        line = start
        while len(lines) < length:
            line = self._next[line]
            if line == _HEAD:
                return None
            lines.append(line)
        return lines

    def replace(self, old: Sequence[int], search: Sequence[str], new: Sequence[str]) -> None:
        """Put ``new`` in the place of the lines ``old``, which were found as ``search``.

        Lines that ``search`` and ``new`` share stay as they are in the file, byte for byte. A document without final
        line ending keeps it so.
        """
        before, after = self._previous[old[0]], self._next[old[-1]]
        unfinished = after == _HEAD and not self._ending[old[-1]]
        fallback = self._ending[old[0]] or self.ending
        kept = _aligned(search, new)
        used = set(kept.values())
        for position, line in enumerate(old):
            if position not in used:
                self._alive[line] = 0
        place = before
        for position, text in enumerate(new):
            line = old[kept[position]] if position in kept else self._add(text, fallback)
            if not self._ending[line]:
                self._ending[line] = fallback
            self._next[place], self._previous[line] = line, place
            place = line
        self._next[place], self._previous[after] = after, place
        if unfinished and new:
            self._ending[place] = ""

    def _add(self, text: str, ending: str) -> int:
        self._text.append(text)
        self._ending.append(ending)
        self._next.append(_HEAD)
        self._previous.append(_HEAD)
        self._alive.append(1)
        line = len(self._text) - 1
        self._remember(line)
        return line

    def encode(self) -> bytes:
        """The bytes as they are now. Raises ``UnicodeEncodeError`` where a new character does not fit the encoding."""
        body = "".join([self._text[line] + self._ending[line] for line in self])
        return self.mark + body.encode(self.encoding)


def _aligned(search: Sequence[str], new: Sequence[str]) -> dict[int, int]:
    """Which lines of ``new`` are which lines of ``search``: position in ``new`` -> position in ``search``."""
    shorter = min(len(search), len(new))
    head = 0
    while head < shorter and search[head] == new[head]:
        head += 1
    tail = 0
    while tail < shorter - head and search[-1 - tail] == new[-1 - tail]:
        tail += 1
    kept = {position: position for position in range(head)}
    kept |= {len(new) - 1 - back: len(search) - 1 - back for back in range(tail)}
    middle_old, middle_new = search[head : len(search) - tail], new[head : len(new) - tail]
    if middle_old and middle_new and len(middle_old) * len(middle_new) <= MAX_ALIGNED:
        for block in SequenceMatcher(None, middle_old, middle_new, autojunk=False).get_matching_blocks():
            kept |= {head + block.b + step: head + block.a + step for step in range(block.size)}
    return kept
