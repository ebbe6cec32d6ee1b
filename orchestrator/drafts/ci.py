"""The commands a repository's CI runs, read from its text: evidence of how it is set up, checked and tested.

Nothing is run and no YAML is resolved: a line that is a command of a known kind counts, one with an expression of the
CI system in it does not.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

from orchestrator.gate.hints import HINT_FILES
from orchestrator.gate.patterns import matches_any
from orchestrator.gate.toolchains import Toolchains
from orchestrator.gate.tree import Place

_MAX_LINE = 400
_KEY = re.compile(r"^(?:- )?(?:run|script|command|before_script|install|test|lint|check):\s*(?P<rest>.*)$")
_EXPRESSION = re.compile(r"\$\{\{|\$\(|\{posargs|\{env|\{toxinidir|<<|\$\{?[A-Z_]{2,}")
_JOINT = re.compile(r"\s*(?:&&|\|\||;)\s*")


class CiKind(StrEnum):
    """What a command of CI is for."""

    INSTALL = "install"
    LINT = "lint"
    BUILD = "build"
    TEST = "test"


_INSTALL = re.compile(
    r"^(?:python[\d.]* -m )?pip3? install\b|^uv (?:sync|pip install)\b"
    r"|^(?:poetry|pdm|hatch env|bundle|composer) install\b"
    r"|^(?:npm (?:ci|install|i)|pnpm (?:install|i)|yarn install|bun install)(?:\s|$)|^yarn(?:$| --)|^corepack enable\b"
)
_TEST = re.compile(
    r"^(?:uv run |poetry run |pdm run |hatch run )?(?:python[\d.]* -m )?(?:pytest|unittest|tox|nox|coverage run)\b"
    r"|^(?:npm|pnpm|yarn|bun)(?: run)? (?:t$|t |test\b|test:)|^npx (?:jest|vitest|mocha|ava|tap)\b"
    r"|^hatch test\b|^make (?:test|check)\b|^go test\b|^cargo test\b|^(?:\./)?(?:mvnw?|gradlew?) .*\btest\b"
    r"|^bundle exec (?:rspec|rake)\b|^(?:\./)?vendor/bin/phpunit\b"
)
_LINT = re.compile(
    r"^(?:npm|pnpm|yarn|bun)(?: run)? (?:lint|format|check)\b|^pre-commit run\b|^make (?:lint|format-check)\b|^go vet\b"
    r"|^cargo (?:clippy|fmt)\b"
)
_BUILD = re.compile(
    r"^(?:npm|pnpm|yarn|bun)(?: run)? (?:build|typecheck|type-check|types|tsc)\b|^make build\b|^go build\b"
    r"|^cargo (?:build|check)\b|^(?:\./)?(?:mvnw?|gradlew?) .*\b(?:compile|build|package)\b"
)
_SHELL_PREFIX = re.compile(r"^(?:sudo |time |env )?(?:[A-Z_][A-Z0-9_]*=\S* )*")


@dataclass(frozen=True, slots=True, kw_only=True)
class CiCommand:
    """One command that CI runs."""

    file: str
    line: int
    """1-based."""
    command: str
    kind: CiKind


def ci_commands(top: Place, chains: Toolchains) -> tuple[CiCommand, ...]:
    """Those of workflows, pipelines and the like, each once, in the order of files and lines."""
    found: dict[str, CiCommand] = {}
    for file in top.files:
        if not matches_any(file, [f"/{pattern}" for pattern in HINT_FILES]) or file.endswith(".pre-commit-config.yaml"):
            continue
        for number, text in enumerate(top.read(file).splitlines(), 1):
            for command in _commands(text):
                kind = kind_of(command, chains)
                if kind is not None:
                    found.setdefault(command, CiCommand(file=file, line=number, command=command, kind=kind))
    return tuple(found.values())


def _commands(text: str) -> list[str]:
    """The commands of one line, without what the file's format puts around them."""
    line = text.strip()
    if len(line) > _MAX_LINE or line.startswith("#"):
        return []
    key = _KEY.match(line)
    line = key["rest"] if key else line.removeprefix("- ")
    line = line.removeprefix("commands = ").removeprefix("commands=").strip().strip("'\"")
    return [part.strip() for part in _JOINT.split(line) if part.strip() and not _EXPRESSION.search(part)]


def kind_of(command: str, chains: Toolchains) -> CiKind | None:
    """What a command is for; ``None`` where it means nothing to a gate."""
    bare = _SHELL_PREFIX.sub("", command)
    for kind, pattern in (
        (CiKind.INSTALL, _INSTALL),
        (CiKind.TEST, _TEST),
        (CiKind.LINT, _LINT),
        (CiKind.BUILD, _BUILD),
    ):
        if pattern.search(bare):
            return kind
    words = bare.split()
    runner = words[:1] and words[0] in {"npx", "uvx", "python", "python3", "uv", "poetry", "pdm", "hatch"}
    tool = chains.tool_in(bare) if words and (runner or chains.tool_in(words[0])) else ""
    row = chains.tools.get(tool)
    return CiKind(row.kind) if row is not None else None
