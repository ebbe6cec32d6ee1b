# The tools print these very characters.
# ruff: noqa: RUF001
"""rustc/cargo (1.60-1.90), gcc and clang, go (1.18-1.25), javac and maven."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from orchestrator.failures.finding import Finding, Kind
from orchestrator.failures.output import FINDINGS_CAP, lines_after, lines_with, number, posix

HINTS = (
    "error[E",
    "\nerror: ",
    "error: ",
    ": undefined: ",
    "--- FAIL:",
    "panicked at",
    "cannot find symbol",
    "does not exist",
    ".go:",
    "[ERROR]",
    "warning: unused",
)

_RUST = re.compile(r"(?P<level>error|warning)(?:\[(?P<code>E\d{4}|[\w:]+)\])?: (?P<message>.*)$")
_RUST_PLACE = re.compile(r"\s*--> (.{1,400}?):(\d+):(\d+)$")
_TICKS = re.compile(r"`([^`\n]{1,300})`")
_RUST_CODES: dict[str, Kind] = {
    "E0425": Kind.UNDEFINED_NAME, "E0412": Kind.UNDEFINED_NAME, "E0405": Kind.UNDEFINED_NAME,
    "E0422": Kind.UNDEFINED_NAME,
    "E0433": Kind.UNDEFINED_NAME, "E0531": Kind.UNDEFINED_NAME, "E0432": Kind.MISSING_MODULE,
    "E0463": Kind.DEPENDENCY_MISSING,
    "E0583": Kind.MISSING_MODULE, "E0599": Kind.MISSING_ATTRIBUTE, "E0609": Kind.MISSING_ATTRIBUTE, "E0610": Kind.TYPE,
    "E0560": Kind.UNKNOWN_KEYWORD, "E0407": Kind.MISSING_ATTRIBUTE, "E0026": Kind.MISSING_ATTRIBUTE,
    "E0576": Kind.MISSING_ATTRIBUTE,
    "E0061": Kind.ARITY, "E0107": Kind.ARITY, "E0635": Kind.UNKNOWN_OPTION,
}  # fmt: skip
"""rustc's error index: names that do not resolve; every other code is a type or borrow error."""
_RUST_ABSENT = re.compile(r"no `([^`]{1,200})` in `([^`]{1,200})`")
_RUST_TEST = re.compile(r"thread '([^']{1,300})'(?: \(\d+\))? panicked at (?:'(.*)', )?(.{1,300}?):(\d+):(\d+):?$")
_RUST_TALLY = re.compile(r"test result: FAILED\. \d+ passed; (\d+) failed")
_RUST_SYNTAX = re.compile(
    r"^(?:expected |this file contains an un|unexpected closing|mismatched closing|unterminated "
    r"|unknown start of token|missing |prefix |character literal|cannot find macro)"
)

_C = re.compile(
    r"(?P<file>[^\s:][^:\n]{0,400}):(?P<line>\d+):(?P<column>\d+): (?:fatal )?error: (?P<message>.*?)(?: \[(?P<f"
    r"lag>-W[\w=+-]+)\])?$"
)
_C_NAMES: tuple[tuple[re.Pattern[str], Kind], ...] = (
    (re.compile(r"['‘](\S+?)['’] (?:was not declared|undeclared)|use of undeclared identifier ['‘](\S+?)['’]"
        r"|implicit declaration of function ['‘](\S+?)['’]|call to undeclared (?:library )?function ['‘](\S+?)['’]"
        r"|unknown type name ['‘](\S+?)['’]|['‘](\S+?)['’] does not name a type"
            r"|no template named ['‘](\S+?)['’]"), Kind.UNDEFINED_NAME),
    (re.compile(r"(\S+): No such file or directory|['‘](\S+?)['’] file not found"), Kind.MISSING_MODULE),
    (re.compile(r"has no member named ['‘](\S+?)['’]|no member named ['‘](\S+?)['’] in"
        r"|['‘](\S+?)['’] is not a member of"), Kind.MISSING_ATTRIBUTE),
    (re.compile(r"too (?:many|few) arguments|no matching function for call|requires \d+ arguments?"), Kind.ARITY),
    (re.compile(r"unused variable|unused parameter|set but not used"), Kind.UNUSED_NAME),
    (re.compile(r"^expected |^stray |missing terminating|unterminated |extraneous closing"), Kind.SYNTAX),
)  # fmt: skip
_LINKER = re.compile(r"undefined reference to [`'‘](.{1,200}?)['’]")

