# The tools print these very characters.
# ruff: noqa: RUF001
"""gcc (9-14) and clang (12-18), C and C++, and the linkers they call."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from orchestrator.failures.finding import Finding, Kind
from orchestrator.failures.output import FINDINGS_CAP, lines_after, lines_with, number, posix

_DIAGNOSTIC = re.compile(
    r"(?P<file>[^\s:][^:\n]{0,400}):(?P<line>\d+):(?P<column>\d+): (?:fatal )?error: (?P<message>.*?)"
    r"(?: \[(?P<flag>-W[\w=+,-]+)\])?$"
)
_Q = r"['‘]([^\s'’]{1,300})['’]"
"""A name in the compilers' quotes."""
_NAMES: tuple[tuple[re.Pattern[str], Kind], ...] = (
    (re.compile(rf"(?<!\S)(\S{{1,300}}): No such file or directory|{_Q} file not found"), Kind.MISSING_MODULE),
    (
        re.compile(
            rf"{_Q} (?:was not declared|undeclared|has not been declared)|undeclared identifier {_Q}"
            rf"|implicit declaration of function {_Q}|undeclared (?:library )?function {_Q}"
            rf"|implicitly declaring library function {_Q}|unknown type name {_Q}"
            rf"|{_Q} does not name a (?:template )?type|no template named {_Q}"
        ),
        Kind.UNDEFINED_NAME,
    ),
    (
        re.compile(
            rf"has no member named {_Q}|no (?:member|type|template) named {_Q} in|{_Q} is not a member of"
            rf"|{_Q} in namespace ['‘][^\s'’]{{1,300}}['’] does not name"
            r"|no ['‘][^'’]*?(\w+)\([^'’]*['’] member function declared in"
        ),
        Kind.MISSING_ATTRIBUTE,
    ),
    (
        re.compile(
            r"(?<!\w)([A-Za-z_]\w{0,100})(?:\([^'’()]{0,200}\)(?: const)?)?['’]"
            r" is (?:(?:private|protected) within this context|a (?:private|protected) member of)"
        ),
        Kind.PRIVATE,
    ),
    (re.compile(r"too (?:many|few) arguments|no matching function for call|requires \d+ arguments?"), Kind.ARITY),
    (re.compile(r"unused variable|unused parameter|set but not used|unused function"), Kind.UNUSED_NAME),
    (re.compile(r"^expected |^stray |missing terminating|unterminated |extraneous closing|expected .* at end"),
     Kind.SYNTAX),
)  # fmt: skip
_OWNER = re.compile(
    r"(?:in|of) (?:namespace )?['‘](?:struct |class |const |union )*(?:::)?([\w:<>, *]{1,200}?)['’](?:;|$)"
    r"|^['‘](?:const )?(?:struct |class )?([\w:<>, *]{1,200}?)['’](?: \{aka [^}]*\})? has no member"
)
_INCOMPLETE = re.compile(
    r"(?:incomplete (?:definition of )?type|undefined type|aggregate) ['‘]"
    r"(?:struct |class |enum |union |const )*([\w:]{1,200})"
)
"""A type only announced: its definition stands in a header that is not included."""
_EXCERPT = re.compile(r"\s*\d+ \| (.*)$")
_ELSEWHERE = ("include ‘<", "include '<", "defined in header", "#include", "include the header")
"""How gcc and clang say which header a name is of."""
_NOTE_LINES, _EXCERPT_LINES = 8, 2
_LINKER = re.compile(r"undefined (?:reference to|symbol:) [`'‘]?(.{1,200}?)(?:['’]|$)")


_ASSERT = re.compile(r"(?:.{1,100}: )?(\S{1,400}?):(\d+): (?:.{1,300}: )?Assertion [`'](.{1,1000})' failed\.")
"""What ``assert`` of glibc and musl prints before it aborts."""


_OF_THE_SYSTEM = ("system_error", "filesystem_error", "bad_alloc", "failure")
"""Exceptions of libstdc++ whose words are the system's own."""


