"""Which commands set a repository up, read from its own files. Pure: texts in, command lines out."""

from __future__ import annotations

import configparser
import json
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from orchestrator.adapters.environment_declared import (
    TEST_NAMES,
    declared_requirements,
    sections,
    table,
    toml,
    tox_requirements,
)

REQUIREMENTS = (
    "requirements.txt",
    "requirements-dev.txt",
    "requirements_dev.txt",
    "requirements-test.txt",
    "requirements-tests.txt",
    "requirements_test.txt",
    "dev-requirements.txt",
    "test-requirements.txt",
    "requirements/dev.txt",
    "requirements/test.txt",
    "requirements/tests.txt",
)
CONFIGURED_BY = {
    "pytest": ("pytest.ini", ".pytest.ini", "pytest.toml", "conftest.py", "tests/conftest.py"),
    "ruff": ("ruff.toml", ".ruff.toml"),
    "mypy": ("mypy.ini", ".mypy.ini"),
    "flake8": (".flake8",),
    "pyright": ("pyrightconfig.json",),
}
"""Gate tools, and files that show the repository uses them; a ``[tool.<name>]`` table shows it too."""
MANIFESTS = (
    "pyproject.toml",
    "setup.py",
    "setup.cfg",
    "uv.lock",
    "poetry.lock",
    "Pipfile",
    "tox.ini",
    "package.json",
    "package-lock.json",
    "npm-shrinkwrap.json",
    "pnpm-lock.yaml",
    "pnpm-workspace.yaml",
    "yarn.lock",
    ".yarnrc.yml",
    "bun.lock",
    "bun.lockb",
    *REQUIREMENTS,
    *(name for names in CONFIGURED_BY.values() for name in names),
)
"""Files whose text (or mere presence) :func:`detect_setup` asks for."""
REQUIREMENT_NAME = re.compile(r"\s*([A-Za-z0-9][A-Za-z0-9._-]*)")
INSTALLERS = ("uv", "poetry", "npm", "pnpm", "yarn", "bun")


def detect_setup(files: Mapping[str, str], installers: Collection[str]) -> tuple[str, ...]:
    """The setup lines of a repository with these root files; empty where there is nothing to set up.

    ``files``: repository-relative path -> text, of :data:`MANIFESTS`. ``installers``: those of :data:`INSTALLERS`
    that are there. A file that does not parse counts as empty: the installer says it better.
    """
    return (*_python(files, installers), *_node(files, installers))


def wants_python(lines: Sequence[str], files: Mapping[str, str]) -> bool:
    """Whether these setup lines need a virtual environment."""
    installs = re.compile(r"(^|[\s;&|/])(pip3?|python3?|uv|poetry|pdm|hatch|tox|nox)(\s|$)")
    return any(installs.search(line) for line in lines) or (
        bool(lines) and any(name in files for name in ("pyproject.toml", "setup.py", "setup.cfg"))
    )


def requires_python(files: Mapping[str, str]) -> str:
    """The project's ``requires-python``; empty where it says none."""
    project = toml(files.get("pyproject.toml", "")).get("project", {})
    value = project.get("requires-python", "") if isinstance(project, dict) else ""
    return value if isinstance(value, str) else ""


def _python(files: Mapping[str, str], installers: Collection[str]) -> tuple[str, ...]:
    pyproject = toml(files.get("pyproject.toml", ""))
    extras = _extras(files, pyproject)
    groups = table(pyproject, "dependency-groups")
    if "uv.lock" in files:
        chosen = [f"--extra {name}" for name in extras]
        chosen += [f"--group {name}" for name in TEST_NAMES if name in groups and name != "dev"]
        if "uv" in installers:
            return (" ".join(["uv sync --frozen", *chosen]),)
        # Into the environment itself, where --inexact lets it stay: the locked versions are those the tests pass with.
        return ("pip install uv", " ".join(["uv sync --frozen --inexact", *chosen]))
    if "poetry.lock" in files and "poetry" in installers:
        return (" ".join(["poetry install", *(f"--extras {name}" for name in extras)]),)
    lines: list[str] = []
    named: set[str] = set()
    requirements = [name for name in REQUIREMENTS if name in files]
    if requirements:
        lines.append(" ".join(["pip install", *(f"-r {name}" for name in requirements)]))
        named |= {each for name in requirements for each in _names(files[name].splitlines())}
    if _installable(files, pyproject):
        lines.append(f"pip install -e '.[{','.join(extras)}]'" if extras else "pip install -e .")
        named |= _project_names(pyproject, extras)
    grouped = [each for name in TEST_NAMES for each in _group(groups, name, frozenset())]
    grouped += declared_requirements(pyproject, files)
    if "pytest" not in named | _names(grouped):
        grouped += tox_requirements(files.get("tox.ini", ""))
    if grouped:
        quoted = (each if each.startswith("-r ") else _quoted(each) for each in dict.fromkeys(grouped))
        lines.append(f"pip install {' '.join(quoted)}")
        named |= _names(grouped)
    missing = _missing_tools(files, pyproject, named) if lines or _has_tools(files, pyproject) else ()
    if missing:
        lines.append("pip install " + " ".join(missing))
    return tuple(lines)


