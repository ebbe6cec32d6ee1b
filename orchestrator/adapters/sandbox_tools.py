"""Which folders a tool needs to run: its executable, its shebang's interpreter, its environment (decision 25).

Tools of the system (/usr and friends) are shown anyway. A tool elsewhere brings its installation folder; where that
folder would be too broad (the home folder, ``~/.local``), only the very file and what its first line names. A virtual
environment brings the interpreter it was made from. Nothing is run to find out.
"""

from __future__ import annotations

import re
import shlex
import shutil
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

SYSTEM = tuple(Path(name) for name in ("/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/nix/store"))
BROAD_BELOW_HOME = (".", ".local", ".cargo", ".config", "bin", ".local/share", ".npm-global", "go")
COMPANIONS = {".cargo/bin": (".rustup/toolchains", ".rustup/settings.toml", ".cargo/bin")}
"""Below home: a folder of executables, and what its executables reach for (rustup's proxies: the toolchains)."""
SEPARATORS = frozenset({";", "&", "&&", "|", "||", "(", ")", "|&", ";;", "\n", "{", "}"})
PREFIXES = frozenset({"!", "env", "exec", "time", "nice", "nohup", "command", "then", "do", "else", "if", "while"})
ASSIGNMENT = re.compile(r"[A-Za-z_]\w*=")
DEPTH = 8
"""Interpreters of interpreters that are followed; a cycle ends here."""


def programs_in(line: str) -> tuple[str, ...]:
    """The programs a shell line names at the start of its commands, in order, each once; a heuristic, not a shell."""
    lexer = shlex.shlex(line.replace("\n", " ; "), posix=True, punctuation_chars=True)
    lexer.whitespace_split = True
    try:
        words = list(lexer)
    except ValueError:
        words = line.split()
    found: dict[str, None] = {}
    expecting = True
    for word in words:
        if word in SEPARATORS:
            expecting = True
        elif expecting and word not in PREFIXES and not ASSIGNMENT.match(word):
            found.setdefault(word)
            expecting = False
    return tuple(found)


def search_path(user_path: str, *, home: Path, tree: Path, variables: Mapping[str, str]) -> tuple[Path, ...]:
    """The user's ``PATH`` as a lane sees it: absolute folders that exist, pyenv's shims replaced by what is behind."""
    found: dict[Path, None] = {}
    for entry in user_path.split(":"):
        folder = Path(entry)
        if not folder.is_absolute() or not folder.is_dir() or folder == home:
            continue
        for each in _unshimmed(folder, tree, variables):
            found.setdefault(each)
    return tuple(found)


def _unshimmed(folder: Path, tree: Path, variables: Mapping[str, str]) -> tuple[Path, ...]:
    """pyenv's shims run ``pyenv`` itself, which needs its whole folder: the chosen versions' own folders do instead."""
    root = folder.parent
    if folder.name != "shims" or not (root / "versions").is_dir():
        return (folder,)
    chosen = (
        variables.get("PYENV_VERSION", "").replace(":", " ")
        or _text(tree / ".python-version")
        or _text(root / "version")
    )
    versions = (_pyenv_version(root / "versions", name) for name in chosen.split() if not name.startswith("#"))
    return tuple(version / "bin" for version in versions if version is not None)


def _pyenv_version(versions: Path, name: str) -> Path | None:
    """``3.11`` stands for the newest 3.11.x there is."""
    exact = versions / name.removeprefix("python-")
    if not re.fullmatch(r"[\w.+-]+", name):
        return None
    if (exact / "bin").is_dir():
        return exact
    near = [each for each in versions.glob(f"{exact.name}.*") if re.fullmatch(r"[\d.]+", each.name)]
    return max(near, key=lambda each: [int(part) for part in each.name.split(".")], default=None)


