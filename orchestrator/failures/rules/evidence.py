"""What the rules may know: the view, its index, and what the change did."""

from __future__ import annotations

import re
from bisect import bisect_left
from dataclasses import dataclass
from functools import cached_property

from orchestrator.domain.failure import Category
from orchestrator.failures.diff import WORD
from orchestrator.failures.finding import Finding
from orchestrator.failures.index import SymbolIndex
from orchestrator.failures.near import nearest
from orchestrator.failures.tables import Tables
from orchestrator.failures.view import RepositoryView


@dataclass(frozen=True, slots=True)
class Verdict:
    """A category, the rule that decided it, and the nearest real names."""

    category: Category
    why: str
    suggestions: tuple[str, ...] = ()


_ENTRY = re.compile(r"(?:^|/)(?:__init__\.pyi?|index\.[mc]?[jt]sx?|main\.[mc]?[jt]s|mod\.[jt]s|lib\.rs|mod\.rs)$")
"""Files whose exports are a package's public face."""


_HEADER = re.compile(r"\.(?:h|hh|hpp|hxx|inc|ipp)$")
_INCLUDE = re.compile(r"\s*#\s*include\b")
_EXPORTED = re.compile(r"export\s+(?:async\s+)?(?:function\*?|const|let|var|class|enum)\s+([\w$]+)")
_PREFIX, _POOL_FILES = 4, 60
"""Letters a suggestion shares with the name, and files its names are taken from."""
_IMPORT_LIST = re.compile(r"^(?:import\b[^\n]*\{|from\b[^\n]*\()[ \t\r]*$", re.MULTILINE)
"""An import of one name a line: a line taken out of it holds the name alone."""


