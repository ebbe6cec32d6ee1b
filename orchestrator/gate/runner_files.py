"""Files that decide what the gate's own commands do: scripts they run, modules that would stand in for a tool's.

What a change may not touch beside configured paths: a Makefile the gate calls, ``pytest.py`` at the top of the tree,
a program planted in a dependency folder. Pure.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Collection, Iterable, Iterator, Mapping

from orchestrator.domain.gate import CheckSpec
from orchestrator.gate.facts_node import read_json

Scripts = Mapping[str, str]

_INTERPRETERS = frozenset(
    {"sh", "bash", "dash", "zsh", "python", "python3", "node", "bun", "deno", "ruby", "perl", "php"}
)
_WRAPPERS = frozenset({"env", "exec", "time", "nice", "npx", "uv", "run", "poetry", "!", "cross-env", "command"})
_PACKAGE_MANAGERS = frozenset({"npm", "pnpm", "yarn", "bun"})
_BUILD_FILES = {
    "make": ("Makefile", "makefile", "GNUmakefile"),
    "gmake": ("Makefile", "makefile", "GNUmakefile"),
    "just": ("justfile", "Justfile", ".justfile"),
    "task": ("Taskfile.yml", "Taskfile.yaml"),
    "rake": ("Rakefile",),
    "invoke": ("tasks.py",),
    "inv": ("tasks.py",),
}
_JOINTS = re.compile(r"&&|\|\||[;|\n]")
_ASSIGNMENT = re.compile(r"[A-Za-z_]\w*=")
_TOOLS = (
    "pytest _pytest pluggy iniconfig packaging coverage pytest_cov xdist execnet ruff mypy flake8 pyflakes pycodestyle "
    "mccabe pylint astroid pyright basedpyright bandit isort black importlinter"
)
"""Modules of the tools themselves: the tree's own folders come before them on the import path."""
_STANDARD = (
    "unittest doctest json xml os sys re argparse ast atexit collections configparser contextlib dataclasses datetime "
    "enum fnmatch functools importlib inspect io itertools linecache logging math operator pathlib pickle platform "
    "pprint random shlex shutil signal site socket sqlite3 string struct subprocess tempfile textwrap threading time "
    "tokenize tomllib traceback types typing warnings zipfile"
)
"""Modules of the standard library that runners import to judge tests and to write their reports."""
_TAKEN = frozenset(f"{_TOOLS} {_STANDARD}".split())


def files_run(checks: Iterable[CheckSpec], files: Collection[str], manifests: Mapping[str, str]) -> Mapping[str, str]:
    """Tracked file -> the command that runs it. ``manifests``: text of ``package.json`` by folder (``.``: the top)."""
    tracked = frozenset(files)
    found: dict[str, str] = {}
    for spec in checks:
        for name in _named(spec.command, _scripts(manifests.get(spec.path, ""))):
            path = name.removeprefix("./")
            whole = path if spec.path == "." else f"{spec.path}/{path}"
            if whole in tracked:
                found.setdefault(whole, spec.command)
    return found


def shadowed_module(path: str, base_files: Collection[str], roots: Collection[str] = (".",)) -> str | None:
    """The module of a tool that a new file would be imported in place of; ``None``: of none.

    ``roots``: folders the checks run in; code is imported from these and from their ``src``.
    """
    for root in roots:
        for start in ("src/", "") if root == "." else (f"{root}/src/", f"{root}/"):
            module = path.removeprefix(start).removesuffix("/__init__.py").removesuffix(".py")
            is_import = path.startswith(start) and path.endswith(".py") and "/" not in module
            if is_import and module in _TAKEN and not _known(start, module, base_files):
                return module
    return None


def _known(start: str, module: str, base_files: Collection[str]) -> bool:
    """The base has that module or package itself: it is the project's, and stays its own."""
    return f"{start}{module}.py" in base_files or f"{start}{module}/__init__.py" in base_files


def _scripts(manifest: str) -> Scripts:
    scripts = read_json(manifest).get("scripts") if manifest else None
    return {str(name): str(body) for name, body in scripts.items()} if isinstance(scripts, dict) else {}


def _named(command: str, scripts: Scripts, depth: int = 3) -> Iterator[str]:
    """Files that a shell line runs: as programs, or as what it gives an interpreter or a build tool."""
    for part in _JOINTS.split(command):
        words = _words(part)
        if not words:
            continue
        program, rest = words[0], words[1:]
        yield program
        yield from _BUILD_FILES.get(program, ())
        if program in _INTERPRETERS:
            yield from _script_of(rest)
        if program in _PACKAGE_MANAGERS and depth:
            for word in rest:
                if word in scripts:
                    for name in (f"pre{word}", word, f"post{word}"):
                        yield from _named(scripts.get(name, ""), scripts, depth - 1)


def _words(part: str) -> list[str]:
    """The command's words, without assignments and programs that only start others."""
    try:
        words = shlex.split(part, comments=True)
    except ValueError:
        words = part.split()
    while words and (_ASSIGNMENT.match(words[0]) or words[0] in _WRAPPERS):
        words = words[1:]
    return words


def _script_of(rest: list[str]) -> Iterator[str]:
    """The script among an interpreter's arguments: the first that is no option; of ``-m a.b`` the module's file."""
    for at, word in enumerate(rest):
        if word == "-m" and at + 1 < len(rest):
            module = rest[at + 1].replace(".", "/")
            yield from (f"{module}.py", f"{module}/__main__.py")
            return
        if word == "-c":
            return
        if not word.startswith("-"):
            yield word
            return
