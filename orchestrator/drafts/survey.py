"""What a repository is, by its own files: languages, package managers, packages of a monorepo, tests, CI."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from orchestrator.domain.words import count
from orchestrator.drafts.ci import CiCommand, ci_commands
from orchestrator.gate.patterns import matches_any
from orchestrator.gate.toolchains import Toolchains
from orchestrator.gate.tree import Place, TreeReader

_LANGUAGES = {
    ".py": "Python",
    ".pyi": "Python",
    ".ts": "TypeScript",
    ".tsx": "TypeScript",
    ".mts": "TypeScript",
    ".cts": "TypeScript",
    ".js": "JavaScript",
    ".jsx": "JavaScript",
    ".mjs": "JavaScript",
    ".cjs": "JavaScript",
    ".vue": "Vue",
    ".svelte": "Svelte",
    ".go": "Go",
    ".rs": "Rust",
    ".java": "Java",
    ".kt": "Kotlin",
    ".rb": "Ruby",
    ".php": "PHP",
    ".cs": "C#",
    ".c": "C",
    ".h": "C",
    ".cc": "C++",
    ".cpp": "C++",
    ".hpp": "C++",
    ".swift": "Swift",
    ".sh": "Shell",
}
_MANAGERS = (
    ("uv.lock", "uv"),
    ("poetry.lock", "poetry"),
    ("pdm.lock", "pdm"),
    ("Pipfile.lock", "pipenv"),
    ("pnpm-lock.yaml", "pnpm"),
    ("yarn.lock", "yarn"),
    ("bun.lock", "bun"),
    ("bun.lockb", "bun"),
    ("package-lock.json", "npm"),
    ("npm-shrinkwrap.json", "npm"),
    ("Cargo.lock", "cargo"),
    ("go.sum", "go"),
    ("Gemfile.lock", "bundler"),
    ("composer.lock", "composer"),
)
_MANIFESTS = (
    ("pyproject.toml", "pip"),
    ("setup.py", "pip"),
    ("setup.cfg", "pip"),
    ("requirements.txt", "pip"),
    ("package.json", "npm"),
    ("Cargo.toml", "cargo"),
    ("go.mod", "go"),
    ("pom.xml", "maven"),
    ("build.gradle", "gradle"),
    ("build.gradle.kts", "gradle"),
    ("Gemfile", "bundler"),
    ("composer.json", "composer"),
)
_PACKAGE_DEPTH = 3
_NO_PACKAGES = frozenset({"example", "examples", "fixtures", "__fixtures__", "templates", "template", "test", "tests"})
_QUOTED = re.compile(r"""^\s*-\s*["']?([^"'#\s]+)""")


@dataclass(frozen=True, slots=True, kw_only=True)
class Survey:
    """What was seen."""

    languages: tuple[tuple[str, int], ...]
    """(language, files), most files first."""
    managers: tuple[str, ...]
    """``uv (uv.lock)``, ``npm (package.json)``: by lock file where there is one."""
    packages: tuple[str, ...]
    """Folders of a monorepo that have a manifest of their own; none where the top is all there is."""
    workspaces: str
    """The file that declares those packages; empty where none does."""
    test_files: int
    ci: tuple[CiCommand, ...]
    """Commands that CI runs and that mean something to a gate, in their order."""


def survey(tree: TreeReader, chains: Toolchains) -> Survey:
    """Look at the tracked files."""
    top = Place(tree)
    counted = Counter(language for file in top.files if (language := _LANGUAGES.get(_suffix(file))))
    patterns = (*chains.test_files.python, *chains.test_files.node)
    code = (file for file in top.files if _suffix(file) in _LANGUAGES)
    return Survey(
        languages=tuple(counted.most_common()),
        managers=_managers(top),
        packages=_packages(top),
        workspaces=_workspaces(top),
        test_files=sum(matches_any(file, patterns) is not None for file in code),
        ci=ci_commands(top, chains),
    )


def _suffix(file: str) -> str:
    name = file.rsplit("/", 1)[-1]
    return f".{name.rsplit('.', 1)[-1]}" if "." in name else ""


def _managers(top: Place) -> tuple[str, ...]:
    """By lock file; by manifest where no lock file of that world is there."""
    found = [(manager, file) for file, manager in _MANAGERS if file in top.names]
    worlds = {_world(manager) for manager, _ in found}
    for file, manager in _MANIFESTS:
        if file in top.names and _world(manager) not in worlds:
            found.append((manager, file))
            worlds.add(_world(manager))
    return tuple(f"{manager} ({file})" for manager, file in found)


def _world(manager: str) -> str:
    if manager in {"uv", "poetry", "pdm", "pipenv", "pip"}:
        return "python"
    return "node" if manager in {"pnpm", "yarn", "bun", "npm"} else manager


def _workspaces(top: Place) -> str:
    if "pnpm-workspace.yaml" in top.names:
        return "pnpm-workspace.yaml"
    manifest = _json(top.read("package.json"))
    if manifest.get("workspaces"):
        return "package.json"
    if "[tool.uv.workspace]" in top.read("pyproject.toml"):
        return "pyproject.toml"
    if "[workspace]" in top.read("Cargo.toml"):
        return "Cargo.toml"
    return ""


def _packages(top: Place) -> tuple[str, ...]:
    """Folders with a manifest below the top, outermost first; examples and fixtures are none."""
    manifests = {name for name, _ in _MANIFESTS} - {"requirements.txt", "setup.cfg"}
    found: set[str] = set()
    for file in top.files:
        folder, _, name = file.rpartition("/")
        parts = folder.split("/")
        if folder and name in manifests and len(parts) <= _PACKAGE_DEPTH and not _NO_PACKAGES.intersection(parts):
            found.add(folder)
    return tuple(folder for folder in sorted(found) if not any(folder.startswith(f"{outer}/") for outer in found))


def _json(text: str) -> dict[str, object]:
    try:
        document = json.loads(text) if text else {}
    except (ValueError, RecursionError):
        return {}
    return document if isinstance(document, dict) else {}


def told(counted: Iterable[tuple[str, int]]) -> str:
    """``Python (120 files), TypeScript (8)``."""
    parts = [f"{name} ({number if at else count(number, 'file')})" for at, (name, number) in enumerate(counted)]
    return ", ".join(parts) or "no source files that are known"
