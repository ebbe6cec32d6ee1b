"""Modules that could not be found: declared, deleted, of another version, or invented."""

from __future__ import annotations

import re

from orchestrator.domain.failure import Category
from orchestrator.failures.finding import Finding
from orchestrator.failures.index import language_of, runtime
from orchestrator.failures.index.node import node
from orchestrator.failures.near import nearest
from orchestrator.failures.rules.evidence import Evidence, Verdict, mentions, stem, tail


def missing_module(evidence: Evidence, finding: Finding) -> Verdict:
    module, file = finding.symbol or "", finding.file
    importer = file
    if finding.owner and language_of(finding.owner):
        importer = evidence.view.locate(finding.owner)
        if "node_modules/" in finding.owner.replace("\\", "/"):
            name = module.replace("\\", "/").rsplit("/", 1)[-1]
            if name != module and evidence.invented_file(name):
                return Verdict(Category.HALLUCINATION, f"the change names `{name}`, which is nowhere")
            return Verdict(Category.ENVIRONMENT, f"an installed package asks for `{module}`, which is not installed")
    if module.startswith("/") and "node_modules/" not in module:
        return _local_module(evidence, _below_root(module, finding.owner, importer), importer)
    if finding.tool == "go" and finding.code == "proxy":
        return _of_proxy(evidence, finding)
    language = language_of(importer) or (
        "python" if finding.tool in {"pytest", "mypy", "pyright", "pylint", "python", "unittest"} else "javascript"
    )
    written = _names(evidence.added, module) if evidence.view.change_known else None
    if evidence.index.is_local(module, importer or ("x.py" if language == "python" else "x.ts")):
        return _local_module(evidence, module, importer, written=written)
    verdict = _of_package(evidence, finding, language, written=written)
    if verdict is not None:
        return verdict
    if written is False or (written is None and _used_in_tree(evidence, module, language)):
        return Verdict(
            Category.ENVIRONMENT, f"`{module}` is used by code the change did not write, and is not installed"
        )
    if _used_in_tree(evidence, module, language):
        return Verdict(Category.ENVIRONMENT, f"`{module}` is used elsewhere in the tree, and is not installed")
    return Verdict(
        Category.HALLUCINATION,
        f"`{module}` is neither declared nor installed nor in the standard library",
        _near_modules(evidence, module),
    )


_ESLINT = re.compile(r"(?:^|(?<=/))eslint-(?:plugin|config)(?:-|$)")


def _names(text: str, module: str) -> bool:
    """Whether the text names the module; ESLint's configurations (5-8) leave ``eslint-plugin-`` out."""
    short = _ESLINT.sub("", module).rstrip("/")
    listed = short != module and re.search(rf"""(?:["']|- ){re.escape(short)}(?:["'/]|$)""", text, re.MULTILINE)
    return bool(listed) or mentions(text, module)


def _of_proxy(evidence: Evidence, finding: Finding) -> Verdict:
    """A Go module that no proxy could be asked for: what is declared is only away, what the change alone names is not
    known to be anywhere.
    """
    module = finding.symbol or ""
    manifest = evidence.index.source("go.mod").decode("utf-8", "replace") if evidence.has_tree else ""
    own = re.search(r"^module\s+(\S+)", manifest, re.MULTILINE)
    if own and (module + "/").startswith(own[1] + "/"):
        return Verdict(Category.HALLUCINATION, f"the tree has no package `{module}`")
    required = re.compile(rf"^\s*(?:require\s+)?{re.escape(module)}\s+v\d", re.MULTILINE)
    declared = required.search(manifest or evidence.added)
    if declared is None and evidence.view.change_known and module in evidence.added:
        return Verdict(Category.HALLUCINATION, f"`{module}` is declared nowhere, and no proxy could be asked for it")
    return Verdict(Category.ENVIRONMENT, f"no proxy could be asked for `{module}`")


def _below_root(module: str, printed: str | None, importer: str | None) -> str:
    """An absolute path as the tree has it: node prints the importer's beside it; else its last part."""
    root = printed.removesuffix(importer) if printed and importer else ""
    return module.removeprefix(root) if root and module.startswith(root) else module.rsplit("/", 1)[-1]


