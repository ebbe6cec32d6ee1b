# The tools print these very characters.
# ruff: noqa: RUF001
"""tsc (4-6), plain and pretty, in any language: the code decides, the message only gives the names."""

from __future__ import annotations

import re
from dataclasses import replace

from orchestrator.failures.finding import Finding, Kind
from orchestrator.failures.output import FINDINGS_CAP, lines_after, lines_with, number, posix

HINTS = (" TS", "TS")

_LINE = re.compile(
    r"\s*(?:\[[^\]]{0,30}\] )?(?P<file>[^\s(][^\n]{0,400}?)(?:\((?P<line>\d+),(?P<column>\d+)\)"
    r"|:(?P<line2>\d+):(?P<column2>\d+)) ?[:-] (?P<word>\w+) TS(?P<code>\d{4,5}): (?P<message>.*)$"
)
_GLOBAL = re.compile(r"\s*(?P<word>\w+) TS(?P<code>\d{4,5}): (?P<message>.*)$")
_QUOTED = re.compile(
    r"'\"?([^'\"\n]{1,300})\"?'|\"([^\"\n]{1,300})\"|[“„«]\"?([^”“»\"\n]{1,300})\"?[”“»]|「([^」\n]{1,300})」|‘([^’\n]{1,300})’"
)
"""TypeScript's messages quote names in every language; the order of owner and symbol is the code's, but for some."""

CODES: dict[int, Kind] = {
    2311: Kind.UNDEFINED_NAME, 2570: Kind.UNDEFINED_NAME, 2833: Kind.UNDEFINED_NAME, 2882: Kind.MISSING_MODULE,
    2874: Kind.UNDEFINED_NAME, 2879: Kind.UNDEFINED_NAME, 2834: Kind.MISSING_MODULE,
    2343: Kind.VERSION, 2354: Kind.DEPENDENCY_MISSING, 2468: Kind.VERSION, 2584: Kind.VERSION, 2812: Kind.VERSION,
    5102: Kind.VERSION, 5103: Kind.UNKNOWN_OPTION, 5108: Kind.VERSION, 5109: Kind.BROKEN_CONFIG,
    6231: Kind.BROKEN_CONFIG, 17018: Kind.UNKNOWN_OPTION,
    2318: Kind.VERSION, 2581: Kind.DEPENDENCY_MISSING, 2867: Kind.DEPENDENCY_MISSING, 2868: Kind.DEPENDENCY_MISSING,
    2726: Kind.UNKNOWN_OPTION, 2727: Kind.UNKNOWN_OPTION, 5072: Kind.UNKNOWN_OPTION, 5077: Kind.UNKNOWN_OPTION,
    5078: Kind.UNKNOWN_OPTION, 5079: Kind.UNKNOWN_OPTION, 6114: Kind.UNKNOWN_OPTION, 17010: Kind.UNKNOWN_OPTION,
    5057: Kind.BROKEN_CONFIG, 5081: Kind.BROKEN_CONFIG,
    2304: Kind.UNDEFINED_NAME, 2552: Kind.UNDEFINED_NAME, 2503: Kind.UNDEFINED_NAME, 2686: Kind.UNDEFINED_NAME,
    18004: Kind.UNDEFINED_NAME, 2580: Kind.DEPENDENCY_MISSING, 2582: Kind.DEPENDENCY_MISSING,
    2591: Kind.DEPENDENCY_MISSING,
    2592: Kind.DEPENDENCY_MISSING, 2593: Kind.DEPENDENCY_MISSING, 2688: Kind.DEPENDENCY_MISSING,
    2307: Kind.MISSING_MODULE, 2792: Kind.MISSING_MODULE, 2732: Kind.TYPE, 7016: Kind.DEPENDENCY_MISSING,
    2305: Kind.MISSING_EXPORT, 2724: Kind.MISSING_EXPORT, 2614: Kind.MISSING_EXPORT, 2694: Kind.MISSING_EXPORT,
    2459: Kind.MISSING_EXPORT, 2460: Kind.MISSING_EXPORT, 1192: Kind.MISSING_EXPORT,
    2613: Kind.MISSING_EXPORT,
    2339: Kind.MISSING_ATTRIBUTE, 2551: Kind.MISSING_ATTRIBUTE, 2550: Kind.VERSION, 2583: Kind.VERSION,
    2568: Kind.MISSING_ATTRIBUTE,
    2353: Kind.UNKNOWN_KEYWORD, 2561: Kind.UNKNOWN_KEYWORD,
    2341: Kind.PRIVATE, 2445: Kind.PRIVATE, 2446: Kind.PRIVATE, 18013: Kind.PRIVATE,
    2554: Kind.ARITY, 2555: Kind.ARITY, 2556: Kind.ARITY, 2575: Kind.ARITY,
    6133: Kind.UNUSED_NAME, 6192: Kind.UNUSED_IMPORT, 6196: Kind.UNUSED_NAME, 6198: Kind.UNUSED_NAME,
    5023: Kind.UNKNOWN_OPTION, 5025: Kind.UNKNOWN_OPTION, 6046: Kind.UNKNOWN_OPTION, 5024: Kind.BROKEN_CONFIG,
    5033: Kind.PERMISSION, 5083: Kind.BROKEN_CONFIG, 5058: Kind.BROKEN_CONFIG, 5014: Kind.BROKEN_CONFIG,
    18003: Kind.BROKEN_CONFIG,
    6053: Kind.BROKEN_CONFIG, 5012: Kind.BROKEN_CONFIG, 5107: Kind.VERSION, 5101: Kind.VERSION,
    5095: Kind.BROKEN_CONFIG,
    5110: Kind.BROKEN_CONFIG, 5052: Kind.BROKEN_CONFIG, 5053: Kind.BROKEN_CONFIG, 5069: Kind.BROKEN_CONFIG,
    5070: Kind.BROKEN_CONFIG,
}  # fmt: skip
"""TypeScript's ``diagnosticMessages.json`` (5.9); 1000-1999 are syntax, all else is a type error."""

