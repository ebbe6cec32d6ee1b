"""From trivial failures to a plan: edits of our own, then the ecosystem's fixers. Pure: nothing is run or written
here.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from orchestrator.domain.edit import FileChange
from orchestrator.domain.failure import Category, Failure
from orchestrator.failures.autofix import js_code, python_code
from orchestrator.failures.autofix.fixers import FixCommand, fix_commands, orders_imports
from orchestrator.failures.autofix.imports import find_import
from orchestrator.failures.autofix.js_semicolons import give_back
from orchestrator.failures.autofix.layout import adds_lines, mend_layout
from orchestrator.failures.autofix.python_strings import mend_string
from orchestrator.failures.autofix.text import SourceText
from orchestrator.failures.autofix.unused import loads_for_effect, mend_unused
from orchestrator.failures.index import SymbolIndex, language_of
from orchestrator.failures.tables import shipped_tables
from orchestrator.failures.view import RepositoryView
from orchestrator.settings import Autofix


@dataclass(frozen=True, slots=True, kw_only=True)
class FixPlan:
    """What to do, in this order: write ``edits``, run ``commands``, then the gate decides."""

    edits: tuple[FileChange, ...]
    commands: tuple[FixCommand, ...]
    unfixable: tuple[Failure, ...]
    """Failures nothing here mends: the executor's."""
    suppressions: int = 0
    """Disable comments the edits add (L5): counted and shown."""
    notes: tuple[str, ...] = ()
    """What each edit does, one line each."""

    @property
    def empty(self) -> bool:
        """Nothing to do."""
        return not self.edits and not self.commands


_FORMATTERS = frozenset({"prettier", "biome"})
_UNUSED = frozenset(
    {"F401", "F841", "W0611", "W0612", "reportUnusedImport", "reportUnusedVariable", "TS6133", "TS6192", "TS6196"}
)
"""Of tsc's, those on an import: the others are no trivial ones (L5)."""
_UNUSED_RULES = (
    "no-unused-vars", "no-unused-imports", "noUnusedVariables", "noUnusedImports", "noUnusedFunctionParameters",
)  # fmt: skip
_UNDEFINED = frozenset(
    {
        "F821",
        "E0602",
        "name-defined",
        "reportUndefinedVariable",
        "TS2304",
        "TS2503",  # a namespace
        "TS2552",
        "TS2580",  # the types of node, of a test runner: trivial where an import is what is missing
        "TS2582",
        "TS2591",
        "TS2593",
        "TS2686",  # React, as a global of a module
        "TS18004",  # in a shorthand property
        "no-undef",
        "NameError",
        "ReferenceError",
        "react/jsx-no-undef",
        "noUndeclaredVariables",
    }
)


def plan_fixes(failures: Sequence[Failure], view: RepositoryView, settings: Autofix, *, command: str = "") -> FixPlan:
    """The plan for the trivial failures among those; the rest is ``unfixable``.

    ``command``: the failing check's command line, so that a fixer keeps its configuration.
    """
    index = SymbolIndex(view, shipped_tables().distributions)
    desk = _Desk(view, index)
    left: list[Failure] = [failure for failure in failures if failure.category is not Category.TRIVIAL]
    rest: list[Failure] = []
    _look_up_together(failures, index)
    for failure in _bottom_up(failure for failure in failures if failure.category is Category.TRIVIAL):
        if _is_undefined(failure):
            if not desk.add_import(failure, settings):
                left.append(failure)
        elif _is_unused(failure):
            if not desk.mend_unused(failure):
                left.append(failure)
        elif orders_imports(failure) and desk.order_counts(failure.file):
            left.append(failure)
        else:
            rest.append(failure)
    for failure in rest:
        desk.give_back_semicolons(failure)
    commands, unfixed = fix_commands(rest, view, command, kept=left)
    in_lines_first = sorted(_bottom_up(unfixed), key=lambda failure: adds_lines(failure.code))
    unfixed = tuple(failure for failure in in_lines_first if not desk.mend_layout(failure))
    return FixPlan(
        edits=desk.changes(),
        commands=commands,
        unfixable=(*left, *unfixed),
        suppressions=desk.suppressions,
        notes=tuple(desk.notes),
    )


def _look_up_together(failures: Sequence[Failure], index: SymbolIndex) -> None:
    """Several missing imports are one pass over the sources, not one each."""
    names: dict[str, set[str]] = {}
    for failure in failures:
        language = language_of(failure.file)
        if failure.category is Category.TRIVIAL and _is_undefined(failure) and failure.symbol and language:
            names.setdefault(language, set()).add(failure.symbol)
    for language, symbols in names.items():
        if len(symbols) > 1:
            index.definitions_of(sorted(symbols), language)