def tool_roots(programs: Iterable[str], path: str, *, home: Path, hidden: tuple[Path, ...] = ()) -> tuple[Path, ...]:
    """The folders and files that must be shown for these programs to run, those of the system left out.

    ``hidden``: folders no installation folder may contain (the user's checkout); virtual environments inside are shown.
    """
    found: dict[Path, None] = {}
    broad = _too_broad(home, hidden)
    for program in programs:
        executable = shutil.which(program, path=path)
        if executable is not None:
            _gather(Path(executable), _Search(path=path, home=home, broad=broad), found, DEPTH)
    return _outermost(found)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Search:
    path: str
    home: Path
    broad: frozenset[Path]
    """Folders that would show too much."""


def _too_broad(home: Path, hidden: tuple[Path, ...]) -> frozenset[Path]:
    below_home = {home / name for name in BROAD_BELOW_HOME}
    above = {parent for folder in (home, *hidden) for parent in (folder, *folder.parents)}
    return frozenset(below_home | above | {Path("/opt"), Path("/tmp")})  # noqa: S108 - named to be refused


def _gather(executable: Path, search: _Search, found: dict[Path, None], depth: int) -> None:
    for each in dict.fromkeys((executable, executable.resolve())):
        if depth <= 0 or _in_system(each) or each in found:
            continue
        environment = _environment_of(each)
        if environment is not None:
            found.setdefault(environment)
            for interpreter in base_interpreters(environment):
                _gather(interpreter, search, found, depth - 1)
        else:
            for root in _installation(each, search):
                found.setdefault(root)
        for interpreter in _shebang(each, search.path):
            _gather(interpreter, search, found, depth - 1)


def _environment_of(executable: Path) -> Path | None:
    """The virtual environment the executable stands in."""
    for folder in executable.parents[:3]:
        if (folder / "pyvenv.cfg").is_file():
            return folder
    return None


def base_interpreters(environment: Path) -> tuple[Path, ...]:
    """The interpreters a virtual environment was made from, as it says."""
    for line in _text(environment / "pyvenv.cfg").splitlines():
        key, _, value = line.partition("=")
        if key.strip() == "home" and Path(value.strip()).is_absolute():
            folder = Path(value.strip())
            return tuple(folder / name for name in ("python3", "python") if (folder / name).exists())[:1]
    return ()


def _installation(executable: Path, search: _Search) -> tuple[Path, ...]:
    """Where the tool is installed: the folder above its ``bin``; its very file where that would show too much."""
    for folder, companions in COMPANIONS.items():
        if executable.parent == search.home / folder:
            return tuple(search.home / each for each in companions if (search.home / each).exists())
    package = _node_package(executable)
    if package is not None:
        return (package,)
    prefix = executable.parent.parent if executable.parent.name in {"bin", "sbin", "libexec"} else executable.parent
    if prefix in search.broad:
        return (executable,)
    return (prefix,)


def _node_package(executable: Path) -> Path | None:
    """The outermost ``node_modules`` the file stands in: packages need their neighbours."""
    parts = executable.parts
    if "node_modules" not in parts:
        return None
    return Path(*parts[: parts.index("node_modules") + 1])


def _shebang(executable: Path, path: str) -> tuple[Path, ...]:
    try:
        with executable.open("rb") as file:
            first = file.readline(512)
    except OSError:
        return ()
    if not first.startswith(b"#!"):
        return ()
    words = [word for word in first[2:].decode("utf-8", "replace").split() if not word.startswith("-")]
    if not words:
        return ()
    interpreter = Path(words[0])
    if interpreter.name != "env":
        return (interpreter,) if interpreter.exists() else ()
    found = shutil.which(words[1], path=path) if len(words) > 1 else None
    return (Path(found),) if found else ()


def _in_system(path: Path) -> bool:
    return any(path.is_relative_to(folder) for folder in SYSTEM)


def _outermost(paths: Iterable[Path]) -> tuple[Path, ...]:
    """Without those that stand below another one."""
    every = set(paths)
    return tuple(sorted(path for path in every if every.isdisjoint(path.parents)))


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace") if path.is_file() else ""
    except OSError:
        return ""
