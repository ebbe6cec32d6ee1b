"""Findings that name something: does it exist? With the repository at hand where there is one, else from the diff.

One thought runs through all rules: what the change did not write, the change did not invent. A name missing on lines
nobody touched has been taken away (its import: trivial; its definition: strategic), or the environment lacks it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from orchestrator.failures.finding import Finding, Kind
from orchestrator.failures.index import SymbolIndex
from orchestrator.failures.rules import exports, members, modules, names
from orchestrator.failures.rules.evidence import Evidence, Verdict
from orchestrator.failures.tables import Tables

CUT = "..."
"""How a summary ends a name that is wider than the terminal."""
Rule = Callable[[Evidence, Finding], Verdict]

RULES: Mapping[Kind, Rule] = {
    Kind.UNDEFINED_NAME: names.undefined_name,
    Kind.MISSING_MODULE: modules.missing_module,
    Kind.MISSING_EXPORT: exports.missing_export,
    Kind.MISSING_ATTRIBUTE: members.missing_attribute,
    Kind.NULL_ACCESS: members.null_access,
    Kind.PRIVATE: members.private_access,
    Kind.UNKNOWN_KEYWORD: members.unknown_keyword,
    Kind.NO_OVERLOAD: members.no_overload,
    Kind.UNRESOLVED: members.unresolved,
    Kind.CYCLE: exports.cycle,
    Kind.UNKNOWN_FIXTURE: members.unknown_fixture,
    Kind.UNKNOWN_OPTION: members.unknown_option,
    Kind.DEPENDENCY_MISSING: modules.dependency_missing,
    Kind.LAUNCH_MISSING: modules.launch_missing,
}
_BY_LINE = frozenset({Kind.NO_OVERLOAD, Kind.UNRESOLVED})
"""Kinds whose name stands on the line alone."""
_INTERPRETED = frozenset({"pytest", "python", "unittest", "node", "mocha"})
"""Tools whose syntax errors are the interpreter's own, so may be its version's."""


class Resolver(Evidence):
    """Decides about findings in one view, remembering its answers."""

    def __init__(self, index: SymbolIndex, tables: Tables, command: str = "") -> None:
        super().__init__(index, tables, command)
        self._known: dict[tuple[object, ...], Verdict] = {}

    def decide(self, finding: Finding) -> Verdict | None:
        """The verdict on a finding that names something; ``None`` for kinds that need none."""
        if finding.kind is Kind.SYNTAX and finding.tool in _INTERPRETED:
            return members.syntax(self, finding)
        if finding.symbol and finding.symbol.endswith(CUT):
            finding = replace(finding, symbol=self.completed(finding.symbol.removesuffix(CUT)))
        rule = RULES.get(finding.kind)
        if rule is None or not (finding.symbol or finding.kind in _BY_LINE):
            return None
        key = (
            finding.kind,
            finding.symbol,
            finding.owner,
            finding.file,
            finding.near,
            finding.exists,
            finding.line if finding.kind in _BY_LINE else None,
            self.written(finding),
        )
        verdict = self._known.get(key)
        if verdict is None:
            verdict = self._known[key] = rule(self, finding)
        return verdict
