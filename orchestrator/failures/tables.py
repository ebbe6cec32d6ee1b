"""``config/failures.yaml`` and the tables beside it, read once: categories, safe fixes, signatures; and a user's own
patterns (``failures.patterns``).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Any

from orchestrator.domain.errors import UsageError
from orchestrator.domain.failure import Category
from orchestrator.domain.pattern import Pattern, compile_pattern
from orchestrator.failures.finding import Finding, Kind
from orchestrator.resources import config_dir
from orchestrator.settings import FailurePattern
from orchestrator.strict_yaml import load


@dataclass(frozen=True, slots=True)
class Signature:
    """A line a program says outside any test's report."""

    find: str
    line: re.Pattern[str]
    kind: Kind
    symbol: int = 0
    always: bool = False


@dataclass(frozen=True, slots=True)
class OwnPattern:
    """A line that a user's own pattern knows."""

    find: str
    line: Pattern
    category: Category
    symbol: int


@dataclass(frozen=True, slots=True)
class SafeFixes:
    """Codes of one linter whose fix changes nothing but the looks."""

    prefixes: tuple[str, ...]
    codes: frozenset[str]
    checked: frozenset[str] = frozenset()
    """Codes whose fix the linter calls unsafe for a reason that is looked up before it is taken."""

    def __contains__(self, code: object) -> bool:
        return isinstance(code, str) and (code in self.codes or code.startswith(self.prefixes))


@dataclass(frozen=True, slots=True)
class Tables:
    """All that ``config/failures.yaml`` and ``config/failures/`` say."""

    categories: Mapping[Kind, Category]
    regression_tests: int
    regression_files: int
    compilers: frozenset[str]
    safe_fixes: Mapping[str, SafeFixes]
    consequences: Mapping[str, frozenset[str]]
    invariant_tests: tuple[str, ...]
    distributions: Mapping[str, str]
    signatures: tuple[Signature, ...]
    plugin_flags: tuple[str, ...] = ()
    """Options that plug-ins add and older versions had: unknown, they tell of the environment."""
    newer_flags: tuple[str, ...] = ()
    """Options that only some versions have, whoever writes them: the tool installed is another."""
    known_packages: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """By language: packages that a change which declares them did not invent."""
    own: tuple[OwnPattern, ...] = ()
    """The user's (``failures.patterns``)."""

    def category(self, kind: Kind) -> Category:
        """The category of a kind that needs no look-up; unsure is tactical."""
        return self.categories.get(kind, Category.TACTICAL)

    def has_safe_fix(self, finding: Finding) -> bool:
        """Whether its tool, or another of its ecosystem, mends it without changing behaviour."""
        fixes = self.safe_fixes.get(finding.tool)
        if finding.unfixable:
            return fixes is not None and finding.code in fixes.checked
        return finding.fixable or (fixes is not None and finding.code in fixes)


@cache
def shipped_tables() -> Tables:
    """The shipped tables."""
    return read_tables(config_dir())


@cache
def shipped_distributions() -> Mapping[str, str]:
    """:attr:`Tables.distributions` alone: a green night needs no more, and the rest takes a tenth of a second."""
    return dict(_loaded(config_dir() / "failures.yaml")["distributions"])


def read_tables(folder: Path) -> Tables:
    """Read ``failures.yaml`` and what it names below ``failures/``; ``UsageError`` where they are not of the form."""
    data = _loaded(folder / "failures.yaml")
    fixes = _loaded(folder / "failures" / "safe_fixes.yaml")
    known = _loaded(folder / "failures" / "known_packages.yaml")
    source = str(folder / "failures.yaml")
    try:
        signatures: list[Signature] = []
        for name in data["signatures"]:
            source = str(folder / "failures" / f"{name}.yaml")
            signatures.extend(map(_signature, _loaded(Path(source))["signatures"]))
        source = str(folder / "failures.yaml")
        return Tables(
            categories={Kind(kind): Category(category) for kind, category in data["categories"].items()},
            regression_tests=int(data["regressions"]["tests"]),
            regression_files=int(data["regressions"]["files"]),
            compilers=frozenset(data["compilers"]),
            safe_fixes={tool: _safe_fixes(entry) for tool, entry in fixes["safe_fixes"].items()},
            consequences={tool: frozenset(codes) for tool, codes in data["consequences"].items()},
            invariant_tests=tuple(data["invariant_tests"]),
            distributions=dict(data["distributions"]),
            plugin_flags=tuple(data["plugin_flags"]),
            newer_flags=tuple(data["newer_flags"]),
            known_packages={tongue: frozenset(names) for tongue, names in known["known_packages"].items()},
            signatures=tuple(signatures),
        )
    except (KeyError, TypeError, ValueError, re.error) as error:
        raise UsageError(
            f"{source}: not a table of failures: {error}", hint="compare it with the shipped file"
        ) from error


def _loaded(path: Path) -> Any:
    return load(path.read_text(encoding="utf-8"), source=str(path)).data


def _safe_fixes(entry: Mapping[str, Any]) -> SafeFixes:
    codes, checked = frozenset(map(str, entry["codes"])), frozenset(map(str, entry.get("checked", ())))
    return SafeFixes(tuple(entry["prefixes"]), codes, checked)


def with_patterns(tables: Tables, patterns: Sequence[FailurePattern]) -> Tables:
    """The tables with a user's own patterns, which were looked at as the settings were read."""
    own = tuple(OwnPattern(one.find, compile_pattern(one.line), Category(one.category), one.symbol) for one in patterns)
    return replace(tables, own=own) if own else tables


def _signature(entry: Mapping[str, Any]) -> Signature:
    return Signature(
        find=str(entry["find"]), line=re.compile(str(entry["line"])), kind=Kind(entry["kind"]),
        symbol=int(entry.get("symbol", 0)), always=bool(entry.get("always", False)),
    )  # fmt: skip
