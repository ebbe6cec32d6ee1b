"""Attributes, keywords, fixtures and options that are not there; syntax of another version."""

from __future__ import annotations

import re

from orchestrator.domain.failure import Category
from orchestrator.failures.finding import Finding
from orchestrator.failures.index import language_of, runtime
from orchestrator.failures.index.builtin_calls import builtin_parameters
from orchestrator.failures.index.node import node
from orchestrator.failures.near import nearest
from orchestrator.failures.rules.evidence import Evidence, Verdict

_GLOBAL_OWNER = re.compile(r"^(?:globalThis\.)?([A-Z][A-Za-z0-9]*|console|process|performance)$")
_TS_STATIC = re.compile(r"^(\w+)Constructor$|^typeof (\w+)$|^(JSON|Math|Reflect|Console|Atomics|Intl)$")
_TS_STANDARD = {
    "string": "String", "number": "Number", "boolean": "Boolean", "symbol": "Symbol", "bigint": "BigInt",
    "object": "Object",
}  # fmt: skip


def missing_attribute(evidence: Evidence, finding: Finding) -> Verdict:
    name, owner, language = finding.symbol or "", finding.owner or "", language_of(finding.file)
    if language is None:
        language = (
            "javascript" if finding.tool in {"jest", "vitest", "mocha", "node:test", "tsc", "eslint"} else "python"
        )
    if evidence.definition_removed(name):
        return Verdict(Category.STRATEGIC, f"the change removed `{name}`, which is still used")
    if evidence.written(finding) is False:
        return Verdict(Category.TACTICAL, f"`{name}` is asked for on lines the change did not write")
    if finding.message.endswith("undefined in superclass"):  # mypy 0.9-2.4 knows all bases there
        return Verdict(Category.HALLUCINATION, f"no base class has `{name}`", evidence.near_members(finding, language))
    if owner == "never" or owner.startswith(("{", "unknown")):
        return Verdict(Category.TACTICAL, f"a wrong type: `{name}` is asked of {owner}")
    standard = _standard(evidence, name, owner, language, finding)
    if standard is not None:
        return standard
    if evidence.has_tree and evidence.index.has_member(name, language, skip=evidence.added_lines()):
        return Verdict(Category.TACTICAL, f"`{name}` exists, but not on {owner or 'this value'}: a wrong type")
    if _literal(evidence, finding):
        return Verdict(Category.HALLUCINATION, f"no value of this kind has `{name}`")
    if (language == "python" and name in runtime.builtin_members()) or (
        language == "javascript" and node().any_member(name)
    ):
        return Verdict(Category.TACTICAL, f"`{name}` exists, but not on {owner or 'this value'}: a wrong type")
    return Verdict(
        Category.HALLUCINATION,
        f"nothing{evidence.where()} has an attribute `{name}`",
        evidence.near_members(finding, language),
    )


def _standard(evidence: Evidence, name: str, owner: str, language: str | None, finding: Finding) -> Verdict | None:
    """Owners that belong to the language: all their members are known."""
    if language == "python":
        if (
            runtime.builtin_type(owner)
            and (_literal(evidence, finding) or not evidence.has_tree)
            and name not in runtime.builtin_members()
        ):
            return Verdict(
                Category.HALLUCINATION,
                f"Python's {owner} has no `{name}`",
                nearest(name, runtime.builtin_members()),
            )
        return None
    if language != "javascript":
        return None
    known = node()
    pool = _of_node_module(evidence, owner, finding.file)
    if pool and name not in pool:
        return Verdict(Category.HALLUCINATION, f"Node's module {owner} has no `{name}`", nearest(name, pool))
    match = _GLOBAL_OWNER.match(owner)
    static = next(filter(None, _TS_STATIC.match(owner).groups()), None) if _TS_STATIC.match(owner) else None  # type: ignore[union-attr]
    if finding.tool == "tsc":
        member = (
            _TS_STANDARD.get(owner)
            or ("String" if owner[:1] in "\"'" else None)
            or (
                owner.split("<", maxsplit=1)[0]
                if owner.split("<", maxsplit=1)[0] in known.members
                else "Array"
                if owner.endswith("[]")
                else None
            )
        )
        group = static if static in known.statics else None
    else:
        member, group = None, match[1] if match and match[1] in known.statics else None
    if group is not None:
        if name in known.statics[group]:
            return None
        return Verdict(
            Category.HALLUCINATION, f"JavaScript's {group} has no `{name}`", nearest(name, known.statics[group])
        )
    if member is not None and member in known.members and not known.any_member(name):
        return Verdict(
            Category.HALLUCINATION, f"JavaScript's {member} has no `{name}`", nearest(name, known.members[member])
        )
    return None


