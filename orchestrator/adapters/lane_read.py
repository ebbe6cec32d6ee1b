"""Reading trees and commits of a lane: paths, bytes, differences. Nothing here writes."""

from __future__ import annotations

import os
import secrets
from bisect import bisect_right
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar

from orchestrator.adapters.git import Git
from orchestrator.domain.errors import GitError
from orchestrator.ports import DiffLine, Merged

Key = TypeVar("Key")
Value = TypeVar("Value")

_LINK = "120000"
_SUBMODULE = "160000"
_CACHED_TREES = 8
_CACHED_BYTES = 64 << 20
"""Of all files together: the sources of a large repository, which each task looks through."""
_CACHED_FILE_BYTES = 1 << 20
_A_SCAN = 4
"""Files read one after another in their order, none known before: more will follow, and a process each is slow."""
_AHEAD = 256
"""Files that one process reads ahead: two processes instead of hundreds, at most 256 MiB at once."""
_CACHED_DIFFS = 8
"""Differences of two trees, each asked for by gate, classifier, review and report."""
_CACHED_DIFF_CHARACTERS = 1 << 20


@dataclass(frozen=True, slots=True)
class Entry:
    """One tracked path."""

    mode: str
    oid: str


class TreeReader:
    """Trees never change under their name, so what was read once is remembered."""

    def __init__(self, git: Git, root: Path, nowhere: Path) -> None:
        """``root``: the work tree, where git looks for the attributes of a file to be read as checked out.

        ``nowhere``: an empty folder. Differences are shown as if there were no attribute file, so that a tree cannot
        hide its own changes from review by calling them binary."""
        self._git = git
        self._inside = replace(git, directory=root)
        bare = replace(git, work_tree=nowhere)
        self._plain = bare.configured(("core.autocrlf", "false"), GIT_INDEX_FILE=str(nowhere / "index"))
        self._entries: OrderedDict[str, dict[str, Entry]] = OrderedDict()
        self._bytes: OrderedDict[tuple[str, str], bytes] = OrderedDict()
        self._held = 0
        self._last_read, self._in_order = "", 0
        self._trees: dict[str, tuple[str, str]] = {}
        self._diffs: OrderedDict[tuple[str, str, int], str] = OrderedDict()
        self._changes: OrderedDict[tuple[str, str], tuple[DiffLine, ...]] = OrderedDict()

    def know(self, tree: str, *, commit: str | None = None) -> None:
        """git has just made this tree, or this commit of it: it need not be asked what they are."""
        self._trees[tree] = ("tree", tree)
        if commit is not None:
            self._trees[commit] = ("commit", tree)

    def resolve(self, name: str) -> tuple[str, str]:
        """(type, tree) of a commit or tree; ``GitError`` where the lane has neither."""
        if name not in self._trees:
            listing = self._git.text("cat-file", "--batch-check", stdin=f"{name}\n{name}^{{tree}}\n".encode())
            words = [line.split(" ") for line in listing.splitlines()]
            kinds = [word[1] for word in words]
            if kinds not in (["commit", "tree"], ["tree", "tree"]):
                raise GitError(f"the lane {self._git.git_dir} holds no tree or commit {name}", slug="objects-missing")
            self._trees[name] = (words[0][1], words[1][0])
        return self._trees[name]

    def entries(self, tree: str) -> dict[str, Entry]:
        """Tracked paths of the tree (or commit), submodules among them."""
        tree = self.resolve(tree)[1]
        if tree not in self._entries:
            found: dict[str, Entry] = {}
            for line in self._git.run("ls-tree", "-r", "-z", "--full-tree", tree).split(b"\0"):
                if line:
                    meta, _, path = line.partition(b"\t")
                    mode, _, oid = meta.decode().split(" ")
                    found[os.fsdecode(path)] = Entry(mode, oid)
            self._entries[tree] = found
            while len(self._entries) > _CACHED_TREES:
                self._entries.popitem(last=False)
        self._entries.move_to_end(tree)
        return self._entries[tree]

    def files(self, tree: str) -> tuple[str, ...]:
        """Tracked paths, sorted; submodules are none."""
        return tuple(sorted(path for path, entry in self.entries(tree).items() if entry.mode != _SUBMODULE))

    def submodules(self, tree: str) -> dict[str, str]:
        """Path -> commit of each submodule."""
        return {path: entry.oid for path, entry in self.entries(tree).items() if entry.mode == _SUBMODULE}

    def read(self, tree: str, path: str) -> bytes | None:
        """The file's bytes as checked out; ``None`` where there is no such file, or it is a link or submodule.

        Who reads one file after another in their order (a search, a ranking) is read ahead for: the next files of the
        same kind come along in one process.
        """
        entry = self.entries(tree).get(path)
        if entry is None or entry.mode in {_LINK, _SUBMODULE}:
            return None
        key = (entry.oid, path)
        if key not in self._bytes:
            self._in_order = self._in_order + 1 if path > self._last_read else 0
            self._last_read = path
            if self._in_order >= _A_SCAN:
                self._read_ahead(tree, path)
        if key not in self._bytes:
            content = self._inside.run("cat-file", "--filters", f"--path={path}", entry.oid)
            if len(content) > _CACHED_FILE_BYTES:
                return content
            self._keep(key, content)
        self._bytes.move_to_end(key)
        return self._bytes[key]

    def _keep(self, key: tuple[str, str], content: bytes) -> None:
        self._bytes[key] = content
        self._held += len(content)
        while self._held > _CACHED_BYTES:
            self._held -= len(self._bytes.popitem(last=False)[1])

    def _read_ahead(self, tree: str, path: str) -> None:
        """Remember the file and those of its kind that follow; a file that is too large for that is left out."""
        entries = self.entries(tree)
        kind = os.path.splitext(path)[1]  # noqa: PTH122 - a path of git's, and thousands of them
        paths = sorted(entries)
        wanted: list[tuple[str, str]] = []
        for each in paths[bisect_right(paths, path) - 1 :]:
            entry = entries[each]
            plain = entry.mode not in {_LINK, _SUBMODULE} and each.endswith(kind) and not each.startswith((" ", "\t"))
            if plain and (entry.oid, each) not in self._bytes:
                wanted.append((entry.oid, each))
            if len(wanted) == _AHEAD:
                break
        if len(wanted) == 1:  # by itself it takes one process, not two
            return
        for key, content in self._read_batch(wanted):
            self._keep(key, content)

    def _read_batch(self, wanted: Sequence[tuple[str, str]]) -> list[tuple[tuple[str, str], bytes]]:
        """Contents as checked out, by (object, path). git tells sizes from before its filters: a mark parts them."""
        sizes = self._inside.text(
            "cat-file", "--batch-check=%(objectsize)", stdin="".join(f"{oid}\n" for oid, _ in wanted).encode()
        ).splitlines()
        known = [each for each in zip(wanted, sizes, strict=True) if each[1].isdigit()]
        small = [each for each, size in known if int(size) <= _CACHED_FILE_BYTES]
        mark = f"{secrets.token_hex(16)} "
        asked = b"".join(os.fsencode(f"{oid} {path}\0") for oid, path in small)
        said = self._inside.run("cat-file", "--filters", "-z", f"--batch={mark}%(objectname)", stdin=asked)
        found = []
        for key, part in zip(small, said.split(mark.encode())[1:], strict=True):
            name, _, content = part.partition(b"\n")
            if name.decode() != key[0]:
                raise GitError(f"git answered for {name.decode()} where {key[0]} was asked for", slug="objects-missing")
            found.append((key, content.removesuffix(b"\n")))
        return found

    def diff(self, base: str, tree: str, context: int) -> str:
        """Unified diff; bytes that are no UTF-8 show as replacement characters."""
        key = (*self._pair(base, tree), context)
        if key not in self._diffs:
            flags = ("--no-renames", "--no-ext-diff", "--no-textconv", "--no-color", "--full-index", f"-U{context}")
            said = self._plain.run("diff-tree", "-r", "-p", *flags, base, tree).decode("utf-8", "replace")
            if len(said) > _CACHED_DIFF_CHARACTERS:
                return said
            _remember(self._diffs, key, said)
        return self._diffs[key]

    def changes(self, base: str, tree: str) -> tuple[DiffLine, ...]:
        """Changed files, sorted; a binary file counts no lines."""
        key = self._pair(base, tree)
        if key not in self._changes:
            _remember(self._changes, key, self._read_changes(base, tree))
        return self._changes[key]

    def _pair(self, base: str, tree: str) -> tuple[str, str]:
        """Both as trees, as far as they are known: a commit differs as its tree does."""
        known = self._trees
        return known.get(base, ("", base))[1], known.get(tree, ("", tree))[1]

    def _read_changes(self, base: str, tree: str) -> tuple[DiffLine, ...]:
        flags = ("--no-renames", "--no-ext-diff", "--no-textconv")
        parts = self._plain.run("diff-tree", "-r", "-z", "--raw", "--numstat", *flags, base, tree).split(b"\0")
        status: dict[str, str] = {}
        lines: list[DiffLine] = []
        position = 0
        while position < len(parts) and parts[position]:
            if parts[position].startswith(b":"):
                letter = parts[position].split(b" ")[-1].decode()[:1]
                status[os.fsdecode(parts[position + 1])] = letter if letter in "AD" else "M"
                position += 2
                continue
            added, removed, name = parts[position].split(b"\t", 2)
            path = os.fsdecode(name)
            lines.append(DiffLine(path=path, status=status[path], insertions=_count(added), deletions=_count(removed)))
            position += 1
        return tuple(sorted(lines, key=lambda line: line.path))

    def merge(self, ours: str, theirs: str) -> Merged:
        """Trial merge; conflicts are named by path."""
        argv = ("merge-tree", "--write-tree", "-z", "--name-only", "--no-messages", ours, theirs)
        completed = self._git.attempt(*argv)
        if completed.exit_code not in {0, 1}:
            raise self._git.failure(argv, completed)
        tree, *paths = completed.stdout.split(b"\0")
        if completed.exit_code == 0:
            self.know(tree.decode())
            return Merged(tree=tree.decode())
        return Merged(tree=None, conflicts=tuple(os.fsdecode(path) for path in paths if path))


def _remember(known: OrderedDict[Key, Value], key: Key, value: Value) -> None:
    known[key] = value
    while len(known) > _CACHED_DIFFS:
        known.popitem(last=False)


def _count(number: bytes) -> int:
    return 0 if number == b"-" else int(number)
