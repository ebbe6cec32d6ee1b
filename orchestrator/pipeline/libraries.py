"""The libraries a project names in its manifests: all that the web's researcher is told of a repository."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

Reader = Callable[[str], str | None]
_NAME = re.compile(r"@?[A-Za-z0-9][\w.-]*(?:/[\w.-]+)?")
_OWN = re.compile(
    r"^\s*(?:workspace|file|link|portal|git|git\+\w+|https?|ssh|github):|[/\\]|@\s*(?:file|git|https?)", re.IGNORECASE
)
"""Versions that lead to the project's own packages or to someone's repository: their names are nobody else's."""
_SECTIONS = ("dependencies", "devDependencies", "peerDependencies")


def libraries(read: Reader) -> tuple[str, ...]:
    """Names of published libraries in the manifests at the top, sorted; ``read``: a tracked file's text."""
    found = {*_pyproject(read("pyproject.toml")), *_requirements(read("requirements.txt"))}
    return tuple(sorted({*found, *_package_json(read("package.json"))}))


def _pyproject(text: str | None) -> Iterator[str]:
    try:
        data = tomllib.loads(text or "")
    except tomllib.TOMLDecodeError:
        return
    project = _mapping(data.get("project"))
    groups = [
        *_mapping(project.get("optional-dependencies")).values(),
        *_mapping(data.get("dependency-groups")).values(),
    ]
    for listed in (project.get("dependencies"), *groups):
        if isinstance(listed, list):
            yield from _named(item for item in listed if isinstance(item, str))


def _requirements(text: str | None) -> Iterator[str]:
    lines = (line.split("#", 1)[0].strip() for line in (text or "").splitlines())
    yield from _named(line for line in lines if line and not line.startswith("-"))


def _named(requirements: Iterable[str]) -> Iterator[str]:
    for requirement in requirements:
        match = _NAME.match(requirement.strip())
        if match and not _OWN.search(requirement):
            yield match[0]


def _package_json(text: str | None) -> Iterator[str]:
    try:
        data = json.loads(text or "{}")
    except (ValueError, RecursionError):
        return
    for section in _SECTIONS:
        for name, version in _mapping(_mapping(data).get(section)).items():
            if isinstance(version, str) and not _OWN.search(version) and _NAME.fullmatch(name):
                yield name


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}
