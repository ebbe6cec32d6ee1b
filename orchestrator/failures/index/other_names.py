"""Definitions in Java, Go, Rust, C and C++, by their key words; and what the standard libraries of Java, Go,
C and C++ call theirs.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from orchestrator.failures.index.names import Definition, Form, Summary

SIZE_CAP = 2_000_000
_CPP = frozenset({"cpp", "cc", "cxx", "hpp", "hh", "hxx"})
C_FAMILY = _CPP | {"c", "h"}
"""Suffixes whose files include each other."""
WITH_LIBRARY = C_FAMILY | {"java", "go"}
"""Languages whose standard names are listed."""
_DEFINITION = re.compile(
    r"^[ \t]*(?:(?:pub(?:\([^)\n]*\))?|public|private|protected|internal|static|final|abstract|sealed|unsafe"
    r"|async|extern|inline|default|export) +)*"
    r"(?P<word>class|interface|enum|record|struct|union|fn|func|trait|type|mod|namespace|macro_rules!|const|var"
    r"|#define|typedef struct) *"
    r"(?:\([^)\n]*\) *)?(?P<name>[A-Za-z_]\w*)",
    re.MULTILINE,
)
_TYPES = frozenset({"class", "interface", "enum", "record", "struct", "union", "trait", "type", "typedef struct"})


def summarise(path: str, data: bytes) -> Summary:
    """The names of the file."""
    summary = Summary()
    if len(data) > SIZE_CAP:
        return summary
    text = data.decode("utf-8", "replace")
    line, offset = 1, 0
    for match in _DEFINITION.finditer(text):
        line += text.count("\n", offset, match.start())
        offset = match.start()
        form = Form.CLASS if match["word"] in _TYPES else Form.FUNCTION
        summary.names.setdefault(match["name"], Definition(name=match["name"], file=path, line=line, form=form))
    return summary


@cache
def _libraries() -> Mapping[str, Mapping[str, list[str]]]:
    data: Mapping[str, Mapping[str, list[str]]] = json.loads(
        (Path(__file__).parent / "data" / "libraries.json").read_text(encoding="utf-8")
    )
    return data


@cache
def library(name: str, language: str) -> tuple[str, ...]:
    """Packages of the language's standard library that hold the type (Java), that are called so (Go), or headers that
    declare the name (C, C++).
    """
    kinds = ("cpp", "c") if language in _CPP else ("c",) if language in C_FAMILY else (language,)
    return tuple(place for kind in kinds for place, names in _libraries().get(kind, {}).items() if name in names)
