"""The architect's decision record, read into fields."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class FileAction(StrEnum):
    """What the ADR allows to happen to a file."""

    CREATE = "create"
    MODIFY = "modify"
    DELETE = "delete"


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedFile:
    """One item of the ADR's ``## Files``."""

    path: str
    action: FileAction
    why: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Adr:
    """An accepted ADR."""

    title: str
    status: str
    date: str
    text: str
    """The whole markdown, as it is written to adr.md."""
    decision: str
    files: tuple[PlannedFile, ...]
    compliance: Mapping[str, str]
    """Invariant id -> how it is kept."""
