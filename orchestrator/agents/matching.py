"""Applying an answer's edits to the tree's files: all of them, or none. Pure: the tree is read through a callable.

Edits apply in the answer's order, each to what the ones before it left. Bytes outside an edit stay as they were.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from orchestrator.agents import nearest
from orchestrator.agents.document import Document
from orchestrator.agents.filetext import BinaryFileError, Decoded, FileText, decode
from orchestrator.agents.locate import Place, locate
from orchestrator.agents.paths import path_fault
from orchestrator.domain.edit import Create, Delete, Edit, EditFault, EditOutcome, FileChange, Rename, Replace

MAX_FAULTS = 20
"""Faults told of one answer; looking stops there."""
SCREEN_LINES = 20
"""Lines up to which a file may be written anew at any length: all of it was in sight."""

Read = Callable[[str], FileText | None]
"""The tracked file of that path; ``None``: there is none."""
Guard = Callable[[str], str | None]
"""Why a path may not be touched (protected, out of scope); ``None``: it may."""


def apply_edits(
    edits: Iterable[Edit],
    read: Read,
    guard: Guard,
    is_folder: Callable[[str], bool] = lambda _path: False,
) -> EditOutcome:
    """Apply the edits to the files ``read`` gives; ``is_folder`` tells paths that tracked files lie under.

    The outcome has changes (sorted by path, only files that really change) or faults, never both.
    """
    edits = tuple(edits)
    wanted = frozenset(
        line.strip() for edit in edits if isinstance(edit, Replace) for line in edit.search.split("\n") if line.strip()
    )
    bench = _Bench(read=read, guard=guard, is_folder=is_folder, wanted=wanted)
    for edit in edits:
        fault = bench.apply(edit)
        if fault is not None:
            bench.faults.append(fault)
            if len(bench.faults) >= MAX_FAULTS:
                break
    changes = () if bench.faults else bench.changes()
    if bench.faults:  # of matching, or of writing the changes in their file's encoding
        return EditOutcome(changes=(), faults=tuple(bench.faults))
    return EditOutcome(changes=changes, faults=(), tolerated=tuple(bench.tolerated))


@dataclass(slots=True)
class _File:
    """A file while edits are applied to it."""

    was: FileText | None
    executable: bool = False
    document: Document | None = None
    """Present where it was edited or made; else ``content`` stands."""
    content: bytes | None = None
    """The bytes where they were not taken apart; ``None`` with no document: the file is not there."""
    deleted: bool = False
    """It was deleted on the way, and may have been made again."""

    @property
    def present(self) -> bool:
        return self.document is not None or self.content is not None


@dataclass(slots=True)
class _Bench:
    """All files an answer touches."""

    read: Read
    guard: Guard
    is_folder: Callable[[str], bool]
    wanted: frozenset[str]
    files: dict[str, _File] = field(default_factory=dict)
    faults: list[EditFault] = field(default_factory=list)
    tolerated: list[str] = field(default_factory=list)

    def apply(self, edit: Edit) -> EditFault | None:
        """Apply one edit, or say why not."""
        for path in (edit.path, edit.target) if isinstance(edit, Rename) else (edit.path,):
            if fault := self._refused(path):
                return fault
        match edit:
            case Replace():
                return self._replace(edit)
            case Create():
                return self._create(edit)
            case Delete():
                return self._delete(edit)
            case Rename():
                return self._rename(edit)

    def changes(self) -> tuple[FileChange, ...]:
        """What differs from the tree; a fault instead where new text does not fit its file, or most of it is gone."""
        changes = []
        for path, file in sorted(self.files.items()):
            try:
                content = file.document.encode() if file.document is not None else file.content
            except UnicodeEncodeError as error:
                letters = error.object[error.start : error.end][:10]
                encoding = error.encoding.replace("charmap", "latin-1")
                detail = f"the file is {encoding}; it cannot hold {letters!a}"
                self.faults.append(EditFault(path=path, reason="encoding", detail=detail))
                continue
            if (file.was.content if file.was else None) == content:
                continue
            if file.deleted and file.was is not None and content is not None and _shrunk(file.was.content, content):
                self.faults.append(_left_out(path, file.was.content, content))
                continue
            changes.append(FileChange(path=path, content=content, executable=file.executable))
        return tuple(changes)

    def _refused(self, path: str) -> EditFault | None:
        """Whether the path may not be touched at all."""
        if why := path_fault(path):
            return EditFault(path=path, reason="outside", detail=f"the path is refused: {why}")
        if why := self.guard(path):
            return EditFault(path=path, reason="protected", detail=why)
        parts = path.split("/")
        for end in range(1, len(parts)):
            parent = "/".join(parts[:end])
            file = self._file(parent)
            if file.present:
                kind = "a link" if file.was is not None and file.was.link else "a file, not a folder"
                return EditFault(path=path, reason="outside", detail=f"{parent} is {kind}")
        was = self._file(path).was
        if was is not None and was.link:
            return EditFault(path=path, reason="outside", detail="it is a symbolic link; links are not edited")
        return None

    def _file(self, path: str) -> _File:
        file = self.files.get(path)
        if file is None:
            was = self.read(path)
            file = _File(was=was, executable=was.executable if was else False, content=was.content if was else None)
            self.files[path] = file
        return file

    def _replace(self, edit: Replace) -> EditFault | None:
        file = self._file(edit.path)
        if not file.present:
            return _missing(edit.path)
        if file.document is None:
            try:
                file.document = Document(decode(file.content or b""), self.wanted)
            except BinaryFileError as error:
                return EditFault(path=edit.path, reason="binary", detail=f"{error}; it cannot be edited as text")
        search, replace = edit.search.split("\n"), edit.replace.split("\n") if edit.replace else []
        place = locate(file.document, search, replace)
        if not isinstance(place, Place):
            return _unplaced(edit, file.document, search, place)
        file.document.replace(place.lines, place.search, place.replace)
        if place.note:
            self.tolerated.append(f"{edit.path}: {place.note}")
        return None

    def _create(self, edit: Create) -> EditFault | None:
        file = self._file(edit.path)
        if file.document is not None or file.content:
            detail = "the file exists; name the lines to change in SEARCH (or DELETE it first to write it anew)"
            return EditFault(path=edit.path, reason="exists", detail=detail)
        if file.content is None and self.is_folder(edit.path):
            return EditFault(path=edit.path, reason="exists", detail="a folder of that name exists")
        file.document = Document(Decoded(text=edit.content, encoding="utf-8"), self.wanted)
        return None

    def _delete(self, edit: Delete) -> EditFault | None:
        file = self._file(edit.path)
        if not file.present:
            return _missing(edit.path)
        file.document, file.content, file.deleted = None, None, True
        return None

    def _rename(self, edit: Rename) -> EditFault | None:
        source, target = self._file(edit.path), self._file(edit.target)
        if not source.present:
            return _missing(edit.path)
        if target.present or self.is_folder(edit.target):
            return EditFault(path=edit.target, reason="exists", detail="the target of the rename exists")
        target.document, target.content, target.executable = source.document, source.content, source.executable
        source.document, source.content = None, None
        return None


def _shrunk(was: bytes, now: bytes) -> bool:
    """Whether a file written anew has lost more than half: what a model does that leaves out what it means to keep."""
    return was.count(b"\n") > SCREEN_LINES and 2 * len(now) < len(was)


def _left_out(path: str, was: bytes, now: bytes) -> EditFault:
    lines, left = was.count(b"\n"), now.count(b"\n")
    detail = (
        f"written anew it has {left} lines instead of {lines}, as if the rest had been left out; do not DELETE it, and "
        "take out what is to go with SEARCH blocks"
    )
    return EditFault(path=path, reason="shrunk", detail=detail)


def _missing(path: str) -> EditFault:
    detail = "there is no such tracked file; an empty SEARCH creates one"
    return EditFault(path=path, reason="missing", detail=detail)


def _unplaced(edit: Replace, document: Document, search: Sequence[str], places: tuple[int, ...]) -> EditFault:
    """The fault of a block that matched nowhere, or more than once."""
    if places:
        numbers = sorted(document.numbers(frozenset(places)).values())
        where = " and ".join(str(number) for number in numbers)
        detail = f"SEARCH matches at lines {where}; add lines around it until it is the only one"
        return EditFault(path=edit.path, reason="ambiguous", detail=detail)
    if edit.replace.strip() and _holds(document, edit.replace.split("\n")):
        detail = "SEARCH is not in the file, and the REPLACE text is there already; leave this edit out"
        return EditFault(path=edit.path, reason="no match", detail=detail)
    near = nearest.nearest(document, search)
    if near is None:
        detail = "SEARCH is not in the file, nor anything like it; read the file again"
    else:
        first, lines = near
        span = f"line {first} is" if len(lines) == 1 else f"lines {first}-{first + len(lines) - 1} are"
        detail = f"SEARCH is not in the file. The nearest {span}:\n" + "\n".join(lines)
    return EditFault(path=edit.path, reason="no match", detail=detail)


def _holds(document: Document, lines: Sequence[str]) -> bool:
    """Whether the document holds those lines, but for white space at their ends."""
    needle = "\n" + "\n".join(line.rstrip() for line in lines).strip("\n") + "\n"
    return needle in "\n" + "\n".join(document.text(line).rstrip() for line in document) + "\n"
