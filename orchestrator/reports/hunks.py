"""A unified diff taken apart into files and hunks, as git writes it. Pure; no text makes it raise, none is lost."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

_FILE = "diff --git "
_HUNK = re.compile(r"@@+ -\d+(?:,\d+)? (?:-\d+(?:,\d+)? )*\+(\d+)(?:,\d+)? @@")
_HEAD = re.compile(r'diff --git (?:"?a/.*?"? )"?b/(.*?)"?$')
_HEAD_LINES = 20
"""A file's head has fewer: mode, similarity, names."""
_LOCKS = frozenset(
    """
    package-lock.json npm-shrinkwrap.json yarn.lock pnpm-lock.yaml bun.lock poetry.lock uv.lock pdm.lock
    Pipfile.lock Cargo.lock go.sum composer.lock Gemfile.lock
    """.split()  # noqa: SIM905 - a table of words reads better
)
"""Written by package managers: they are looked through, not read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hunk:
    """Neighbouring changes of one file."""

    path: str
    """As it is called afterwards; of a deleted file, as it was."""
    state: str
    """``new``, ``deleted``, ``renamed`` or empty."""
    line: int
    """Where it begins afterwards; 0: it has no text (a binary file, a mode, a rename)."""
    lines: tuple[str, ...]
    """With their first character; without the file's head and the ``@@`` line."""
    note: str = ""
    """What stands behind the second ``@@``: the enclosing function."""

    @property
    def added(self) -> tuple[str, ...]:
        """Lines it brings, without the ``+``."""
        return tuple(line[1:] for line in self.lines if line.startswith("+"))

    @property
    def removed(self) -> tuple[str, ...]:
        """Lines it takes away, without the ``-``."""
        return tuple(line[1:] for line in self.lines if line.startswith("-"))

    def head(self, limit: int) -> Hunk:
        """The hunk without the lines behind the first ``limit``."""
        return self if len(self.lines) <= limit else replace(self, lines=self.lines[:limit])

    @property
    def machine_written(self) -> bool:
        """A lock file's."""
        return self.path.rsplit("/", 1)[-1] in _LOCKS


def hunks_of(diff: str) -> tuple[Hunk, ...]:
    """The diff's hunks in its order; text that stands before the first file is a hunk of no file."""
    return tuple(hunk for part in _files(diff) for hunk in _of_file(part))


def _files(diff: str) -> Iterator[str]:
    first, *others = f"\n{diff}".rstrip("\n").split(f"\n{_FILE}")
    if first.strip():
        yield first[1:]
    yield from (_FILE + other for other in others)


def _of_file(part: str) -> Iterator[Hunk]:
    head_text, *bodies = f"\n{part}".split("\n@@")
    head = head_text[1:].split("\n")
    path, state = _path(head[:_HEAD_LINES]), _state(head[:_HEAD_LINES])
    if not bodies:
        yield Hunk(path=path, state=state, line=0, lines=tuple(head[1:] if path else head))
    elif not path and head_text.strip():
        yield Hunk(path="", state="", line=0, lines=tuple(head))
    for body in bodies:
        title, *lines = f"@@{body}".split("\n")
        found = _HUNK.match(title)
        yield Hunk(
            path=path,
            state=state,
            line=int(found[1][:9]) if found else 0,
            lines=tuple(lines),
            note=title[found.end() :].strip() if found else "",
        )


def _path(head: list[str]) -> str:
    for mark in ("+++ ", "--- "):
        for line in head:
            name = line.removeprefix(mark).rstrip("\t").strip('"')
            if line.startswith(mark) and name != "/dev/null":
                return name[2:] if name[:2] in ("a/", "b/") else name
    found = _HEAD.match(head[0])
    return found[1] if found else head[0].removeprefix(_FILE) if head[0].startswith(_FILE) else ""


def _state(head: list[str]) -> str:
    for mark, state in (("new file", "new"), ("deleted file", "deleted"), ("rename to", "renamed")):
        if any(line.startswith(mark) for line in head):
            return state
    return ""
