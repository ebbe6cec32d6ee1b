"""Module aliases of TypeScript's and JavaScript's compiler options: ``paths`` and ``baseUrl``."""

from __future__ import annotations

import json
import posixpath
import re
from collections.abc import Callable, Iterable

from orchestrator.failures.index.packages import MANIFEST_DEPTH


def aliases_of(paths: Iterable[str], source: Callable[[str], bytes]) -> tuple[tuple[str, str, bool], ...]:
    """(prefix, folder or file it means, whether only the prefix itself) of the tree's tsconfig and jsconfig files."""
    found: list[tuple[str, str, bool]] = []
    for path in paths:
        name = path.rsplit("/", 1)[-1]
        if (
            not (name.startswith(("tsconfig", "jsconfig")) and name.endswith(".json"))
            or path.count("/") > MANIFEST_DEPTH
        ):
            continue
        options = _json_with_comments(source(path).decode("utf-8", "replace")).get("compilerOptions")
        if not isinstance(options, dict):
            continue
        base_url = options.get("baseUrl")
        base = posixpath.join(posixpath.dirname(path), base_url if isinstance(base_url, str) else ".")
        entries = options.get("paths")
        for key, targets in entries.items() if isinstance(entries, dict) else ():
            for target in targets if isinstance(targets, list) else ():
                if isinstance(target, str):
                    joined = posixpath.normpath(posixpath.join(base, target.rstrip("*"))) + (
                        "/" if target.endswith("/*") else ""
                    )
                    found.append((key.rstrip("*"), joined, not key.endswith("*")))
        if isinstance(base_url, str):
            found.append(("", posixpath.normpath(base) + "/", False))
    return tuple(found)


def _json_with_comments(text: str) -> dict[str, object]:
    """tsconfig's JSON: comments and trailing commas allowed. What cannot be read is empty."""
    text = re.sub(
        r"\"(?:[^\"\\\n]|\\.)*\"|//[^\n]*|/\*[^*]*\*+(?:[^/*][^*]*\*+)*/",
        lambda match: match[0] if match[0][0] == '"' else "",
        text,
    )
    text = re.sub(r"\"(?:[^\"\\\n]|\\.)*\"|,(?=\s*[}\]])", lambda match: match[0] if match[0][0] == '"' else "", text)
    try:
        data = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return data if isinstance(data, dict) else {}