def _of_package(evidence: Evidence, finding: Finding, language: str, *, written: bool | None) -> Verdict | None:
    """What is certain of a module that is not the tree's: the language's own, or of a package that is declared."""
    module = finding.symbol or ""
    if finding.exists:
        category = Category.ENVIRONMENT if written is False else Category.HALLUCINATION
        return Verdict(category, f"the installed package gives no `{module}`")
    if language == "python":
        top = module.split(".", maxsplit=1)[0]
        if top in runtime.REMOVED or (runtime.is_stdlib(module) and "." not in module):
            return Verdict(
                Category.ENVIRONMENT, f"`{module}` belongs to a standard library of another version or build"
            )
        if runtime.is_stdlib(module):
            return Verdict(
                Category.HALLUCINATION, f"the standard library has no module `{module}`", _submodules(evidence, module)
            )
    if language == "javascript" and (module.startswith("node:") or node().is_module(module.split("/", maxsplit=1)[0])):
        there = node().is_module(module) or written is False
        return Verdict(
            Category.ENVIRONMENT if there else Category.HALLUCINATION,
            f"`{module}` is of another Node.js" if there else f"Node.js has no module `{module}`",
        )
    if not evidence.index.packages.declares(module):
        return None
    if _declared_by_change(evidence, module):
        known = evidence.tables.known_packages.get(language, frozenset())
        if not known & set(evidence.index.packages.candidates(module)[:3]):
            return None
        return Verdict(Category.ENVIRONMENT, f"the change declares `{module}`, which is not installed yet")
    if _is_inner(evidence, module, language) and written is not False:
        return Verdict(Category.HALLUCINATION, f"the package has no `{module}`")
    return Verdict(Category.ENVIRONMENT, f"`{module}` is declared but not installed")


def _is_inner(evidence: Evidence, module: str, language: str) -> bool:
    """Whether it is a part of a package. A missing package fails where it was imported before: a part that only the
    change asks for is the package's to have.
    """
    if language == "python":
        return "." in module and evidence.index.packages.python_module(module.split(".", maxsplit=1)[0]) is not None
    return module.count("/") > module.startswith("@")


def _local_module(evidence: Evidence, module: str, importer: str | None, *, written: bool | None = None) -> Verdict:
    if written is None and evidence.view.change_known:
        written = mentions(evidence.added, re.sub(r"\.\w+$", "", module.rsplit("/", 1)[-1]))
    deleted = [
        path for path, entry in evidence.diff.files.items() if entry.deleted and stem(path).endswith(tail(module))
    ]
    if deleted:
        return Verdict(Category.STRATEGIC, f"the change deleted {deleted[0]}, which is still imported")
    if evidence.has_tree and evidence.index.resolve(module, importer):
        return Verdict(Category.TACTICAL, f"`{module}` is there, but could not be loaded")
    if (
        evidence.has_tree
        and re.search(r"(?:^|[._/])(?:_version|version|_generated|generated|_pb2)\b", module)
        and written is False
    ):
        return Verdict(Category.ENVIRONMENT, f"`{module}` is generated when the package is built")
    if written is False:
        return Verdict(Category.TACTICAL, f"`{module}` is missing, and the change did not write its import")
    return Verdict(
        Category.HALLUCINATION, f"the tree has no module `{module}`", _near_files(evidence, module, importer)
    )


def _near_files(evidence: Evidence, module: str, importer: str | None) -> tuple[str, ...]:
    stems = {stem(path): path for path in evidence.index.files(language_of(importer) or "python")}
    names = {stem.rsplit("/", 1)[-1]: path for stem, path in stems.items()}
    return tuple(names[name] for name in nearest(tail(module).rsplit("/", 1)[-1], names))


def _near_modules(evidence: Evidence, module: str) -> tuple[str, ...]:
    return nearest(module, evidence.index.packages.declared)


def _submodules(evidence: Evidence, module: str) -> tuple[str, ...]:
    return nearest(module.rsplit(".", 1)[-1], runtime.stdlib_names(module.split(".", maxsplit=1)[0]) or ())


def _declared_by_change(evidence: Evidence, module: str) -> bool:
    """The change itself added the dependency to a manifest: then it was not there to be installed."""
    for path, entry in evidence.diff.files.items():
        if (
            path.rsplit("/", 1)[-1] in {"package.json", "pyproject.toml", "setup.py", "setup.cfg"}
            or "requirements" in path
        ):
            added, removed = "\n".join(entry.added.values()), "\n".join(entry.removed.values())
            if any(
                mentions(added, name) and not mentions(removed, name)
                for name in evidence.index.packages.candidates(module)[:3]
            ):
                return True
    return False


