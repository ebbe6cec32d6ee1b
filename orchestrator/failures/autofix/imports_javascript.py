"""Where a missing JavaScript or TypeScript import comes from, and how the tree writes it."""

from __future__ import annotations

import posixpath
import re
from collections import Counter

from orchestrator.domain.paths import is_test
from orchestrator.failures.autofix.homes import Choice, Target, closes_circle, targets_of
from orchestrator.failures.autofix.js_statements import import_statements
from orchestrator.failures.autofix.text import SourceText
from orchestrator.failures.index import Definition, Form, SymbolIndex, js_names
from orchestrator.failures.index.node import node

_ALWAYS_THERE = frozenset({"process", "console"})
"""Globals under a module's name: what is missing is the linter's or the compiler's word for them."""
_FILES = 400
"""Files looked at for the tree's own way to write an import."""


def javascript_import(name: str, file: str, index: SymbolIndex, *, listed: bool) -> Choice | None:
    """The import that binds the name; ``None`` where the tree leaves two answers."""
    restored = _restored(name, file, index)
    if restored:
        return restored
    targets = targets_of(name, file, index, "javascript") + _defaults(name, file, index)
    if not targets:
        return _builtin(name, file, index)
    if not listed and len({_spelt_alike(target) for target, _ in targets}) > 1:
        return None
    home = Counter(target for target, _ in targets).most_common(1)[0][0]
    definitions = [definition for _, definition in targets]
    return _javascript_choice(name, file, home, definitions, index)


def _spelt_alike(target: Target) -> Target:
    """One for the spellings of a home: ``path`` and ``node:path``, a whole module as default or as namespace."""
    if target.file is not None:
        return target
    module = target.module.removeprefix("node:") if node().is_module(target.module) else target.module
    return Target(None, module, "*" if target.original == "default" else target.original)


def _restored(name: str, file: str, index: SymbolIndex) -> Choice | None:
    """The change itself took the import out: put the same one back, where its module still offers the name."""
    entry = index.view.changes.files.get(file)
    if entry is None or not entry.removed:
        return None
    taken = js_names.names(file, "\n".join(entry.removed.values())).get(name)
    if taken is None or taken.form is not Form.IMPORT or not taken.module:
        return None
    original = taken.original or name
    target = index.resolve(taken.module, file)
    if target is None:
        if index.is_local(taken.module, file):
            return None
    elif original != "*" and original not in index.exports(target) and not index.is_open(target):
        return None
    text = index.source(file).decode("utf-8", "replace")
    typed = taken.type_only and not re.search(rf"\bnew {re.escape(name)}\b|\b{re.escape(name)}\s*[.(]", text)
    return Choice(taken.module, name, original, _form(name, original), typed)


def _form(name: str, original: str) -> str:
    if original in {"*", "default"}:
        return {"*": "namespace", "default": "default"}[original]
    return "named" if original == name else f"{original} as"


def _builtin(name: str, file: str, index: SymbolIndex) -> Choice | None:
    """One of Node's own modules under its name, or what exactly one of them exports."""
    builtin, text = node(), index.source(file).decode("utf-8", "replace")
    prefix = "" if _plain_builtins(index) else "node:"
    asked = set(re.findall(rf"(?<![\w$.]){re.escape(name)}\.([A-Za-z_$][\w$]*)", text))
    called = name == "assert" and re.search(r"(?<![\w$.])assert\(", text)
    if name in builtin.modules and name not in _ALWAYS_THERE and (called or (asked and asked <= builtin.modules[name])):
        form = "default" if called else _module_form(index)
        return Choice(prefix + name, name, "default" if called else "*", form)
    exporters = builtin.exporters(name)
    plain = [module for module in exporters if "/" not in module]
    if len(plain) != 1:
        return None
    module = plain[0].removeprefix("node:")
    if f"{module}/promises" in exporters and re.search(rf"\bawait\s+{re.escape(name)}\s*\(", text):
        module = f"{module}/promises"
    return Choice(prefix + module, name, name)


def _module_form(index: SymbolIndex) -> str:
    """How the tree binds a whole module of Node's; where it never does, ``namespace``: every module system has it."""
    counts: Counter[str] = Counter()
    for path in index.files("javascript")[:_FILES]:
        for definition in index.summary(path).names.values():
            if definition.form is Form.IMPORT and node().is_module(definition.module or ""):
                counts[definition.original or ""] += 1
    return "default" if counts["default"] > counts["*"] else "namespace"


def _defaults(name: str, file: str, index: SymbolIndex) -> list[tuple[Target, Definition]]:
    """Files whose default export, or whole of a CommonJS module, carries the name."""
    in_test = is_test(file)
    found = []
    for path in index.holding(name, "javascript"):
        if path == file or (not in_test and is_test(path)):
            continue
        names = index.summary(path).names
        for key, original in (("default", "default"), (js_names.WHOLE, "*")):
            definition = names.get(key)
            if definition is None or definition.original != name:
                continue
            named = names.get(name)
            if named is None or not named.exported or named.default:
                found.append((Target(path, "", original), definition))
    return found


def _javascript_choice(
    name: str, file: str, home: Target, definitions: list[Definition], index: SymbolIndex
) -> Choice | None:
    form = _form(name, home.original)
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
            for path in index.files("javascript")[:_FILES]
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
    if any(re.match(r"import\s+type\b", statement.text) for statement in import_statements(source)):
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
    for path in index.files("javascript")[:_FILES]:
        for module, _ in index.summary(path).imports:
            if module.startswith("node:"):
                counts[False] += 1
            elif module in builtin.modules:
                counts[True] += 1
    return counts[True] > counts[False]
