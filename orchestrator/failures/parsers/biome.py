# The tools print these very characters.
# ruff: noqa: RUF001
"""biome (1-2): its own reports; those made for programs are read by :mod:`orchestrator.failures.parsers.machine`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice

from orchestrator.failures.finding import Finding, Kind
from orchestrator.failures.output import FINDINGS_CAP, LINE_CAP, lines_with, number, posix
from orchestrator.failures.parsers.js_lint import RULES

HINTS = ("━━━",)

_BLOCK = 6_000
"""Characters of a biome diagnostic: its excerpt, and the fix it offers, safe or not (1-2)."""
_BIOME = re.compile(
    r"(?P<file>[^\s:]\S{0,400}?)(?::(?P<line>\d+):(?P<column>\d+))? (?P<rule>lint/[\w/]+|format|organizeImports"
    r"|assist/[\w/]+|parse|suppressions/\w+)(?P<fix>\s+FIXABLE)?\s+━+"
)


def parse(text: str) -> tuple[Finding, ...]:
    """One finding a diagnostic."""
    return tuple(islice(_biome(text), FINDINGS_CAP))


def _biome(text: str) -> Iterator[Finding]:
    for start, line in lines_with(text, " ━━━"):
        match = _BIOME.match(line)
        if match is None:
            continue
        after = text[start + len(line) : start + len(line) + _BLOCK]
        block = after.partition(" ━━━")[0]
        message = next((part.strip() for part in block.split("\n") if part.strip()), "")
        mark, message = message[:1], message[1:].strip() if message[:1] in "×x!ℹi" else message
        yield Finding(
            tool="biome", kind=_biome_kind(match["rule"], match["file"]), code=match["rule"],
            message=message[:LINE_CAP],
            file=posix(match["file"]),
            line=number(match["line"]),
            column=number(match["column"]), warning=mark in {"!", "i", "ℹ"},
            fixable=bool(match["fix"]) and "Unsafe fix:" not in block,
            unfixable=not match["fix"] or "Unsafe fix:" in block, symbol=_biome_symbol(message),
        )  # fmt: skip


def _biome_kind(rule: str, file: str | None) -> Kind:
    if rule == "parse" and (file or "").endswith(_BIOME_CONFIG):
        return Kind.BROKEN_CONFIG
    known = _BIOME_KINDS.get(rule) or RULES.get(rule.rsplit("/", 1)[-1])
    if known is not None:
        return known
    if rule.startswith("assist/"):
        return Kind.IMPORT_ORDER
    return Kind.SECURITY if "/security/" in rule else Kind.LINT


def reported(rule: str, message: str, file: str | None, line: int | None, *, warning: bool) -> Finding:
    """A problem of a report that does not say whether it can be fixed."""
    return Finding(
        tool="biome", kind=_biome_kind(rule, file), code=rule, message=message, file=file, line=line, warning=warning,
        symbol=_biome_symbol(message),
    )  # fmt: skip


_BIOME_NAME = re.compile(
    r"This (?:variable|parameter|function|class) ([\w$]+) is unused|The ([\w$]+) variable is undeclared"
)
"""biome 2.6: the rules that say of which name they speak (of unused imports they do not)."""


def _biome_symbol(message: str) -> str | None:
    match = _BIOME_NAME.match(message)
    return match[match.lastindex or 0] if match else None


_BIOME_CONFIG = ("biome.json", "biome.jsonc")
_BIOME_KINDS = {"format": Kind.FORMAT, "organizeImports": Kind.IMPORT_ORDER, "parse": Kind.SYNTAX}
