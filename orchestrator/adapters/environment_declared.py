"""What a project's own tools say its tests need, as pip reads it: poetry, PDM, Hatch, Pipenv, tox. Pure."""

from __future__ import annotations

import configparser
import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

TEST_NAMES = ("test", "tests", "testing", "dev", "develop", "development", "lint", "typing", "coverage", "cov")
"""Extras, groups and environments that hold what a gate needs."""
_HATCH_NAMES = ("default", "hatch-test", "types", *TEST_NAMES)
_REQUIREMENT = re.compile(r"[A-Za-z0-9][\w.-]*(?:\[[\w,. -]+\])?\s*(?:[<>=!~][^;{}]*)?(?:;[^{}]*)?$")
"""A plain requirement; paths, addresses and what a tool would still fill in are none."""
_INCLUDED = re.compile(r"-r\s*(?:\{toxinidir\}/)?([\w./-]+\.txt)$")


def declared_requirements(pyproject: Mapping[str, Any], files: Mapping[str, str]) -> list[str]:
    """Requirements of every tool's test groups, each once; ``files``: repository-relative path -> text."""
    found = [
        *poetry_groups(pyproject, files.get("poetry.lock", "")),
        *_plain(_pdm(pyproject)),
        *_plain(_hatch(pyproject)),
        *_pipfile(files.get("Pipfile", "")),
    ]
    return list(dict.fromkeys(found))


def tox_requirements(text: str) -> list[str]:
    """``deps`` of tox's plain test environment; lines for one factor alone are left out."""
    parser = configparser.ConfigParser(interpolation=None, strict=False)
    try:
        parser.read_string(text)
        lines = parser.get("testenv", "deps", fallback="").splitlines()
    except configparser.Error:
        return []
    stripped = [line.split(" #")[0].strip() for line in lines]
    included = (f"-r {match[1]}" for line in stripped if (match := _INCLUDED.match(line)))
    return [*included, *_plain(stripped)]


def poetry_groups(pyproject: Mapping[str, Any], lock: str) -> list[str]:
    """What poetry's groups for tests ask for: the locked version, else a caret's or a tilde's bounds.

    What is no version (a path, a git address) is left out.
    """
    poetry = table(table(pyproject, "tool"), "poetry")
    tables = [table(poetry, "dev-dependencies")]
    named = table(poetry, "group")
    tables += [table(table(named, name), "dependencies") for name in TEST_NAMES]
    locked: dict[str, set[str]] = {}
    packages = toml(lock).get("package", []) if lock else []
    for package in packages if isinstance(packages, list) else []:
        if isinstance(package, dict):
            locked.setdefault(str(package.get("name", "")).lower(), set()).add(str(package.get("version", "")))
    found = []
    for name, wanted in (item for each in tables for item in each.items()):
        version = wanted.get("version", "") if isinstance(wanted, dict) else wanted
        pinned = locked.get(name.lower(), set())
        if isinstance(version, str) and version:
            found.append(f"{name}=={next(iter(pinned))}" if len(pinned) == 1 else f"{name}{_bounds(version)}")
    return list(dict.fromkeys(found))


def _bounds(version: str) -> str:
    """Poetry's ``^1.2`` and ``~1.2`` as pip reads them; anything else as it stands, ``*`` as nothing."""
    match = re.fullmatch(r"([\^~])\s*(\d+)(?:\.(\d+))?[\d.]*", version.strip())
    if match is None:
        plain = version.strip()
        return "" if plain == "*" else f"=={plain}" if plain[:1].isdigit() else plain.replace(" ", "")
    lowest = version.strip()[1:].strip()
    major, minor = int(match[2]), int(match[3] or 0)
    above = f"{major + 1}" if match[1] == "^" and major else f"{major}.{minor + 1}"
    return f">={lowest},<{above}"


def _pdm(pyproject: Mapping[str, Any]) -> Iterator[str]:
    groups = table(table(table(pyproject, "tool"), "pdm"), "dev-dependencies")
    for name in TEST_NAMES:
        yield from _strings(groups.get(name))


def _hatch(pyproject: Mapping[str, Any]) -> Iterator[str]:
    environments = table(table(table(pyproject, "tool"), "hatch"), "envs")
    for name in _HATCH_NAMES:
        for key in ("dependencies", "extra-dependencies"):
            yield from _strings(table(environments, name).get(key))


def _pipfile(text: str) -> list[str]:
    """Both of its tables, without what is a path or an address; what is not pinned has no bounds."""
    found = []
    document = toml(text)
    for name, wanted in (*table(document, "packages").items(), *table(document, "dev-packages").items()):
        version = wanted.get("version", "*") if isinstance(wanted, dict) else wanted
        placed = isinstance(wanted, dict) and bool({"path", "git", "file"} & {*wanted})
        if isinstance(version, str) and not placed:
            found.append(name if version in {"*", ""} else f"{name}{version}")
    return found


def _plain(requirements: Iterable[str]) -> list[str]:
    return [each.strip() for each in requirements if _REQUIREMENT.match(each.strip())]


def _strings(value: Any) -> Iterator[str]:
    yield from (each for each in value if isinstance(each, str)) if isinstance(value, list) else ()


def sections(text: str) -> list[str]:
    """The sections of a text like ``setup.cfg``; none where it does not parse."""
    parser = configparser.ConfigParser(interpolation=None, strict=False)
    try:
        parser.read_string(text)
    except configparser.Error:
        return []
    return parser.sections()


def table(data: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    """The table of that name; empty where there is none."""
    value = data.get(key, {})
    return value if isinstance(value, dict) else {}


def toml(text: str) -> dict[str, Any]:
    """The document; empty where it does not parse."""
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return {}
