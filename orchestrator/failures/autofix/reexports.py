"""Whether a name a file imports is taken from it by others: then it is a re-export, used or not."""

from __future__ import annotations

import posixpath
import re

from orchestrator.failures.index import SymbolIndex, language_of

_SPELT = r"\b{0}[.:]{1}\b"
"""A name behind its module's: in code, in a string, in a configuration."""
_CONFIGURATIONS = ("toml", "cfg", "ini", "yaml", "yml")


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
            or re.search(_SPELT.format(re.escape(last), re.escape(name)), text)
            or _imports_whole(path, file, index)
        ):
            return True
        if any(index.resolve(star, path) == file for star in summary.stars):
            return True
        if re.search(r"from\s+\S*\b" + re.escape(last) + r"\s+import\b[^\n]*\b" + re.escape(name) + r"\b", text):
            return True
    return language == "python" and _configured(last, name, index)


def binds_for_others(module: str, original: str, importer: str, index: SymbolIndex) -> bool:
    """Whether another file reaches the imported module through its package (``shop.plug.x``) without importing it: some
    import has to have bound it there, and this may be the one.
    """
    dotted = (
        module if original == "*" else f"{module.rstrip('.')}.{original}" if module.strip(".") else module + original
    )
    target = index.resolve(dotted, importer)
    if target is None:
        return False
    stem = re.sub(r"(?:/__init__)?\.\w+$", "", target)
    last, package = posixpath.basename(stem), posixpath.basename(posixpath.dirname(stem))
    if not package:
        return False
    whole, part = rf"\b{re.escape(package)}\.{re.escape(last)}\b", rf"\b{re.escape(last)}\b"
    reached = re.compile(rf"{whole}\.\w")
    imported = re.compile(
        rf"^[ \t]*(?:import[^\n]*{whole}|from\s[^\n]*\bimport\b[^\n]*{part})",
        re.MULTILINE,
    )
    texts = (
        index.source(path).decode("utf-8", "replace")
        for path in index.holding(last, "python")
        if path not in {importer, target}
    )
    return any(reached.search(text) and not imported.search(text) for text in texts)


def _imports_whole(path: str, file: str, index: SymbolIndex) -> bool:
    """Whether a file that holds the name imports the other as a module: by whatever alias, ``getattr`` included."""
    for entry in index.summary(path).names.values():
        if not entry.module:
            continue
        module = entry.module
        if entry.original not in {None, "*"}:
            module += ("" if module.endswith(".") else ".") + str(entry.original)
        if index.resolve(module, path) == file:
            return True
    return False


def _configured(last: str, name: str, index: SymbolIndex) -> bool:
    """Whether a configuration names it, as entry points do: ``shop.compat:Thing``."""
    spelt = re.compile(_SPELT.format(re.escape(last), re.escape(name)))
    return any(
        spelt.search(index.source(path).decode("utf-8", "replace"))
        for language in _CONFIGURATIONS
        for path in index.holding(name, language)
    )
