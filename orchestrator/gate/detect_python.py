"""The checks of a Python project, from its own files."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from dataclasses import dataclass, field

from orchestrator.domain.gate import CheckSpec
from orchestrator.gate.facts_python import MANIFESTS, PythonFacts
from orchestrator.gate.found import Found
from orchestrator.gate.hints import Hints
from orchestrator.gate.patterns import matches_any
from orchestrator.gate.toolchains import Tool, Toolchains
from orchestrator.gate.tree import Place

_TEST_FOLDERS = frozenset({"tests", "test", "testing", "docs", "doc", "examples", "example", "scripts", "benchmarks"})
_LOOKED_INTO = 40
"""Test files whose imports are read to tell pytest from unittest."""


def detect_python(place: Place, chains: Toolchains) -> Found:
    """Linters and type checkers that the project configures or declares, and the runner of its tests."""
    if not (place.names.intersection(MANIFESTS) or any(file.endswith(".py") for file in place.files)):
        return Found()
    detector = _Detector(place, chains)
    found = [detector.checker(name) for name, tool in chains.tools.items() if _is(tool, "lint", "build")]
    return sum(found, Found()) + detector.tests()


def _is(tool: Tool, *kinds: str) -> bool:
    return tool.ecosystem == "python" and tool.kind in kinds


@dataclass(frozen=True)
class _Detector:
    place: Place
    chains: Toolchains
    facts: PythonFacts = field(init=False)
    hints: Hints = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "facts", PythonFacts(self.place))
        object.__setattr__(self, "hints", Hints(self.place))

    def checker(self, name: str) -> Found:
        tool = self.chains.tools[name]
        origin = self.origin(tool)
        if origin is None:
            return Found()
        program = tool.command.split()[0]
        if self.place.tree.which(program) is None:
            note = f"{tool.kind}: {name} is named in {origin}, but {program} is not installed where the gate runs"
            return Found(notes=(f"{note}; install it in `setup`, or give `gate.{tool.kind}`",))
        return Found(checks=(self.spec(name, tool.command.format(paths=self.paths(name)), origin),))

    def origin(self, tool: Tool) -> str | None:
        """Where the project names the tool: its configuration, a dependency, CI; ``None`` where it does not."""
        if file := self.place.named(tool.files):
            return file
        if table := next((table for table in tool.tables if self.facts.table(table) is not None), None):
            return f"pyproject.toml [{table}]"
        for section in tool.sections:
            if file := self.facts.section(section):
                return f"{file} [{section}]"
        if tool.required == "config":
            return None
        if package := next((package for package in tool.packages if package in self.facts.packages), None):
            return f"{self.facts.packages[package]} ({package})"
        return self.hints.used(tool.hint, also=tool.also)

    def paths(self, name: str) -> str:
        tool = self.chains.tools[name]
        if name == "mypy":
            return self._mypy_paths()
        return self.hints.paths(tool.hint) or tool.paths

    def _mypy_paths(self) -> str:
        """Nothing where mypy's own configuration names what to check; it takes no default of its own."""
        places = (("mypy.ini", "mypy"), (".mypy.ini", "mypy"), ("setup.cfg", "mypy"), ("tox.ini", "mypy"))
        for option in ("files", "packages", "modules"):
            if self.facts.table(f"tool.mypy.{option}") or self.facts.option(places, option):
                return ""
        return self.hints.paths("mypy") or " ".join(source_folders(self.place)) or "."

    def spec(self, name: str, command: str, origin: str) -> CheckSpec:
        tool = self.chains.tools[name]
        return CheckSpec(
            kind=tool.check,
            command=" ".join(command.split()),
            path=self.place.path,
            tool=self.chains.parser_of(name),
            origin=origin if self.place.path == "." else f"{self.place.path}: {origin}",
        )

    def tests(self) -> Found:
        files = tuple(file for file in self.place.files if matches_any(file, self.chains.test_files.python))
        if not any(file.endswith(".py") for file in files):
            return Found()
        runner, origin = self._runner(files)
        command = f"{self._python_m(runner)} {self._test_paths(runner, files)}"
        return Found(checks=(self.spec(runner, command, origin),))

    def _runner(self, files: tuple[str, ...]) -> tuple[str, str]:
        """pytest where it is named or needed, else unittest where that runs them."""
        if origin := self.origin(self.chains.tools["pytest"]):
            return "pytest", origin
        told = list(self._imports(files))
        if "pytest" in told:
            return "pytest", "the tests import pytest"
        if "unittest" in told:
            return "unittest", "the tests import unittest"
        return "pytest", f"{files[0]} (test functions)"

    def _imports(self, files: tuple[str, ...]) -> Iterator[str]:
        for file in files[:_LOOKED_INTO]:
            for line in self.place.read(file).splitlines():
                words = line.split()
                if len(words) > 1 and words[0] in {"import", "from"}:
                    yield words[1].split(".")[0].rstrip(",")

    def _python_m(self, runner: str) -> str:
        """``python -m pytest`` where both are of one environment: flat layouts then import without installing."""
        if runner == "unittest":
            return self.chains.tools["unittest"].command.format(paths="").strip()
        python, pytest = self.place.tree.which("python"), self.place.tree.which("pytest")
        same = python and (pytest is None or python.rpartition("/")[0] == pytest.rpartition("/")[0])
        return "python -m pytest" if same else "pytest"

    def _test_paths(self, runner: str, files: tuple[str, ...]) -> str:
        if runner == "unittest":
            folder = next(
                (part for part in ("tests", "test") if any(file.startswith(f"{part}/") for file in files)), ""
            )
            return f"-s {folder}" if folder and f"{folder}/__init__.py" not in self.place.files else ""
        places = (
            ("pytest.ini", "pytest"),
            (".pytest.ini", "pytest"),
            ("tox.ini", "pytest"),
            ("setup.cfg", "tool:pytest"),
        )
        tables = ("tool.pytest.ini_options.testpaths", "tool.pytest.testpaths")
        configured = any(map(self.facts.table, tables)) or self.facts.option(places, "testpaths")
        return "" if configured else self.hints.paths("pytest", whole=True) or ""


def uses_pytest(place: Place, chains: Toolchains) -> bool:
    """Whether the project names pytest, or has tests that need it."""
    return any(spec.tool == "pytest" for spec in detect_python(place, chains).checks)


def source_folders(place: Place) -> tuple[str, ...]:
    """Where the project's own code lies: ``src``, else its packages at the top."""
    if "src" in place.folders and any(file.startswith("src/") and file.endswith(".py") for file in place.files):
        return ("src",)
    tops = sorted(
        {file.split("/")[0] for file in place.files if file.endswith("/__init__.py") and file.count("/") == 1}
    )
    return tuple(shlex.quote(top) for top in tops if top not in _TEST_FOLDERS)