_WRITE_FAILED, _NO_PROPERTY = 5033, 2339
_UNNAMED = 2834
"""An import without its extension, and no file that would fit (2835 names the one that does)."""
_FILES = frozenset({6053, 6231})
"""Files that a configuration or a reference names and that are not there; ``extends`` (5083) cannot be read."""
_OWNER_FIRST = frozenset({2305, 2724, 2614, 2694, 2459, 2460})
_WRITE_ERRORS = (("ENOSPC", Kind.DISK), ("EDQUOT", Kind.DISK), ("EROFS", Kind.PERMISSION), ("ENOMEM", Kind.MEMORY))
_UNKNOWN_PROPERTY = re.compile(
    r"known properties, .{0,60}'([^']{1,200})' does not exist in type '([^']{1,300})'"
    r"|Property '(?P<prop>[^']{1,200})' does not exist on type '(?P<component>IntrinsicAttributes[^']{0,300})'"
)
"""A literal's key, and (JSX) a component's property."""
_NO_INDEX = re.compile(r"Property '([^']{1,200})' does not exist on type '([^']{1,300})'")
_SYNTAX = range(1000, 2000)


def parse(text: str) -> tuple[Finding, ...]:
    """One finding an error line."""
    findings: list[Finding] = []
    for start, line in lines_with(text, " TS"):
        match = _LINE.match(line) or _GLOBAL.match(line)
        if match and match["word"].isalpha() and len(findings) < FINDINGS_CAP:
            findings.append(_elaborated(_finding(match), text, start))
    if not findings and text.startswith("error TS") and (match := _GLOBAL.match(text.split("\n", 1)[0])):
        findings.append(_finding(match))
    return tuple(findings)


def _elaborated(finding: Finding, text: str, start: int) -> Finding:
    """An argument or value that does not fit may do so for a property its type does not have: the indented lines say
    it. So they do of a text that is no index of a type.
    """
    if finding.code not in {"TS2322", "TS2345", "TS2769", "TS2741", "TS7053"}:
        return finding
    for following in lines_after(text, start, 8):
        if not following.startswith("  "):
            break
        if finding.code == "TS7053" and (match := _NO_INDEX.search(following)):
            return replace(finding, kind=Kind.MISSING_ATTRIBUTE, symbol=match[1], owner=match[2])
        if match := _UNKNOWN_PROPERTY.search(following):
            symbol, owner = match[1] or match["prop"], match[2] or match["component"]
            return replace(finding, kind=Kind.UNKNOWN_KEYWORD, symbol=symbol, owner=owner)
    return finding


def _finding(match: re.Match[str]) -> Finding:
    groups = match.groupdict()
    code = int(groups["code"])
    message = groups["message"]
    file = posix(groups["file"]) if groups.get("file") else None
    names = [next(part for part in found if part) for found in _QUOTED.findall(message)]
    kind, symbol, owner = _kind(code, message, file, names)
    near = (
        names[-1]
        if code in {2552, 2551, 2724, 2561, 2568} and len(names) > (2 if code in {2551, 2724, 2561, 2568} else 1)
        else None
    )
    return Finding(
        tool="tsc", kind=kind, code=f"TS{code}", message=message, file=file,
        line=number(groups.get("line") or groups.get("line2")),
        column=number(groups.get("column") or groups.get("column2")), symbol=symbol, owner=owner, near=near,
    )  # fmt: skip


def _kind(code: int, message: str, file: str | None, names: list[str]) -> tuple[Kind, str | None, str | None]:
    kind = CODES.get(code, Kind.SYNTAX if code in _SYNTAX else Kind.TYPE)
    if file and file.endswith(".json") and "tsconfig" in file.rsplit("/", 1)[-1] and kind is Kind.SYNTAX:
        return Kind.BROKEN_CONFIG, None, None
    if code == _WRITE_FAILED:
        return next((found for mark, found in _WRITE_ERRORS if mark in message), kind), None, None
    if code not in _FILES and kind is Kind.BROKEN_CONFIG:
        return kind, None, None
    if code == _UNNAMED:
        return kind, None, None
    first = names[0] if names else None
    second = names[1] if len(names) > 1 else None
    if code in {1192, 2613}:
        return kind, "default", first
    if code in _OWNER_FIRST:
        return kind, second, first
    if code == _NO_PROPERTY and second and second.startswith("typeof "):
        second = second.removeprefix("typeof ")
    return kind, first, second
