"""New inputs out of seeds: small changes, pieces of other seeds, the target's own words. Repeats by its seed."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence

LONGEST = 1 << 16
"""Bytes of an input; what is longer is cut."""


def inputs(seeds: Sequence[bytes], words: Sequence[bytes], *, seed: int) -> Iterator[bytes]:
    """The seeds themselves, then changed ones without end."""
    chance = random.Random(seed)
    yield from seeds
    while True:
        data = bytearray(chance.choice(seeds))
        for _ in range(chance.choice((1, 1, 2, 3, 5, 8, 13))):
            _change(chance, data, seeds, words)
        yield bytes(data[:LONGEST])


def _change(chance: random.Random, data: bytearray, seeds: Sequence[bytes], words: Sequence[bytes]) -> None:
    at, to = sorted((chance.randint(0, len(data)), chance.randint(0, len(data))))
    match chance.randrange(8):
        case 0 if data:
            data[at % len(data)] ^= 1 << chance.randrange(8)
        case 1:
            del data[at : min(to, at + chance.choice((1, 4, 40, 400)))]
        case 2 | 3:
            data[at:at] = chance.choice(words)
        case 4:
            data[at:at] = data[at:to][:2000] * chance.choice((1, 2, 30))
        case 5:
            other = chance.choice(seeds)
            start = chance.randint(0, len(other))
            data[at:to] = other[start : start + chance.choice((10, 100, 1000))]
        case 6:
            data[at:at] = bytes(chance.randrange(256) for _ in range(chance.choice((1, 2, 9))))
        case _:
            del data[to:]
    del data[2 * LONGEST :]