_GO = re.compile(
    r"(?:vet: )?(?P<file>(?:\./|[A-Za-z]:)?[^\s:][^:\n]{0,400}\.go):(?P<line>\d+)(?::(?P<column>\d+))?: (?P<mess"
    r"age>.*)$"
)
_GO_NAMES: tuple[tuple[re.Pattern[str], Kind], ...] = (
    (re.compile(r"^undefined: ([\w.]+)"), Kind.UNDEFINED_NAME),
    (re.compile(r"undefined \(type (.+?) has no field or method (\w+)"), Kind.MISSING_ATTRIBUTE),
    (re.compile(r"unknown field '?(\w+)'? in struct"), Kind.UNKNOWN_KEYWORD),
    (re.compile(r"package (\S+) is not in (?:std|GOROOT)|no required module provides package ([^\s;]+)"
        r"|cannot find package \"([^\"]+)\""), Kind.MISSING_MODULE),
    (re.compile(r"(?:declared and not used|declared but not used)"), Kind.UNUSED_NAME),
    (re.compile(r"\"([^\"]+)\" imported (?:and|but) not used"), Kind.UNUSED_IMPORT),
    (re.compile(r"(?:not enough|too many) (?:arguments|return values)"), Kind.ARITY),
    (re.compile(r"import cycle not allowed"), Kind.CYCLE),
    (re.compile(r"^syntax error|^expected "), Kind.SYNTAX),
)  # fmt: skip
_GO_TEST = re.compile(r"\s*--- FAIL: (\S+) \([\d.]+s\)")

_JAVA = re.compile(
    r"(?:\[ERROR\] )?(?P<file>(?:[A-Za-z]:)?[^\s:\[][^:\n\[]{0,400}\.java):(?:(?P<line>\d+)"
    r"|\[(?P<line2>\d+),(?P<column>\d+)\])(?::)? (?:error: )?(?P<message>.*)$"
)
_JAVA_SYMBOL = re.compile(r"\s*(?:\[ERROR\]\s+)?symbol: +(\w+) (\w+)")
_JAVA_PACKAGE = re.compile(r"package (\S+) does not exist")
_JAVA_TALLY = re.compile(r"(?:\[ERROR\] )?Tests run: (\d+), Failures: (\d+), Errors: (\d+)")
_JAVA_SYNTAX = re.compile(
    r"^(?:'.' expected|.* expected$|illegal start|reached end of file|unclosed |not a statement|class, interface)"
)


def parse(text: str) -> tuple[Finding, ...]:
    """One finding a diagnostic or failing test."""
    found = [*_rust(text), *_go(text), *_java(text)]
    found += [] if any(finding.tool == "rustc" for finding in found) else _c(text)
    return tuple(found[:FINDINGS_CAP])


def _rust(text: str) -> Iterator[Finding]:
    if "-->" not in text and "panicked at" not in text and "test result: FAILED" not in text:
        return
    for marker in ("error[", "error: ", "warning: unused"):
        for start, line in lines_with(text, marker):
            match = _RUST.match(line)
            place = next(
                (found for following in lines_after(text, start, 1) if (found := _RUST_PLACE.match(following))), None
            )
            if match and place:
                yield replace(
                    _rust_finding(text, start, match),
                    file=posix(place[1]),
                    line=number(place[2]),
                    column=number(place[3]),
                )
    for start, line in lines_with(text, "panicked at"):
        if match := _RUST_TEST.match(line.strip()):
            message = match[2] or next(iter(lines_after(text, start, 1)), "")
            kind = Kind.ASSERTION if message.startswith("assertion") else Kind.EXCEPTION
            yield Finding(
                tool="cargo",
                kind=kind,
                code="panic",
                message=message,
                test_id=match[1],
                file=posix(match[3]),
                line=number(match[4]),
            )
    for _, line in lines_with(text, "test result: FAILED"):
        if match := _RUST_TALLY.search(line):
            yield Finding(tool="cargo", kind=Kind.TALLY, message=line.strip(), count=number(match[1]) or 0, files=1)


