"""A task that somebody else's words propose: an entry of tasks.yaml in the making."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection
from dataclasses import dataclass

from orchestrator.domain.task import Importance

TITLE_LIMIT = 200
"""As the tasks file has it."""
TEXT_LIMIT = 4_000
"""Characters of a description that are taken over: more is a discussion, not a task."""
_ID_LIMIT = 48
_WORDS_IN_ID = 6
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029]")
_FILLER = frozenset({"a", "an", "the", "to", "of", "in", "on", "is", "it", "this", "that", "be", "and", "or", "for"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """What becomes a task, once a person has read it."""

    id: str
    title: str
    description: str = ""
    acceptance: tuple[str, ...] = ()
    files: tuple[str, ...] = ()
    importance: Importance = Importance.MEDIUM
    importance_reason: str = ""
    request: str = ""
    origin: str = ""
    """Where it comes from, for a comment above it."""


def slug(text: str, *, prefix: str = "") -> str:
    """A safe id out of prose: its first words, ``[a-z0-9-]``; ``task`` where nothing is left."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    words = [word for word in re.findall(r"[a-z0-9]+", plain) if word not in _FILLER][:_WORDS_IN_ID]
    return "-".join([*([prefix] if prefix else []), *words])[:_ID_LIMIT].strip("-") or "task"


def unique(wanted: str, taken: Collection[str]) -> str:
    """The id, with a number behind it where it is taken."""
    name, number = wanted, 2
    while name in taken:
        name, number = f"{wanted}-{number}", number + 1
    return name


def line(text: str, limit: int = TITLE_LIMIT) -> str:
    """One line of plain text, its first letter a capital one."""
    flat = " ".join(_CONTROL.sub(" ", text).split())
    flat = flat[:1].upper() + flat[1:]
    return flat if len(flat) <= limit else flat[: limit - 3].rstrip() + "..."


def prose(text: str, limit: int = TEXT_LIMIT) -> str:
    """Text of several lines without control characters; what is beyond the limit is cut, and that is said."""
    clean = _CONTROL.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))
    lines = "\n".join(each.rstrip() for each in clean.expandtabs(4).split("\n")).strip()
    return lines if len(lines) <= limit else f"{lines[:limit].rstrip()}\n[...]"
