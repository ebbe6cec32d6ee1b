"""The module-level names of one file, without parsing what cannot hold any: bodies of functions and classes.

They are cut out before parsing where that is safe; where it is in doubt the whole file is parsed. Of a Python file
whose only fault lies inside a body this still tells the names, where ``python_names`` falls back to a guess by lines.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from orchestrator.failures.index import js_names, other_names, python_names
from orchestrator.failures.index.names import Definition

_PYTHON_BODY = re.compile(
    r"^(?P<head>(?:async +)?def|class)(?P<name> +\w+)(?P<rest>[^\n]*\n(?:[ \t][^\n]*\n|[ \t]*\n|\)[^\n]*:[ \t]*\n)*)",
    re.MULTILINE,
)


def names_of(path: str, data: bytes) -> Mapping[str, Definition]:
    """Module-level definitions, imports and re-exports of the file, by name."""
    if path.endswith((".py", ".pyi")):
        return _python(path, data)
    if path.endswith(js_names.SUFFIXES):
        return _javascript(path, data)
    return other_names.summarise(path, data).names


def _python(path: str, data: bytes) -> Mapping[str, Definition]:
    # "\r" and "\f" end or indent lines in ways the pattern does not follow
    if len(data) <= python_names.SIZE_CAP and b"\r" not in data and b"\f" not in data:
        text = data.decode("utf-8", "replace")
        bodies = list(_PYTHON_BODY.finditer(text))
        if bodies and not any(_doubtful(match["rest"]) for match in bodies):
            found = python_names.summarise(path, _PYTHON_BODY.sub(_without_body, text).encode(), deep=False)
            if not found.broken:
                return found.names
    return python_names.summarise(path, data, deep=False).names


def _doubtful(rest: str) -> bool:
    """Whether the body may not end where its indentation does: inside a string, or after a backslash."""
    double, single = rest.count('"""'), rest.count("'''")
    return bool(double % 2 or single % 2 or (double and single) or rest.endswith("\\\n"))


def _without_body(match: re.Match[str]) -> str:
    head = "class" if match["head"] == "class" else "def"
    return f"{head}{match['name']}{'' if head == 'class' else '()'}: ..." + "\n" * match["rest"].count("\n")


def _javascript(path: str, data: bytes) -> Mapping[str, Definition]:
    if len(data) > js_names.SIZE_CAP:
        return {}
    return js_names.names(path, js_names.without_comments(data))
