"""What a test runner loads before the tests, by its configuration: set-up files, plug-ins, reporters. Pure.

A file of the product that is named there decides how tests are judged, whatever it is called. Read from text: linear
patterns, no configuration is run.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator

from orchestrator.domain.failure import CheckKind
from orchestrator.domain.gate import CheckSpec
from orchestrator.gate.facts_node import read_json

Reader = Callable[[str], str | None]

_ENDINGS = ("", ".js", ".ts", ".mjs", ".cjs", ".mts", ".cts", ".jsx", ".tsx", "/index.js", "/index.ts")
_RUNNERS = ("jest", "vitest", "vite")
_NAMES = tuple(f"{one}.config.{end}" for one in _RUNNERS for end in ("js", "ts", "mjs", "cjs", "mts", "json"))
_MOCHA = (".mocharc.json", ".mocharc.jsonc", ".mocharc.js", ".mocharc.cjs", ".mocharc.yml", ".mocharc.yaml")
_TABLES = ("jest", "vitest", "mocha", "ava", "tap")
"""Of package.json."""
_KEYS = (
    "setupFiles|setupFilesAfterEnv|globalSetup|globalTeardown|testEnvironment|testRunner|runner|reporters|transform"
    "|resolver|snapshotSerializers|snapshotEnvironment|testSequencer|testResultsProcessor|coverageProvider"
)
_VALUE = r"(\[[^\]]{0,2000}\]|\{[^}]{0,2000}\}|[\"'][^\"'\n]{1,300}[\"'])"
_LOADED = re.compile(rf"\b(?:{_KEYS})\b[\"']?[ \t]{{0,8}}:\s{{0,8}}{_VALUE}")
_ITEMS = r"((?:\s{1,8}-[ \t][^\n]{1,300}|[ \t][^\n]{1,300}){1,40})"
"""A list of YAML, or the rest of its line."""
_REQUIRED = re.compile(
    rf"\b(?:require|import|loader|file|reporter|ui)\b[\"']?[ \t]{{0,8}}:(?:\s{{0,8}}{_VALUE}|{_ITEMS})"
)
_LITERAL = re.compile(r"[\"']([^\"'\n]{1,300})[\"']")
_ITEM = re.compile(r"(?:-[ \t])?[ \t]{0,20}([^\s\"'\[\]{},]{1,300})")
_PLUGIN = re.compile(r"(?<![\w-])-p[ \t=]{0,8}(?!no:)([A-Za-z_][\w.]{0,200})")
_PLUGINS = re.compile(
    r"^pytest_plugins[ \t]{0,8}=[ \t]{0,8}(\[[^\]]{0,4000}\]|\([^)]{0,4000}\)|[\"'][\w.]{1,200}[\"'])", re.MULTILINE
)
_INI = ("pyproject.toml", "pytest.ini", ".pytest.ini", "pytest.toml", "setup.cfg", "tox.ini")


def loaded_first(spec: CheckSpec, tracked: frozenset[str], read: Reader) -> Iterator[str]:
    """Paths as seen from the check's folder, there or not."""
    if spec.kind is not CheckKind.TEST:
        return
    start = "" if spec.path == "." else f"{spec.path}/"
    for module in _python_modules(spec, start, tracked, read):
        stem = module.replace(".", "/")
        yield from (f"{root}{stem}{end}" for root in ("", "src/") for end in (".py", "/__init__.py"))
    for named in _node_files(start, read):
        path = named.removeprefix("<rootDir>/").removeprefix("./")
        yield from (f"{path}{ending}" for ending in _ENDINGS)


def _python_modules(spec: CheckSpec, start: str, tracked: frozenset[str], read: Reader) -> Iterator[str]:
    """Plug-ins of pytest: ``-p`` in the command and in ``addopts``, ``pytest_plugins`` of the base's conftests."""
    for text in (spec.command, *(read(f"{start}{name}") or "" for name in _INI)):
        yield from _PLUGIN.findall(text)
    for path in tracked:
        if path.startswith(start) and path.endswith("conftest.py"):
            for value in _PLUGINS.findall(read(path) or ""):
                yield from _LITERAL.findall(value)


def _node_files(start: str, read: Reader) -> Iterator[str]:
    manifest = read_json(read(f"{start}package.json") or "")
    tables = json.dumps({name: manifest[name] for name in _TABLES if name in manifest})
    for text in (tables, *(read(f"{start}{name}") or "" for name in _NAMES)):
        for value in _LOADED.findall(text):
            yield from _LITERAL.findall(value)
    for text in (json.dumps(manifest.get("mocha", {})), *(read(f"{start}{name}") or "" for name in _MOCHA)):
        for value, plain in _REQUIRED.findall(text):
            yield from _LITERAL.findall(value or plain) or _ITEM.findall(plain)
