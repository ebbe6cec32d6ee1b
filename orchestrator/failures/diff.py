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
    files: dict[str, FileDiff] = {}
    current: FileDiff | None = None
    old = new = 0
    run_removed: list[str] = []
    run_added: list[int] = []
    old_name = ""

    def close_run() -> None:
        if current is not None and run_removed:
            for line in run_added:
                current.replaced[line] = tuple(run_removed)
        run_removed.clear()
        run_added.clear()

    for raw in text.splitlines():
        if raw.startswith("diff --git "):
            close_run()
            current = None
        elif raw.startswith("--- ") and current is None:
            old_name = _name(raw[4:])
        elif raw.startswith("+++ ") and current is None:
            name = _name(raw[4:])
            deleted = name == "/dev/null"
            current = files.setdefault(
                old_name if deleted else name, FileDiff(old_name if deleted else name, deleted=deleted)
            )
        elif current is not None and (match := _HUNK.match(raw)):
            close_run()
            old, new = int(match[1]), int(match[2])
        elif current is None:
            continue
        elif raw.startswith("+"):
            current.added[new] = raw[1:]
            run_added.append(new)
            new += 1
        elif raw.startswith("-"):
            if run_added:
                close_run()
            current.removed[old] = raw[1:]
            run_removed.append(raw[1:])
            old += 1
        elif not raw.startswith("\\"):
            close_run()
            old, new = old + 1, new + 1
    close_run()
    return Diff(files)


def _name(text: str) -> str:
    name = text.split("\t")[0].strip().strip('"')
    return name[2:] if name[:2] in {"a/", "b/"} else name
