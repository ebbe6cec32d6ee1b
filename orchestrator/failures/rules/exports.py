"""Names asked of a module that does not have them."""

from __future__ import annotations

import re

from orchestrator.domain.failure import Category
from orchestrator.failures.finding import Finding
from orchestrator.failures.index import language_of, runtime
from orchestrator.failures.index.node import node
from orchestrator.failures.near import nearest
from orchestrator.failures.rules.evidence import Evidence, Verdict


def missing_export(evidence: Evidence, finding: Finding) -> Verdict:
    name, owner = finding.symbol or "", finding.owner
    if evidence.definition_removed(name) or evidence.star_removed(name):
        return Verdict(Category.STRATEGIC, f"the change removed `{name}` from what others import")
    target = _owner_file(evidence, finding)
    language = language_of(finding.file) or (
        "python" if finding.tool in {"pytest", "mypy", "pylint", "python", "unittest", "pyright"} else "javascript"
    )
    if target is not None:
        exports = evidence.index.exports(target)
        if name in exports and language == "javascript":
            return Verdict(Category.TACTICAL, f"{target} exports `{name}`, but not in the way it is used")
        if name in exports:
            return Verdict(Category.TACTICAL, f"{target} has `{name}`, but not when it is asked for")
        if evidence.written(finding) is False:
            return Verdict(Category.TACTICAL, f"`{name}` is asked of {target} on lines the change did not write")
        return Verdict(
            Category.HALLUCINATION,
            f"{target} has no `{name}`",
            _elsewhere(evidence, name, language) or nearest(name, exports),
        )
    if owner is None and language == "javascript":
        return _bare_callable(evidence, finding)
    if evidence.written(finding) is False and owner:
        return Verdict(
            Category.ENVIRONMENT,
            f"the installed `{owner}` has no `{name}`, which code older than the change asks for: another version",
        )
    pool = _library_pool(evidence, owner, language)
    if name in pool:
        return Verdict(Category.TACTICAL, f"`{owner}` has `{name}`, but not in this environment or not when asked")
    return Verdict(Category.HALLUCINATION, f"`{owner or 'the module'}` has no `{name}`", nearest(name, pool))


_ADDED_IMPORT = re.compile(r"\s*from\s+(\.*[\w.]*)\s+import\s+(\w[\w, ]*?)\s*(?:#.*)?")


def cycle(evidence: Evidence, finding: Finding) -> Verdict:
    """A broken design; but where the import that closes the circle asks for a name that its module does not have, the
    name was invented.
    """
    added = [(path, line) for path, entry in evidence.diff.files.items() for line in entry.added.values()]
    for path, line in added if evidence.has_tree and language_of(finding.file) == "python" else ():
        match = _ADDED_IMPORT.fullmatch(line)
        target = evidence.index.resolve(match[1], path) if match else None
        if match is None or target is None or target.endswith("__init__.py"):  # a package has its modules, too
            continue
        exports = evidence.index.exports(target)
        for name in (part.split(" as ")[0].strip() for part in match[2].split(",")):
            if name not in exports:
                return Verdict(Category.HALLUCINATION, f"{target} has no `{name}`", nearest(name, exports))
    return Verdict(Category.STRATEGIC, "modules import each other in a circle")


def _owner_file(evidence: Evidence, finding: Finding) -> str | None:
    if not evidence.has_tree or not finding.owner:
        return None
    owner = finding.owner.strip("\"'")
    return evidence.index.resolve(owner, finding.file) or (evidence.view.locate(owner) if "/" in owner else None)


def _elsewhere(evidence: Evidence, name: str, language: str | None) -> tuple[str, ...]:
    found = [definition for definition in evidence.index.definitions(name, language) if definition.real]
    return tuple(f"{definition.file}:{definition.line}" for definition in found[:3])


def _library_pool(evidence: Evidence, owner: str | None, language: str) -> frozenset[str]:
    if owner is None:
        return frozenset()
    if language == "python":
        return runtime.stdlib_names(owner) or frozenset()
    return node().modules.get(owner.removeprefix("node:"), frozenset())


def _bare_callable(evidence: Evidence, finding: Finding) -> Verdict:
    """``x is not a function`` of an imported or plain name."""
    name, file = finding.symbol or "", finding.file
    definition = (
        evidence.index.summary(file).names.get(name)
        if evidence.has_tree and file and evidence.index.source(file)
        else None
    )
    module = definition.module if definition else None
    if module is None and file in evidence.diff.files:
        match = re.search(
            r"\b" + re.escape(name) + r"\b[^'\"\n]*(?:\bfrom\s+|=\s*require\(\s*)['\"]([^'\"]+)['\"]",
            "\n".join(evidence.diff.files[file].added.values()),
        )
        module = match[1] if match else None
    if module is None:
        if evidence.written(finding) and not _known_local(evidence, name, file):
            return Verdict(Category.HALLUCINATION, f"`{name}` is no function that the tree defines")
        return Verdict(Category.TACTICAL, f"`{name}` is not what it is used as")
    target = evidence.index.resolve(module, file) if evidence.has_tree else None
    if target is not None and ((definition.original if definition else None) or name) in evidence.index.exports(target):
        return Verdict(Category.TACTICAL, f"{target} exports `{name}`, but it is not what it is used as")
    if evidence.written(finding) is False:
        return Verdict(Category.TACTICAL, f"`{name}` of {module} is not what it is used as")
    pool = evidence.index.exports(target) if target else {}
    return Verdict(Category.HALLUCINATION, f"{module} exports no `{name}`", nearest(name, pool))


def _known_local(evidence: Evidence, name: str, file: str | None) -> bool:
    text = evidence.index.source(file).decode("utf-8", "replace") if evidence.has_tree and file else ""
    return bool(
        re.search(
            r"\b(?:const|let|var|function|class)\s+"
            + re.escape(name)
            + r"\b|[(,{]\s*"
            + re.escape(name)
            + r"\s*[:,)}=]",
            text,
        )
    )
