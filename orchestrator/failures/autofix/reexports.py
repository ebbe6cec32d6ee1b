"""Whether a name a file imports is taken from it by others: then it is a re-export, used or not."""

from __future__ import annotations

import posixpath
import re

from orchestrator.failures.index import SymbolIndex, language_of


def imported_elsewhere(name: str, file: str, index: SymbolIndex) -> bool:
    """Whether another file takes the name from this one: then it is a re-export, used or not."""
    language = language_of(file)
    stem = re.sub(r"(?:/__init__|/index)?\.\w+$", "", file)
    last = posixpath.basename(stem)
    for path in index.holding(name, language):
        if path == file:
            continue
        summary = index.summary(path)
        definition = summary.names.get(name)
        if definition and definition.module and index.resolve(definition.module, path) == file:
            return True
        asked = any(
            entry.module and (entry.original or entry.name) == name and index.resolve(entry.module, path) == file
            for entry in summary.names.values()
        )
        text = index.source(path).decode("utf-8", "replace")
        if (
            asked
            or re.search(r"\b" + re.escape(last) + r"\s*\.\s*" + re.escape(name) + r"\b", text)
            or re.search(r"[\"'][\w./]*" + re.escape(last) + r"\." + re.escape(name) + r"[\"']", text)
        ):
            return True
        if any(index.resolve(star, path) == file for star in summary.stars):
            return True
        if re.search(r"from\s+\S*\b" + re.escape(last) + r"\s+import\b[^\n]*\b" + re.escape(name) + r"\b", text):
            return True
    return False