def _is_undefined(failure: Failure) -> bool:
    code = (failure.code or "").removeprefix("lint/correctness/")
    return code in _UNDEFINED and failure.symbol is not None


def _is_unused(failure: Failure) -> bool:
    return failure.code in _UNUSED or (failure.code or "").endswith(_UNUSED_RULES)


def _bottom_up(failures: Iterable[Failure]) -> list[Failure]:
    """Unused ones from the last line up, so that earlier line numbers stay true; missing imports last."""
    return sorted(
        failures,
        key=lambda failure: (_is_undefined(failure), failure.file or "", -(failure.line or 0), -(failure.column or 0)),
    )


class _Desk:
    """Files being edited."""

    def __init__(self, view: RepositoryView, index: SymbolIndex) -> None:
        self.view = view
        self.index = index
        self.suppressions = 0
        self.notes: list[str] = []
        self._open: dict[str, SourceText] = {}
        self._imported: dict[tuple[str, str], bool] = {}

    def source(self, path: str) -> SourceText | None:
        """The file, as edited so far; ``None`` where it cannot be read."""
        if path not in self._open:
            data = self.view.read(path)
            if data is None or b"\0" in data[:8192]:
                return None
            executable = os.access(self.view.root / path, os.X_OK)
            self._open[path] = SourceText.of(path, data, executable=executable)
        return self._open[path]

    def mend_unused(self, failure: Failure) -> bool:
        source = self.source(failure.file or "")
        if source is None:
            return False
        before = _comments(source)
        count = len(source.lines)
        if not mend_unused(failure, source, self.index):
            return False
        added = _comments(source) - before
        self.suppressions += added
        what = "disable comment for" if added or len(source.lines) > count else "removed unused"
        self.notes.append(f"{failure.file}:{failure.line}: {what} {failure.symbol}")
        return True

    def order_counts(self, path: str | None) -> bool:
        """Whether sorting that file's imports may change what the program does."""
        source = self.source(path or "") if language_of(path) == "python" else None
        return source is not None and loads_for_effect(source, self.index)

    def mend_layout(self, failure: Failure) -> bool:
        """White space and strings, by our own hand: only where no fixer of the repository does it."""
        path = failure.file or ""
        source = self.source(path) if path.endswith((".py", ".pyi")) else None
        if source is None or not (mend_layout(failure, source) or mend_string(failure, source)):
            return False
        self.notes.append(f"{path}:{failure.line}: {failure.code}")
        return True

    def give_back_semicolons(self, failure: Failure) -> None:
        """Before a formatter reads what a lost semicolon made of two statements."""
        path = failure.file or ""
        entry = self.view.changes.files.get(path)
        if failure.tool not in _FORMATTERS or language_of(path) != "javascript" or entry is None:
            return
        source = self.source(path)
        if source is not None and give_back(source, entry.replaced):
            self.notes.append(f"{path}: a semicolon that the next line needs")

    def add_import(self, failure: Failure, settings: Autofix) -> bool:
        name, file = failure.symbol or "", failure.file or ""
        key = (file, name)
        if key in self._imported:
            return self._imported[key]
        source = self.source(file)
        self._imported[key] = done = source is not None and self._import(name, file, source, settings)
        return done

    def _import(self, name: str, file: str, source: SourceText, settings: Autofix) -> bool:
        choice = find_import(name, file, self.index, settings)
        if choice is None:
            return False
        if language_of(file) == "python":
            alias = choice.name if choice.name != choice.original.split(".")[0] else None
            done = python_code.add_import(source, choice.module, choice.original, alias, own=self.index.python_tops)
        else:
            done = js_code.add_import(
                source, choice.module or "", choice.name, form=choice.form, type_only=choice.type_only
            )
        if done:
            self.notes.append(f"{file}: import of {name} from {choice.module or choice.original}")
        return done

    def changes(self) -> tuple[FileChange, ...]:
        return tuple(source.change() for _, source in sorted(self._open.items()) if source.changed)


def _comments(source: SourceText) -> int:
    return sum(
        line.count("noqa")
        + line.count("pylint: disable")
        + line.count("pyright: ignore")
        + line.count("-disable-next-line")
        + line.count("biome-ignore")
        for line in source.lines
    )
