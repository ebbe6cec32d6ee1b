"""Undefined names: an import that is missing, a slip, or an invention."""

from __future__ import annotations

import re

from orchestrator.domain.failure import Category
from orchestrator.failures.diff import WORD
from orchestrator.failures.finding import Finding
from orchestrator.failures.index import Form, language_of
from orchestrator.failures.index.installed import package_exporters
from orchestrator.failures.near import typo_of
from orchestrator.failures.rules.evidence import Evidence, Verdict


def undefined_name(evidence: Evidence, finding: Finding) -> Verdict:
    name, language = finding.symbol or "", language_of(finding.file)
    if finding.exists:
        return Verdict(Category.TRIVIAL, f"the compiler found `{name}` elsewhere: its import is missing")
    typo = _replaced_by(evidence, finding)
    if typo:
        return Verdict(Category.TACTICAL, f"`{name}` is a slip of `{typo}` on the changed line", (typo,))
    if (finding.file is None or finding.file in evidence.diff.files) and evidence.import_removed(name, finding.file):
        return Verdict(Category.TRIVIAL, f"the change removed the import of `{name}`")
    if finding.tool == "cc" and evidence.written(finding) is False and evidence.include_removed(finding.file):
        return Verdict(Category.TRIVIAL, f"the change removed the header that `{name}` comes with")
    if evidence.written(finding) is False and evidence.definition_removed(name):
        return Verdict(Category.STRATEGIC, f"the change removed `{name}`, which is still used")
    known = _importable(evidence, name, language, finding.file)
    if known:
        return known
    near = _local_typo(evidence, finding)
    if near:
        return Verdict(Category.TACTICAL, f"`{name}` is a slip of `{near}` in the same file", (near,))
    if evidence.written(finding) is False:
        return Verdict(Category.TACTICAL, f"`{name}` is missing on lines the change did not write")
    if evidence.import_removed(name, finding.file):
        return Verdict(Category.TRIVIAL, f"the change removed the import of `{name}`")
    return Verdict(
        Category.HALLUCINATION,
        f"`{name}` is defined nowhere{evidence.where()}",
        evidence.suggest(name, language, finding.file),
    )


def _replaced_by(evidence: Evidence, finding: Finding) -> str | None:
    """On a line that was changed, not added: the one word it had instead, if the two look alike."""
    name = finding.symbol or ""
    if finding.near and finding.tool == "rustc":
        return finding.near
    entry = evidence.diff.files.get(finding.file or "")
    if entry is None:
        return None
    for number, before in entry.replaced.items():
        words = set(WORD.findall(entry.added[number]))
        if name in words and (near := typo_of(name, set(WORD.findall("\n".join(before))) - words)):
            return near
    return None


def _local_typo(evidence: Evidence, finding: Finding) -> str | None:
    name, file = finding.symbol or "", finding.file
    if not evidence.has_tree or not file or not evidence.index.source(file):
        pool = (
            set(WORD.findall("\n".join(evidence.diff.files[file].added.values()))) - {name}
            if file in evidence.diff.files
            else set()
        )
        return typo_of(name, pool) if finding.near is None else typo_of(name, {finding.near})
    if language_of(file) == "python":
        summary = evidence.index.summary(file)
        return typo_of(name, summary.locals | set(summary.names))
    text = evidence.index.source(file).decode("utf-8", "replace")
    bound = set(re.findall(r"\b(?:const|let|var|function|class|catch \() *([A-Za-z_$][\w$]*)", text)) | set(
        re.findall(r"[(,{] *([A-Za-z_$][\w$]*) *(?:[:,)}=]|=>)", text)
    )
    return typo_of(name, bound - {name})


def _importable(evidence: Evidence, name: str, language: str | None, file: str | None) -> Verdict | None:
    """Trivial where some module of tree, library or packages offers the name."""
    elsewhere = (
        [
            found
            for found in evidence.index.definitions(name, language)
            if found.file != file or found.form is Form.IMPORT
        ]
        if evidence.has_tree
        else []
    )
    real = [found for found in elsewhere if found.real and (language == "python" or found.exported)]
    if real:
        places = tuple(f"{found.file}:{found.line}" for found in real[:3])
        return Verdict(Category.TRIVIAL, f"`{name}` is defined in {places[0]}: its import is missing", places)
    passed = [found for found in elsewhere if found.module]
    if passed:
        return Verdict(
            Category.TRIVIAL,
            f"`{name}` is imported from {passed[0].module} in {passed[0].file}: its import is missing here",
        )
    if language == "go" and evidence.has_tree:
        folder = next((path for path in evidence.index.files("go") if f"/{path}".rsplit("/", 2)[-2] == name), None)
        if folder:
            return Verdict(Category.TRIVIAL, f"`{name}` is a package of the tree ({folder}): its import is missing")
    library = evidence.index.library_exporters(name, language)
    if library:
        return Verdict(
            Category.TRIVIAL,
            f"`{name}` is of the standard library ({library[0]}): its import is missing",
            library[:3],
        )
    if language == "python" and evidence.has_tree and file:
        packages = package_exporters(name, file, evidence.index)
        if packages:
            why = f"`{name}` is of the installed {packages[0]}: its import is missing"
            return Verdict(Category.TRIVIAL, why, packages[:3])
    return None