def parse(text: str) -> Iterator[Finding]:
    """One finding a diagnostic, one an unresolved symbol of the link, one an assertion that failed."""
    for _, line in lines_with(text, "' failed."):
        if match := _ASSERT.match(line):
            yield Finding(
                tool="cc", kind=Kind.ASSERTION, code="assert", message=line.strip(), file=posix(match[1]),
                line=number(match[2]),
            )  # fmt: skip
    for start, line in lines_with(text, "terminate called after throwing an instance of '"):
        name, said = line.split("'")[1], next(iter(lines_after(text, start, 1)), "").strip().removeprefix("what():")
        if not name.endswith(_OF_THE_SYSTEM):
            yield Finding(tool="cc", kind=Kind.EXCEPTION, code=name, message=said.strip() or name)
    yield from _without_knock_on(list(_diagnostics(text)))
    for marker in ("undefined reference to", "undefined symbol: "):
        for _, line in lines_with(text, marker):
            if match := _LINKER.search(line):
                yield Finding(
                    tool="ld", kind=Kind.UNDEFINED_NAME, code="undefined reference", message=line.strip(),
                    symbol=match[1].split("(")[0].rsplit("::", 1)[-1],
                )  # fmt: skip


def _diagnostics(text: str) -> Iterator[tuple[Finding, str]]:
    """Each finding with the source line the compiler shows of it."""
    for count, (start, line) in enumerate(lines_with(text, "error: ")):
        match = _DIAGNOSTIC.match(line)
        if count >= FINDINGS_CAP:
            return
        if match is None or match["file"].endswith((".py", ".ts", ".java", ".rs")):
            continue
        following = list(lines_after(text, start, _NOTE_LINES))
        yield _finding(match, following), _excerpt(following)


def _finding(match: re.Match[str], following: list[str]) -> Finding:
    message = match["message"]
    kind, symbol = _named(message)
    if match["flag"] == "-Wclang-format-violations":
        kind = Kind.FORMAT
    exists = any(_points_elsewhere(note) for note in following if ": note:" in note or ": error: " in note)
    owner = _OWNER.search(message) if kind is Kind.MISSING_ATTRIBUTE else None
    holder = next((group for group in owner.groups() if group), None) if owner else None
    if kind is Kind.MISSING_ATTRIBUTE and (exists or holder == "std"):
        kind = Kind.UNDEFINED_NAME
    if kind is Kind.TYPE and (announced := _INCOMPLETE.search(message)):
        kind, symbol = Kind.UNDEFINED_NAME, announced[1].rsplit("::", 1)[-1]
    return Finding(
        tool="cc", kind=kind, code=match["flag"], message=message, file=posix(match["file"]),
        line=number(match["line"]), column=number(match["column"]), symbol=symbol, owner=holder,
        exists=exists or "library function" in message,
    )  # fmt: skip


def _named(message: str) -> tuple[Kind, str | None]:
    for pattern, kind in _NAMES:
        if match := pattern.search(message):
            groups = [group for group in match.groups() if group]
            return kind, groups[-1].rsplit("::", 1)[-1] if groups else None
    return Kind.TYPE, None


def _points_elsewhere(note: str) -> bool:
    return any(word in note for word in _ELSEWHERE)


def _excerpt(following: list[str]) -> str:
    for line in following[:_EXCERPT_LINES]:
        if match := _EXCERPT.match(line):
            return match[1]
        if line.startswith((" ", "\t")):
            return line
    return ""


def _without_knock_on(found: list[tuple[Finding, str]]) -> Iterator[Finding]:
    """A name that does not resolve spoils the line it stands on, and what that line would have declared."""
    lost = [(finding, excerpt) for finding, excerpt in found if finding.kind is Kind.UNDEFINED_NAME and finding.symbol]
    spoiled = {(finding.file, finding.line) for finding, _ in lost}
    names: dict[tuple[str | None, str], int] = {}
    for finding, excerpt in lost:
        for name in _declared(excerpt, finding.symbol or ""):
            names.setdefault((finding.file, name), finding.line or 0)
    for finding, _ in found:
        foreign = bool(lost) and (finding.file or "").startswith("/usr/")
        knock_on = finding.kind in {Kind.SYNTAX, Kind.TYPE} and (foreign or (finding.file, finding.line) in spoiled)
        since = names.get((finding.file, finding.symbol or "")) if finding.kind is Kind.UNDEFINED_NAME else None
        if not knock_on and (since is None or since > (finding.line or 0)):
            yield replace(finding)


def _declared(excerpt: str, lost: str) -> list[str]:
    """What a declaration with the lost type would declare: of ``lost<a, b> x = 1`` x."""
    start = excerpt.find(lost)
    if start == -1:
        return []
    rest = excerpt[start + len(lost) : start + len(lost) + 200]
    match = re.match(r"(?:<[^;{}]*>)?[\s*&]+([A-Za-z_]\w*)\s*(?:[=;,){\[]|$)", rest)
    return [match[1]] if match else []
