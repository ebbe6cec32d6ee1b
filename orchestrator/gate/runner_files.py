"""Files that decide what the gate's own commands do, beside configured paths. Pure.

Scripts that a command runs, and those which these run in turn (a Makefile's recipes, shell scripts, hooks of
pre-commit); configurations that it names; what a test runner's configuration loads before the tests.
"""

from __future__ import annotations

import posixpath
import re
import shlex
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping

from orchestrator.domain.gate import CheckSpec
from orchestrator.gate.facts_node import read_json
from orchestrator.gate.linter_setup import taken_in
from orchestrator.gate.runner_setup import loaded_first

Reader = Callable[[str], str | None]
"""A file's text by path; ``None`` where it is not there."""
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
    "pre-commit": (".pre-commit-config.yaml",),
    "tox": ("tox.ini",),
    "nox": ("noxfile.py",),
}
_FOLLOWED = re.compile(
    r"(?:^|/)(?:[Mm]akefile|GNUmakefile|\.?[Jj]ustfile|Taskfile\.ya?ml|\.pre-commit-config\.yaml|tox\.ini)$|\.(?:sh|bash|mk)$"
)
"""Files whose lines are shell lines, more or less."""
_RECIPE = re.compile(r"^\s*(?:-\s+)?(?:(?:entry|run|cmd|commands?|script)\s*[:=]\s*)?[@+-]{0,3}")
_LOADS = frozenset(
    {"-c", "--config", "--conf", "--config-file", "--configuration", "--rcfile", "--rc-file", "-p", "--project",
     "--tsconfig", "--cov-config", "--ignore-path", "--settings", "--settings-file", "--settings-path", "--rulesdir",
     "-r", "--require", "--import", "--loader", "--experimental-loader", "--preload", "-f", "--file", "--makefile",
     "--globalSetup", "--setupFiles", "--init-hook", "--load-plugins", "--configLoader"}
)  # fmt: skip
"""Options that name a configuration, or a file that is loaded before the tests."""
_JOINTS = re.compile(r"&&|\|\||[;|\n]")
_ASSIGNMENT = re.compile(r"[A-Za-z_]\w*=")
_DEPTH = 3
"""Scripts that run scripts."""
_LINES = 2000


def files_run(checks: Iterable[CheckSpec], files: Collection[str], read: Reader) -> Mapping[str, str]:
    """Tracked file -> the command that runs it, or that has its tool load it."""
    tracked = frozenset(files)
    found: dict[str, str] = {}
    for spec in checks:
        for path in (*_run_by(spec, tracked, read), *taken_in(spec.path, tracked, read)):
            found.setdefault(path, spec.command)
    return found


def _run_by(spec: CheckSpec, tracked: frozenset[str], read: Reader) -> Collection[str]:
    """The files one check runs, and those that these run in turn."""
    scripts = _scripts(read(_within(spec.path, "package.json")) or "")
    found: dict[str, None] = {}
    named = [*_named(spec.command, scripts), *loaded_first(spec, tracked, read)]
    for _ in range(_DEPTH):
        both = ((_within(spec.path, name), _plain(name)) for name in named)
        places = (next((place for place in two if place in tracked), "") for two in both)
        new = [place for place in dict.fromkeys(places) if place and place not in found]
        found.update(dict.fromkeys(new))
        named = [name for path in new for line in _lines(path, read) for name in _named(line, scripts)]
    return found


def _lines(path: str, read: Reader) -> Iterator[str]:
    """The shell lines of a script, a Makefile and their likes; none of other files."""
    text = (read(path) or "") if _FOLLOWED.search(path) else ""
    return (_RECIPE.sub("", line) for line in text.splitlines()[:_LINES])


def _within(folder: str, name: str) -> str:
    return _plain(name if folder == "." else f"{folder}/{name}")


def _plain(name: str) -> str:
    return posixpath.normpath(name)


def _scripts(manifest: str) -> Scripts:
    scripts = read_json(manifest).get("scripts") if manifest else None
    return {str(name): str(body) for name, body in scripts.items()} if isinstance(scripts, dict) else {}


def _named(command: str, scripts: Scripts, depth: int = _DEPTH) -> Iterator[str]:
    """Files that a shell line runs or loads: as programs, as what it gives an interpreter, a build tool, an option."""
    for part in _JOINTS.split(command):
        words = _words(part)
        if not words:
            continue
        program, rest = words[0], words[1:]
        yield program
        yield from _BUILD_FILES.get(program, ())
        yield from _options(rest)
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


def _options(rest: list[str]) -> Iterator[str]:
    for at, word in enumerate(rest):
        option, _, value = word.partition("=")
        if option in _LOADS:
            yield value or (rest[at + 1] if at + 1 < len(rest) else "")


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
