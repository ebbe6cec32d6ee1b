"""Which files of one language hold a name, and which define it: from the index on disk where there is one, else by a
search over all sources laid end to end.
"""

from __future__ import annotations

import time
from bisect import bisect_right
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import accumulate
from pathlib import Path

from orchestrator.failures.index.names import Definition
from orchestrator.failures.index.store import Store, read_store, state_of, write_store
from orchestrator.failures.index.toplevel import names_of
from orchestrator.failures.index.word_table import is_word, words_of

_STALE_SHARE = 0.1
"""Share of files the index on disk may not know before it is written anew: those are read by every process."""


class Search:
    """Look-ups in the sources of one language. Paths are answered in the view's order."""

    def __init__(self, paths: tuple[str, ...], source: Callable[[str], bytes], read: Callable[[str], bytes]) -> None:
        """``source`` may remember what it read before, ``read`` reads the file as it is now."""
        self.paths = paths
        self._source = source
        self._read = read
        self._joined: tuple[list[int], bytes] | None = None
        self._held: dict[str, tuple[str, ...]] = {}
        self._names: dict[str, Mapping[str, Definition]] = {}
        self._positions = {path: position for position, path in enumerate(paths)}
        self._store: Store | None = None
        self._known: dict[int, int] = {}
        """File number in the index on disk -> position among the paths, for files that are still the same."""
        self._fresh: dict[int, set[bytes]] = {}
        """Words of the files the index on disk does not know, by position."""

    # -- the index on disk --------------------------------------------------------------------------------------------

    def open(self, place: Path, root: Path) -> None:
        """Answer from the index at that place; it is written first where it is missing or knows too little."""
        self._adopt(read_store(place), str(root))
        if self._store is None or len(self._fresh) > max(1, _STALE_SHARE * len(self.paths)):
            self.build(place, root)

    def build(self, place: Path, root: Path) -> None:
        """Index every file and answer from that. A place that cannot be written leaves the search as it was."""
        try:
            write_store(place, str(root), self.paths, self._read, time.time_ns())
        except OSError:
            return
        self._adopt(read_store(place), str(root))

    def _adopt(self, store: Store | None, root: str) -> None:
        self._store, self._known, self._fresh = store, {}, {}
        if store is None:
            return
        positions, states = self._positions, store.states
        for number, path in enumerate(store.paths):
            position = positions.get(path)
            if position is not None:
                state = state_of(f"{root}/{path}")
                if state and state == tuple(states[3 * number : 3 * number + 3]):
                    self._known[number] = position
        for position in set(positions.values()).difference(self._known.values()):
            path = self.paths[position]
            if state_of(f"{root}/{path}") is not None:  # a link or a missing file holds nothing, and is never known
                self._fresh[position] = words_of(self._source(path))

    # -- look-ups -----------------------------------------------------------------------------------------------------

    def holding(self, name: str, *, whole: bool = True) -> tuple[str, ...]:
        """Files that hold the name as a word (not ``whole``: in one)."""
        if not whole:
            return self._found(name.encode(), whole=False)
        known = self._held.get(name)
        if known is None:
            needle = name.encode("utf-8", "surrogatepass")
            store = self._store if is_word(needle) else None
            known = self._stored(needle, store) if store else self._found(needle, whole=True)
            self._held[name] = known
        return known

    def hold_all(self, names: Iterable[str]) -> None:
        """Find many names in one pass over the sources, so that each is then answered at once."""
        wanted = {name.encode("utf-8", "surrogatepass"): name for name in names if name not in self._held}
        wanted = {needle: name for needle, name in wanted.items() if is_word(needle)}
        if self._store is not None or len(wanted) <= 1:
            return
        found: dict[str, list[str]] = {name: [] for name in wanted.values()}
        needles = wanted.keys()
        for path in self.paths:
            for needle in words_of(self._source(path)) & needles:
                found[wanted[needle]].append(path)
        self._held.update((name, tuple(paths)) for name, paths in found.items())

    def definitions(self, name: str) -> tuple[Definition, ...]:
        """Every module-level definition, import and re-export of the name."""
        found = (self.names(path).get(name) for path in self._defining(name))
        return tuple(definition for definition in found if definition is not None)

    def names(self, path: str) -> Mapping[str, Definition]:
        """The module-level names of one file."""
        known = self._names.get(path)
        if known is None:
            known = self._names[path] = names_of(path, self._source(path))
        return known

    def _defining(self, name: str) -> Sequence[str]:
        needle = name.encode("utf-8", "surrogatepass")
        if self._store is None or not is_word(needle):
            return self.holding(name)
        positions = {position for position, words in self._fresh.items() if needle in words}
        for number in self._store.defining.files(needle):
            position = self._known.get(number)
            if position is not None and position not in positions:
                positions.add(position)
                self._names.setdefault(self.paths[position], self._store.names(number))
        return [self.paths[position] for position in sorted(positions)]

    def _stored(self, needle: bytes, store: Store) -> tuple[str, ...]:
        positions = [position for position, words in self._fresh.items() if needle in words]
        known = (self._known.get(number) for number in store.holding.files(needle))
        positions.extend(position for position in known if position is not None)
        return tuple(self.paths[position] for position in sorted(positions))

    def _found(self, needle: bytes, *, whole: bool) -> tuple[str, ...]:
        """One search over all sources."""
        starts, text = self._laid_out()
        found = []
        position = text.find(needle) if needle else -1
        while position != -1:
            end = position + len(needle)
            if whole and _inside_word(text, position, end):
                position = text.find(needle, end)  # part of a longer word
                continue
            number = bisect_right(starts, position) - 1
            found.append(self.paths[number])
            position = text.find(needle, starts[number + 1]) if number + 1 < len(starts) else -1
        return tuple(found)

    def _laid_out(self) -> tuple[list[int], bytes]:
        if self._joined is None:
            sources = [self._source(path) for path in self.paths]
            starts = [0, *accumulate(len(source) + 1 for source in sources[:-1])] if sources else []
            self._joined = (starts, b"\n".join(sources))
        return self._joined

    # -- edits --------------------------------------------------------------------------------------------------------

    def refresh(self, changed: Iterable[str]) -> None:
        """Take up edits of files that were there before; their sources are read again when asked for."""
        positions = [self._positions[path] for path in changed if path in self._positions]
        if not positions:
            return
        self._joined = None
        self._held.clear()
        gone = set(positions)
        for path in (self.paths[position] for position in positions):
            self._names.pop(path, None)
        if self._store is not None:
            numbers = [number for number, position in self._known.items() if position in gone]
            for number in numbers:
                del self._known[number]
            for position in positions:
                self._fresh[position] = words_of(self._source(self.paths[position]))


def _inside_word(text: bytes, start: int, end: int) -> bool:
    before, after = text[start - 1 : start], text[end : end + 1]
    return after.isalnum() or after == b"_" or before.isalnum() or before == b"_"
