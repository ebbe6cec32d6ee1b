"""Numbers with their nouns, as every message says them."""

from __future__ import annotations


def count(number: int, noun: str, plural: str = "") -> str:
    """``1 task``, ``3 tasks``, ``1,204 lines``. ``plural``: where it is more than an ``s``."""
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"
