"""The symbol index of a tree: lazy, by name. A look-up reads each source file once and parses only those that hold
the name.
"""

from __future__ import annotations

import json
import posixpath
import re
from bisect import bisect_right
from collections.abc import Iterable, Mapping
from functools import cached_property
from itertools import accumulate

from orchestrator.failures.index import js_names, other_names, python_names, runtime
from orchestrator.failures.index.names import Definition, Form, Summary
from orchestrator.failures.index.node import node
from orchestrator.failures.index.packages import MANIFEST_DEPTH, Packages
from orchestrator.failures.view import View

PYTHON = (".py", ".pyi")
JAVASCRIPT = js_names.SUFFIXES
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

    def __init__(self, view: View, distributions: Mapping[str, str] | None = None) -> None:
        self.view = view
        self.packages = Packages(view, distributions or {})
        self._summaries: dict[str, Summary] = {}
        self._bytes: dict[str, bytes] = {}
        self._texts: dict[str | None, tuple[tuple[str, ...], list[int], bytes]] = {}

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
        """Files that hold the name as a word (not ``whole``: in one): one search over the language's sources."""
        needle = name.encode()
        paths, starts, text = self._joined(language)
        found = []
        position = text.find(needle) if needle else -1
        while position != -1:
            end = position + len(needle)
            if whole and _inside_word(text, position, end):
                position = text.find(needle, end)  # part of a longer word
                continue
            number = bisect_right(starts, position) - 1
            found.append(paths[number])
            position = text.find(needle, starts[number + 1]) if number + 1 < len(starts) else -1
        return tuple(found)

    def _joined(self, language: str | None) -> tuple[tuple[str, ...], list[int], bytes]:
        known = self._texts.get(language)
        if known is None:
            paths = self.files(language)
            sources = [self.source(path) for path in paths]
            starts = [0, *accumulate(len(source) + 1 for source in sources[:-1])] if sources else []
            known = self._texts[language] = (paths, starts, b"\n".join(sources))
        return known

    def definitions(self, name: str, language: str | None) -> tuple[Definition, ...]:
        """Every module-level definition, import and re-export of the name in the tree."""
        found = []
        for path in self.holding(name, language):
            definition = self.summary(path).names.get(name)
            if definition is not None:
                found.append(definition)
        return tuple(found)

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
        found: list[tuple[str, str, bool]] = []
        for path in self.view.paths:
            name = path.rsplit("/", 1)[-1]
            if (
                not (name.startswith(("tsconfig", "jsconfig")) and name.endswith(".json"))
                or path.count("/") > MANIFEST_DEPTH
            ):
                continue
            options = _json_with_comments(self.source(path).decode("utf-8", "replace")).get("compilerOptions")
            if not isinstance(options, dict):
                continue
            base_url = options.get("baseUrl")
            base = posixpath.join(posixpath.dirname(path), base_url if isinstance(base_url, str) else ".")
            entries = options.get("paths")
            for key, targets in entries.items() if isinstance(entries, dict) else ():
                for target in targets if isinstance(targets, list) else ():
                    if isinstance(target, str):
                        joined = posixpath.normpath(posixpath.join(base, target.rstrip("*"))) + (
                            "/" if target.endswith("/*") else ""
                        )
                        found.append((key.rstrip("*"), joined, not key.endswith("*")))
            if isinstance(base_url, str):
                found.append(("", posixpath.normpath(base) + "/", False))
        return tuple(found)

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
            return tuple(f"node:{module.removeprefix('node:')}" for module in node().exporters(name))
        if language in {"java", "go"}:
            return other_names.library(name, language)
        return ()


def _inside_word(text: bytes, start: int, end: int) -> bool:
    before, after = text[start - 1 : start], text[end : end + 1]
    return after.isalnum() or after == b"_" or before.isalnum() or before == b"_"


def _json_with_comments(text: str) -> dict[str, object]:
    """tsconfig's JSON: comments and trailing commas allowed. What cannot be read is empty."""
    text = re.sub(
        r"\"(?:[^\"\\\n]|\\.)*\"|//[^\n]*|/\*[^*]*\*+(?:[^/*][^*]*\*+)*/",
        lambda match: match[0] if match[0][0] == '"' else "",
        text,
    )
    text = re.sub(r"\"(?:[^\"\\\n]|\\.)*\"|,(?=\s*[}\]])", lambda match: match[0] if match[0][0] == '"' else "", text)
    try:
        data = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return data if isinstance(data, dict) else {}
