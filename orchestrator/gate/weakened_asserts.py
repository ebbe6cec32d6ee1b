"""What became of a test's assertions, whatever language it is written in."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Protocol


class Asserting(Protocol):
    """One version of a test."""

    @property
    def asserts(self) -> Sequence[str]:
        """Its assertions, as written."""

    @property
    def compared(self) -> Mapping[str, tuple[str, bool]]:
        """What is compared -> the assertion, and whether it asks for equality."""


def worse_asserts(old: Asserting, new: Asserting, *, loosened_word: str) -> Iterator[str]:
    """Assertions removed, loosened (told after ``loosened_word``) or rewritten."""
    lost = Counter(old.asserts) - Counter(new.asserts)
    fewer = len(old.asserts) - len(new.asserts)
    if fewer > 0:
        yield f"{fewer} of {len(old.asserts)} assertions removed: {_short(lost)}"
    loosened = [
        f"`{was}` became `{new.compared[subject][0]}`"
        for subject, (was, strict) in old.compared.items()
        if strict and subject in new.compared and not new.compared[subject][1]
    ]
    yield from (f"{loosened_word}: {what}" for what in loosened)
    if fewer <= 0 and lost and not loosened:
        yield f"assertions rewritten: {_short(lost)}"


def _short(texts: Counter[str]) -> str:
    first = next(iter(texts), "")
    return f"`{first[:80]}`" + (f" and {len(texts) - 1} more" if len(texts) > 1 else "")
