"""Disable comments in JavaScript and TypeScript source (L5), on the line before the finding."""

from __future__ import annotations

import re

from orchestrator.failures.autofix.text import SourceText

_DISABLE = re.compile(r"^\s*//\s*(eslint-disable-next-line|oxlint-disable-next-line)\s+(.*?)\s*$")


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