class Evidence:
    """One view, asked the same questions by every rule."""

    def __init__(self, index: SymbolIndex, tables: Tables, command: str = "") -> None:
        """``command``: what was run, where it may itself be wrong; else empty."""
        self.command = command
        self.index = index
        self.tables = tables
        self.view = index.view
        self.has_tree = isinstance(index.view, RepositoryView)
        self.diff = index.view.changes
        self.added = self.diff.added_text()
        self.removed = self.diff.removed_text()
        self._lines: dict[str, list[str]] = {}
        """Sources that were asked for a line: one output may hold thousands of findings of one file."""

    def written(self, finding: Finding) -> bool | None:
        """Whether the change wrote the name: on that line, or anywhere; ``None`` where the change is not known."""
        if not self.view.change_known:
            return None
        if self.diff.added(finding.file, finding.line):
            return True
        return has_word(self.added, finding.symbol or "")

    def completed(self, beginning: str) -> str | None:
        """The one name of the change that begins so; ``None`` where there is none, or several."""
        first = bisect_left(self._words, beginning)
        found = [word for word in self._words[first : first + 2] if word.startswith(beginning)]
        return found[0] if len(found) == 1 else None

    @cached_property
    def _words(self) -> tuple[str, ...]:
        return tuple(sorted({*WORD.findall(self.added), *WORD.findall(self.removed)}))

    def invented_file(self, path: str) -> bool:
        """The change wrote the path, and took no file of that name away."""
        name = path.replace("\\", "/").rsplit("/", 1)[-1]
        gone = any(entry.deleted and file.rsplit("/", 1)[-1] == name for file, entry in self.diff.files.items())
        return self.view.change_known and not gone and has_word(self.added, name)

    def definition_removed(self, name: str) -> bool:
        """The change took away the definition or public export of the name."""
        defined = re.compile(
            r"\b(?:def|class|function\*?|const|let|var|interface|type|enum|fn|struct|trait|func(?:\s+\([^)\n]*\))?)\s+"
            + re.escape(name)
            + r"\b|^[ \t]*(?:self\.)?"
            + re.escape(name)
            + r"\s*[:=(]",
            re.MULTILINE,
        )
        exported = re.compile(
            rf"^[ \t]*(?:(?:export|pub|public)\b[^\n]*|(?:module\.)?exports\.)(?<![\w$]){re.escape(name)}(?![\w$])",
            re.MULTILINE,
        )
        if any(taken.search(self.removed) and not taken.search(self.added) for taken in (defined, exported)):
            return True
        if typed_definition(self.removed, name) and not typed_definition(self.added, name):
            return True
        for path, entry in self.diff.files.items():
            removed = "\n".join(entry.removed.values())
            if entry.deleted and defined.search(removed):
                return True
            if _ENTRY.search(path) and has_word(removed, name) and not has_word("\n".join(entry.added.values()), name):
                return True
        return False

    def entry_shrunk(self) -> bool:
        """The change took export lines from an entry point and put none in their place."""
        for path, entry in self.diff.files.items():
            lines = [
                line for line in entry.removed.values() if re.match(r"\s*(?:export\b|module\.exports|exports\.)", line)
            ]
            if lines and _ENTRY.search(path) and not any("export" in line for line in entry.added.values()):
                return True
        return False

    def export_dropped(self) -> bool:
        """The change took the ``export`` from a value that another file of the tree still imports: it is undefined."""
        for path, entry in self.diff.files.items():
            names = {match[1] for line in entry.removed.values() if (match := _EXPORTED.match(line))}
            names -= {match[1] for line in entry.added.values() if (match := _EXPORTED.match(line))}
            for name in names if self.has_tree else ():
                for other in self.index.holding(name, "javascript"):
                    bound = self.index.summary(other).names.get(name)
                    if other != path and bound and bound.module and self.index.resolve(bound.module, other) == path:
                        return True
        return False

    def star_removed(self, name: str) -> bool:
        """The change took a star re-export from an entry point; with the tree at hand, one that brought the name."""
        for path, entry in self.diff.files.items():
            for line in entry.removed.values():
                match = re.match(r"\s*(?:export \* from ['\"]([^'\"]+)['\"]|from (\S+) import \*)", line)
                if match is None or not _ENTRY.search(path):
                    continue
                target = self.index.resolve(match[1] or match[2], path) if self.has_tree else None
                if target is None or name in self.index.exports(target):
                    return True
        return False

    def import_removed(self, name: str, file: str | None) -> bool:
        """The change took the import of the name from that file."""
        text = self.diff.removed_text(file) if file in self.diff.files else self.removed
        bound = re.compile(
            r"(?:^|\n)[ \t]*(?:import\b|from\b|const\b[^\n]*require|use\b|#include)[^;\n]*\b" + re.escape(name) + r"\b"
        )
        listed = re.compile(r"(?:^|\n)[ \t]*(?:type\s+)?(?:\w+\s+as\s+)?" + re.escape(name) + r",?\s*(?:$|\n)")
        if bound.search(text):
            return True
        source = self.index.source(file).decode("utf-8", "replace") if self.has_tree and file else ""
        in_list = (
            "import" in text or not self.has_tree or _IMPORT_LIST.search(source)
        )  # what else leaves a name undefined
        return bool(in_list and listed.search(text))

    def include_removed(self, file: str | None = None) -> bool:
        """The change took an ``#include`` from that file or from a header, or (no file named) from any, and put none in
        its place (C, C++).
        """
        for path, entry in self.diff.files.items():
            taken = any(_INCLUDE.match(line) for line in entry.removed.values())
            given = any(_INCLUDE.match(line) for line in entry.added.values())
            if taken and not given and (file is None or path == file or _HEADER.search(path)):
                return True
        return False

    def altered(self, finding: Finding) -> bool:
        """Whether the line it stands on was there before in another wording."""
        entry = self.diff.files.get(finding.file or "")
        return entry is not None and finding.line in entry.replaced

    def on_import(self, finding: Finding) -> bool:
        """Whether the line it stands on is an import statement."""
        return self.line_text(finding).lstrip().startswith("import ")

    def line_text(self, finding: Finding) -> str:
        """The line it stands on, from the change or the tree; empty where neither tells."""
        entry = self.diff.files.get(finding.file or "")
        text = entry.added.get(finding.line or 0, "") if entry else ""
        if not text and self.has_tree and finding.file and finding.line:
            lines = self._lines.get(finding.file)
            if lines is None:
                lines = self._lines[finding.file] = (
                    self.index.source(finding.file).decode("utf-8", "replace").splitlines()
                )
            text = lines[finding.line - 1] if finding.line <= len(lines) else ""
        return text

    def added_line(self, finding: Finding) -> str:
        """The line it stands on, if the change wrote it; else empty."""
        entry = self.diff.files.get(finding.file or "")
        return entry.added.get(finding.line or 0, "") if entry else ""

    def line_added(self, path: str, line: int) -> bool:
        """Whether the change wrote that line, by its number or (numbers drift) by its text."""
        entry = self.diff.files.get(path)
        if entry is None:
            return False
        lines = self.index.source(path).decode("utf-8", "replace").splitlines()
        return line in entry.added or (line <= len(lines) and lines[line - 1] in entry.added.values())

    def where(self) -> str:
        return " (tree, standard library, packages)" if self.has_tree else " that the text shows"

    def suggest(self, name: str, language: str | None, file: str | None) -> tuple[str, ...]:
        if not self.has_tree:
            return ()
        pool: set[str] = set()
        for path in self.index.holding(name[:_PREFIX], language, whole=False)[:_POOL_FILES]:
            pool |= set(self.index.summary(path).names)
        if file and self.index.source(file):
            pool |= set(self.index.summary(file).names)
        return nearest(name, pool - {name})

    def added_lines(self) -> list[tuple[str, str]]:
        return [
            (path, line) for path, entry in self.diff.files.items() for line in entry.added.values()
            if not re.match(r"\s*(?:async +)?(?:def|class|function)\b|\s*self\.\w+\s*=", line)
        ]  # fmt: skip

    def near_members(self, finding: Finding, language: str | None) -> tuple[str, ...]:
        if finding.near:
            return (finding.near,)
        if not self.has_tree or not finding.file or not self.index.source(finding.file):
            return ()
        summary = self.index.summary(finding.file)
        words = summary.members or set(WORD.findall(self.index.source(finding.file).decode("utf-8", "replace")))
        return nearest(finding.symbol or "", words)


