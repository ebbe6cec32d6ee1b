"""Edits of JavaScript and TypeScript source: add an import in the file's own style, take one out."""

from __future__ import annotations

import re

from orchestrator.failures.autofix.js_statements import (
    Statement,
    import_statements,
    is_commonjs,
    quote,
    required_statements,
    semicolon,
    statements_of,
)
from orchestrator.failures.autofix.text import SourceText

_NAMED = re.compile(r"^(import\s+(?:type\s+)?(?:[\w$]+\s*,\s*)?\{)([^}]*)(\}\s*from\s*(['\"])([^'\"]+)\4\s*;?\s*)$")
_WHOLE = re.compile(
    r"^import\s+(type\s+)?(?P<clause>[^'\"]+?)\s+from\s*(['\"])(?P<module>[^'\"]+)\3\s*;?\s*$", re.DOTALL
)
_REQUIRED_NAMES = re.compile(r"^((?:const|let|var)\s+\{)([^}]*)(\}\s*=\s*require\((['\"])([^'\"]+)\4\)\s*;?\s*)$")
_WIDTH = 80
"""Longest merged import line: prettier's default print width."""


def add_import(source: SourceText, module: str, name: str, *, form: str, type_only: bool = False) -> bool:
    """Add an import. ``form``: ``named``, ``default``, ``namespace``, or ``NAME as``, the original before ``as``."""
    if form == "named" and _merge(source, module, name, type_only=type_only):
        return True
    mark, end = quote(source), semicolon(source)
    if is_commonjs(source):
        if form == "default":
            return False  # what a module of the other system gives to ``require`` depends on the loader
        statement = f"{_required(source, name, form)} = require({mark}{module}{mark}){end}"
    else:
        word = "import type" if type_only else "import"
        clause = {"named": f"{{ {name} }}", "default": name, "namespace": f"* as {name}"}.get(
            form
        ) or f"{{ {form.removesuffix(' as')} as {name} }}"
        statement = f"{word} {clause} from {mark}{module}{mark}{end}"
    statements = statements_of(source)
    if statements:
        source.insert(_place(statements, module), statement)
        return True
    number = _first_line(source)
    source.insert(number, statement)
    following = source.line(number + 1)
    if following is not None and following.strip():
        source.insert(number + 1, "")
    return True


def _required(source: SourceText, name: str, form: str) -> str:
    statements = required_statements(source)
    word = "var" if statements and all(statement.text.startswith("var") for statement in statements) else "const"
    clause = {"named": f"{{ {name} }}", "namespace": name}.get(form) or f"{{ {form.removesuffix(' as')}: {name} }}"
    return f"{word} {clause}"


def _place(statements: list[Statement], module: str) -> int:
    """After the last import of the same sort: packages (``node:`` first) before the project's own files."""
    rank = _rank(module)
    earlier = [statement for statement in statements if _rank(statement.module or "") <= rank]
    return (earlier[-1].last + 1) if earlier else statements[0].first


def _rank(module: str) -> int:
    if module.startswith("node:"):
        return 0
    return 1 if not module.startswith((".", "/", "~", "@/")) else 2 if module.startswith("..") else 3


def _merge(source: SourceText, module: str, name: str, *, type_only: bool) -> bool:
    for statement in statements_of(source):
        if statement.module != module:
            continue
        is_type = bool(re.match(r"import\s+type\b(?!\s*(?:,|from))", statement.text))
        if is_type != type_only:
            continue
        line = source.lines[statement.first - 1]
        if statement.first == statement.last and (match := _NAMED.match(line) or _REQUIRED_NAMES.match(line)):
            names = [part.strip() for part in match[2].split(",") if part.strip()]
            spaced = " " if match[2].startswith(" ") or not names else ""
            ordered = names == sorted(names, key=str.lower)
            names = sorted([*names, name], key=str.lower) if ordered else [*names, name]
            merged = f"{match[1]}{spaced}{', '.join(names)}{spaced}{match[3]}"
            if len(merged) <= _WIDTH:
                source.replace(statement.first, merged)
                return True
            indent = "  "
            head, tail = match[1], match[3]
            source.lines[statement.first - 1 : statement.first] = [head, *(f"{indent}{part}," for part in names), tail]
            source.changed = True
            return True
        if statement.first < statement.last and "{" in statement.text:
            return _merge_lines(source, statement, name)
    return False


def _merge_lines(source: SourceText, statement: Statement, name: str) -> bool:
    """One name a line: add another before the closing brace, sorted if they are."""
    rows = [
        number
        for number in range(statement.first, statement.last + 1)
        if re.fullmatch(r"\s+(?:type\s+)?[\w$]+(?:\s+as\s+[\w$]+)?,?\s*", source.lines[number - 1])
    ]
    if not rows:
        return False
    last = source.lines[rows[-1] - 1]
    if not last.rstrip().endswith(","):
        source.lines[rows[-1] - 1] = last.rstrip() + ","
    indent = last[: len(last) - len(last.lstrip())]
    names = [source.lines[row - 1].strip().rstrip(",").removeprefix("type ") for row in rows]
    place = rows[-1] + 1
    if names == sorted(names, key=str.lower):
        place = next((row for row, other in zip(rows, names, strict=True) if other.lower() > name.lower()), place)
    source.insert(place, f"{indent}{name},")
    return True


