"""The existence check: a changed file's names are looked up before any check runs. Zero model calls (decision 22).

Only names on lines the change added are asked for; an owner that cannot be seen whole keeps the check silent.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

from orchestrator.domain.failure import Failure
from orchestrator.failures.existence.missing import TOOL, Lack, Missing
from orchestrator.failures.existence.python_check import PythonCheck
from orchestrator.failures.existence.python_world import PythonWorld
from orchestrator.failures.existence.script_check import ScriptCheck
from orchestrator.failures.existence.script_world import ScriptWorld
from orchestrator.failures.index import SymbolIndex, language_of
from orchestrator.failures.tables import shipped_distributions
from orchestrator.failures.view import RepositoryView

__all__ = ["TOOL", "Lack", "Missing", "check_existence", "missing_names"]


def check_existence(view: RepositoryView, *, asked: Collection[str] = ()) -> tuple[Failure, ...]:
    """What the view's change names and nothing has. ``asked``: symbols told of before, which the gate decides."""
    changed = {path: frozenset(entry.added) for path, entry in view.changes.files.items() if not entry.deleted}
    found = missing_names(view, {path: lines for path, lines in changed.items() if lines})
    seen = set(asked)
    failures = []
    for path, missing in found:
        if missing.symbol not in seen:
            seen.add(missing.symbol)  # once is enough: the same name again on another line says nothing new
            failures.append(missing.failure(path))
    return tuple(failures)


def missing_names(
    view: RepositoryView, changed: Mapping[str, Collection[int] | None], index: SymbolIndex | None = None
) -> Iterator[tuple[str, Missing]]:
    """(path, finding) for the changed files' lines; ``None`` stands for every line."""
    index = index or SymbolIndex(view, shipped_distributions())
    python, scripts = PythonWorld(view, index), ScriptWorld(view, index)
    for path, lines in changed.items():
        language = language_of(path)
        if language == "javascript" and not path.endswith((".vue", ".svelte")):
            found = list(ScriptCheck(scripts, path, lines).run())
            yield from ((path, missing) for missing in sorted(found, key=lambda one: (one.line, one.symbol)))
        if language == "python":
            module = python.tree_module(path)
            if module is not None:
                found = list(PythonCheck(python, module, lines).run())
                for missing in sorted(found, key=lambda one: (one.line, one.symbol)):
                    yield path, missing