def has_word(text: str, word: str) -> bool:
    return bool(word) and re.search(r"(?<![\w$])" + re.escape(word) + r"(?![\w$])", text) is not None


def typed_definition(text: str, name: str) -> bool:
    """Whether a line begins a definition as in C, C++, Java: a type, then the name; or a record's part."""
    for line in text.splitlines():
        place = line.find(name + "(")
        if place > 0 and _TYPED_HEAD.fullmatch(line[:place]) and line.split()[0] not in _NO_TYPES:
            return True
        if "record " in line and has_word(line.partition("(")[2], name):
            return True
    return False


_TYPED_HEAD = re.compile(r"[\w<>\[\],.*&:\s]{0,400}[\s*&]")
_NO_TYPES = frozenset(
    {"return", "else", "throw", "new", "await", "yield", "case", "goto", "delete", "import", "export", "def"}
)


def mentions(text: str, module: str) -> bool:
    """Whether the text names a module: whole, or (Python's relative imports) its last part."""
    tail = module.rsplit(".", 1)[-1] if "/" not in module else module
    return module in text or has_word(text, tail)


def stem(path: str) -> str:
    return re.sub(r"(?:/__init__|/index)?\.\w+$", "", path)


def tail(module: str) -> str:
    if "/" in module or module.startswith("@"):
        return re.sub(r"\.\w+$", "", module).lstrip("./~@")
    return module.lstrip(".").replace(".", "/")
