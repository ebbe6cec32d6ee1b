"""The table of toolchains, ``config/gates.yaml``: which tools exist, how they are found, run and mended."""

from __future__ import annotations

import re
from functools import cache
from typing import Literal

from pydantic import Field, ValidationError

from orchestrator import strict_yaml
from orchestrator.domain.errors import UsageError
from orchestrator.domain.failure import CheckKind
from orchestrator.resources import config_dir
from orchestrator.settings.frozen import Frozen

_WORD = re.compile(r"[^\s;&|()'\"]+")
_WRAPPERS = frozenset({"c8", "nyc", "coverage", "cross-env", "env-cmd", "dotenv"})


class Tool(Frozen):
    """One row: a linter, type checker or test runner. The file's head explains each key."""

    kind: Literal["lint", "build", "test"]
    ecosystem: Literal["python", "node"]
    programs: tuple[str, ...]
    command: str
    parser: str = ""
    paths: str = ""
    files: tuple[str, ...] = ()
    tables: tuple[str, ...] = ()
    sections: tuple[str, ...] = ()
    keys: tuple[str, ...] = ()
    packages: tuple[str, ...] = ()
    hint: str = ""
    also: str = ""
    required: Literal["", "config"] = ""
    group: str = ""

    @property
    def check(self) -> CheckKind:
        """The check it belongs to."""
        return CheckKind(self.kind)


class Scripts(Frozen):
    """Names of package.json scripts for one check."""

    first: tuple[str, ...]
    also: tuple[str, ...] = ()


class ScriptNames(Frozen):
    """Names of package.json scripts by check."""

    lint: Scripts
    build: Scripts
    test: Scripts


class TestFiles(Frozen):
    """Patterns of test files by ecosystem."""

    __test__ = False

    python: tuple[str, ...]
    node: tuple[str, ...]
    others: tuple[str, ...] = ()
    """Protected as the base's tests are, but they do not tell that there are any: data, other ecosystems."""

    @property
    def known(self) -> tuple[str, ...]:
        """Every pattern of what belongs to tests."""
        return (*self.python, *self.node, *self.others)


class EvidenceLimits(Frozen):
    """Bounds of reading evidence."""

    report_bytes: int = Field(ge=1024)
    reports: int = Field(ge=1)
    changed_lines: int = Field(ge=1)
    rerun_tests: int = Field(default=40, ge=0)
    probe_timeout_s: float = Field(gt=0, le=600)


class Toolchains(Frozen):
    """The whole table."""

    version: Literal[1]
    tools: dict[str, Tool]
    scripts: ScriptNames
    writing: tuple[str, ...]
    watching: tuple[str, ...]
    test_files: TestFiles
    mixed: dict[str, tuple[str, ...]]
    dependencies: dict[str, tuple[str, ...]]
    lock_files: tuple[str, ...]
    report_places: tuple[str, ...]
    limits: EvidenceLimits

    def parser_of(self, name: str) -> str:
        """The failures parser of a tool."""
        return self.tools[name].parser or name

    def tool_in(self, command: str) -> str:
        """The tool a shell line calls: the first known program among its words; empty where there is none.

        ``npx eslint .``, ``python -m pytest``, ``uv run mypy src`` and ``c8 mocha`` are seen through.
        """
        words = [word.rsplit("/", 1)[-1].partition("@")[0] for word in _WORD.findall(command)]
        by_program = {program: name for name, tool in self.tools.items() for program in tool.programs}
        for word in words:
            if word in by_program and word not in _WRAPPERS:
                return self.parser_of(by_program[word])
        return "node:test" if "node" in words and "--test" in words else ""


def quoted(word: str) -> str:
    """A word as ``sh`` reads it back; a leading dash is kept from being an option."""
    word = f"./{word}" if word.startswith("-") else word
    return word if re.fullmatch(r"[\w./@%+=:,-]+", word, re.ASCII) else "'" + word.replace("'", "'\"'\"'") + "'"


def parse_toolchains(text: str, *, source: str) -> Toolchains:
    """The table of that YAML text; ``UsageError`` with every fault and its place."""
    loaded = strict_yaml.load(text, source=source)
    try:
        return Toolchains.model_validate(loaded.data)
    except ValidationError as error:
        faults = tuple(loaded.fault(fault["loc"], fault["msg"]) for fault in error.errors())
        raise strict_yaml.refuse(faults, source=source) from error


@cache
def shipped_toolchains() -> Toolchains:
    """``config/gates.yaml`` as shipped."""
    path = config_dir() / "gates.yaml"
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error}", hint="reinstall the package") from error
    return parse_toolchains(text, source=str(path))
