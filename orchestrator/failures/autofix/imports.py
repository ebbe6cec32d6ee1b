"""L6: where a missing import comes from, by looking through the tree; only what is defined exactly once, or listed as
safe.

A name with two homes is nobody's guess: it is left to the executor, unless all who import it agree.
"""

from __future__ import annotations

import posixpath
import re
from collections import Counter
from dataclasses import dataclass

from orchestrator.failures.autofix import js_code
from orchestrator.failures.autofix.text import SourceText
from orchestrator.failures.index import Definition, Form, SymbolIndex, language_of, runtime
from orchestrator.failures.index.node import node
from orchestrator.settings import Autofix

_TEST = re.compile(
    r"(?:^|/)(?:tests?|__tests__|spec|e2e|conftest\.py)(?:/|$)|(?:^|/)test_[^/]*$|_test\.py$|\.(?:spec|test|e2e-spec)\.[mc]?[jt]sx?$"
)
_HOPS, _MODULES = 8, 2_000
"""Re-exports followed to a name's home, and modules visited in search of a circle."""
_DOMINANT = 0.8
"""Share of all ``from x import name`` a library module must have to be taken over others that offer the name."""


@dataclass(frozen=True, slots=True)
class Choice:
    """The import to add. ``module`` as it is to be written; ``name`` is bound, ``original`` is its name there."""

    module: str | None
    name: str
    original: str
    form: str = "named"
    """JavaScript: ``named``, ``default``, ``namespace``."""
    type_only: bool = False


@dataclass(frozen=True, slots=True)
class _Target:
    """One home a name has: a file of the tree, or a module outside it."""

    file: str | None
    module: str
    original: str


def find_import(name: str, file: str, index: SymbolIndex, settings: Autofix) -> Choice | None:
    """The import that binds the name in the file; ``None`` where it is not clear, or not allowed."""
    listed = name in settings.safe_imports
    if settings.strict and not listed:
        return None
    language = language_of(file)
    finder = _python if language == "python" else _javascript if language == "javascript" else None
    return finder(name, file, index, listed=listed) if finder else None


def _targets(name: str, file: str, index: SymbolIndex, language: str) -> list[tuple[_Target, Definition]]:
    """Every home of the name that the tree shows: real definitions, and what other files import under it."""
    in_test = bool(_TEST.search(file))
    found: list[tuple[_Target, Definition]] = []
    for definition in index.definitions(name, language):
        if (
            definition.file == file
            or (not in_test and _TEST.search(definition.file))
            or (definition.type_only and language == "python" and not definition.module)
        ):
            continue
        if definition.real:
            if language == "python" or definition.exported:
                found.append((_Target(definition.file, "", "default" if definition.default else name), definition))
        elif definition.module:
            found.append((_home(definition, index, 0), definition))
    return found


def _home(definition: Definition, index: SymbolIndex, hops: int) -> _Target:
    """Follow an import to the file that really defines the name."""
    original = definition.original or definition.name
    target = index.resolve(definition.module or "", definition.file)
    if target is None or original == "*":
        return _Target(target, definition.module or "", original)
    if hops < _HOPS:
        inner = index.summary(target).names.get(original)
        if inner is None:
            inner = index.exports(target).get(original)
        if inner is not None and not inner.real and inner.module:
            return _home(inner, index, hops + 1)
        if inner is not None and inner.file != target:
            return _Target(inner.file, "", original)
    return _Target(target, "", original)


# -- Python ------------------------------------------------------------------------------------------------------------


def _python(name: str, file: str, index: SymbolIndex, *, listed: bool) -> Choice | None:
    removed = _restored(name, file, index)
    if removed:
        return removed
    targets = _targets(name, file, index, "python")
    homes = {target for target, _ in targets}
    real = [definition for _, definition in targets if definition.real]
    if len(homes) > 1 and listed:
        homes = {Counter(target for target, _ in targets).most_common(1)[0][0]}
    if len(homes) > 1 or len({definition.file for definition in real}) > 1:
        return None
    if homes:
        return _python_choice(name, file, next(iter(homes)), targets, index)
    return _python_library(name, file, index)


def _restored(name: str, file: str, index: SymbolIndex) -> Choice | None:
    """The change itself took the import out: put the same one back."""
    entry = index.view.changes.files.get(file)
    text = "\n".join(entry.removed.values()) if entry else ""
    for match in re.finditer(r"^(?:from +(\S+) +import +(?!\()([^\n#]+)|import +([^\n#]+))", text, re.MULTILINE):
        for part in (match[2] or match[3]).split(","):
            original, _, alias = part.strip().partition(" as ")
            if (alias.strip() or original.strip()) == name or (
                match[3] and not alias and original.strip().split(".")[0] == name
            ):
                if match[1]:
                    return Choice(match[1], name, original.strip())
                return Choice(None, name, original.strip())
    return None


