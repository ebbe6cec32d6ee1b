"""Where a missing JavaScript or TypeScript import comes from, and how the tree writes it."""

from __future__ import annotations

import posixpath
import re
from collections import Counter

from orchestrator.failures.autofix import js_code
from orchestrator.failures.autofix.homes import TEST, Choice, Target, closes_circle, targets_of
from orchestrator.failures.autofix.text import SourceText
from orchestrator.failures.index import Definition, Form, SymbolIndex
from orchestrator.failures.index.node import node


def javascript_import(name: str, file: str, index: SymbolIndex, *, listed: bool) -> Choice | None:
    targets = targets_of(name, file, index, "javascript") + _defaults(name, file, index)
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


def _defaults(name: str, file: str, index: SymbolIndex) -> list[tuple[Target, Definition]]:
    """Files whose default export carries the name."""
    in_test = bool(TEST.search(file))
    found = []
    for path in index.holding(name, "javascript"):
        definition = index.summary(path).names.get("default")
        if definition and path != file and definition.original == name and (in_test or not TEST.search(path)):
            named = index.summary(path).names.get(name)
            if named is None or not named.exported or named.default:
                found.append((Target(path, "", "default"), definition))
    return found


def _javascript_choice(
    name: str, file: str, home: Target, definitions: list[Definition], index: SymbolIndex
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
    if not only_type and closes_circle(home.file, file, index):
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
