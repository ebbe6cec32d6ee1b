"""go (1.18-1.25), javac and maven; Rust by :mod:`rust`, C and C++ by :mod:`c_family`."""

from __future__ import annotations

import re
from collections.abc import Iterator

from orchestrator.failures.finding import Finding, Kind
from orchestrator.failures.output import FINDINGS_CAP, lines_after, lines_with, number, posix
from orchestrator.failures.parsers import c_family, rust

HINTS = (
    "error[E",
    "\nerror: ",
    "error: ",
    ": undefined: ",
    "--- FAIL:",
    "panicked at",
    ": Assertion `",
    "terminate called after",
    "cannot find symbol",
    "does not exist",
    ".go:",
    "import cycle not allowed",
    "[ERROR]",
    "warning: unused",
    "Diff in ",
    ".orig ",
)

_GOFMT = re.compile(r"diff (?:-u )?\S{1,400}\.orig (\S{1,400}\.go)$")
_GO = re.compile(
    r"(?:vet: )?(?P<file>(?:\./|[A-Za-z]:)?[^\s:][^:\n]{0,400}\.go):(?P<line>\d+)(?::(?P<column>\d+))?: (?P<mess"
    r"age>.*)$"
)
_GO_PROXY = re.compile(r"^(?:module )?([^\s@:]+)(?:@\S+)?: (?:Get|reading) \"?https?://")
"""go (1.13-1.25): a module that had to be fetched to read an import."""
_GO_NAMES: tuple[tuple[re.Pattern[str], Kind], ...] = (
    (re.compile(r"^(?:undefined|undeclared name): ([\w.]+)|^(\w+) not (?:declared|exported) by package"),
        Kind.UNDEFINED_NAME),
    (re.compile(r"undefined \(type (.+?) has no field or method (\w+)"), Kind.MISSING_ATTRIBUTE),
    (re.compile(r"unknown field '?(\w+)'? in struct"), Kind.UNKNOWN_KEYWORD),
    (_GO_PROXY, Kind.MISSING_MODULE),
    (re.compile(r"package (\S+) is not in (?:std|GOROOT)|no required module provides package ([^\s;]+)"
        r"|cannot find package \"([^\"]+)\""), Kind.MISSING_MODULE),
    (re.compile(r"(?:declared and not used|declared but not used)"), Kind.UNUSED_NAME),
    (re.compile(r"\"([^\"]+)\" imported (?:and|but) not used|imported and not used: \"([^\"]+)\""), Kind.UNUSED_IMPORT),
    (re.compile(r"(?:not enough|too many) (?:arguments|return values)"), Kind.ARITY),
    (re.compile(r"import cycle not allowed"), Kind.CYCLE),
    (re.compile(r"use of internal package (\S+) not allowed"), Kind.CONTRACT),
    (re.compile(r"^syntax error|^expected "), Kind.SYNTAX),
)  # fmt: skip
_GO_PACKAGE = re.compile(r"FAIL\t(\S+)\t")
_GO_TEST = re.compile(r"\s*--- FAIL: (\S+) \([\d.]+s\)")

_JAVA = re.compile(
    r"(?:\[ERROR\] )?(?P<file>(?:[A-Za-z]:)?[^\s:\[][^:\n\[]{0,400}\.java):(?:(?P<line>\d+)"
    r"|\[(?P<line2>\d+),(?P<column>\d+)\])(?::)? (?:error: )?(?P<message>.*)$"
)
_JAVA_SYMBOL = re.compile(r"\s*(?:\[ERROR\]\s+)?symbol: +(\w+) (\w+)")
_JAVA_PACKAGE = re.compile(r"package (\S+) does not exist|module not found: (\S+)")
_JAVA_PRIVATE = re.compile(
    r"^(\w+)(?:\([^)]{0,300}\))? (?:has (?:private|protected) access in|is not public in)|^(\w+) is not visible"
)
_JAVA_TALLY = re.compile(r"(?:\[ERROR\] )?Tests run: (\d+), Failures: (\d+), Errors: (\d+)")
_JAVA_CLASS = re.compile(r"<<< (?:FAILURE|ERROR)! --? in (\S{1,300})")
"""surefire (2.1x-3.5) of each class with a failing test."""
_JAVA_SYNTAX = re.compile(
    r"^(?:'.' expected|.* expected$|illegal start|reached end of file|unclosed |not a statement|class, interface)"
)