def _python_choice(
    name: str, file: str, home: _Target, targets: list[tuple[_Target, Definition]], index: SymbolIndex
) -> Choice | None:
    if home.file is None:
        if home.original == "*":
            return Choice(None, name, home.module)
        return Choice(home.module, name, home.original)
    if home.original == "*":
        return None  # a module of the tree under a name: its form depends on the layout
    if _cycle(home.file, file, index):
        return None
    return Choice(_python_module(home.file, file, index), name, home.original)


def _python_module(target: str, file: str, index: SymbolIndex) -> str:
    """The target's module, relative where the file's own imports are, else absolute."""
    root = max((root for root in index.source_roots if target.startswith(root)), key=len, default="")
    dotted = re.sub(r"(?:/__init__)?\.pyi?$", "", target[len(root) :]).replace("/", ".")
    if not _relative_style(file, index) or not file.startswith(root):
        return dotted
    here = posixpath.dirname(file[len(root) :])
    there = target[len(root) :]
    if not here or here.split("/")[0] != there.split("/")[0]:
        return dotted
    common, parts = posixpath.commonpath([here, posixpath.dirname(there) or here]), here.split("/")
    depth = len(parts) - (len(common.split("/")) if common else 0)
    rest = re.sub(r"(?:/?__init__)?\.pyi?$", "", there[len(common) :].lstrip("/")).replace("/", ".")
    return "." * (depth + 1) + rest


def _relative_style(file: str, index: SymbolIndex) -> bool:
    """Whether the file imports its own package relatively; where it does not import it, whether its neighbours do."""
    folder = posixpath.dirname(file)
    counts: Counter[bool] = Counter()
    for path in [
        file,
        *(other for other in index.files("python") if posixpath.dirname(other) == folder and other != file),
    ][:40]:
        for module, _ in index.summary(path).imports:
            if module.startswith("."):
                counts[True] += 3 if path == file else 1
            elif module.split(".")[0] in index.python_tops and "/" in file:
                counts[False] += 3 if path == file else 1
        if path == file and counts:
            break
    return counts[True] > counts[False]


def _cycle(target: str, file: str, index: SymbolIndex) -> bool:
    """Whether the target, loaded, loads the file: then the new import would close a circle."""
    seen: set[str] = set()
    stack = [target]
    while stack and len(seen) < _MODULES:
        path = stack.pop()
        if path == file:
            return True
        if path in seen:
            continue
        seen.add(path)
        summary = index.summary(path)
        modules = {
            definition.module for definition in summary.names.values() if definition.module and not definition.type_only
        } | set(summary.stars)
        for module in modules:
            resolved = index.resolve(module, path)
            if resolved:
                stack.append(resolved)
    return False


def _python_library(name: str, file: str, index: SymbolIndex) -> Choice | None:
    """A standard module of that name, or a name that one standard module owns."""
    text = index.source(file).decode("utf-8", "replace")
    exporters = runtime.stdlib_exporters(name)
    if runtime.is_stdlib(name) and not name.startswith("_") and _used_as_module(name, text, exporters):
        return Choice(None, name, name)
    if not exporters:
        return None
    chosen = exporters[0] if len(exporters) == 1 else _dominant(name, exporters, index)
    return Choice(chosen, name, name) if chosen else None


def _used_as_module(name: str, text: str, exporters: tuple[str, ...]) -> bool:
    """``time.sleep`` asks for the module, ``time()`` and ``datetime.now()`` for a name in it."""
    attributes = set(re.findall(r"(?<![\w.])" + re.escape(name) + r"\s*\.\s*(\w+)", text))
    if not attributes:
        return not exporters
    offered = runtime.stdlib_names(name) or frozenset()
    return bool(attributes & offered) or name not in exporters


def _dominant(name: str, exporters: tuple[str, ...], index: SymbolIndex) -> str | None:
    """Of several library modules, the one nearly everybody imports the name from: counted in the tree and in the
    library itself.
    """
    counts = runtime.import_counts(name)
    for path in index.holding(name, "python"):
        for definition in filter(None, [index.summary(path).names.get(name)]):
            if definition.module in exporters:
                counts[definition.module] += 10
    total = sum(counts[module] for module in exporters)
    best = max(exporters, key=lambda module: counts[module])
    return best if total and counts[best] >= _DOMINANT * total else None


