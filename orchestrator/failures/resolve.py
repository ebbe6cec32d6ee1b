"""Findings that name something: does it exist? With the repository at hand where there is one, else from the diff
alone.

One thought runs through all: what the change did not write, the change did not invent. A name missing on lines nobody
touched has been taken away (its import: trivial; its definition: strategic), or the environment lacks it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from orchestrator.domain.failure import Category
from orchestrator.failures.diff import WORD
from orchestrator.failures.finding import Finding, Kind
from orchestrator.failures.index import Form, SymbolIndex, language_of, runtime
from orchestrator.failures.near import nearest, typo_of
from orchestrator.failures.tables import Tables
from orchestrator.failures.view import RepositoryView


@dataclass(frozen=True, slots=True)
class Verdict:
    """A category, the rule that decided it, and the nearest real names."""

    category: Category
    why: str
    suggestions: tuple[str, ...] = ()


_ENTRY = re.compile(r"(?:^|/)(?:__init__\.pyi?|index\.[mc]?[jt]sx?|main\.[mc]?[jt]s|mod\.[jt]s|lib\.rs|mod\.rs)$")
_LITERAL = r"(?:[\"'`\)\]}}]|\b\d+)\s*\.\s*{0}\b"
_GLOBAL_OWNER = re.compile(r"^(?:globalThis\.)?([A-Z][A-Za-z0-9]*|console|process|performance)$")
_TS_STATIC = re.compile(r"^(\w+)Constructor$|^typeof (\w+)$|^(JSON|Math|Reflect|Console|Atomics|Intl)$")
_TS_STANDARD = {
    "string": "String", "number": "Number", "boolean": "Boolean", "symbol": "Symbol", "bigint": "BigInt",
    "object": "Object",
}  # fmt: skip


class Resolver:
    """Decides about names in one view, remembering its answers."""

    def __init__(self, index: SymbolIndex, tables: Tables) -> None:
        self.index = index
        self.tables = tables
        self.view = index.view
        self.has_tree = isinstance(index.view, RepositoryView)
        self.diff = index.view.changes
        self.added = self.diff.added_text()
        self.removed = self.diff.removed_text()
        self._known: dict[tuple[object, ...], Verdict] = {}

    def decide(self, finding: Finding) -> Verdict | None:
        """The verdict on a finding that names something; ``None`` for kinds that need none."""
        rule = _RULES.get(finding.kind)
        if finding.kind is Kind.SYNTAX and finding.tool in {"pytest", "python", "unittest", "node", "mocha"}:
            return self._syntax(finding)
        if rule is None or not finding.symbol:
            return None
        key = (
            finding.kind,
            finding.symbol,
            finding.owner,
            finding.file,
            finding.near,
            finding.exists,
            self._written(finding),
        )
        verdict = self._known.get(key)
        if verdict is None:
            verdict = self._known[key] = rule(self, finding)
        return verdict

    # -- what the change did ------------------------------------------------------------------------------------------

    def _written(self, finding: Finding) -> bool | None:
        """Whether the change wrote the name: on that line, or anywhere; ``None`` where the change is not known."""
        if not self.view.change_known:
            return None
        if self.diff.added(finding.file, finding.line):
            return True
        return _has_word(self.added, finding.symbol or "")

    def _definition_removed(self, name: str) -> bool:
        """The change took away the definition or public export of the name."""
        defined = re.compile(
            r"\b(?:def|class|function\*?|const|let|var|interface|type|enum|fn|struct|trait|func)\s+"
            + re.escape(name)
            + r"\b|^\s*(?:self\.)?"
            + re.escape(name)
            + r"\s*[:=(]",
            re.MULTILINE,
        )
        if defined.search(self.removed) and not defined.search(self.added):
            return True
        for path, entry in self.diff.files.items():
            removed = "\n".join(entry.removed.values())
            if entry.deleted and defined.search(removed):
                return True
            if (
                _ENTRY.search(path)
                and _has_word(removed, name)
                and not _has_word("\n".join(entry.added.values()), name)
            ):
                return True
        return False

    def _entry_shrunk(self) -> bool:
        """The change took export lines from an entry point and put none in their place."""
        for path, entry in self.diff.files.items():
            lines = [
                line for line in entry.removed.values() if re.match(r"\s*(?:export\b|module\.exports|exports\.)", line)
            ]
            if lines and _ENTRY.search(path) and not any("export" in line for line in entry.added.values()):
                return True
        return False

    def _star_removed(self, name: str) -> bool:
        """The change took a star re-export from an entry point; with the tree at hand, one that brought the name."""
        for path, entry in self.diff.files.items():
            for line in entry.removed.values():
                match = re.match(r"\s*(?:export \* from ['\"]([^'\"]+)['\"]|from (\S+) import \*)", line)
                if match is None or not _ENTRY.search(path):
                    continue
                target = self.index.resolve(match[1] or match[2], path) if self.has_tree else None
                if target is None or name in self.index.exports(target):
                    return True
        return False

    def _import_removed(self, name: str, file: str | None) -> bool:
        """The change took the import of the name from that file."""
        text = self.diff.removed_text(file) if file in self.diff.files else self.removed
        bound = re.compile(
            r"(?:^|\n)\s*(?:import\b|from\b|const\b[^\n]*require|use\b|#include)[^;\n]*\b" + re.escape(name) + r"\b"
        )
        listed = re.compile(r"(?:^|\n)\s*(?:type\s+)?(?:\w+\s+as\s+)?" + re.escape(name) + r",?\s*(?:$|\n)")
        return bool(bound.search(text)) or ("import" in text and bool(listed.search(text)))

    # -- undefined names ----------------------------------------------------------------------------------------------

    def _undefined(self, finding: Finding) -> Verdict:
        name, language = finding.symbol or "", language_of(finding.file)
        if finding.exists:
            return Verdict(Category.TRIVIAL, f"the compiler found `{name}` elsewhere: its import is missing")
        typo = self._replaced_by(finding)
        if typo:
            return Verdict(Category.TACTICAL, f"`{name}` is a slip of `{typo}` on the changed line", (typo,))
        if finding.file in self.diff.files and self._import_removed(name, finding.file):
            return Verdict(Category.TRIVIAL, f"the change removed the import of `{name}`")
        if self._written(finding) is False and self._definition_removed(name):
            return Verdict(Category.STRATEGIC, f"the change removed `{name}`, which is still used")
        known = self._importable(name, language, finding.file)
        if known:
            return known
        near = self._local_typo(finding)
        if near:
            return Verdict(Category.TACTICAL, f"`{name}` is a slip of `{near}` in the same file", (near,))
        if self._written(finding) is False:
            return Verdict(Category.TACTICAL, f"`{name}` is missing on lines the change did not write")
        if self._import_removed(name, finding.file):
            return Verdict(Category.TRIVIAL, f"the change removed the import of `{name}`")
        return Verdict(
            Category.HALLUCINATION,
            f"`{name}` is defined nowhere{self._where()}",
            self._suggest(name, language, finding.file),
        )

    def _replaced_by(self, finding: Finding) -> str | None:
        """On a line that was changed, not added: the one word it had instead, if the two look alike."""
        name = finding.symbol or ""
        if finding.near and finding.tool == "rustc":
            return finding.near
        entry = self.diff.files.get(finding.file or "")
        if entry is None:
            return None
        for number, before in entry.replaced.items():
            words = set(WORD.findall(entry.added[number]))
            if name in words and (near := typo_of(name, set(WORD.findall("\n".join(before))) - words)):
                return near
        return None

    def _local_typo(self, finding: Finding) -> str | None:
        name, file = finding.symbol or "", finding.file
        if not self.has_tree or not file or not self.index.source(file):
            pool = (
                set(WORD.findall("\n".join(self.diff.files[file].added.values()))) - {name}
                if file in self.diff.files
                else set()
            )
            return typo_of(name, pool) if finding.near is None else typo_of(name, {finding.near})
        if language_of(file) == "python":
            summary = self.index.summary(file)
            return typo_of(name, summary.locals | set(summary.names))
        text = self.index.source(file).decode("utf-8", "replace")
        bound = set(re.findall(r"\b(?:const|let|var|function|class|catch \() *([A-Za-z_$][\w$]*)", text)) | set(
            re.findall(r"[(,{] *([A-Za-z_$][\w$]*) *(?:[:,)}=]|=>)", text)
        )
        return typo_of(name, bound - {name})

    def _importable(self, name: str, language: str | None, file: str | None) -> Verdict | None:
        """Trivial where some module of tree, library or packages offers the name."""
        elsewhere = (
            [
                found
                for found in self.index.definitions(name, language)
                if found.file != file or found.form is Form.IMPORT
            ]
            if self.has_tree
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
        library = self.index.library_exporters(name, language)
        if library:
            return Verdict(
                Category.TRIVIAL,
                f"`{name}` is of the standard library ({library[0]}): its import is missing",
                library[:3],
            )
        return None

    def _where(self) -> str:
        return " (tree, standard library, packages)" if self.has_tree else " that the text shows"

    def _suggest(self, name: str, language: str | None, file: str | None) -> tuple[str, ...]:
        if not self.has_tree:
            return ()
        pool: set[str] = set()
        head = name[:4]
        for path in self.index.holding(head, language)[:60]:
            pool |= set(self.index.summary(path).names)
        if file and self.index.source(file):
            pool |= set(self.index.summary(file).names)
        return nearest(name, pool - {name})

    # -- modules ------------------------------------------------------------------------------------------------------

    def _module(self, finding: Finding) -> Verdict:
        module, file = finding.symbol or "", finding.file
        importer = file
        if finding.owner and language_of(finding.owner):
            importer = self.view.locate(finding.owner)
            if "node_modules/" in finding.owner.replace("\\", "/"):
                return Verdict(
                    Category.ENVIRONMENT, f"an installed package asks for `{module}`, which is not installed"
                )
        language = language_of(importer) or (
            "python" if finding.tool in {"pytest", "mypy", "pyright", "pylint", "python", "unittest"} else "javascript"
        )
        written = _mentions(self.added, module) if self.view.change_known else None
        if self.index.is_local(module, importer or ("x.py" if language == "python" else "x.ts")):
            return self._local_module(module, importer, written=written)
        if language == "python":
            top = module.split(".")[0]
            if top in runtime.REMOVED or (runtime.is_stdlib(module) and "." not in module):
                return Verdict(
                    Category.ENVIRONMENT, f"`{module}` belongs to a standard library of another version or build"
                )
            if runtime.is_stdlib(module):
                return Verdict(
                    Category.HALLUCINATION, f"the standard library has no module `{module}`", self._submodules(module)
                )
        if self.index.packages.declares(module) and not self._declared_by_change(module):
            if (
                self._has_package(module, language)
                and "/" in module.removeprefix("@").partition("/")[2]
                and written is not False
            ):
                return Verdict(Category.HALLUCINATION, f"the installed package has no `{module}`")
            if (
                language == "python"
                and "." in module
                and self.index.packages.python_module(module.split(".")[0])
                and written is not False
            ):
                return Verdict(Category.HALLUCINATION, f"the installed package has no module `{module}`")
            return Verdict(Category.ENVIRONMENT, f"`{module}` is declared but not installed")
        if written is False or (written is None and self._used_in_tree(module, language)):
            return Verdict(
                Category.ENVIRONMENT, f"`{module}` is used by code the change did not write, and is not installed"
            )
        if self._used_in_tree(module, language):
            return Verdict(Category.ENVIRONMENT, f"`{module}` is used elsewhere in the tree, and is not installed")
        return Verdict(
            Category.HALLUCINATION,
            f"`{module}` is neither declared nor installed nor in the standard library",
            self._near_modules(module),
        )

    def _local_module(self, module: str, importer: str | None, *, written: bool | None) -> Verdict:
        deleted = [
            path for path, entry in self.diff.files.items() if entry.deleted and _stem(path).endswith(_tail(module))
        ]
        if deleted:
            return Verdict(Category.STRATEGIC, f"the change deleted {deleted[0]}, which is still imported")
        if self.has_tree and self.index.resolve(module, importer):
            return Verdict(Category.TACTICAL, f"`{module}` is there, but could not be loaded")
        if (
            self.has_tree
            and re.search(r"(?:^|[._/])(?:_version|version|_generated|generated|_pb2)\b", module)
            and written is False
        ):
            return Verdict(Category.ENVIRONMENT, f"`{module}` is generated when the package is built")
        if written is False:
            return Verdict(Category.TACTICAL, f"`{module}` is missing, and the change did not write its import")
        return Verdict(Category.HALLUCINATION, f"the tree has no module `{module}`", self._near_files(module, importer))

    def _near_files(self, module: str, importer: str | None) -> tuple[str, ...]:
        stems = {_stem(path): path for path in self.index.files(language_of(importer) or "python")}
        names = {stem.rsplit("/", 1)[-1]: path for stem, path in stems.items()}
        return tuple(names[name] for name in nearest(_tail(module).rsplit("/", 1)[-1], names))

    def _near_modules(self, module: str) -> tuple[str, ...]:
        return nearest(module, self.index.packages.declared)

    def _submodules(self, module: str) -> tuple[str, ...]:
        return nearest(module.rsplit(".", 1)[-1], runtime.stdlib_names(module.split(".", maxsplit=1)[0]) or ())

    def _has_package(self, module: str, language: str) -> bool:
        packages = self.index.packages
        return (
            packages.npm_package(module) is not None
            if language == "javascript"
            else packages.python_module(module.split(".", maxsplit=1)[0]) is not None
        )

    def _declared_by_change(self, module: str) -> bool:
        """The change itself added the dependency to a manifest: then it was not there to be installed."""
        for path, entry in self.diff.files.items():
            if (
                path.rsplit("/", 1)[-1] in {"package.json", "pyproject.toml", "setup.py", "setup.cfg"}
                or "requirements" in path
            ):
                added, removed = "\n".join(entry.added.values()), "\n".join(entry.removed.values())
                if any(
                    _mentions(added, name) and not _mentions(removed, name)
                    for name in self.index.packages.candidates(module)[:3]
                ):
                    return True
        return False

    def _used_in_tree(self, module: str, language: str) -> bool:
        """Whether lines the change did not write import it."""
        if not self.has_tree:
            return False
        top = module.split(".", maxsplit=1)[0] if language == "python" else module
        for path in self.index.holding(top, language):
            for imported, line in self.index.summary(path).imports:
                same = imported.split(".")[0] == top if language == "python" else imported == top
                if same and not self._line_added(path, line):
                    return True
        return False

    def _line_added(self, path: str, line: int) -> bool:
        """Whether the change wrote that line, by its number or (numbers drift) by its text."""
        entry = self.diff.files.get(path)
        if entry is None:
            return False
        lines = self.index.source(path).decode("utf-8", "replace").splitlines()
        return line in entry.added or (line <= len(lines) and lines[line - 1] in entry.added.values())

    # -- exports ------------------------------------------------------------------------------------------------------

    def _export(self, finding: Finding) -> Verdict:
        name, owner = finding.symbol or "", finding.owner
        if self._definition_removed(name) or self._star_removed(name):
            return Verdict(Category.STRATEGIC, f"the change removed `{name}` from what others import")
        target = self._owner_file(finding)
        language = language_of(finding.file) or (
            "python" if finding.tool in {"pytest", "mypy", "pylint", "python", "unittest", "pyright"} else "javascript"
        )
        if target is not None:
            exports = self.index.exports(target)
            if name in exports and language == "javascript":
                return Verdict(Category.TACTICAL, f"{target} exports `{name}`, but not in the way it is used")
            if name in exports:
                return Verdict(Category.TACTICAL, f"{target} has `{name}`, but not when it is asked for")
            if self._written(finding) is False:
                return Verdict(Category.TACTICAL, f"`{name}` is asked of {target} on lines the change did not write")
            return Verdict(
                Category.HALLUCINATION,
                f"{target} has no `{name}`",
                self._elsewhere(name, language) or nearest(name, exports),
            )
        if owner is None and language == "javascript":
            return self._bare_callable(finding)
        if self._written(finding) is False and owner:
            return Verdict(
                Category.ENVIRONMENT,
                f"the installed `{owner}` has no `{name}`, which code older than the change asks for: another version",
            )
        pool = self._library_pool(owner, language)
        if name in pool:
            return Verdict(Category.TACTICAL, f"`{owner}` has `{name}`, but not in this environment or not when asked")
        return Verdict(Category.HALLUCINATION, f"`{owner or 'the module'}` has no `{name}`", nearest(name, pool))

    def _owner_file(self, finding: Finding) -> str | None:
        if not self.has_tree or not finding.owner:
            return None
        owner = finding.owner.strip("\"'")
        return self.index.resolve(owner, finding.file) or (self.view.locate(owner) if "/" in owner else None)

    def _elsewhere(self, name: str, language: str | None) -> tuple[str, ...]:
        found = [definition for definition in self.index.definitions(name, language) if definition.real]
        return tuple(f"{definition.file}:{definition.line}" for definition in found[:3])

    def _library_pool(self, owner: str | None, language: str) -> frozenset[str]:
        if owner is None:
            return frozenset()
        if language == "python":
            return runtime.stdlib_names(owner) or frozenset()
        return runtime.node().modules.get(owner.removeprefix("node:"), frozenset())

    def _bare_callable(self, finding: Finding) -> Verdict:
        """``x is not a function`` of an imported or plain name."""
        name, file = finding.symbol or "", finding.file
        definition = (
            self.index.summary(file).names.get(name) if self.has_tree and file and self.index.source(file) else None
        )
        module = definition.module if definition else None
        if module is None and file in self.diff.files:
            match = re.search(
                r"\b" + re.escape(name) + r"\b[^'\"\n]*\bfrom\s+['\"]([^'\"]+)['\"]",
                "\n".join(self.diff.files[file].added.values()),
            )
            module = match[1] if match else None
        if module is None:
            if self._written(finding) and not self._known_local(name, file):
                return Verdict(Category.HALLUCINATION, f"`{name}` is no function that the tree defines")
            return Verdict(Category.TACTICAL, f"`{name}` is not what it is used as")
        target = self.index.resolve(module, file) if self.has_tree else None
        if target is not None and ((definition.original if definition else None) or name) in self.index.exports(target):
            return Verdict(Category.TACTICAL, f"{target} exports `{name}`, but it is not what it is used as")
        if self._written(finding) is False:
            return Verdict(Category.TACTICAL, f"`{name}` of {module} is not what it is used as")
        pool = self.index.exports(target) if target else {}
        return Verdict(Category.HALLUCINATION, f"{module} exports no `{name}`", nearest(name, pool))

    def _known_local(self, name: str, file: str | None) -> bool:
        text = self.index.source(file).decode("utf-8", "replace") if self.has_tree and file else ""
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

    # -- attributes ---------------------------------------------------------------------------------------------------

    def _attribute(self, finding: Finding) -> Verdict:
        name, owner, language = finding.symbol or "", finding.owner or "", language_of(finding.file)
        if language is None:
            language = (
                "javascript" if finding.tool in {"jest", "vitest", "mocha", "node:test", "tsc", "eslint"} else "python"
            )
        if self._definition_removed(name):
            return Verdict(Category.STRATEGIC, f"the change removed `{name}`, which is still used")
        if self._written(finding) is False:
            return Verdict(Category.TACTICAL, f"`{name}` is asked for on lines the change did not write")
        if owner == "never" or owner.startswith(("{", "unknown")):
            return Verdict(Category.TACTICAL, f"a wrong type: `{name}` is asked of {owner}")
        standard = self._standard(name, owner, language, finding)
        if standard is not None:
            return standard
        if self.has_tree and self.index.has_member(name, language, skip=self._added_lines()):
            return Verdict(Category.TACTICAL, f"`{name}` exists, but not on {owner or 'this value'}: a wrong type")
        if self._literal(finding):
            return Verdict(Category.HALLUCINATION, f"no value of this kind has `{name}`")
        if (language == "python" and name in runtime.builtin_members()) or (
            language == "javascript" and runtime.node().any_member(name)
        ):
            return Verdict(Category.TACTICAL, f"`{name}` exists, but not on {owner or 'this value'}: a wrong type")
        return Verdict(
            Category.HALLUCINATION,
            f"nothing{self._where()} has an attribute `{name}`",
            self._near_members(finding, language),
        )

    def _standard(self, name: str, owner: str, language: str | None, finding: Finding) -> Verdict | None:
        """Owners that belong to the language: all their members are known."""
        if language == "python":
            if (
                runtime.builtin_type(owner)
                and (self._literal(finding) or not self.has_tree)
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
        known = runtime.node()
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

    def _literal(self, finding: Finding) -> bool:
        """Whether an added line asks it of a literal (``"abc".trimAll``), so of a type of the language."""
        pattern = re.compile(r"[\"'`\]]\s*\.\s*" + re.escape(finding.symbol or "") + r"\b")
        return bool(pattern.search(self.added))

    def _is_python_member(self, name: str) -> bool:
        return name in runtime.builtin_members() or runtime.is_stdlib(name)

    def _added_lines(self) -> list[tuple[str, str]]:
        return [
            (path, line) for path, entry in self.diff.files.items() for line in entry.added.values()
            if not re.match(r"\s*(?:async +)?(?:def|class|function)\b|\s*self\.\w+\s*=", line)
        ]  # fmt: skip

    def _near_members(self, finding: Finding, language: str | None) -> tuple[str, ...]:
        if finding.near:
            return (finding.near,)
        if not self.has_tree or not finding.file or not self.index.source(finding.file):
            return ()
        summary = self.index.summary(finding.file)
        words = summary.members or set(WORD.findall(self.index.source(finding.file).decode("utf-8", "replace")))
        return nearest(finding.symbol or "", words)

    def _null(self, finding: Finding) -> Verdict:
        name, language = finding.symbol or "", language_of(finding.file)
        if language == "python" and self._written(finding) and not self._is_python_member(name):
            of_self = re.search(r"\bself\." + re.escape(name) + r"\b", self.added) is not None
            known = self.has_tree and self.index.has_member(name, language, skip=self._added_lines())
            if not known and (self.has_tree or of_self) and not self._definition_removed(name):
                why = f"`{name}` is asked of None, and nothing{self._where()} has it"
                return Verdict(Category.HALLUCINATION, why, self._near_members(finding, language))
        if language == "javascript" and self._written(finding) is False and self._entry_shrunk():
            return Verdict(
                Category.STRATEGIC, f"the change removed public exports; `{name}` is asked of one that is gone"
            )
        return Verdict(Category.TACTICAL, f"`{name}` is asked of a value that is not there")

    # -- keywords, fixtures, options ----------------------------------------------------------------------------------

    def _keyword(self, finding: Finding) -> Verdict:
        name, language = finding.symbol or "", language_of(finding.file)
        if finding.tool == "tsc":
            if (
                self.has_tree
                and self.index.has_member(name, "javascript", skip=self._added_lines())
                and self._written(finding) is False
            ):
                return Verdict(Category.TACTICAL, f"the type no longer has `{name}`")
            return Verdict(Category.HALLUCINATION, f"the type has no `{name}`", (finding.near,) if finding.near else ())
        if self._written(finding) is False:
            return Verdict(Category.TACTICAL, f"the change altered a signature that others call with `{name}`")
        parameters = (
            self.index.parameters(finding.owner, language or "python") if self.has_tree and finding.owner else []
        )
        if any(name in found for found in parameters):
            return Verdict(Category.TACTICAL, f"another definition of {finding.owner} takes `{name}`")
        pool = set().union(*parameters) - {"self", "cls", "**"} if parameters else set()
        return Verdict(
            Category.HALLUCINATION,
            f"{finding.owner or 'the function'} takes no keyword `{name}`",
            nearest(name, pool) or tuple(sorted(pool))[:3],
        )

    def _fixture(self, finding: Finding) -> Verdict:
        name = finding.symbol or ""
        if self._definition_removed(name):
            return Verdict(Category.STRATEGIC, f"the change removed the fixture `{name}`")
        if self._written(finding) is False:
            return Verdict(Category.ENVIRONMENT, f"the fixture `{name}` comes from a plugin that is not installed")
        return Verdict(
            Category.HALLUCINATION, f"no fixture `{name}` exists", self._suggest(name, "python", finding.file)
        )

    def _dependency(self, finding: Finding) -> Verdict:
        return Verdict(Category.ENVIRONMENT, f"`{finding.symbol}` is not installed")

    def _syntax(self, finding: Finding) -> Verdict:
        if (
            finding.code == "SyntaxError"
            and self.view.change_known
            and finding.file
            and finding.file not in self.diff.files
            and finding.file not in self.view.files_changed
        ):
            return Verdict(
                Category.ENVIRONMENT,
                f"{finding.file}, which the change did not touch, is not of this interpreter's language version",
            )
        return Verdict(Category.TACTICAL, "syntax")

    def _option(self, finding: Finding) -> Verdict:
        key = (finding.symbol or "").split("=")[0].split()[0]
        if self.view.change_known and key and key not in self.added:
            return Verdict(
                Category.ENVIRONMENT,
                f"the tool does not know `{key}`, which the change did not write: another version, or no plugin for it",
            )
        return Verdict(
            Category.HALLUCINATION,
            f"`{key}` is a key, flag or rule the tool does not know, in a configuration it can read",
        )

    def _types_missing(self, finding: Finding) -> Verdict:
        module = finding.symbol or ""
        if (
            finding.tool == "tsc"
            and finding.code == "TS7016"
            and not self.index.packages.declares(module)
            and _mentions(self.added, module)
        ):
            return Verdict(Category.TACTICAL, f"`{module}` has no type declarations")
        if finding.tool == "tsc" and finding.code in {"TS2580", "TS2591", "TS2582", "TS2593"}:
            wanted = "node" if finding.code in {"TS2580", "TS2591"} else "jest"
            declared = {f"@types/{wanted}", "vitest", "mocha", "@types/mocha"} & self.index.packages.declared
            if self.has_tree and not declared:
                return Verdict(Category.TACTICAL, f"no types for `{module}` are declared")
        return self._dependency(finding)


def _has_word(text: str, word: str) -> bool:
    return bool(word) and re.search(r"(?<![\w$])" + re.escape(word) + r"(?![\w$])", text) is not None


def _mentions(text: str, module: str) -> bool:
    """Whether the text names a module: whole, or (Python's relative imports) its last part."""
    tail = module.rsplit(".", 1)[-1] if "/" not in module else module
    return module in text or _has_word(text, tail)


def _stem(path: str) -> str:
    return re.sub(r"(?:/__init__|/index)?\.\w+$", "", path)


def _tail(module: str) -> str:
    if "/" in module or module.startswith("@"):
        return re.sub(r"\.\w+$", "", module).lstrip("./~@")
    return module.lstrip(".").replace(".", "/")


_RULES = {
    Kind.UNDEFINED_NAME: Resolver._undefined,
    Kind.MISSING_MODULE: Resolver._module,
    Kind.MISSING_EXPORT: Resolver._export,
    Kind.MISSING_ATTRIBUTE: Resolver._attribute,
    Kind.NULL_ACCESS: Resolver._null,
    Kind.UNKNOWN_KEYWORD: Resolver._keyword,
    Kind.UNKNOWN_FIXTURE: Resolver._fixture,
    Kind.UNKNOWN_OPTION: Resolver._option,
    Kind.DEPENDENCY_MISSING: Resolver._types_missing,
}
