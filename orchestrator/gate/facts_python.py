"""What a Python project's own files declare: tables, sections, dependencies."""

from __future__ import annotations

import configparser
import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from orchestrator.gate.tree import Place

MANIFESTS = ("pyproject.toml", "setup.py", "setup.cfg", "tox.ini", "Pipfile", "requirements.txt")
_REQUIREMENT = re.compile(r"\s*([A-Za-z0-9][A-Za-z0-9._-]*)")
_QUOTED = re.compile(r"['\"]([A-Za-z0-9][A-Za-z0-9._-]*)(?=[\[<>=!~;, '\"])")
_REQUIREMENTS_FILE = re.compile(
    r"(?:^|/)(?:requirements[^/]*|[^/]*[-_.]requirements)\.(?:txt|in)$|(?:^|/)requirements/[^/]+\.(?:txt|in)$"
)


@dataclass(frozen=True)
class PythonFacts:
    """Read once, asked often. Files that do not parse declare nothing."""

    place: Place

    @cached_property
    def pyproject(self) -> Mapping[str, Any]:
        """``pyproject.toml``."""
        return read_toml(self.place.read("pyproject.toml"))

    @cached_property
    def ini(self) -> Mapping[str, configparser.RawConfigParser]:
        """``setup.cfg``, ``tox.ini``, ``pytest.ini``, ``mypy.ini`` and their likes by name."""
        names = ("setup.cfg", "tox.ini", "pytest.ini", ".pytest.ini", "mypy.ini", ".mypy.ini", ".coveragerc")
        return {name: read_ini(self.place.read(name)) for name in names if name in self.place.names}

    def table(self, dotted: str) -> Any:
        """A table or value of pyproject.toml; ``None`` where it is not there."""
        return lookup(self.pyproject, dotted)

    def section(self, name: str) -> str | None:
        """The file (``setup.cfg`` or ``tox.ini``) that has this section."""
        return next(
            (file for file in ("setup.cfg", "tox.ini") if file in self.ini and self.ini[file].has_section(name)), None
        )

    def option(self, files: tuple[tuple[str, str], ...], option: str) -> str:
        """An ini option's text, from the first (file, section) that has it; empty where none does."""
        for file, section in files:
            parser = self.ini.get(file)
            if parser is not None and parser.has_option(section, option):
                return str(parser.get(section, option, fallback="") or "")
        return ""

    @cached_property
    def packages(self) -> Mapping[str, str]:
        """Declared dependencies, normalised -> the file that declares them."""
        found: dict[str, str] = {}
        for name, file in self._declared():
            found.setdefault(normalised(name), file)
        return found

    def _declared(self) -> Iterator[tuple[str, str]]:
        yield from ((name, "pyproject.toml") for name in _of_pyproject(self.pyproject))
        for file in self.place.files:
            if _REQUIREMENTS_FILE.search(file):
                yield from ((name, file) for name in _of_requirements(self.place.read(file)))
        for file, parser in self.ini.items():
            yield from ((name, file) for name in _of_ini(parser))
        yield from ((name, "setup.py") for name in _QUOTED.findall(self.place.read("setup.py")))
        pipfile = read_toml(self.place.read("Pipfile"))
        for group in ("packages", "dev-packages"):
            yield from ((name, "Pipfile") for name in _keys(pipfile.get(group)))


def normalised(name: str) -> str:
    """A distribution's name as the index compares it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def read_toml(text: str) -> dict[str, Any]:
    """The TOML document; empty where it does not parse."""
    try:
        return tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError):
        return {}


def read_ini(text: str) -> configparser.RawConfigParser:
    """The ini file; without sections where it does not parse."""
    parser = configparser.RawConfigParser(strict=False, allow_no_value=True)
    try:
        parser.read_string(text)
    except configparser.Error:
        return configparser.RawConfigParser()
    return parser


def lookup(document: Any, dotted: str) -> Any:
    """A value by dotted path; ``None`` where it is not there."""
    for key in dotted.split("."):
        if not isinstance(document, Mapping) or key not in document:
            return None
        document = document[key]
    return document


def _of_pyproject(document: Mapping[str, Any]) -> Iterator[str]:
    yield from _names(lookup(document, "project.dependencies"))
    for groups in ("project.optional-dependencies", "dependency-groups", "tool.pdm.dev-dependencies"):
        yield from _groups(lookup(document, groups))
    yield from _names(lookup(document, "tool.uv.dev-dependencies"))
    yield from _keys(lookup(document, "tool.poetry.dependencies"))
    yield from _keys(lookup(document, "tool.poetry.dev-dependencies"))
    for group in _values(lookup(document, "tool.poetry.group")):
        yield from _keys(lookup(group, "dependencies"))
    for environment in _values(lookup(document, "tool.hatch.envs")):
        yield from _names(lookup(environment, "dependencies"))
        yield from _names(lookup(environment, "extra-dependencies"))


def _groups(document: Any) -> Iterator[str]:
    for names in _values(document):
        yield from _names(names)


def _values(document: Any) -> list[Any]:
    return list(document.values()) if isinstance(document, Mapping) else []


def _keys(document: Any) -> list[str]:
    return [str(key) for key in document] if isinstance(document, Mapping) else []


def _names(document: Any) -> Iterator[str]:
    for item in document if isinstance(document, list) else []:
        found = _REQUIREMENT.match(item) if isinstance(item, str) else None
        if found:
            yield found[1]


def _of_requirements(text: str) -> Iterator[str]:
    for line in text.splitlines():
        found = _REQUIREMENT.match(line)
        if found and not line.lstrip().startswith(("-", "#")):
            yield found[1]


def _of_ini(parser: configparser.RawConfigParser) -> Iterator[str]:
    for section in parser.sections():
        for option in ("install_requires", "tests_require", "deps"):
            if section == "options" or section.startswith("testenv"):
                yield from _of_requirements(str(parser.get(section, option, fallback="") or ""))
        if section == "options.extras_require":
            for _, value in parser.items(section):
                yield from _of_requirements(str(value or ""))
