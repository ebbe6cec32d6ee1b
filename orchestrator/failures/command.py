"""What the command tells of a failure whose output hardly does: the tool that ran, and how it ended."""

from __future__ import annotations

import re

from orchestrator.failures.finding import Finding, Kind

_NOT_FOUND, _NOT_EXECUTABLE = 127, 126
"""POSIX 2.8.2."""
_FORMATTER = re.compile(
    r"\b(?:black|ruff format|isort|yapf|prettier|biome format|dprint|gofmt|gofumpt|goimports|cargo fmt|rustfmt"
    r"|clang-format|shfmt|taplo f(?:mt|ormat)|deno fmt|google-java-format)\b"
)
_ASKS_ONLY = re.compile(r"(?:^|\s)(?:--check(?:-only)?|-c|--dry-run|-n|-l|-d|--diff|--list-different|check)\b")
"""How each is told to look and not to write."""
_PATH = re.compile(r"(?:[\w.@-]{1,200}/){0,40}[\w.@-]{1,200}\.[A-Za-z]{1,8}")
_WORD = re.compile(r"[A-Za-z][\w-]{0,80}")


def terse(text: str, command: str, exit_code: int) -> list[Finding]:
    """Findings of an output that names none by itself; ``text`` is plain, ``command`` may be empty."""
    if exit_code == _NOT_FOUND:
        return [_told(Kind.TOOL_MISSING, "127", "a program of the command was not found")]
    if exit_code == _NOT_EXECUTABLE:
        return [_told(Kind.PERMISSION, "126", "a program of the command could not be executed")]
    lines = [line.strip() for line in text[-2000:].splitlines() if line.strip()]
    formatter = _FORMATTER.search(command)
    if formatter and _ASKS_ONLY.search(command, formatter.end()) and lines and all(map(_PATH.fullmatch, lines)):
        return [Finding(tool=formatter[0], kind=Kind.FORMAT, message="not formatted", file=line) for line in lines]
    if not lines and formatter and _ASKS_ONLY.search(command, formatter.end()):
        return [Finding(tool=formatter[0], kind=Kind.FORMAT, message="not formatted (it printed nothing)")]
    if "lint-imports" in command and lines and _WORD.fullmatch(lines[-1]):
        # import-linter (1-2) prints the bare name of a contract type that it does not know
        return [Finding(tool="import-linter", kind=Kind.UNKNOWN_OPTION, message=lines[-1], symbol=lines[-1])]
    return []


def _told(kind: Kind, code: str, message: str) -> Finding:
    return Finding(tool="generic", kind=kind, code=code, message=message)
