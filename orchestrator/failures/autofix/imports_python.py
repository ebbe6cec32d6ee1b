"""Where a missing Python import comes from: the tree, the standard library, an installed package."""

from __future__ import annotations

import posixpath
import re
from collections import Counter

from orchestrator.failures.autofix.homes import Choice, Target, closes_circle, targets_of
from orchestrator.failures.autofix.modules_python import Uses, lacks, library_module, own_modules, uses_of
from orchestrator.failures.index import Definition, SymbolIndex, runtime
from orchestrator.failures.index.installed import declared_module, package_exporters

_DOMINANT = 0.8
"""Share of all ``from x import name`` a library module must have to be taken over others that offer the name."""
_ABSTRACT = {"collections.abc", "typing"}


def python_import(name: str, file: str, index: SymbolIndex, *, listed: bool) -> Choice | None:
    """The import that binds the name; ``None`` where the tree leaves two answers."""
    removed = _restored(name, file, index)
    if removed:
        return removed
    uses = uses_of(name, file, index)
    targets = [found for found in targets_of(name, file, index, "python") if not _unfit(found[0], uses)]
    homes = {target for target, _ in targets}
    real = [definition for _, definition in targets if definition.real]
    if len(homes) > 1 and listed:
        homes = {Counter(target for target, _ in targets).most_common(1)[0][0]}
    if len(homes) > 1 and all(home.file is None and home.module in _ABSTRACT for home in homes):
        homes, targets = set(), []  # one class under two modules: the library's rule says which
    if len(homes) > 1 or len({definition.file for definition in real}) > 1:
        return None
    modules = own_modules(name, file, uses, index)
    if real and (modules or library_module(name, uses)):
        return None  # a function and a module of one name
    if homes:
        return _python_choice(name, file, next(iter(homes)), targets, index)
    if modules:
        return None if len(modules) > 1 or library_module(name, uses) else _own_module(name, modules[0], file, index)
    return _python_library(name, file, index) or _installed(name, file, uses, index)


def _unfit(target: Target, uses: Uses) -> bool:
    """A standard module under the name that does not offer what is asked of it."""
    if target.file is not None or not uses.attributes:
        return False
    return lacks(target.module if target.original == "*" else f"{target.module}.{target.original}", uses)


def _own_module(name: str, target: str, file: str, index: SymbolIndex) -> Choice | None:
    if closes_circle(target, file, index):
        return None
    dotted = _python_module(target, file, index)
    parent = dotted[: -len(name)]
    if not parent:
        return Choice(None, name, name)
    return Choice(parent if not parent.strip(".") else parent.removesuffix("."), name, name)


def _installed(name: str, file: str, uses: Uses, index: SymbolIndex) -> Choice | None:
    """A declared package of that name, or a name that one declared package offers."""
    if declared_module(name, index) and uses.attributes and not uses.bare:
        return Choice(None, name, name)
    modules = package_exporters(name, file, index)
    if not modules or len({module.split(".", maxsplit=1)[0] for module in modules}) > 1:
        return None
    return Choice(modules[0], name, name)


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
    name: str, file: str, home: Target, targets: list[tuple[Target, Definition]], index: SymbolIndex
) -> Choice | None:
    if home.file is None:
        if home.original == "*":
            return Choice(None, name, home.module)
        return Choice(home.module, name, home.original)
    if home.original == "*":
        return None  # a module of the tree under a name: its form depends on the layout
    if closes_circle(_loaded_for(home, file, index), file, index):
        return None
    return Choice(_python_module(home.file, file, index), name, home.original)


def _loaded_for(home: Target, file: str, index: SymbolIndex) -> str:
    """The file an import from that home loads: of a package around the asking file, only the submodule asked for."""
    path = home.file or ""
    folder = posixpath.dirname(path) + "/"
    if path.endswith("/__init__.py") and file.startswith(folder):
        for part in (f"{folder}{home.original}.py", f"{folder}{home.original}/__init__.py"):
            if index.source(part):
                return part
    return path


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


def _python_library(name: str, file: str, index: SymbolIndex) -> Choice | None:
    """A standard module of that name, or a name that one standard module owns."""
    text = index.source(file).decode("utf-8", "replace")
    exporters = runtime.stdlib_exporters(name)
    if runtime.is_stdlib(name) and not name.startswith("_") and _used_as_module(name, text, exporters):
        return _module_or_part(name, text)
    if not exporters:
        return None
    chosen = exporters[0] if len(exporters) == 1 else _dominant(name, exporters, file, index)
    return Choice(chosen, name, name) if chosen else None


def _module_or_part(name: str, text: str) -> Choice | None:
    """``import urllib.parse`` where only that part of the package is asked for; two parts are two imports: nobody's."""
    known, parts = set(runtime.stdlib_modules()) - {"os.path"}, set()
    for chain in re.findall(r"(?<![\w.])" + re.escape(name) + r"((?:\.\w+)+)", text):
        words = (name + chain).split(".")
        parts.add(next((part for end in range(len(words), 1, -1) if (part := ".".join(words[:end])) in known), name))
    deeper = parts - {name}
    if not deeper:
        return Choice(None, name, name)
    return Choice(None, name, deeper.pop()) if len(deeper) == 1 else None


def _used_as_module(name: str, text: str, exporters: tuple[str, ...]) -> bool:
    """``time.sleep`` asks for the module, ``time()`` and ``datetime.now()`` for a name in it."""
    attributes = set(re.findall(r"(?<![\w.])" + re.escape(name) + r"\s*\.\s*(\w+)", text))
    if not attributes:
        return not exporters
    offered = runtime.stdlib_names(name) or frozenset()
    return bool(attributes & offered) or name not in exporters


def _dominant(name: str, exporters: tuple[str, ...], file: str, index: SymbolIndex) -> str | None:
    """Of several library modules, the one the file takes other names from; else the one nearly everybody imports the
    name from: counted in the tree and in the library itself.
    """
    taken = {entry.module for entry in index.summary(file).names.values() if entry.module and entry.original != "*"}
    if set(exporters) >= _ABSTRACT:  # the same classes; ``typing`` has them for old interpreters
        return "typing" if taken & _ABSTRACT == {"typing"} else "collections.abc"
    used = taken & set(exporters)
    if len(used) == 1:
        return used.pop()
    counts = runtime.import_counts(name)
    for path in index.holding(name, "python"):
        for definition in filter(None, [index.summary(path).names.get(name)]):
            if definition.module in exporters:
                counts[definition.module] += 10
    total = sum(counts[module] for module in exporters)
    best = max(exporters, key=lambda module: counts[module])
    return best if total and counts[best] >= _DOMINANT * total else None
