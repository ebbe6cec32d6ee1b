"""The interpreter a lane's virtual environment is made from, and making it."""

from __future__ import annotations

import re
import shutil
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from orchestrator.adapters import processes
from orchestrator.adapters.sandbox_tools import base_interpreters, search_path
from orchestrator.adapters.shell import Surroundings

MINORS = range(15, 8, -1)
ASK_S = 20.0
MAKE_S = 180.0
"""``python -m venv`` with pip takes 2-4 s (measured); a network file system may take much longer."""
CLAUSE = re.compile(r"\s*(~=|==|!=|<=|>=|<|>)\s*([\d.]+)(\.\*)?\s*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Interpreter:
    """A Python of this machine."""

    path: Path
    version: tuple[int, ...]
    """(3, 11, 7)"""

    def __str__(self) -> str:
        return ".".join(map(str, self.version))


def choose_interpreters(requires: str, tree: Path, around: Surroundings) -> tuple[Interpreter, ...]:
    """The user's interpreters that satisfy ``requires-python``, the preferred one first.

    The ``python3`` of the user's path (the base of an activated environment, never that environment itself), then
    named versions, then pyenv's, then the one this program runs on.
    """
    found: dict[Path, Interpreter] = {}
    for path in _candidates(tree, around):
        real = path.resolve()
        if real in found:
            continue
        version = _version(path)
        if version is not None and satisfies(version, requires):
            found[real] = Interpreter(path=path, version=version)
            if len(found) > 1:
                break
    return tuple(found.values())


def make_venv(interpreters: Sequence[Interpreter], target: Path, log: Path) -> Interpreter | None:
    """Make a virtual environment with pip at ``target`` from the first interpreter that can; ``None``: none could."""
    for interpreter in interpreters:
        shutil.rmtree(target, ignore_errors=True)
        target.parent.mkdir(parents=True, exist_ok=True)
        ended = processes.run(
            processes.Process(
                argv=(str(interpreter.path), "-I", "-m", "venv", str(target)),
                cwd=target.parent,
                environment={"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8"},
                timeout_s=MAKE_S,
                log=log,
            )
        )
        if ended.exit_code == 0:
            return interpreter
    return None


def satisfies(version: Sequence[int], requires: str) -> bool:
    """Whether a version fits a ``requires-python``; clauses that are not understood are taken as fitting."""
    return all(_fits(version, clause) for clause in requires.split(",") if clause.strip())


def _fits(version: Sequence[int], clause: str) -> bool:
    match = CLAUSE.fullmatch(clause)
    if match is None:
        return True
    operator, wanted, star = match.group(1), [int(part) for part in match.group(2).split(".") if part], match.group(3)
    width = max(len(wanted), 3)
    have = [*version, 0, 0, 0][:width]
    padded = [*wanted, 0, 0, 0][:width]
    prefix = have[: len(wanted)] == wanted
    match operator:
        case "==":
            return prefix if star else have == padded
        case "!=":
            return not (prefix if star else have == padded)
        case ">=":
            return have >= padded
        case "<=":
            return have <= padded
        case "<":
            return have < padded
        case ">":
            return have > padded
        case _:
            return have >= padded and have[: len(wanted) - 1] == wanted[:-1]


def _candidates(tree: Path, around: Surroundings) -> Iterator[Path]:
    folders = search_path(around.variables.get("PATH", ""), home=around.home, tree=tree, variables=around.variables)
    for name in ("python3", *(f"python3.{minor}" for minor in MINORS)):
        for folder in folders:
            executable = folder / name
            if executable.is_file() and folder != Path(sys.executable).parent:
                yield _base_of(executable)
    pyenv = Path(around.variables.get("PYENV_ROOT", around.home / ".pyenv")) / "versions"
    versions = [each for each in pyenv.glob("3.*") if re.fullmatch(r"[\d.]+", each.name)]
    for version in sorted(versions, key=lambda each: [int(part) for part in each.name.split(".")], reverse=True):
        yield version / "bin/python3"
    yield Path(sys.base_prefix) / "bin/python3"


def _base_of(executable: Path) -> Path:
    for _ in range(4):
        environment = executable.parent.parent
        if not (environment / "pyvenv.cfg").is_file():
            return executable
        bases = base_interpreters(environment)
        if not bases:
            return executable
        executable = bases[0]
    return executable


def _version(interpreter: Path) -> tuple[int, ...] | None:
    """What it says itself; it is the user's own program, and the repository's code is not on its path."""
    if not interpreter.is_file():
        return None
    ended = processes.run(
        processes.Process(
            argv=(str(interpreter), "-I", "-S", "-c", "import sys; print(*sys.version_info[:3])"),
            cwd=Path("/"),
            environment={"PATH": "/usr/bin:/bin"},
            timeout_s=ASK_S,
        )
    )
    parts = ended.stdout.split()
    return tuple(map(int, parts)) if ended.exit_code == 0 and all(map(str.isdigit, parts)) and parts else None
