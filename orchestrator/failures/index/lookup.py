"""The symbol index of a tree: lazy, by name. A look-up reads each source file once and parses only those that hold
the name; with an index on disk (``store``) only those that changed since are read at all.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from pathlib import Path

from orchestrator.failures.index import js_names, other_names, python_names, runtime
from orchestrator.failures.index.aliases import aliases_of
from orchestrator.failures.index.names import Definition, Form, Summary
from orchestrator.failures.index.node import node
from orchestrator.failures.index.packages import Packages
from orchestrator.failures.index.search import Search
from orchestrator.failures.view import RepositoryView, View

PYTHON = (".py", ".pyi")
JAVASCRIPT = js_names.SUFFIXES
_STORED = ("python", "javascript")
"""Languages kept on disk."""
_HOPS = 12
"""Re-exports followed from one module to the next."""
_RESOLVE = (
    "",
    ".ts",
    ".tsx",
    ".d.ts",
    ".js",
    ".jsx",
    ".mjs",
    ".cjs",
    ".mts",
    ".cts",
    ".json",
    ".vue",
    ".svelte",
    "/index.ts",
    "/index.tsx",
    "/index.js",
    "/index.mjs",
    "/index.jsx",
    "/index.d.ts",
)
_MEMBER = r"\bdef +{0}\b|\.{0} *(?::[^=\n]*)?=(?!=)|['\"]{0}['\"]|^[ \t]+{0} *[:=](?!=)"
_JS_MEMBER = (
    r"^[ \t]*(?:(?:public|private|protected|static|async|get|set|readonly|override|abstract|declare"
    r"|accessor) +)*[*#]?{0}\b[?!]? *(?:[:=](?![=>])|(?:<[^>\n]*>)?\([^;\n]*\{{[ \t]*$|\([^;\n]*$(?=[^;{{]*\{{))"
    r"|[{{,] *{0} *(?:[:,}}]|\([^;\n]*\{{)|\.{0} *=(?![=>])|['\"]{0}['\"]|^[ \t]*(?:public|private|protected"
    r"|readonly)[^\n]* {0}\b|\b(?:readonly|private|public|protected) +{0}\b"
)


_OTHER_MEMBER = r"\b(?:fn|func) +(?:\([^)\n]*\) *)?{0}\b|\b{0} *:(?!:)|[\w>\]*&] +{0} *[(;=]"


def language_of(path: str | None) -> str | None:
    """``python``, ``javascript``, or the suffix of another language."""
    if not path:
        return None
    if path.endswith(PYTHON):
        return "python"
    if path.endswith(JAVASCRIPT):
        return "javascript"
    suffix = posixpath.splitext(path)[1]
    return suffix[1:] or None


class SymbolIndex:
    """Answers about names in one view; everything is read on demand and kept."""

    def __init__(
        self, view: View, distributions: Mapping[str, str] | None = None, *, store: Path | None = None
    ) -> None:
        """``store``: a folder outside the tree for the index on disk, kept between processes; none: the view's own."""
        self.view = view
        self._store = store or (view.index_store if isinstance(view, RepositoryView) else None)
        self.packages = Packages(view, distributions or {})
        self._summaries: dict[str, Summary] = {}
        self._bytes: dict[str, bytes] = {}
        self._searches: dict[str | None, Search] = {}

    def source(self, path: str) -> bytes:
        """A file's bytes, read once."""
        data = self._bytes.get(path)
        if data is None:
            data = self._bytes[path] = self.view.read(path) or b""
        return data

    def files(self, language: str | None) -> tuple[str, ...]:
        """Source files of that language."""
        suffixes = (
            PYTHON
            if language == "python"
            else JAVASCRIPT
            if language == "javascript"
            else tuple(f".{suffix}" for suffix in sorted(other_names.C_FAMILY))
            if language in other_names.C_FAMILY
            else (f".{language}",)
            if language
            else ()
        )
        return self._files_by_suffix(suffixes)

    def _files_by_suffix(self, suffixes: tuple[str, ...]) -> tuple[str, ...]:
        known = self._listed.get(suffixes)
        if known is None:
            known = self._listed[suffixes] = (
                tuple(path for path in self.view.paths if path.endswith(suffixes)) if suffixes else ()
            )
        return known

    @cached_property
    def _listed(self) -> dict[tuple[str, ...], tuple[str, ...]]:
        return {}

    def summary(self, path: str) -> Summary:
        """What the file says about names."""
        found = self._summaries.get(path)
        if found is None:
            reader = python_names if path.endswith(PYTHON) else js_names if path.endswith(JAVASCRIPT) else other_names
            found = self._summaries[path] = reader.summarise(path, self.source(path))
        return found

    def holding(self, name: str, language: str | None, *, whole: bool = True) -> tuple[str, ...]:
        """Files that hold the name as a word (not ``whole``: in one)."""
        return self._search(language).holding(name, whole=whole)

    def definitions(self, name: str, language: str | None) -> tuple[Definition, ...]:
        """Every module-level definition, import and re-export of the name in the tree."""
        return self._search(language).definitions(name)

    def definitions_of(self, names: Sequence[str], language: str | None) -> dict[str, tuple[Definition, ...]]:
        """``definitions`` of each name, all found in one pass over the sources."""
        search = self._search(language)
        search.hold_all(names)
        return {name: search.definitions(name) for name in names}

    def _search(self, language: str | None) -> Search:
        known = self._searches.get(language)
        if known is None:
            known = self._searches[language] = Search(self.files(language), self.source, self._read)
            place = self._place(language)
            if place is not None and known.paths:
                known.open(*place)
        return known

    def _read(self, path: str) -> bytes:
        return self.view.read(path) or b""

    def _place(self, language: str | None) -> tuple[Path, Path] | None:
        """The index on disk, and the folder it is about."""
        if self._store is None or language not in _STORED or not isinstance(self.view, RepositoryView):
            return None
        return self._store / f"{language}.idx", self.view.root

    def build(self) -> None:
        """Write the index on disk anew, whole. Without a ``store`` nothing is done."""
        for language in _STORED:
            place = self._place(language)
            if place is not None:
                search = self._searches[language] = Search(self.files(language), self.source, self._read)
                search.build(*place)

    def refresh(self, changed: Iterable[str]) -> None:
        """Take up edits to files of the view since they were read. Added or deleted files need a new view."""
        for path in changed:
            self._bytes.pop(path, None)
            self._summaries.pop(path, None)
            search = self._searches.get(language_of(path))
            if search is not None:
                search.refresh([path])
            if not path.endswith((*PYTHON, *JAVASCRIPT)):  # a manifest, or compiler options
                self.packages = Packages(self.view, self.packages.distributions)
                self.__dict__.pop("aliases", None)

    def has_member(self, name: str, language: str | None, *, skip: Iterable[tuple[str, str]] = ()) -> bool:
        """Whether any class, object or type of the tree has such an attribute. ``skip``: (path, line text) that do
        not count.
        """
        if not re.fullmatch(r"[A-Za-z_$#][\w$]*", name):
            return False
        shape = _MEMBER if language == "python" else _JS_MEMBER if language == "javascript" else _OTHER_MEMBER
        pattern = re.compile(shape.format(re.escape(name)), re.MULTILINE)
        skipped = set(skip)
        for path in self.holding(name, language):
            text = self.source(path).decode("utf-8", "replace")
            for match in pattern.finditer(text):
                start = text.rfind("\n", 0, match.end() - 1 if match.end() > match.start() else match.end()) + 1
                end = text.find("\n", start)
                if (path, text[start : end if end != -1 else len(text)]) not in skipped:
                    return True
        return False

    def parameters(self, function: str, language: str | None) -> list[set[str]]:
        """The parameter sets of every Python function or class of that name."""
        name = function.rsplit(".", 1)[-1]
        owner = function.rsplit(".", 2)[-2] if function.count(".") and name in {"__init__", "__new__"} else name
        return [
            found for path in self.holding(owner, language) for found in self.summary(path).parameters.get(owner, [])
        ]

    # -- modules ------------------------------------------------------------------------------------------------------

    def resolve(self, module: str, importer: str | None) -> str | None:
        """The tree's file a module means, seen from the importing file; ``None`` where it is not of the tree."""
        if language_of(importer) == "python" or (importer is None and "/" not in module):
            return self._resolve_python(module, importer)
        return self._resolve_javascript(module, importer)

    def _resolve_python(self, module: str, importer: str | None) -> str | None:
        paths = self._path_set
        if module.startswith("."):
            level = len(module) - len(module.lstrip("."))
            base = posixpath.dirname(importer or "")
            for _ in range(level - 1):
                base = posixpath.dirname(base)
            stem = posixpath.join(base, *filter(None, module.lstrip(".").split(".")))
            return next((path for path in (f"{stem}.py", f"{stem}/__init__.py", f"{stem}.pyi") if path in paths), None)
        stem = module.replace(".", "/")
        for top in self.source_roots:
            for tail in (f"{stem}.py", f"{stem}/__init__.py", f"{stem}.pyi", f"{stem}/__init__.pyi"):
                if top + tail in paths:
                    return top + tail
        return None

    @cached_property
    def _path_set(self) -> frozenset[str]:
        return frozenset(self.view.paths)

    @cached_property
    def source_roots(self) -> tuple[str, ...]:
        """Folders top-level Python packages lie in: the top, ``src/``, and parents of outermost packages."""
        inits = {posixpath.dirname(path) for path in self.view.paths if path.endswith("__init__.py")}
        roots = {posixpath.dirname(folder) for folder in inits if posixpath.dirname(folder) not in inits}
        return tuple(sorted({"", "src/", *(root + "/" if root else "" for root in roots)}, key=len))

    @cached_property
    def python_tops(self) -> frozenset[str]:
        """Top-level module names the tree itself provides."""
        tops = set()
        for root in self.source_roots:
            for path in self.files("python"):
                if path.startswith(root):
                    tops.add(path[len(root) :].split("/")[0].removesuffix(".py"))
        return frozenset(tops)

    def _resolve_javascript(self, module: str, importer: str | None) -> str | None:
        paths = self._path_set
        bases = []
        if module.startswith("."):
            bases.append(posixpath.normpath(posixpath.join(posixpath.dirname(importer or ""), module)))
        elif module.startswith("/"):
            bases.append(module.lstrip("/"))
        else:
            bases.extend(self._aliased(module))
        for base in bases:
            stems = [base, re.sub(r"\.[mc]?jsx?$", "", base)] if re.search(r"\.[mc]?jsx?$", base) else [base]
            for stem in stems:
                for suffix in _RESOLVE:
                    if stem + suffix in paths:
                        return stem + suffix
        return None

    def _aliased(self, module: str) -> list[str]:
        found = []
        for prefix, target, exact in self.aliases:
            if (exact and module == prefix) or (not exact and module.startswith(prefix)):
                found.append(posixpath.normpath(target + ("" if exact else module[len(prefix) :])))
        return found

    @cached_property
    def aliases(self) -> tuple[tuple[str, str, bool], ...]:
        """``compilerOptions.paths`` and ``baseUrl`` of the tree's tsconfig files."""
        return aliases_of(self.view.paths, self.source)

    def is_local(self, module: str, importer: str | None) -> bool:
        """Whether the module, there or not, would be a file of the tree."""
        if module.startswith("."):
            return True
        if language_of(importer) == "python" or (importer is None and "/" not in module and not module.startswith("@")):
            return module.split(".", maxsplit=1)[0] in self.python_tops
        return any(
            prefix and not exact and module.startswith(prefix) for prefix, _, exact in self.aliases
        ) or module.startswith(("src/", "~/", "@/"))

    def exports(self, path: str, _seen: frozenset[str] = frozenset()) -> dict[str, Definition]:
        """What a file of the tree gives to those who import it, stars followed."""
        if path in _seen or len(_seen) > _HOPS:
            return {}
        summary = self.summary(path)
        python = path.endswith(PYTHON)
        found = {name: definition for name, definition in summary.names.items() if python or definition.exported}
        for star in summary.stars:
            target = self.resolve(star, path)
            if target is not None:
                for name, definition in self.exports(target, _seen | {path}).items():
                    if name != "default":
                        found.setdefault(name, definition)
        if python and path.endswith("__init__.py"):
            folder = posixpath.dirname(path) + "/"
            for other in self.files("python"):
                if other.startswith(folder):
                    part = other[len(folder) :].split("/")[0].removesuffix(".py")
                    if part.isidentifier() and part not in found and part != "__init__":
                        found[part] = Definition(
                            name=part, file=path, line=1, form=Form.IMPORT, module=".", original=part
                        )
        return found

    def is_open(self, path: str) -> bool:
        """Whether a file's exports cannot all be told: it computes them, or passes on a module outside the tree."""
        summary = self.summary(path)
        return summary.dynamic or summary.broken or any(self.resolve(star, path) is None for star in summary.stars)

    # -- the language's own -------------------------------------------------------------------------------------------

    def library_exporters(self, name: str, language: str | None) -> tuple[str, ...]:
        """Modules of the language's own library that offer the name."""
        if language == "python":
            if runtime.is_stdlib(name) and not name.startswith("_"):
                return (name,)
            return runtime.stdlib_exporters(name)
        if language == "javascript":
            own = (name,) if name in node().modules else ()
            return tuple(f"node:{module.removeprefix('node:')}" for module in (*own, *node().exporters(name)))
        if language in other_names.WITH_LIBRARY:
            return other_names.library(name, language)
        return ()
