"""What an executor wants changed, before it is matched against the tree."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Replace:
    """Replace ``search`` by ``replace`` once in ``path``. Lines as in the answer, joined by ``\\n``."""

    path: str
    search: str
    replace: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Create:
    """A new file (an empty SEARCH); refused where the file exists and is not empty."""

    path: str
    content: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Delete:
    """Remove the file."""

    path: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Rename:
    """Move the file, mode and bytes kept."""

    path: str
    target: str


Edit = Replace | Create | Delete | Rename


@dataclass(frozen=True, slots=True, kw_only=True)
class EditFault:
    """Why an edit was refused or did not apply; told to the executor as it stands."""

    path: str
    reason: str
    """``no match``, ``ambiguous``, ``outside``, ``protected``, ``exists``, ``missing``, ``shrunk`` ..."""
    detail: str
    """What to do about it, with the nearest real text where there is one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FileChange:
    """A file as it shall be: bytes, and whether it is executable. ``content`` ``None``: it is deleted."""

    path: str
    content: bytes | None
    executable: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class EditOutcome:
    """All of an answer's edits, or none: either ``faults`` is empty, or ``changes`` is."""

    changes: tuple[FileChange, ...]
    faults: tuple[EditFault, ...]
    tolerated: tuple[str, ...] = ()
    """What had to be tolerated to match (white space, line endings, a moved block), one note each."""
