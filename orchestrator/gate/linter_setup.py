"""What the configuration of a linter, a type checker or a runner takes in: rules and plug-ins of the tree's own. Pure.

``eslint.config.js`` that imports ``./lint/rules.js``, a tsconfig that extends another, a plug-in of mypy, pylint or
flake8. Such a file decides what the gate passes, whatever it is called. Read from text; linear patterns.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Iterator

Reader = Callable[[str], str | None]

_SCRIPTS = re.compile(
    r"(?:\.eslintrc|\.babelrc|\.prettierrc|\.stylelintrc|tsconfig)[\w.-]{0,40}$"
    r"|(?:eslint|prettier|stylelint|vitest|vite|jest|babel|ava|oxlint)(?:\.[\w-]{1,40})?\.config\.\w{2,4}$"
)
_INI = frozenset(
    {"pyproject.toml", "setup.cfg", "tox.ini", "mypy.ini", ".mypy.ini", ".flake8", ".pylintrc", "pylintrc"}
)
_RELATIVE = re.compile(
    r"(?:\bfrom|\bimport|\brequire\(|\bextends\"?[ \t]*:|[,\[])\s{0,40}[\"'](\.{1,2}/[^\"'\n]{1,300})[\"']"
)
_LISTED = re.compile(
    r"^[ \t]*(?:plugins|load-plugins|load_plugins)[ \t]*=[ \t]*"
    r"(\[[^\]]{0,2000}\]|[^\n]{1,500}(?:\n[ \t]+[\w./,: -]{1,200}){0,40})",
    re.MULTILINE,
)
_LOCAL = re.compile(r"^[ \t]*[\w-]{1,40}[ \t]*=[ \t]*([\w.]{1,200}):\w", re.MULTILINE)
"""flake8's ``[flake8:local-plugins]``: ``ABC = lint.rules:Check``."""
_WORD = re.compile(r"[\w./-]{1,200}")
_ENDINGS = ("", ".js", ".ts", ".mjs", ".cjs", ".mts", ".cts", ".json", "/index.js", "/index.ts")


def taken_in(path: str, tracked: frozenset[str], read: Reader) -> Iterator[str]:
    """Tracked files that the configurations in that folder (``.``: the top) name, and the ones these name in turn."""
    start = "" if path == "." else f"{path}/"
    queue = [file for file in tracked if file.startswith(start) and "/" not in file[len(start) :]]
    seen: set[str] = set()
    queue = [file for file in queue if _SCRIPTS.search(file) or posixpath.basename(file) in _INI]
    while queue:
        file = queue.pop()
        for found in _named(file, start, read(file) or "", tracked):
            if found not in seen:
                seen.add(found)
                queue.append(found)
    yield from sorted(seen)


def _named(file: str, start: str, text: str, tracked: frozenset[str]) -> Iterator[str]:
    if posixpath.basename(file) in _INI:
        yield from (found for name in _modules(text) for found in _python(name, start, tracked))
        return
    folder = posixpath.dirname(file)
    for written in _RELATIVE.findall(text):
        whole = posixpath.normpath(posixpath.join(folder, written))
        yield from (whole + ending for ending in _ENDINGS if whole + ending in tracked)


def _modules(text: str) -> Iterator[str]:
    for value in _LISTED.findall(text):
        yield from _WORD.findall(value)
    if "flake8:local-plugins" in text:
        yield from _LOCAL.findall(text.partition("flake8:local-plugins")[2])


def _python(name: str, start: str, tracked: frozenset[str]) -> Iterator[str]:
    stem = name.removeprefix("./") if name.endswith(".py") else name.replace(".", "/")
    candidates = (f"{start}{root}{stem}{end}" for root in ("", "src/") for end in ("", ".py", "/__init__.py"))
    yield from (path for path in candidates if path in tracked)
