"""What a repository's CI runs: hints of which tools are used, and on which paths. Text only, never run."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property

from orchestrator.gate.patterns import matches_any
from orchestrator.gate.tree import Place

HINT_FILES = (
    ".github/workflows/*.yml",
    ".github/workflows/*.yaml",
    ".gitlab-ci.yml",
    ".circleci/config.yml",
    ".travis.yml",
    "azure-pipelines.yml",
    "tox.ini",
    "noxfile.py",
    "Makefile",
    "justfile",
    ".pre-commit-config.yaml",
)
_MAX_LINE = 400
_PATH = re.compile(r"[\w./@+-]+", re.ASCII)
_ENDS = ("&&", "||", ";", "|", "#")


@dataclass(frozen=True)
class Hints:
    """The hint files of a place (and, for a folder, of the repository's top)."""

    place: Place

    @cached_property
    def lines(self) -> tuple[tuple[str, str], ...]:
        """(file, line) of every hint file; comments and overlong lines are left out."""
        found: list[tuple[str, str]] = []
        for file in self.place.files:
            if matches_any(file, [f"/{pattern}" for pattern in HINT_FILES]):
                lines = (line.strip() for line in self.place.read(file).splitlines())
                found.extend((file, line) for line in lines if len(line) <= _MAX_LINE and not line.startswith("#"))
        return tuple(found)

    def used(self, words: str, *, also: str = "") -> str | None:
        """The file whose commands call this tool, or whose pre-commit hooks name it."""
        if not words:
            return None
        for file, line in self.lines:
            if also and _is_hook(file, line, also):
                return file
            if _is_hook(file, line, words) or _call(line, words) is not None:
                return file
        return None

    def paths(self, words: str, *, whole: bool = False) -> str | None:
        """The paths CI gives the tool, where all that it gives beside options are paths of the tree.

        ``whole``: none where CI also calls it without any, since what has paths is a part then.
        """
        calls = [rest for _, line in self.lines if (rest := _call(line, words)) is not None]
        if whole and any(not rest or rest[0].startswith("{posargs") for rest in calls):
            return None
        for rest in calls:
            given = [word for word in rest if not word.startswith("-")]
            known = [word for word in given if self._exists(word)]
            if known and len(known) == len(given):
                return " ".join(known)
        return None

    def _exists(self, word: str) -> bool:
        path = word.rstrip("/").removeprefix("./")
        return bool(_PATH.fullmatch(word)) and (path in self.place.folders or path in self.place.files or path == ".")


def _is_hook(file: str, line: str, name: str) -> bool:
    return file.endswith(".pre-commit-config.yaml") and line.removeprefix("- ").replace(" ", "") == f"id:{name}"


def _call(line: str, words: str) -> list[str] | None:
    """The words after the tool's own where the line calls it; ``None`` where it does not."""
    wanted = words.split()
    parts = line.replace('"', " ").replace("'", " ").replace(",", " ").split()
    for at in range(len(parts) - len(wanted) + 1):
        if parts[at : at + len(wanted)] == wanted and _starts_command(parts[:at]):
            rest = parts[at + len(wanted) :]
            end = next((index for index, word in enumerate(rest) if word.startswith(_ENDS)), len(rest))
            return rest[:end]
    return None


def _starts_command(before: list[str]) -> bool:
    """Whether a command can start after these words: nothing, a key, a shell's joint, or a runner."""
    if not before:
        return True
    last = before[-1]
    if last in {"install", "-r", "--with", "add", "from", "import", "name:", "id:", "pip"}:
        return False
    return (
        last in {"-", "run:", "-m", "run", "exec", "&&", "||", ";", "|", "then", "--"}
        or last.endswith((":", "=", "(", "[", "run("))
        or last in {"npx", "uvx", "poetry", "sudo", "time"}
    )
