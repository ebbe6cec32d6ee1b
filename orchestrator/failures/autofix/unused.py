"""Unused imports and variables: an import goes only where nothing can notice; else the linter's own disable comment
(L5).
"""

from __future__ import annotations

import ast
import posixpath
import re

from orchestrator.domain.failure import Failure
from orchestrator.failures.autofix import js_code, js_comments, python_code, python_comments, python_effects
from orchestrator.failures.autofix.js_meanings import still_meant
from orchestrator.failures.autofix.reexports import binds_for_others, imported_elsewhere
from orchestrator.failures.autofix.text import SourceText
from orchestrator.failures.index import Form, SymbolIndex, language_of, runtime
from orchestrator.failures.index.node import node

_NOTICES = re.compile(r"\b(?:globals|locals|vars|eval|exec|getattr)\s*\(|importlib|__import__")
_LOUD_STDLIB = frozenset({"readline", "rlcompleter", "antigravity", "this", "faulthandler"})
_HOPS = 3
"""Imports of imports looked at for side effects; deeper ones count as loud."""


def mend_unused(failure: Failure, source: SourceText, index: SymbolIndex) -> bool:
    """Mend one finding in place; ``False``: nothing was done."""
    if not failure.line:
        return False
    language = language_of(source.path)
    if language == "javascript":
        names = [bare_name(failure.symbol)] if failure.symbol else js_code.unused_at(source, failure.line)
        mended = [_javascript(failure, name, source, index) for name in names]
        return any(mended)
    name = bare_name(failure.symbol or "")
    return bool(name) and language == "python" and _python(failure, name, source, index)


def bare_name(symbol: str) -> str:
    """The bound name of what a linter prints: of ``a.b as c`` c, of ``.utils.X`` X."""
    return (
        re.split(r"\s+as\s+", symbol.strip())[-1].rsplit(".", 1)[-1]
        if " as " in symbol or symbol.count(".")
        else symbol.strip()
    )


_CODES = {
    "F401": "F401",
    "F841": "F841",
    "W0611": "unused-import",
    "W0612": "unused-variable",
    "W0614": "unused-wildcard-import",
    "F811": "F811",
    "reportUnusedImport": "reportUnusedImport",
    "reportUnusedVariable": "reportUnusedVariable",
}


def _python(failure: Failure, name: str, source: SourceText, index: SymbolIndex) -> bool:
    code = failure.code or ""
    is_import = code in {"F401", "W0611", "reportUnusedImport"}
    if is_import and (found := _bound_name(failure, source)):
        bound, module, original = found
        if _import_may_go(bound, module, original, source, index) and python_code.remove_import(
            source, failure.line or 0, bound
        ):
            return True
    if code not in _CODES:
        return False
    if not python_comments.add_comment(
        source,
        failure.line,
        code=_CODES[code],
        tool="pylint" if code.startswith("W") else "pyright" if code.startswith("report") else "flake8",
    ):
        return False
    if code in {"F841", "W0612"} and _type_checked(index):
        python_comments.say_what_is_empty(source, failure.line, name)
    return True


def _type_checked(index: SymbolIndex) -> bool:
    """Whether the tree is read by mypy or pyright, told by its configuration."""
    if {"mypy.ini", ".mypy.ini", "pyrightconfig.json"} & set(index.view.paths):
        return True
    return any(
        re.search(rb"\b(?:mypy|(?:based)?pyright)\b", index.source(path))
        for path in ("pyproject.toml", "setup.cfg", "tox.ini", ".pre-commit-config.yaml")
    )


def _bound_name(failure: Failure, source: SourceText) -> tuple[str, str, str] | None:
    """The name an unused import binds, its module, and what it asks of it."""
    symbol = re.split(r"\s+as\s+", (failure.symbol or "").strip())
    candidates = [symbol[-1], symbol[-1].rsplit(".", 1)[-1], symbol[0], symbol[0].split(".")[0]]
    for bound in dict.fromkeys(candidates):
        found = python_code.imported_at(source, failure.line or 0, bound)
        if found:
            return (bound, found[0], found[1]) if found[2] else None
    return None


def _import_may_go(bound: str, module: str, original: str, source: SourceText, index: SymbolIndex) -> bool:
    path = source.path
    if posixpath.basename(path) in {"__init__.py", "conftest.py"} or _NOTICES.search(source.text):
        return False
    if "__all__" in source.text and not _plain_all(source):
        return False  # what is computed may hold the name
    if len(re.findall(r"(?<![\w])" + re.escape(bound) + r"(?![\w])", source.text)) > _mentions_in_import(
        bound, original, module
    ):
        return False  # a doctest, a string, __all__, a comment: something may still mean it
    if imported_elsewhere(bound, path, index) or binds_for_others(module, original, path, index):
        return False
    if original != "*" and _imports_more(module, bound, source):
        return True  # the module is loaded anyway
    return _quiet_python(module, original, path, index, 0)


