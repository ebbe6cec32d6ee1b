"""Edits of JavaScript and TypeScript source: add an import in the file's own style, take one out, add a disable
comment.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from orchestrator.failures.autofix.text import SourceText

_IMPORT_START = re.compile(r"^import\b(?!\s*\()")
_IMPORT_END = re.compile(r"['\"][^'\"]*['\"](?:\s+(?:with|assert)\s*\{[^}]*\})?\s*;?\s*(?://.*)?$")
_NAMED = re.compile(r"^(import\s+(?:type\s+)?(?:[\w$]+\s*,\s*)?\{)([^}]*)(\}\s*from\s*(['\"])([^'\"]+)\4\s*;?\s*)$")
_WHOLE = re.compile(
    r"^import\s+(type\s+)?(?P<clause>[^'\"]+?)\s+from\s*(['\"])(?P<module>[^'\"]+)\3\s*;?\s*$", re.DOTALL
)
_STATEMENT_LINES = 200
_WIDTH = 80
"""Longest merged import line: prettier's default print width."""
_DISABLE = re.compile(r"^\s*//\s*(eslint-disable-next-line|oxlint-disable-next-line)\s+(.*?)\s*$")


@dataclass(frozen=True, slots=True)
class Statement:
    """An import statement: its first and last line (1-based), its text."""

    first: int
    last: int
    text: str

    @property
    def module(self) -> str | None:
        """Where it imports from."""
        match = re.search(r"['\"]([^'\"]+)['\"]", self.text.rsplit("from", 1)[-1])
        return match[1] if match else None


def import_statements(source: SourceText) -> list[Statement]:
    """The import statements at the left margin, in order."""
    found: list[Statement] = []
    number = 1
    while number <= len(source.lines):
        if _IMPORT_START.match(source.lines[number - 1]):
            last = number
            while (
                last < len(source.lines)
                and last - number < _STATEMENT_LINES
                and not _IMPORT_END.search(source.lines[last - 1])
            ):
                last += 1
            found.append(Statement(number, last, "\n".join(source.lines[number - 1 : last])))
            number = last
        number += 1
    return found


def quote(source: SourceText) -> str:
    """The quote the file's imports use, else the one it uses more."""
    text = "\n".join(statement.text for statement in import_statements(source)) or source.text
    return '"' if text.count('"') > text.count("'") else "'"


def semicolon(source: SourceText) -> str:
    """``;`` unless the file does without."""
    statements = import_statements(source)
    lines = [statement.text.rstrip() for statement in statements] or [
        line.rstrip()
        for line in source.lines
        if re.search(r"[\w)'\"]\s*;?$", line) and not line.lstrip().startswith(("//", "*"))
    ]
    return ";" if not lines or sum(line.endswith(";") for line in lines) * 2 >= len(lines) else ""


def add_import(source: SourceText, module: str, name: str, *, form: str, type_only: bool = False) -> bool:
    """Add an import. ``form``: ``named``, ``default``, ``namespace``, or ``NAME as``, the original before ``as``."""
    if form == "named" and _merge(source, module, name, type_only=type_only):
        return True
    mark, end = quote(source), semicolon(source)
    word = "import type" if type_only else "import"
    clause = {"named": f"{{ {name} }}", "default": name, "namespace": f"* as {name}"}.get(
        form
    ) or f"{{ {form.removesuffix(' as')} as {name} }}"
    statement = f"{word} {clause} from {mark}{module}{mark}{end}"
    statements = import_statements(source)
    if statements:
        source.insert(_place(statements, module), statement)
        return True
    number = _first_line(source)
    source.insert(number, statement)
    following = source.line(number + 1)
    if following is not None and following.strip():
        source.insert(number + 1, "")
    return True


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
    for statement in import_statements(source):
        if statement.module != module:
            continue
        is_type = bool(re.match(r"import\s+type\b(?!\s*(?:,|from))", statement.text))
        if is_type != type_only:
            continue
        if statement.first == statement.last and (match := _NAMED.match(source.lines[statement.first - 1])):
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


def remove_import(source: SourceText, line: int, name: str) -> str | None:
    """Take the name out of the import at that line.

    Gives ``kept`` where others of the statement stay, the module where the whole statement would go (nothing is changed
    then: ask :func:`drop`), ``None`` where it is no import.
    """
    statement = next((entry for entry in import_statements(source) if entry.first <= line <= entry.last), None)
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


def drop(source: SourceText, line: int) -> None:
    """Take out the whole import statement at that line."""
    statement = next(entry for entry in import_statements(source) if entry.first <= line <= entry.last)
    del source.lines[statement.first - 1 : statement.last]
    source.changed = True
    if source.line(statement.first) == "" and (statement.first == 1 or source.line(statement.first - 1) == ""):
        del source.lines[statement.first - 1]


def keep_for_effect(source: SourceText, line: int) -> bool:
    """Leave of the import at that line only that the module is loaded."""
    statement = next((entry for entry in import_statements(source) if entry.first <= line <= entry.last), None)
    if statement is None or statement.module is None:
        return False
    mark = '"' if statement.text.count('"') > statement.text.count("'") else "'"
    end = ";" if statement.text.rstrip().endswith(";") else ""
    source.lines[statement.first - 1 : statement.last] = [f"import {mark}{statement.module}{mark}{end}"]
    source.changed = True
    return True


def is_type_import(source: SourceText, line: int) -> bool:
    """Whether the import at that line only imports types."""
    statement = next((entry for entry in import_statements(source) if entry.first <= line <= entry.last), None)
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


def add_comment(source: SourceText, line: int | None, rule: str, *, tool: str) -> bool:
    """Put the linter's disable comment on the line before; ``False`` where a comment would be text (template, JSX)."""
    text = source.line(line)
    if text is None or line is None or _inside_template(source, line):
        return False
    indent = text[: len(text) - len(text.lstrip())]
    if tool == "biome":
        source.insert(line, f"{indent}// biome-ignore {rule}: kept as it is")
        return True
    above = source.line(line - 1) or ""
    match = _DISABLE.match(above)
    if match:
        rules, dash, reason = match[2].partition(" -- ")
        if rule in [part.strip() for part in rules.split(",")]:
            return False
        source.replace(line - 1, f"{above[: above.index('//')]}// {match[1]} {rules.rstrip()}, {rule}{dash}{reason}")
        return True
    if text.lstrip().startswith(("<", "{/*", "*")):
        return False
    source.insert(line, f"{indent}// eslint-disable-next-line {rule}")
    return True


def _inside_template(source: SourceText, line: int) -> bool:
    """Whether the line starts inside a template literal or block comment: a scan of what stands before."""
    text = "\n".join(source.lines[: line - 1])
    text = re.sub(r"\\.", "", text)
    state: str | None = None
    index = 0
    while index < len(text):
        two = text[index : index + 2]
        here = text[index]
        if state is None:
            if two == "//":
                index = text.find("\n", index)
                if index == -1:
                    break
            elif two == "/*":
                state = "*/"
                index += 1
            elif here in "'\"`":
                state = here
        elif state == "*/":
            if two == "*/":
                state = None
                index += 1
        elif here == state or (here == "\n" and state != "`"):
            state = None
        index += 1
    return state in {"`", "*/"}