def _node(files: Mapping[str, str], installers: Collection[str]) -> tuple[str, ...]:
    if "package.json" not in files:
        return ()
    package = _json(files["package.json"])
    if "pnpm-lock.yaml" in files:
        grouped = re.search(r"^packages:", files.get("pnpm-workspace.yaml", "packages:"), re.MULTILINE)
        default = "pnpm@9" if grouped else "pnpm@10"
        return _managed(_wanted(default, package), "install --frozen-lockfile", installers)
    if "yarn.lock" in files:
        modern = ".yarnrc.yml" in files
        frozen = "--immutable" if modern else "--frozen-lockfile"
        return _managed(_wanted("yarn@1", package), f"install {frozen}", installers)
    if "package-lock.json" in files or "npm-shrinkwrap.json" in files:
        return ("npm ci",)
    if "bun.lock" in files or "bun.lockb" in files:
        return _managed(_wanted("bun@1", package), "install --frozen-lockfile", installers)
    declared = any(package.get(key) for key in ("dependencies", "devDependencies", "workspaces"))
    return ("npm install --no-package-lock",) if declared else ()


def _wanted(default: str, package: Mapping[str, Any]) -> str:
    """The manager with the version that the project pins, exactly or by its engines; ``default`` where it pins none.

    pnpm takes a workspace file without packages from 10 on.
    """
    name = default.partition("@")[0]
    pinned = str(package.get("packageManager", "")).partition("+")[0]
    if pinned.startswith(f"{name}@"):
        return pinned
    required = table(package, "engines").get(name)
    major = re.search(r"\d+", required) if isinstance(required, str) else None
    return f"{name}@{major[0]}" if major and int(major[0]) > int(default.partition("@")[2]) else default


def _managed(wanted: str, install: str, installers: Collection[str]) -> tuple[str, ...]:
    """Installing by that manager; where the machine lacks it, it comes along for the project's own scripts to call.

    By npx, from where the user's npm gets its packages, rather than by corepack: an older one knows none of the keys
    that sign newer managers, and it asks servers that a mirror's user may not reach.
    """
    name = wanted.partition("@")[0]
    if name in installers:
        return (f"{name} {install}",)
    modern = re.fullmatch(r"yarn@(?!1\b|0\b)(.+)", wanted)
    source = f"@yarnpkg/cli-dist@{modern[1]}" if modern else wanted
    runner = f"npx --yes --package {source} {name}"
    kept = "node_modules/.manager"
    link = f"ln -sf ../.manager/node_modules/.bin/{name} node_modules/.bin/{name}"
    return (f"{runner} {install}", f"npm install --prefix {kept} {source} && mkdir -p node_modules/.bin && {link}")


def _installable(files: Mapping[str, str], pyproject: Mapping[str, Any]) -> bool:
    """A pyproject.toml that only configures tools is no package."""
    poetry = "poetry" in table(pyproject, "tool")
    described = {"metadata", "options"} & {*sections(files.get("setup.cfg", ""))}
    return "project" in pyproject or "build-system" in pyproject or poetry or "setup.py" in files or bool(described)


def _extras(files: Mapping[str, str], pyproject: Mapping[str, Any]) -> tuple[str, ...]:
    declared = set(table(table(pyproject, "project"), "optional-dependencies"))
    declared |= set(table(table(table(pyproject, "tool"), "poetry"), "extras"))
    parser = configparser.ConfigParser(interpolation=None, strict=False)
    try:
        parser.read_string(files.get("setup.cfg", ""))
        declared |= set(parser["options.extras_require"]) if "options.extras_require" in parser else set()
    except configparser.Error:
        declared |= set()
    return tuple(name for name in TEST_NAMES if name in declared)


def _project_names(pyproject: Mapping[str, Any], extras: Iterable[str]) -> set[str]:
    project = table(pyproject, "project")
    optional = table(project, "optional-dependencies")
    lists = [project.get("dependencies", []), *(optional.get(name, []) for name in extras)]
    named = {name for each in lists if isinstance(each, list) for name in _names(map(str, each))}
    poetry = table(table(pyproject, "tool"), "poetry")
    return named | {name.lower() for name in table(poetry, "dependencies")}


def _group(groups: Mapping[str, Any], name: str, seen: frozenset[str]) -> list[str]:
    """A dependency group's requirements, groups it includes in place (PEP 735)."""
    entries = groups.get(name, [])
    found: list[str] = []
    for entry in entries if isinstance(entries, list) and name not in seen else []:
        if isinstance(entry, str):
            found.append(entry)
        elif isinstance(entry, dict) and isinstance(entry.get("include-group"), str):
            found += _group(groups, entry["include-group"], seen | {name})
    return found


def _has_tools(files: Mapping[str, str], pyproject: Mapping[str, Any]) -> bool:
    """Python files with a configured gate tool but no package: the tools alone are installed."""
    return bool(_configured(files, pyproject))


def _configured(files: Mapping[str, str], pyproject: Mapping[str, Any]) -> tuple[str, ...]:
    tables = {*table(pyproject, "tool")}
    for name in ("setup.cfg", "tox.ini"):
        tables |= {section.removeprefix("tool:") for section in sections(files.get(name, ""))}
    return tuple(
        tool for tool, names in CONFIGURED_BY.items() if tool in tables or any(name in files for name in names)
    )


def _missing_tools(files: Mapping[str, str], pyproject: Mapping[str, Any], named: set[str]) -> tuple[str, ...]:
    """Gate tools the repository configures but whose installation none of its lists asks for."""
    configured = _configured(files, pyproject)
    missing = [tool for tool in configured if tool not in named]
    if "pytest" in (*configured, *named) and not named & {"pytest-cov", "coverage"}:
        missing.append("pytest-cov")
    return tuple(missing)


def _names(requirements: Iterable[str]) -> set[str]:
    found = (REQUIREMENT_NAME.match(line) for line in requirements if not line.lstrip().startswith(("#", "-")))
    return {match.group(1).lower().replace("_", "-") for match in found if match}


def _quoted(requirement: str) -> str:
    return "'" + requirement.replace("'", '"') + "'"


def _json(text: str) -> dict[str, Any]:
    try:
        data = json.loads(text)
    except ValueError:
        return {}
    return data if isinstance(data, dict) else {}
