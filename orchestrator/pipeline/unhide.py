"""What agents were shown as ``[hidden:...]`` is put back in their edits, from the repository's own files.

So a file that holds a secret can be edited without anyone having been shown it. What stands for nothing known is a
secret that the answer itself brought: it was hidden before it was kept, a resume could not know it, and it has no place
in a repository; such an edit is refused aloud.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from orchestrator.domain.edit import Create, Delete, Edit, EditFault, Rename, Replace
from orchestrator.domain.redactor import MARK
from orchestrator.redaction import meet, reveal

TextOf = Callable[[str], str | None]
"""A tracked file's text; ``None`` where it is not there or no text."""
_DETAIL = (
    "{names} stands for text that was hidden as a secret and is in no file you were shown. Secrets are not written "
    "into the repository: read it from the environment at run time, or make the example one that is no key"
)


def put_back(edits: Sequence[Edit], text_of: TextOf) -> tuple[tuple[Edit, ...], tuple[EditFault, ...]]:
    """The edits as they are meant, and what is wrong with those that bring secrets of their own."""
    if not any(MARK in text for edit in edits for text in _texts(edit)):
        return tuple(edits), ()
    for edit in edits:
        meet(text_of(edit.path) or "")
    whole, faults = [], []
    for edit in edits:
        meant, unknown = _meant(edit)
        there = text_of(edit.path) or ""
        new = tuple(name for name in unknown if name not in there)
        if new:
            detail = _DETAIL.format(names=", ".join(new))
            faults.append(EditFault(path=edit.path, reason="hidden secret", detail=detail))
        whole.append(meant)
    return tuple(whole), tuple(faults)


def _meant(edit: Edit) -> tuple[Edit, tuple[str, ...]]:
    match edit:
        case Replace():
            written, unknown = reveal(edit.replace)
            return replace(edit, search=reveal(edit.search)[0], replace=written), unknown
        case Create():
            written, unknown = reveal(edit.content)
            return replace(edit, content=written), unknown
        case Delete() | Rename():
            return edit, ()


def _texts(edit: Edit) -> tuple[str, ...]:
    match edit:
        case Replace():
            return edit.search, edit.replace
        case Create():
            return (edit.content,)
        case Delete() | Rename():
            return ()