# -- JavaScript, TypeScript --------------------------------------------------------------------------------------------


def _javascript(name: str, file: str, index: SymbolIndex, *, listed: bool) -> Choice | None:
    targets = _targets(name, file, index, "javascript") + _defaults(name, file, index)
    homes = {target for target, _ in targets}
    if len(homes) > 1 and listed:
        homes = {Counter(target for target, _ in targets).most_common(1)[0][0]}
    if len(homes) > 1:
        return None
    if not homes:
        exporters = node().exporters(name)
        plain = [module for module in exporters if "/" not in module]
        if len(plain) != 1:
            return None
        prefix = "" if _plain_builtins(index) else "node:"
        return Choice(prefix + plain[0].removeprefix("node:"), name, name)
    home = next(iter(homes))
    definitions = [definition for _, definition in targets]
    return _javascript_choice(name, file, home, definitions, index)


def _defaults(name: str, file: str, index: SymbolIndex) -> list[tuple[_Target, Definition]]:
    """Files whose default export carries the name."""
    in_test = bool(_TEST.search(file))
    found = []
    for path in index.holding(name, "javascript"):
        definition = index.summary(path).names.get("default")
        if definition and path != file and definition.original == name and (in_test or not _TEST.search(path)):
            named = index.summary(path).names.get(name)
            if named is None or not named.exported or named.default:
                found.append((_Target(path, "", "default"), definition))
    return found


def _javascript_choice(
    name: str, file: str, home: _Target, definitions: list[Definition], index: SymbolIndex
) -> Choice | None:
    if home.original == "*":
        form = "namespace"
    elif home.original == "default":
        form = "default"
    else:
        form = "named" if home.original == name else f"{home.original} as"
    source = SourceText.of(file, index.source(file))
    types = [definition.form is Form.TYPE for definition in definitions if definition.real]
    imported_as_type = [definition.type_only for definition in definitions if not definition.real]
    only_type = bool(types and all(types)) or bool(not types and imported_as_type and all(imported_as_type))
    typed = only_type and _wants_type_imports(source, index)
    if home.file is None:
        return Choice(home.module, name, home.original, form, typed)
    if not only_type and _cycle(home.file, file, index):
        return None
    return Choice(_specifier(home.file, file, source, index), name, home.original, form, typed)


def _specifier(target: str, file: str, source: SourceText, index: SymbolIndex) -> str:
    """Relative, with or without extension and index, as the file (or the tree) writes its own."""
    bare = re.sub(r"\.d\.[mc]?ts$|\.[mc]?[jt]sx?$", "", target)
    written = [module for module, _ in index.summary(file).imports if module.startswith(".")]
    if not written:
        written = [
            module
            for path in index.files("javascript")[:200]
            for module, _ in index.summary(path).imports
            if module.startswith(".")
        ]
    extension = next(
        (match[0] for module in written if (match := re.search(r"\.(?:[mc]?js|[mc]?ts|jsx|tsx)$", module))), ""
    )
    relative = posixpath.relpath(bare, posixpath.dirname(file) or ".")
    if extension:
        suffix = posixpath.splitext(target)[1]
        own = (
            {".ts": ".js", ".tsx": ".js", ".mts": ".mjs", ".cts": ".cjs"}.get(suffix, suffix)
            if "js" in extension
            else suffix
        )
        relative += own
    elif posixpath.basename(bare) == "index":
        relative = posixpath.dirname(relative) or "."
    return relative if relative.startswith(".") else f"./{relative}"


def _wants_type_imports(source: SourceText, index: SymbolIndex) -> bool:
    """Whether the file or the compiler's options ask for ``import type``."""
    if any(re.match(r"import\s+type\b", statement.text) for statement in js_code.import_statements(source)):
        return True
    for path in index.view.paths:
        if (
            path.count("/") <= 1
            and path.rsplit("/", 1)[-1].startswith("tsconfig")
            and re.search(
                rb'"verbatimModuleSyntax"\s*:\s*true|"importsNotUsedAsValues"\s*:\s*"error"', index.source(path)
            )
        ):
            return True
    return False


def _plain_builtins(index: SymbolIndex) -> bool:
    """Whether the tree imports Node's modules without ``node:``."""
    builtin = node()
    counts: Counter[bool] = Counter()
    for path in index.files("javascript")[:400]:
        for module, _ in index.summary(path).imports:
            if module.startswith("node:"):
                counts[False] += 1
            elif module in builtin.modules:
                counts[True] += 1
    return counts[True] > counts[False]