def _first_line(source: SourceText) -> int:
    """The line after shebang, directives (``'use strict'``) and a leading comment block that stands apart."""
    number = 1
    if (source.line(1) or "").startswith("#!"):
        number = 2
    while re.match(r"^\s*(['\"])use \w+\1;?\s*$|^\s*$|^// @ts-|^/// ", source.line(number) or "x"):
        number += 1
    start = number
    if (source.line(number) or "").startswith("/*"):
        while (line := source.line(number)) is not None and "*/" not in line:
            number += 1
        return number + 2 if source.line(number + 1) == "" else start
    return number


def _statement_at(source: SourceText, line: int) -> Statement | None:
    return next((entry for entry in import_statements(source) if entry.first <= line <= entry.last), None)


def remove_import(source: SourceText, line: int, name: str) -> str | None:
    """Take the name out of the import at that line.

    Gives ``kept`` where others of the statement stay, the module where the whole statement would go (nothing is changed
    then: ask :func:`drop`), ``None`` where it is no import.
    """
    statement = _statement_at(source, line)
    match = _WHOLE.match(statement.text) if statement else None
    if statement is None or match is None:
        return None
    clause = match["clause"]
    parts = _parts(clause)
    kept = [part for part in parts if part[1] != name]
    if len(kept) == len(parts):
        return None
    if not kept:
        return match["module"]
    if statement.first < statement.last:
        for number in range(statement.first, statement.last + 1):
            if re.fullmatch(
                r"\s*(?:type\s+)?(?:[\w$]+\s+as\s+)?" + re.escape(name) + r"\s*,?\s*", source.lines[number - 1]
            ):
                source.replace(number, None)
                return "kept"
        return None
    default = [part[0] for part in kept if part[2] == "default"]
    spaces = [part[0] for part in kept if part[2] == "namespace"]
    named = [part[0] for part in kept if part[2] == "named"]
    rebuilt = ", ".join([*default, *spaces, *([f"{{ {', '.join(named)} }}"] if named else [])])
    line_text = source.lines[statement.first - 1]
    source.replace(statement.first, line_text.replace(clause, rebuilt, 1))
    return "kept"


def unused_at(source: SourceText, line: int) -> list[str]:
    """Of the import at that line, the names that stand nowhere else in the file (biome 2 does not say which)."""
    statement = _statement_at(source, line)
    match = _WHOLE.match(statement.text) if statement else None
    if statement is None or match is None:
        return []
    others = "\n".join([*source.lines[: statement.first - 1], *source.lines[statement.last :]])
    bound = [name for _, name, _ in _parts(match["clause"])]
    return [name for name in bound if not re.search(rf"(?<![\w$]){re.escape(name)}(?![\w$])", others)]


def drop(source: SourceText, line: int) -> None:
    """Take out the whole import statement at that line."""
    statement = _statement_at(source, line)
    if statement is None:
        return
    del source.lines[statement.first - 1 : statement.last]
    source.changed = True
    if source.line(statement.first) == "" and (statement.first == 1 or source.line(statement.first - 1) == ""):
        del source.lines[statement.first - 1]


def keep_for_effect(source: SourceText, line: int) -> bool:
    """Leave of the import at that line only that the module is loaded."""
    statement = _statement_at(source, line)
    if statement is None or statement.module is None:
        return False
    mark = '"' if statement.text.count('"') > statement.text.count("'") else "'"
    end = ";" if statement.text.rstrip().endswith(";") else ""
    source.lines[statement.first - 1 : statement.last] = [f"import {mark}{statement.module}{mark}{end}"]
    source.changed = True
    return True


def is_type_import(source: SourceText, line: int) -> bool:
    """Whether the import at that line only imports types."""
    statement = _statement_at(source, line)
    return statement is not None and bool(re.match(r"import\s+type\b(?!\s*(?:,|from\b))", statement.text))


def _parts(clause: str) -> list[tuple[str, str, str]]:
    """(as written, bound name, form) of each thing a clause imports."""
    start, end = clause.find("{"), clause.rfind("}")
    inside = clause[start + 1 : end] if start != -1 else ""
    outside = clause[:start] + clause[end + 1 :] if start != -1 else clause
    found = []
    for part in outside.split(","):
        text = part.strip()
        if text.startswith("*"):
            found.append((text, text.split()[-1], "namespace"))
        elif text:
            found.append((text, text, "default"))
    for part in inside.split(","):
        text = part.strip()
        if text:
            found.append((text, text.split()[-1], "named"))
    return found