def _used_in_tree(evidence: Evidence, module: str, language: str) -> bool:
    """Whether lines the change did not write import it."""
    if not evidence.has_tree:
        return False
    top = module.split(".", maxsplit=1)[0] if language == "python" else module
    for path in evidence.index.holding(top, language):
        for imported, line in evidence.index.summary(path).imports:
            same = imported.split(".")[0] == top if language == "python" else imported == top
            if same and not evidence.line_added(path, line):
                return True
    return False


def _dependency(evidence: Evidence, finding: Finding) -> Verdict:
    return Verdict(Category.ENVIRONMENT, f"`{finding.symbol}` is not installed")


def _types_invented(evidence: Evidence, module: str) -> bool:
    homes = (module, f"@types/{module}", module.split("/", maxsplit=1)[0])
    return (
        mentions(evidence.added, module)
        and evidence.has_tree
        and not any(evidence.index.packages.declares(home) for home in homes)
    )


def _imported_by_others(evidence: Evidence, finding: Finding) -> bool:
    """Of tsc's "do you need to install type definitions": the change took the import out, or the tree imports it."""
    name = finding.symbol or ""
    if finding.file in evidence.diff.files and evidence.import_removed(name, finding.file):
        return True
    if not evidence.has_tree or evidence.written(finding) is not True:
        return False
    homes = evidence.index.definitions(name, "javascript")
    return any(home.file != finding.file and (home.module or home.exported) for home in homes)


def dependency_missing(evidence: Evidence, finding: Finding) -> Verdict:
    module = finding.symbol or ""
    if finding.code == "TS2688" and _types_invented(evidence, module):
        return Verdict(Category.HALLUCINATION, f"the change asks for the types `{module}`, which nothing declares")
    if (
        finding.tool == "tsc"
        and finding.code == "TS7016"
        and not evidence.index.packages.declares(module)
        and mentions(evidence.added, module)
    ):
        return Verdict(Category.TACTICAL, f"`{module}` has no type declarations")
    if finding.tool == "tsc" and finding.code in {"TS2580", "TS2591", "TS2582", "TS2593"}:
        if _imported_by_others(evidence, finding):
            return Verdict(Category.TRIVIAL, f"`{module}` is imported elsewhere, and not here")
        wanted = "node" if finding.code in {"TS2580", "TS2591"} else "jest"
        declared = {f"@types/{wanted}", "vitest", "mocha", "@types/mocha"} & evidence.index.packages.declared
        if evidence.has_tree and not declared:
            return Verdict(Category.TACTICAL, f"no types for `{module}` are declared")
    if finding.code == "async" and evidence.has_tree and not _ASYNC_PLUGINS & evidence.index.packages.declared:
        return Verdict(Category.TACTICAL, "no plug-in for asynchronous tests is declared")
    return _dependency(evidence, finding)


_ASYNC_PLUGINS = frozenset(
    {"pytest-asyncio", "anyio", "pytest-trio", "pytest-tornasync", "pytest-twisted", "pytest-aiohttp"}
)
_TOOLS = frozenset(
    {
        "pytest", "unittest", "coverage", "ruff", "flake8", "pylint", "mypy", "pyright", "black", "isort", "bandit",
        "importlinter", "tox", "nox", "pip", "build", "twine", "sphinx", "poetry", "uv", "pre_commit", "pip_audit",
        "mkdocs", "django", "alembic", "uvicorn", "gunicorn", "celery", "yapf", "vulture", "pyflakes", "pycodestyle",
    }
)  # fmt: skip
"""Modules that gates run by ``python -m``: one of these that is not installed was not invented."""


def launch_missing(evidence: Evidence, finding: Finding) -> Verdict:
    """A module or script to be run: invented where the change itself told to run it."""
    name = (finding.symbol or "").replace("\\", "/").rsplit("/", 1)[-1]
    written = evidence.view.change_known and mentions(evidence.added, name)
    deleted = any(entry.deleted and path.rsplit("/", 1)[-1] == name for path, entry in evidence.diff.files.items())
    known = name.split(".", maxsplit=1)[0] in _TOOLS or evidence.index.packages.declares(name)
    if not written or known or deleted:
        return Verdict(Category.ENVIRONMENT, f"`{name}` is not installed or not there")
    return Verdict(Category.HALLUCINATION, f"the change runs `{name}`, which is nowhere")