def _plain_all(source: SourceText) -> bool:
    """Whether ``__all__`` stands in the file once, as a list of literals."""
    tree = python_code.parse(source)
    named = [node for node in ast.walk(tree) if isinstance(node, ast.Name) and node.id == "__all__"] if tree else []
    return len(named) == 1 and any(
        isinstance(statement, ast.Assign | ast.AnnAssign)
        and any(node is named[0] for node in ast.walk(statement))
        and isinstance(statement.value, ast.List | ast.Tuple)
        and all(isinstance(entry, ast.Constant) for entry in statement.value.elts)
        for statement in (tree.body if tree else ())
    )


def loads_for_effect(source: SourceText, index: SymbolIndex) -> bool:
    """Whether the Python file imports a module of the tree only for what loading it does: then their order counts."""
    tree = python_code.parse(source)
    for statement in tree.body if tree else ():
        if not isinstance(statement, ast.Import | ast.ImportFrom):
            continue
        for alias in statement.names:
            bound = alias.asname or alias.name.split(".")[0]
            module, original = (
                (alias.name, "*")
                if isinstance(statement, ast.Import)
                else ("." * statement.level + (statement.module or ""), alias.name)
            )
            own = index.resolve(module, source.path) is not None
            if (
                own
                and len(re.findall(rf"(?<!\w){re.escape(bound)}(?!\w)", source.text)) == 1
                and not _quiet_python(module, original, source.path, index, 0)
            ):
                return True
    return False


def _mentions_in_import(bound: str, original: str, module: str) -> int:
    parts = [*module.split("."), original] if original != "*" else module.split(".")
    return max(1, parts.count(bound)) if original == "*" or bound in parts else 1


def _imports_more(module: str, bound: str, source: SourceText) -> bool:
    tree = python_code.parse(source)
    for statement in tree.body if tree else ():
        if (
            isinstance(statement, ast.ImportFrom)
            and "." * statement.level + (statement.module or "") == module
            and any((alias.asname or alias.name) != bound for alias in statement.names)
        ):
            return True
    return False


def _quiet_python(module: str, original: str, importer: str, index: SymbolIndex, hops: int) -> bool:
    """Whether loading a module only defines things."""
    if runtime.is_stdlib(module) and not module.startswith("."):
        return module.split(".", maxsplit=1)[0] not in _LOUD_STDLIB
    target = index.resolve(module, importer)
    inner = (
        index.resolve(
            f"{module.rstrip('.')}.{original}" if not module.endswith(".") else f"{module}{original}", importer
        )
        if original != "*"
        else None
    )
    if target is None and inner is None:
        return original != "*" and not module.startswith(
            "."
        )  # a name of an installed package, not the package for its own sake
    for path in filter(None, [target, inner]):
        if path == importer:
            continue
        if python_effects.has_effects(index.source(path)) or hops >= _HOPS:
            return False
        for imported, _ in index.summary(path).imports:
            resolved = index.resolve(imported, path)
            if resolved and resolved != importer and not _quiet_python(imported, "*", path, index, hops + 1):
                return False
    return True


def _javascript(failure: Failure, name: str, source: SourceText, index: SymbolIndex) -> bool:
    line = failure.line or 0
    copy = list(source.lines)
    result = None if still_meant(source, name) else js_code.remove_import(source, line, name)
    if result == "kept":
        if not imported_elsewhere(name, source.path, index):
            return True
        source.lines = copy
    elif result is not None:
        if js_code.is_type_import(source, line) or _quiet_javascript(result, name, source.path, index, 0):
            js_code.drop(source, line)
            return True
        if index.resolve(result, source.path):
            # It may be loaded for what it does; TypeScript drops an import whose names are unused, a bare one it keeps.
            return js_code.keep_for_effect(source, line)
    rule = failure.code or ""
    tool = failure.tool
    if tool not in {"eslint", "oxlint", "biome"} or not rule:
        return False
    return js_comments.add_comment(source, line, rule, tool=tool)


def _quiet_javascript(module: str, name: str, importer: str, index: SymbolIndex, hops: int) -> bool:
    """Whether loading a module does nothing: Node's own, a file of the tree that only declares, a type."""
    if node().is_module(module):
        return True
    target = index.resolve(module, importer)
    if target is None:
        return False
    summary = index.summary(target)
    definition = summary.names.get(name)
    if definition is not None and definition.form is Form.TYPE and hops == 0:
        return True
    if summary.effects or summary.dynamic or summary.broken or hops >= _HOPS:
        return False
    return all(_quiet_javascript(imported, "", target, index, hops + 1) for imported, _ in summary.imports)
