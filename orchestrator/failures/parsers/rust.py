"""rustc and cargo (1.60-1.95), as they print it and in JSON; rustfmt 1."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import replace

from orchestrator.failures.finding import Finding, Kind
from orchestrator.failures.output import FINDINGS_CAP, lines_after, lines_with, number, posix

_CARGO_MESSAGE = '{"reason":"compiler-message"'
_RUST = re.compile(r"(?P<level>error|warning)(?:\[(?P<code>E\d{4}|[\w:]+)\])?: (?P<message>.*)$")
_RUST_PLACE = re.compile(r"\s*--> (.{1,400}?):(\d+):(\d+)$")
_TICKS = re.compile(r"`([^`\n]{1,300})`")
_RUST_CODES: dict[str, Kind] = {
    "E0425": Kind.UNDEFINED_NAME, "E0412": Kind.UNDEFINED_NAME, "E0405": Kind.UNDEFINED_NAME,
    "E0422": Kind.UNDEFINED_NAME,
    "E0433": Kind.UNDEFINED_NAME, "E0531": Kind.UNDEFINED_NAME, "E0432": Kind.MISSING_MODULE,
    "E0463": Kind.DEPENDENCY_MISSING, "E0514": Kind.VERSION, "E0460": Kind.VERSION, "E0461": Kind.VERSION,
    "E0786": Kind.VERSION,
    "E0583": Kind.MISSING_MODULE, "E0599": Kind.MISSING_ATTRIBUTE, "E0609": Kind.MISSING_ATTRIBUTE, "E0610": Kind.TYPE,
    "E0560": Kind.UNKNOWN_KEYWORD, "E0407": Kind.MISSING_ATTRIBUTE, "E0026": Kind.MISSING_ATTRIBUTE,
    "E0576": Kind.MISSING_ATTRIBUTE,
    "E0437": Kind.MISSING_ATTRIBUTE, "E0438": Kind.MISSING_ATTRIBUTE, "E0220": Kind.MISSING_ATTRIBUTE,
    "E0559": Kind.UNKNOWN_KEYWORD, "E0603": Kind.PRIVATE, "E0616": Kind.PRIVATE, "E0624": Kind.PRIVATE,
    "E0061": Kind.ARITY, "E0107": Kind.ARITY, "E0635": Kind.UNKNOWN_OPTION,
}  # fmt: skip
"""rustc's error index: names that do not resolve; every other code is a type or borrow error."""
_RUSTFMT = re.compile(r"Diff in (\S.{0,400}?)(?: at line \d+|:\d+):?$")
_RUST_MACRO = re.compile(r"cannot find (?:derive macro|macro|attribute|attribute macro) `")
_RUST_ABSENT = re.compile(r"no `([^`]{1,200})` in `([^`]{1,200})`")
_RUST_TEST = re.compile(r"thread '([^']{1,300})'(?: \(\d+\))? panicked at (?:'(.*)', )?(.{1,300}?):(\d+):(\d+):?$")
_RUST_TALLY = re.compile(r"test result: FAILED\. \d+ passed; (\d+) failed")
_RUST_MODULE = re.compile(r"test (\S{1,300}?)(?:::\w{1,100})? \.\.\. FAILED")
"""The module of a test; libtest says it of each unless it is quiet."""
_RUST_SYNTAX = re.compile(
    r"^(?:expected |this file contains an un|unexpected closing|mismatched closing|unterminated "
    r"|unknown start of token|missing |prefix |character literal)"
)


def parse(text: str) -> Iterator[Finding]:
    """One finding a diagnostic, a panic, a file that is not formatted; and the tally."""
    text = _rendered(text)
    yield from _rust(text)
    for _, line in lines_with(text, "Diff in "):
        if match := _RUSTFMT.match(line):
            yield Finding(tool="rustfmt", kind=Kind.FORMAT, message="not formatted", file=posix(match[1]), fixable=True)


def _rendered(text: str) -> str:
    """What cargo's ``--message-format json`` (1.38-1.95) holds, as rustc would have printed it."""
    if _CARGO_MESSAGE not in text:
        return text
    shown = []
    for line in text.splitlines():
        if not line.startswith('{"reason":'):
            shown.append(line)
        elif line.startswith(_CARGO_MESSAGE) and len(shown) < FINDINGS_CAP:
            try:
                rendered = json.loads(line)["message"]["rendered"]
            except (ValueError, KeyError, TypeError):
                continue
            shown.append(str(rendered or ""))
    return "\n".join(shown)


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
    modules = {match[1] for _, line in lines_with(text, " ... FAILED") if (match := _RUST_MODULE.match(line))}
    failed = [match for _, line in lines_with(text, "test result: FAILED") if (match := _RUST_TALLY.search(line))]
    if failed:
        count = sum(number(match[1]) or 0 for match in failed)
        files = max(len(failed), len(modules), 1)
        yield Finding(tool="cargo", kind=Kind.TALLY, message=failed[-1][0], count=count, files=files)


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
        if kind is Kind.TYPE and match["level"] == "error":
            if _RUST_SYNTAX.match(message):
                kind = Kind.SYNTAX
            elif _RUST_MACRO.match(message):
                kind = Kind.UNDEFINED_NAME
        return Finding(
            tool="rustc",
            kind=kind,
            code=code,
            message=message,
            symbol=names[0].rstrip("!") if names else None,
            warning=match["level"] == "warning",
            exists=any("consider importing" in following for following in lines_after(text, start, 12)),
        )
    kind = _RUST_CODES.get(code, Kind.TYPE)
    draft = Finding(
        tool="rustc", kind=kind, code=code, message=message, symbol=names[0] if names else None,
        owner=names[1] if len(names) > 1 else None,
    )  # fmt: skip
    for following in lines_after(text, start, 24):
        if following.startswith(("error", "warning")):
            break
        draft = _with_help(draft, following)
    return _settled(draft)


def _with_help(found: Finding, line: str) -> Finding:
    """What a note or help line under an error adds."""
    if "consider importing" in line:
        return replace(found, exists=True)
    if "but not in scope" in line or "if the trait is in scope" in line:
        return replace(found, exists=True, kind=Kind.UNDEFINED_NAME)
    if "a local variable with a similar name exists" in line:
        found = replace(found, kind=Kind.TYPE)  # a slip of a local variable, the compiler says
    if found.code == "E0432" and (absent := _RUST_ABSENT.search(line)):
        return replace(found, kind=Kind.MISSING_EXPORT, symbol=absent[1], owner=absent[2])
    if "with a similar name" in line and (ticks := _TICKS.search(line)):
        return replace(found, near=ticks[1])
    return found


def _settled(found: Finding) -> Finding:
    symbol, owner, kind = found.symbol, found.owner, found.kind
    if found.code in {"E0559", "E0560"}:
        symbol, owner = owner, symbol
    if kind is Kind.MISSING_MODULE and symbol:
        symbol = symbol.split("::")[0]
    if symbol in {"std", "core", "alloc", "crate", "self", "super"}:
        kind = Kind.MISSING_EXPORT
    return replace(found, symbol=symbol, owner=owner, kind=kind)
