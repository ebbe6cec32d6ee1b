"""From words to the numbers of the files that hold them: sorted, found by halving, read where they lie on disk."""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence

_TO_SPACE = bytes(code if bytes((code,)).isalnum() or code == ord("_") else ord(" ") for code in range(256))


def words_of(data: bytes) -> set[bytes]:
    """The words (ASCII letters, digits, underscore) of a source; anything else parts them."""
    return set(data.translate(_TO_SPACE).split())


def is_word(name: bytes) -> bool:
    """Whether the name is one word."""
    return bool(name) and b" " not in name.translate(_TO_SPACE)


def pack(words: Mapping[bytes, Sequence[int]]) -> tuple[bytes, bytes, bytes, bytes]:
    """The four parts of a table: words, where each begins, its files, where those begin."""
    ordered = sorted(words)
    starts, firsts, numbers = array("I", [0]), array("I", [0]), array("I")
    position = 0
    for word in ordered:
        position += len(word)
        starts.append(position)
        numbers.extend(words[word])
        firsts.append(len(numbers))
    return b"".join(ordered), starts.tobytes(), numbers.tobytes(), firsts.tobytes()


class WordTable:
    """A packed table."""

    def __init__(self, parts: Sequence[memoryview]) -> None:
        """``ValueError`` or ``TypeError`` where the parts do not fit each other."""
        self._words = parts[0]
        self._starts, self._numbers, self._firsts = (part.cast("I") for part in parts[1:])
        if len(self._starts) != len(self._firsts) or not self._starts:
            raise ValueError("a word table's parts differ in length")
        if self._starts[-1] != len(self._words) or self._firsts[-1] != len(self._numbers):
            raise ValueError("a word table is cut short")

    def files(self, word: bytes) -> Iterable[int]:
        """Numbers of the files that hold the word, growing."""
        starts, words = self._starts, self._words
        count = len(starts) - 1
        at = bisect_left(range(count), word, key=lambda number: bytes(words[starts[number] : starts[number + 1]]))
        if at == count or words[starts[at] : starts[at + 1]] != word:
            return ()
        return self._numbers[self._firsts[at] : self._firsts[at + 1]]
