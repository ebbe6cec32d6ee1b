"""Configurations the change left unreadable, where a tool says nothing of it: npm in its silent mode prints nothing at
all, and flake8 (3-7) goes on with its defaults.
"""

from __future__ import annotations

import configparser
import json
import tomllib

from orchestrator.failures.finding import Finding, Kind
from orchestrator.failures.view import View

_JSON = frozenset({"package.json", "package-lock.json", "composer.json"})
_INI = frozenset({".flake8", "setup.cfg", "tox.ini", ".coveragerc", "pytest.ini", "mypy.ini", ".mypy.ini"})
_FLAKE8 = frozenset({".flake8", "setup.cfg", "tox.ini"})


def silent(findings: list[Finding], view: View) -> list[Finding]:
    """A finding for a changed configuration that cannot be read, where nothing else tells of it."""
    if findings and not all(finding.tool == "flake8" for finding in findings):
        return []
    names = _FLAKE8 if findings else None
    for path in dict.fromkeys((*view.changes.files, *view.files_changed)):
        name = path.rsplit("/", 1)[-1]
        fault = _fault(name, view.read(path)) if names is None or name in names else ""
        if fault:
            message = f"{path} cannot be read: {fault}"
            return [Finding(tool="generic", kind=Kind.BROKEN_CONFIG, code="unreadable", message=message, file=path)]
    return []


def _fault(name: str, data: bytes | None) -> str:
    """What is wrong with it; empty where it can be read, is not there, or is none of those known here."""
    if data is None:
        return ""
    try:
        text = data.decode("utf-8")
        if name in _JSON:
            json.loads(text)
        elif name.endswith(".toml"):
            tomllib.loads(text)
        elif name in _INI:
            configparser.RawConfigParser().read_string(text)
    except (ValueError, configparser.Error) as error:
        return str(error).split("\n", maxsplit=1)[0]
    return ""