_REQUIRED = re.compile(r"=\s*require\(\s*['\"]([^'\"]{1,200})['\"]\s*\)\s*;?\s*$")


def _of_node_module(evidence: Evidence, owner: str, file: str | None) -> frozenset[str]:
    """What the module of Node's has that the file imports whole under that name; empty where it is none."""
    if not evidence.has_tree or not file or not evidence.index.source(file):
        return frozenset()
    bound = evidence.index.summary(file).names.get(owner)
    module = bound.module if bound and bound.original in {"*", "default"} else None
    if bound is not None and module is None:
        line = evidence.index.source(file).decode("utf-8", "replace").splitlines()[bound.line - 1]
        required = _REQUIRED.search(line)
        module = required[1] if required else None
    return node().modules.get((module or "").removeprefix("node:"), frozenset())


def _literal(evidence: Evidence, finding: Finding) -> bool:
    """Whether an added line asks it of a literal (``"abc".trimAll``), so of a type of the language."""
    pattern = re.compile(
        r"(?:[\"'`\]}]|(?<![\w)\]])\([^()\n]*,[^()\n]*\))\s*\.\s*" + re.escape(finding.symbol or "") + r"\b"
    )
    return bool(pattern.search(evidence.added))


def _is_python_member(evidence: Evidence, name: str) -> bool:
    return name in runtime.builtin_members() or name in runtime.library_members() or runtime.is_stdlib(name)


def null_access(evidence: Evidence, finding: Finding) -> Verdict:
    """Asked of nothing: a slip of the program, unless the change asks it of ``self`` or ``this`` and nothing has it."""
    name, language = finding.symbol or "", language_of(finding.file)
    if language == "python" and evidence.written(finding) and not _is_python_member(evidence, name):
        of_self = re.search(r"\bself\." + re.escape(name) + r"\b", evidence.added) is not None
        known = evidence.has_tree and evidence.index.has_member(name, language, skip=evidence.added_lines())
        if not known and (evidence.has_tree or of_self) and not evidence.definition_removed(name):
            why = f"`{name}` is asked of None, and nothing{evidence.where()} has it"
            return Verdict(Category.HALLUCINATION, why, evidence.near_members(finding, language))
    if language == "javascript" and re.search(r"\bthis\." + re.escape(name) + r"\s*\(", evidence.added_line(finding)):
        own = evidence.has_tree and evidence.index.has_member(name, language, skip=evidence.added_lines())
        if not own and not node().any_member(name) and not evidence.definition_removed(name):
            why = f"`{name}` is asked of `this`, and nothing{evidence.where()} has it"
            return Verdict(Category.HALLUCINATION, why, evidence.near_members(finding, language))
    held = re.search(r"([A-Za-z_$][\w$]*)\s*\??\.\s*" + re.escape(name) + r"\b", evidence.line_text(finding))
    if held and evidence.written(finding) is False and evidence.definition_removed(held[1]):
        return Verdict(Category.STRATEGIC, f"the change removed `{held[1]}`, of which `{name}` is asked")
    shrunk = evidence.entry_shrunk() or evidence.export_dropped()
    if language == "javascript" and evidence.written(finding) is False and shrunk:
        return Verdict(Category.STRATEGIC, f"the change removed public exports; `{name}` is asked of one that is gone")
    return Verdict(Category.TACTICAL, f"`{name}` is asked of a value that is not there")


def private_access(evidence: Evidence, finding: Finding) -> Verdict:
    """What the change hid from those who use it is a broken promise; all else a wrong use."""
    name = finding.symbol or ""
    own = evidence.diff.added(finding.file, finding.line)
    if evidence.view.change_known and not own and evidence.definition_removed(name):
        return Verdict(Category.STRATEGIC, f"the change took `{name}` from the public, and it is still used")
    return Verdict(Category.TACTICAL, f"`{name}` is there, but not for this code")


def unknown_keyword(evidence: Evidence, finding: Finding) -> Verdict:
    name, language = finding.symbol or "", language_of(finding.file)
    if finding.tool == "tsc":
        if (
            evidence.has_tree
            and evidence.index.has_member(name, "javascript", skip=evidence.added_lines())
            and evidence.written(finding) is False
        ):
            return Verdict(Category.TACTICAL, f"the type no longer has `{name}`")
        return Verdict(Category.HALLUCINATION, f"the type has no `{name}`", (finding.near,) if finding.near else ())
    if evidence.written(finding) is False:
        return Verdict(Category.TACTICAL, f"the change altered a signature that others call with `{name}`")
    parameters = (
        evidence.index.parameters(finding.owner, language or "python") if evidence.has_tree and finding.owner else []
    )
    if any(name in found for found in parameters):
        return Verdict(Category.TACTICAL, f"another definition of {finding.owner} takes `{name}`")
    pool = set().union(*parameters) - {"self", "cls", "**"} if parameters else set()
    return Verdict(
        Category.HALLUCINATION,
        f"{finding.owner or 'the function'} takes no keyword `{name}`",
        nearest(name, pool) or tuple(sorted(pool))[:3],
    )


