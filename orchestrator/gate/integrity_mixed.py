"""Mixed files: which protected tables of pyproject.toml, setup.cfg or package.json a change touches (decision 19)."""

from __future__ import annotations

import fnmatch
from collections.abc import Mapping, Sequence
from typing import Any

from orchestrator.gate.facts_node import read_json
from orchestrator.gate.facts_python import lookup, read_ini, read_toml


def changed_tables(name: str, before: str | None, after: str | None, protected: Sequence[str]) -> tuple[str, ...]:
    """The tables whose content differs. A file that no longer parses, or that is gone, has lost them all."""
    if before == after:
        return ()
    old, new = _parsed(name, before), _parsed(name, after)
    if new is None or (old is None and before is not None):
        return ("the whole file, which does not parse",) if after is not None else ("the whole file",)
    return tuple(pattern for pattern in protected if _value(name, old or {}, pattern) != _value(name, new, pattern))


def _parsed(name: str, text: str | None) -> Mapping[str, Any] | None:
    if text is None:
        return None
    if name.endswith(".cfg"):
        parser = read_ini(text)
        return {section: dict(parser.items(section)) for section in parser.sections()}
    document = read_toml(text) if name.endswith(".toml") else read_json(text)
    return document if document or not text.strip() else None


def _value(name: str, document: Mapping[str, Any], pattern: str) -> Any:
    """Ini sections by pattern, keys of package.json by name, tables of TOML by dotted path."""
    if name.endswith(".cfg"):
        return {key: value for key, value in document.items() if fnmatch.fnmatchcase(key, pattern)}
    return lookup(document, pattern) if name.endswith(".toml") else document.get(pattern)
