"""L6: where a missing import comes from, by looking through the tree; only what is defined exactly once, or listed as
safe.

A name with two homes is nobody's guess: it is left to the executor, unless all who import it agree.
"""

from __future__ import annotations

from orchestrator.failures.autofix.homes import Choice
from orchestrator.failures.autofix.imports_javascript import javascript_import
from orchestrator.failures.autofix.imports_python import python_import
from orchestrator.failures.index import SymbolIndex, language_of
from orchestrator.settings import Autofix


def find_import(name: str, file: str, index: SymbolIndex, settings: Autofix) -> Choice | None:
    """The import that binds the name in the file; ``None`` where it is not clear, or not allowed."""
    listed = name in settings.safe_imports
    if settings.strict and not listed:
        return None
    language = language_of(file)
    finder = python_import if language == "python" else javascript_import if language == "javascript" else None
    return finder(name, file, index, listed=listed) if finder else None