_MEMBER = re.compile(r"\.([A-Za-z_$][\w$]{2,80})")


def unresolved(evidence: Evidence, finding: Finding) -> Verdict:
    """A member on an added line that neither the tree nor the language has is what could not be resolved."""
    text = evidence.added_line(finding)
    language = language_of(finding.file) or "javascript"
    for name in _MEMBER.findall(text) if evidence.has_tree else ():
        known = _is_python_member(evidence, name) if language == "python" else node().any_member(name)
        if known or evidence.index.has_member(name, language, skip=evidence.added_lines()):
            continue
        return Verdict(Category.HALLUCINATION, f"nothing{evidence.where()} has an attribute `{name}`")
    return Verdict(Category.TACTICAL, f"{finding.code}: a wrong type")


_KEYWORD_GIVEN = re.compile(r"[(,]\s*([A-Za-z_]\w{0,80})\s?=(?!=)")


def no_overload(evidence: Evidence, finding: Finding) -> Verdict:
    """A keyword on that line that no signature of the built-in knows was invented; else the arguments are wrong."""
    name = (finding.owner or "").removesuffix(".__init__").rsplit(".", 1)[-1]
    known = builtin_parameters(name)
    for keyword in _KEYWORD_GIVEN.findall(evidence.line_text(finding)) if known else ():
        if keyword not in known and evidence.written(finding) is not False:
            near = nearest(keyword, known)
            return Verdict(Category.HALLUCINATION, f"{name} takes no keyword `{keyword}`", near)
    return Verdict(Category.TACTICAL, f"{finding.owner} is called with arguments that it does not take")


def unknown_fixture(evidence: Evidence, finding: Finding) -> Verdict:
    name = finding.symbol or ""
    if evidence.definition_removed(name):
        return Verdict(Category.STRATEGIC, f"the change removed the fixture `{name}`")
    if evidence.written(finding) is False:
        return Verdict(Category.ENVIRONMENT, f"the fixture `{name}` comes from a plugin that is not installed")
    return Verdict(
        Category.HALLUCINATION, f"no fixture `{name}` exists", evidence.suggest(name, "python", finding.file)
    )


def syntax(evidence: Evidence, finding: Finding) -> Verdict:
    if (
        finding.code == "SyntaxError"
        and evidence.view.change_known
        and finding.file
        and not finding.file.startswith("<")  # text parsed by the program itself
        and finding.file not in evidence.diff.files
        and finding.file not in evidence.view.files_changed
    ):
        return Verdict(
            Category.ENVIRONMENT,
            f"{finding.file}, which the change did not touch, is not of this interpreter's language version",
        )
    return Verdict(Category.TACTICAL, "syntax")


_CAMEL = re.compile(r"(?<=[a-z0-9])[A-Z]")
_WORD_END = re.compile(r"[\s=,;|&'\"]+")


def unknown_option(evidence: Evidence, finding: Finding) -> Verdict:
    key = (finding.symbol or "").split("=")[0].split()[0]
    words = [key, key[2:]] if key.startswith("--") else [key]
    if key.startswith(evidence.tables.newer_flags):
        return Verdict(Category.ENVIRONMENT, f"`{key}` is an option of another version of the tool")
    words += [_CAMEL.sub(lambda humps: f"-{humps[0].lower()}", word) for word in words]  # cac tells flags so
    if evidence.view.change_known and key and not any(word and word in evidence.added for word in words):
        if key in _WORD_END.split(evidence.command) and not key.startswith(evidence.tables.plugin_flags):
            return Verdict(Category.HALLUCINATION, f"`{key}` of the command is an option that its tool does not have")
        return Verdict(
            Category.ENVIRONMENT,
            f"the tool does not know `{key}`, which the change did not write: another version, or no plugin for it",
        )
    if not evidence.view.change_known and key.startswith(evidence.tables.plugin_flags):
        return Verdict(Category.ENVIRONMENT, f"`{key}` is an option of a plug-in that is not installed")
    return Verdict(
        Category.HALLUCINATION,
        f"`{key}` is a key, flag or rule the tool does not know, in a configuration it can read",
    )