def parse(text: str) -> tuple[Finding, ...]:
    """One finding a diagnostic or failing test."""
    found = [*rust.parse(text), *_gofmt(text), *_go(text), *_java(text)]
    found += [] if any(finding.tool == "rustc" for finding in found) else c_family.parse(text)
    return tuple(found[:FINDINGS_CAP])


def _gofmt(text: str) -> Iterator[Finding]:
    """gofmt -d (``diff FILE.orig FILE``)."""
    for _, line in lines_with(text, ".orig "):
        if match := _GOFMT.match(line):
            yield Finding(tool="gofmt", kind=Kind.FORMAT, message="not formatted", file=posix(match[1]), fixable=True)


def _go(text: str) -> Iterator[Finding]:
    for _, line in lines_with(text, ".go:"):
        match = _GO.match(line.removeprefix("\t"))  # below the package that imports: what it may not
        if match and "panic" not in match["message"]:
            kind, symbol = _names(_GO_NAMES, match["message"], Kind.TYPE)
            owner, _, symbol = (symbol or "").rpartition(".") if kind is Kind.UNDEFINED_NAME else ("", "", symbol)
            kind = Kind.MISSING_ATTRIBUTE if owner else kind
            yield Finding(
                tool="go",
                kind=kind,
                code="proxy" if _GO_PROXY.match(match["message"]) else None,
                message=match["message"],
                file=posix(match["file"]),
                line=number(match["line"]),
                column=number(match["column"]),
                symbol=symbol,
                owner=owner or None,
            )
    for _, line in lines_with(text, ": import cycle not allowed"):
        yield Finding(tool="go", kind=Kind.CYCLE, message=line.strip(), symbol=line.split()[1].rstrip(":"))
        break
    tests = [match[1] for _, line in lines_with(text, "--- FAIL: ") if (match := _GO_TEST.match(line))]
    for test in tests[:FINDINGS_CAP]:
        yield Finding(tool="go", kind=Kind.ASSERTION, code="FAIL", message=f"{test} failed", test_id=test)
    packages = {match[1] for _, line in lines_with(text, "FAIL\t") if (match := _GO_PACKAGE.match(line))}
    if tests and packages:
        whole = sum("/" not in test for test in tests)  # a part of a test (``TestA/part``) is no test of its own
        yield Finding(tool="go", kind=Kind.TALLY, message="FAIL", count=whole, files=len(packages))


def _java(text: str) -> Iterator[Finding]:
    for start, line in lines_with(text, ".java:"):
        match = _JAVA.match(line)
        if match is None or "error while writing " in match["message"]:
            continue  # the place, not the code: config/failures.yaml names it
        message = match["message"]
        kind, symbol = Kind.TYPE, None
        if "cannot find symbol" in message:
            named = next(
                (found for following in lines_after(text, start, 5) if (found := _JAVA_SYMBOL.match(following))), None
            )
            symbol = named[2] if named else None
            kind = Kind.MISSING_ATTRIBUTE if named and named[1] == "method" else Kind.UNDEFINED_NAME
        elif package := _JAVA_PACKAGE.search(message):
            kind, symbol = Kind.MISSING_MODULE, package[1] or package[2]
        elif private := _JAVA_PRIVATE.match(message):
            kind, symbol = Kind.PRIVATE, private[1] or private[2]
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
    last, classes = None, set()
    for _, line in lines_with(text, "<<< "):
        if failed := _JAVA_CLASS.search(line):
            classes.add(failed[1])
    for _, line in lines_with(text, "Tests run: "):
        last = _JAVA_TALLY.match(line.strip()) or last
    if last and int(last[2][:9]) + int(last[3][:9]):
        yield Finding(
            tool="maven",
            kind=Kind.TALLY,
            message=last[0],
            count=int(last[2][:9]) + int(last[3][:9]),
            files=max(1, len(classes)),
        )


def _names(rules: tuple[tuple[re.Pattern[str], Kind], ...], message: str, fallback: Kind) -> tuple[Kind, str | None]:
    for pattern, kind in rules:
        if match := pattern.search(message):
            groups = [group for group in match.groups() if group]
            return kind, groups[-1] if groups else None
    return fallback, None
