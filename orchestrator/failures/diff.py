"""A unified diff, read into the lines it adds and removes."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

_HUNK = re.compile(r"@@ -(\d+)(?:,\d+)? \+(\d+)(?:,\d+)? @@")
WORD = re.compile(r"[A-Za-z_$][\w$]*")


@dataclass(frozen=True, slots=True)
class FileDiff:
    """One file of a diff. Line numbers are 1-based: of the new file for added lines, of the old for removed ones."""

    path: str
    added: dict[int, str] = field(default_factory=dict)
    removed: dict[int, str] = field(default_factory=dict)
    replaced: dict[int, tuple[str, ...]] = field(default_factory=dict)
    """Added line -> the removed lines of the same run of changes."""
    deleted: bool = False


@dataclass(frozen=True, slots=True)
class Diff:
    """A whole diff, by path."""

    files: dict[str, FileDiff] = field(default_factory=dict)

    def added(self, path: str | None, line: int | None) -> bool:
        """Whether that line of the new file was added or changed."""
        entry = self.files.get(path or "")
        return entry is not None and line in entry.added

    def removed_text(self, path: str | None = None) -> str:
        """All removed lines, of one file or of all."""
        chosen = self.files.values() if path is None else filter(None, [self.files.get(path)])
        return "\n".join(text for entry in chosen for text in entry.removed.values())

    def added_text(self, path: str | None = None) -> str:
        """All added lines, of one file or of all."""
        chosen = self.files.values() if path is None else filter(None, [self.files.get(path)])
        return "\n".join(text for entry in chosen for text in entry.added.values())


def parse_diff(text: str) -> Diff:
    """Read a unified diff; what is not one gives an empty result."""
    reader = _Reader()
    for raw in text.splitlines():
        reader.take(raw)
    reader.close_run()
    return Diff(reader.files)


class _Reader:
    def __init__(self) -> None:
        self.files: dict[str, FileDiff] = {}
        self.current: FileDiff | None = None
        self.old = self.new = 0
        self.old_name = ""
        self.run_removed: list[str] = []
        self.run_added: list[int] = []

    def take(self, raw: str) -> None:
        """One line of the diff."""
        if raw.startswith("diff --git "):
            self.close_run()
            self.current = None
        elif self.current is None:
            self._header(raw)
        elif match := _HUNK.match(raw):
            self.close_run()
            self.old, self.new = int(match[1]), int(match[2])
        elif raw.startswith("--- ") and not self.run_removed and not self.run_added and raw[4:5] in {"a", "/"}:
            self.current = None  # the next file of a diff without ``diff --git`` lines
            self._header(raw)
        else:
            self._body(self.current, raw)

    def _header(self, raw: str) -> None:
        if raw.startswith("--- "):
            self.old_name = _name(raw[4:])
        elif raw.startswith("+++ "):
            name = _name(raw[4:])
            deleted = name == "/dev/null"
            path = self.old_name if deleted else name
            self.current = self.files.setdefault(path, FileDiff(path, deleted=deleted))

    def _body(self, current: FileDiff, raw: str) -> None:
        if raw.startswith("+"):
            current.added[self.new] = raw[1:]
            self.run_added.append(self.new)
            self.new += 1
        elif raw.startswith("-"):
            if self.run_added:
                self.close_run()
            current.removed[self.old] = raw[1:]
            self.run_removed.append(raw[1:])
            self.old += 1
        elif not raw.startswith("\\"):
            self.close_run()
            self.old, self.new = self.old + 1, self.new + 1

    def close_run(self) -> None:
        """End a run of changed lines: what was added stands for what was removed."""
        if self.current is not None and self.run_removed:
            for line in self.run_added:
                self.current.replaced[line] = tuple(self.run_removed)
        self.run_removed.clear()
        self.run_added.clear()


def _name(text: str) -> str:
    name = text.split("\t", maxsplit=1)[0].strip().strip('"')
    return name[2:] if name[:2] in {"a/", "b/"} else name
