"""Where JavaScript's and TypeScript's names live: the tree, ``node_modules`` type declarations, Node. Read, never run.

A name is called missing only if its word stands nowhere in what could bring it; everything else is silence.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable
from functools import cached_property
from pathlib import Path

from orchestrator.failures.index import SymbolIndex
from orchestrator.failures.index.node import node
from orchestrator.failures.view import RepositoryView

_CLOSURE_FILES = 600
_CLOSURE_BYTES = 8_000_000
_STAR = re.compile(
    r"export\s*(?:type\s*)?\*\s*from\s*['\"]([^'\"\n]{1,300})['\"]|^\s*///\s*<reference\s+(?:path|types|lib)=['\"]([^'\"]+)['\"]",
    re.MULTILINE,
)
_OPEN = re.compile(
    r"^export\s*=|^module\.exports\s*=(?!\s*\{)|\bexports\[|__exportStar|Object\.(?:assign|defineProperty)\((?:module\.)?exports\s*,(?!\s*['\"]__esModule)|__export\(|__reExport",
    re.MULTILINE,
)
_SCRIPTS = (".ts", ".tsx", ".mts", ".cts", ".js", ".jsx", ".mjs", ".cjs")
_DECLARED = re.compile(r"declare\s+module\s+['\"]([^'\"\n]{1,300})['\"]")
_CONFIGS = re.compile(
    r"(?:^|/)(?:[\w.-]*(?:vite|vitest|webpack|rollup|jest|babel|next|nuxt|astro|svelte|esbuild|tsup|karma|metro|craco|rspack|rsbuild|wrangler)[\w.-]*\.[mc]?[jt]s(?:on)?|deno\.jsonc?|import_map\.json)$"
)


class ScriptWorld:
    """Answers about modules and words for one view."""

    def __init__(self, view: RepositoryView, index: SymbolIndex) -> None:
        self.view, self.index = view, index

    # -- modules ------------------------------------------------------------------------------------------------------

    def there(self, base: str) -> bool:
        """Whether a path without suffix exists on disk, tracked or not."""
        target = self.view.root / base
        if target.exists():
            return True
        stem = re.sub(r"\.[mc]?jsx?$", "", target.name)
        return target.parent.is_dir() and any(
            entry.name == stem or entry.name.startswith(f"{stem}.") for entry in target.parent.iterdir()
        )

    @cached_property
    def rooted(self) -> bool:
        """Whether compiler options merge folders, so that a relative path may lie elsewhere."""
        return any(b"rootDirs" in self.index.source(path) for path in self.view.paths
                   if path.rsplit("/", 1)[-1].startswith(("tsconfig", "jsconfig")))  # fmt: skip

    @cached_property
    def _configured(self) -> str:
        return "\n".join(
            self.index.source(path).decode("utf-8", "replace") for path in self.view.paths if _CONFIGS.search(path)
        )

    @cached_property
    def ambient(self) -> frozenset[str]:
        """Modules the tree's sources declare or augment."""
        return frozenset(
            name for path in self.index.holding("declare module", "javascript")
            for name in _DECLARED.findall(self.index.source(path).decode("utf-8", "replace"))
        )  # fmt: skip

    def is_declared_ambient(self, specifier: str) -> bool:
        """Whether a ``declare module`` of the tree speaks of it, wildcards included."""
        return any(
            name == specifier or ("*" in name and re.fullmatch(re.escape(name).replace(r"\*", ".*"), specifier))
            for name in self.ambient
        )

    def package_known(self, specifier: str, importer: str) -> bool | None:
        """Installed, declared, or brought by a configuration; ``None``: unsure."""
        package = package_of(specifier)
        if self.index.packages.declares(specifier) or self.is_declared_ambient(specifier):
            return True
        if self.index.resolve(specifier, importer) or re.search(rf"['\"/]{re.escape(package)}\b", self._configured):
            return True
        if self._installed(package, importer) or self._nearest_manifest_names(package, importer):
            return True
        if any(prefix and specifier.startswith(prefix) for prefix, _, _ in self.index.aliases):
            return None
        return False if self.index.packages.node_modules and "package.json" in self.view.path_set else None

    def _installed(self, package: str, importer: str) -> Path | None:
        folders = [*self.index.packages.node_modules]
        folder = posixpath.dirname(importer)
        while folder:
            folders.append(self.view.root / folder / "node_modules")
            folder = posixpath.dirname(folder)
        typed = "@types/" + package.removeprefix("@").replace("/", "__")
        return next((root / name for root in folders for name in (package, typed) if (root / name).exists()), None)

    def _nearest_manifest_names(self, package: str, importer: str) -> bool:
        folder = posixpath.dirname(importer)
        while True:
            path = posixpath.join(folder, "package.json")
            if path in self.view.path_set and f'"{package}"'.encode() in self.index.source(path):
                return True
            if not folder:
                return False
            folder = posixpath.dirname(folder)

    # -- words --------------------------------------------------------------------------------------------------------

    def tree_exports_word(self, path: str, word: str, _seen: set[str] | None = None) -> bool | None:
        """Whether a file of the tree, or one it passes on whole, holds the word at all; ``None``: unsure."""
        seen = _seen if _seen is not None else set()
        if path in seen:
            return False
        seen.add(path)
        if not path.endswith(_SCRIPTS) or len(seen) > _CLOSURE_FILES:
            return None
        text = self.index.source(path).decode("utf-8", "replace")
        beside = re.sub(r"\.([mc]?)[jt]sx?$", r".d.\1ts", path)
        if has_word(text, word) or (
            beside in self.view.path_set and has_word(self.index.source(beside).decode("utf-8", "replace"), word)
        ):
            return True
        if not text.strip() or _OPEN.search(text):
            return None
        unsure = False
        for star in _STAR.findall(text):
            inner = self.index.resolve(star[0], path) if star[0] else None
            if inner is not None:
                answer = self.tree_exports_word(inner, word, seen)
            else:
                answer = self.package_has_word(star[0], word) if star[0] and not star[0].startswith(".") else None
            if answer:
                return True
            unsure |= answer is None
        return None if unsure else False

    def package_has_word(self, specifier: str, word: str) -> bool | None:
        """Whether the declarations of a package (entry and all it passes on) hold the word; ``None``: unsure."""
        texts = self.declarations(specifier)
        return None if texts is None else any(has_word(text, word) for text in texts)

    def declarations(self, specifier: str) -> tuple[str, ...] | None:
        """The texts of a package's type declarations, stars followed; ``None`` where not all can be read."""
        entry = self.index.packages.npm_types(specifier)
        if entry is None or not re.search(r"\.d\.[mc]?ts$", entry.name):
            return None
        texts: list[str] = []
        size, todo, seen = 0, [entry], {entry}
        while todo:
            path = todo.pop()
            try:
                text = path.read_text(encoding="utf-8", errors="replace")
            except OSError:
                return None
            size += len(text)
            texts.append(text)
            if len(texts) > _CLOSURE_FILES or size > _CLOSURE_BYTES or re.search(r"^export\s*=", text, re.MULTILINE):
                return None
            for star, reference in _STAR.findall(text):
                found = self._declaration(path, star or reference, relative=star.startswith("."))
                if found is None:
                    return None
                if found not in seen:
                    seen.add(found)
                    todo.append(found)
        return tuple(texts)

    def _declaration(self, path: Path, specifier: str, *, relative: bool) -> Path | None:
        if not relative:
            entry = self.index.packages.npm_types(specifier)
            return entry if entry is not None and re.search(r"\.d\.[mc]?ts$", entry.name) else None
        base = path.parent / re.sub(r"(?:\.d)?\.([mc]?)[jt]sx?$", "", specifier)
        beside = [base.with_name(base.name + end) for end in (".d.ts", ".d.mts", ".d.cts")]
        inside = [base / f"index{end}" for end in (".d.ts", ".d.mts", ".d.cts")]
        return next((found for found in (*beside, *inside) if found.is_file()), None)

    def elsewhere(self, word: str, uses: re.Pattern[str]) -> bool:
        """Whether any source of the tree holds the word otherwise than in the given use."""
        for path in self.index.holding(word, "javascript"):
            text = self.index.source(path).decode("utf-8", "replace")
            if has_word(uses.sub(" ", text), word):
                return True
        return False

    def near_words(self, paths: Iterable[str]) -> frozenset[str]:
        """Exported names of those files, to suggest."""
        return frozenset(name for path in paths for name in self.index.exports(path))

    def node_module_lacks(self, specifier: str, word: str) -> bool:
        """Whether one of Node's own modules certainly does not export it: neither at run time nor in its types."""
        plain = specifier.removeprefix("node:")
        names = node().modules.get(plain)
        types = self.index.packages.npm_package("@types/node")
        if names is None or word in names or types is None:
            return False
        for name in (f"{plain}.d.ts", f"{plain}/index.d.ts"):
            if (types / name).is_file():
                return not has_word((types / name).read_text(encoding="utf-8", errors="replace"), word)
        return False


def package_of(specifier: str) -> str:
    """The package's name in an import specifier."""
    parts = specifier.split("/")
    return "/".join(parts[:2]) if specifier.startswith("@") else parts[0]


def has_word(text: str, word: str) -> bool:
    """Whether the identifier stands in the text."""
    return word in text and re.search(rf"(?<![\w$]){re.escape(word)}(?![\w$])", text) is not None