def _rust_finding(text: str, start: int, match: re.Match[str]) -> Finding:
    message, code = match["message"], match["code"]
    names = _TICKS.findall(message)
    if code is None or not code.startswith("E"):
        kind = (
            Kind.UNUSED_IMPORT
            if message.startswith("unused import")
            else Kind.UNUSED_NAME
            if message.startswith("unused variable")
            else Kind.TYPE
        )
        if kind is Kind.TYPE and match["level"] == "error" and _RUST_SYNTAX.match(message):
            kind = Kind.SYNTAX
        return Finding(
            tool="rustc",
            kind=kind,
            code=code,
            message=message,
            symbol=names[0] if names else None,
            warning=match["level"] == "warning",
        )
    kind = _RUST_CODES.get(code, Kind.TYPE)
    symbol = names[0] if names else None
    owner = names[1] if len(names) > 1 else None
    exists, near = False, None
    for following in lines_after(text, start, 24):
        if following.startswith(("error", "warning")):
            break
        exists = exists or "consider importing" in following
        if "a local variable with a similar name exists" in following:
            kind = Kind.TYPE  # a slip of a local variable, the compiler says
        if code == "E0432" and (absent := _RUST_ABSENT.search(following)):
            kind, symbol, owner = Kind.MISSING_EXPORT, absent[1], absent[2]
        if "with a similar name" in following and (ticks := _TICKS.search(following)):
            near = ticks[1]
    if code == "E0560":
        symbol, owner = owner, symbol
    if kind is Kind.MISSING_MODULE and symbol:
        symbol = symbol.split("::")[0]
    if symbol in {"std", "core", "alloc", "crate", "self", "super"}:
        kind = Kind.MISSING_EXPORT
    return Finding(
        tool="rustc", kind=kind, code=code, message=message, symbol=symbol, owner=owner, exists=exists, near=near
    )


def _c(text: str) -> Iterator[Finding]:
    for start, line in lines_with(text, "error: "):
        match = _C.match(line)
        if match is None or match["file"].endswith((".py", ".ts", ".java")):
            continue
        kind, symbol = _names(_C_NAMES, match["message"], Kind.TYPE)
        notes = [following for following in lines_after(text, start, 8) if ": note:" in following]
        exists = any(
            "include ‘<" in note or "include '<" in note or "defined in header" in note or "#include" in note
            for note in notes
        )
        if kind is Kind.MISSING_ATTRIBUTE and exists:
            kind = Kind.UNDEFINED_NAME
        yield Finding(
            exists=exists, tool="cc", kind=kind, code=match["flag"], message=match["message"],
            file=posix(match["file"]), line=number(match["line"]),
            column=number(match["column"]), symbol=symbol,
        )  # fmt: skip
    for _, line in lines_with(text, "undefined reference to"):
        if match := _LINKER.search(line):
            yield Finding(
                tool="ld",
                kind=Kind.UNDEFINED_NAME,
                code="undefined reference",
                message=line.strip(),
                symbol=match[1].split("(")[0],
            )


def _go(text: str) -> Iterator[Finding]:
    for _, line in lines_with(text, ".go:"):
        match = _GO.match(line)
        if match and "panic" not in match["message"]:
            kind, symbol = _names(_GO_NAMES, match["message"], Kind.TYPE)
            yield Finding(
                tool="go",
                kind=kind,
                message=match["message"],
                file=posix(match["file"]),
                line=number(match["line"]),
                column=number(match["column"]),
                symbol=symbol,
            )
    tests = [match[1] for _, line in lines_with(text, "--- FAIL: ") if (match := _GO_TEST.match(line))]
    for test in tests[:FINDINGS_CAP]:
        yield Finding(tool="go", kind=Kind.ASSERTION, code="FAIL", message=f"{test} failed", test_id=test)


def _java(text: str) -> Iterator[Finding]:
    for start, line in lines_with(text, ".java:"):
        match = _JAVA.match(line)
        if match is None:
            continue
        message = match["message"]
        kind, symbol = Kind.TYPE, None
        if "cannot find symbol" in message:
            named = next(
                (found for following in lines_after(text, start, 5) if (found := _JAVA_SYMBOL.match(following))), None
            )
            symbol = named[2] if named else None
            kind = Kind.MISSING_ATTRIBUTE if named and named[1] == "method" else Kind.UNDEFINED_NAME
        elif package := _JAVA_PACKAGE.search(message):
            kind, symbol = Kind.MISSING_MODULE, package[1]
        elif _JAVA_SYNTAX.match(message):
            kind = Kind.SYNTAX
        elif "cannot be applied to given types" in message:
            kind = Kind.ARITY
        yield Finding(
            tool="javac",
            kind=kind,
            message=message,
            file=posix(match["file"]),
            line=number(match["line"] or match["line2"]),
            column=number(match["column"]),
            symbol=symbol,
        )
    last = None
    for _, line in lines_with(text, "Tests run: "):
        last = _JAVA_TALLY.match(line.strip()) or last
    if last and int(last[2][:9]) + int(last[3][:9]):
        yield Finding(
            tool="maven", kind=Kind.TALLY, message=last[0], count=int(last[2][:9]) + int(last[3][:9]), files=1
        )


def _names(rules: tuple[tuple[re.Pattern[str], Kind], ...], message: str, fallback: Kind) -> tuple[Kind, str | None]:
    for pattern, kind in rules:
        if match := pattern.search(message):
            groups = [group for group in match.groups() if group]
            return kind, groups[-1] if groups else None
    return fallback, None
