"""ruff (0.1-0.17, concise and full), flake8 (3-7), pylint (2-4): codes at places."""

from __future__ import annotations

import re
from dataclasses import replace

from orchestrator.failures.finding import Finding, Kind
from orchestrator.failures.output import FINDINGS_CAP, LINE_CAP, number, posix

_PATH_CAP = 400
_CORE = re.compile(r":(\d+):(\d+): (?:([A-Z]{1,5}\d{2,5})(?::)?|(invalid-syntax|SyntaxError):?) (\[\*\] )?([^\n]*)")
"""Both ``x.py:1:2: F401 [*] ...`` and pylint's ``x.py:1:2: W0611: ... (unused-import)``; searched, not anchored."""
_FULL = re.compile(
    r"^(?:([A-Z]{1,5}\d{2,5})|(invalid-syntax):?) (\[\*\] )?([^\n]{1,2000})\n *--> ([^\n]{1,500}):(\d+):(\d+)$",
    re.MULTILINE,
)
_PYLINT_UNRECOGNISED = re.compile(r"Unrecognized option found: ([\w-]{1,100})")
_RUFF_SUMMARY = re.compile(r"^Found \d+ errors?\.$", re.MULTILINE)
"""ruff's last line; mypy's goes on, flake8 has none."""
_QUOTED = re.compile(r"[`'\"]([^`'\"\n]{1,200})[`'\"]")
_PYLINT = re.compile(r"[CRWEFI]\d{4}")
"""flake8 allows three digits, ruff gives pylint's rules a prefix of its own."""

HINTS = ("\n --> ", "\n--> ", "  --> ", ".py:", ".pyi:", ".ipynb:", "] ", "************* Module ")


def parse(text: str) -> tuple[Finding, ...]:
    """One finding a diagnostic."""
    findings = [
        coded((m[5], m[6], m[7]), m[1], m[4], syntax=bool(m[2]), fixable=bool(m[3]))
        for m in _limited(_FULL, text)
        if m[1] or m[2]
    ]
    if findings:  # ruff's alone; it marks what it fixes safely
        return tuple(replace(finding, tool="ruff", unfixable=not finding.fixable) for finding in findings)
    ruff = _RUFF_SUMMARY.search(text) is not None
    for match in _limited(_CORE, text):
        start = text.rfind("\n", max(0, match.start() - LINE_CAP), match.start()) + 1
        path = text[start : match.start()]
        if not path or path[0] in " \t>|" or path.startswith("::") or len(path) > _PATH_CAP:
            continue
        finding = coded(
            (path, match[1], match[2]), match[3], match[6][:LINE_CAP], syntax=bool(match[4]), fixable=bool(match[5])
        )
        if ruff and finding.tool == "flake8":
            finding = replace(finding, tool="ruff", unfixable=True)  # it marks what it fixes safely
        findings.append(finding)
    return tuple(findings)


def _limited(pattern: re.Pattern[str], text: str) -> list[re.Match[str]]:
    found: list[re.Match[str]] = []
    for match in pattern.finditer(text):
        found.append(match)
        if len(found) >= FINDINGS_CAP:
            break
    return found


def coded(place: tuple[str, str, str], code: str | None, message: str, *, syntax: bool, fixable: bool) -> Finding:
    """A coded message at its place (file, line, column, each as printed)."""
    path, line, column = place
    pylint = code is not None and _PYLINT.fullmatch(code) is not None
    tool = "pylint" if pylint else "ruff" if fixable or syntax else "flake8"
    kind, symbol, owner = _read(code, message, syntax=syntax, pylint=pylint)
    return Finding(
        tool=tool, kind=kind, code=code or "invalid-syntax", message=message, file=posix(path), line=number(line),
        column=number(column), symbol=symbol, owner=owner, fixable=fixable,
    )  # fmt: skip


_KINDS = {
    "F401": Kind.UNUSED_IMPORT, "F841": Kind.UNUSED_NAME, "F821": Kind.UNDEFINED_NAME, "F822": Kind.UNDEFINED_NAME,
    "E999": Kind.SYNTAX, "E902": Kind.SYNTAX, "I001": Kind.IMPORT_ORDER, "TID252": Kind.LINT,
    "W0611": Kind.UNUSED_IMPORT, "W0612": Kind.UNUSED_NAME, "E0602": Kind.UNDEFINED_NAME, "E0603": Kind.UNDEFINED_NAME,
    "E0001": Kind.SYNTAX, "E0401": Kind.MISSING_MODULE, "E0611": Kind.MISSING_EXPORT, "E1101": Kind.MISSING_ATTRIBUTE,
    "E1123": Kind.UNKNOWN_KEYWORD, "E1124": Kind.ARITY, "E1120": Kind.ARITY, "E1121": Kind.ARITY, "R0401": Kind.CYCLE,
    "W0614": Kind.UNUSED_IMPORT, "W0641": Kind.UNUSED_NAME, "I1101": Kind.MISSING_EXPORT, "E1125": Kind.ARITY,
    "E0012": Kind.UNKNOWN_OPTION, "E0013": Kind.BROKEN_CONFIG,
    "F0001": Kind.UNKNOWN_OPTION, "W0012": Kind.UNKNOWN_OPTION, "E0015": Kind.UNKNOWN_OPTION,
    "F0011": Kind.BROKEN_CONFIG, "E0014": Kind.BROKEN_CONFIG,
    "PLE1205": Kind.LINT,
}  # fmt: skip
_HIGH_SECURITY = frozenset(
    {
        "S102", "S201", "S202", "S304", "S307", "S312", "S321", "S324", "S401", "S402", "S411", "S412", "S413", "S415",
        "S501", "S502", "S505", "S507", "S602", "S604", "S605", "S609", "S701",
    }
)  # fmt: skip
"""ruff's and flake8-bandit's S: what bandit (1.9) holds of high severity, and code run from a string."""
_PYLINT_OWNER = {
    "I1101": re.compile(r"(Module) '([^']*)' has no '([^']*)' member"),
    "E0611": re.compile(r"No name '([^']+)' in module '([^']+)'"),
    "E1101": re.compile(r"(?:Instance of|Module|Class|Function|Method|Super of) '([^']*)' has no '([^']*)'"),
    "E1123": re.compile(r"Unexpected keyword argument '([^']+)' in (.*) call"),
}

_PYLINT_UNUSED = re.compile(
    r"Unused (?:import ([\w.]{1,200})|(\w{1,200}) imported from [\w.]{1,200})(?: as (\w{1,200}))?"
)


def _read(code: str | None, message: str, *, syntax: bool, pylint: bool) -> tuple[Kind, str | None, str | None]:
    if syntax or code is None:
        return Kind.SYNTAX, None, None
    kind = _KINDS.get(code, Kind.LINT)
    if code in _HIGH_SECURITY and "seems safe" not in message:
        kind = Kind.SECURITY
    quoted = _QUOTED.search(message)
    symbol = quoted[1] if quoted else None
    if code == "E0015" and (named := _PYLINT_UNRECOGNISED.search(message)):
        return kind, named[1], None
    if not pylint:
        return kind, symbol, None
    if code == "W0611" and (unused := _PYLINT_UNUSED.match(message)):
        return kind, (unused[1] or unused[2]) + (f" as {unused[3]}" if unused[3] else ""), None
    match = _PYLINT_OWNER[code].search(message) if code in _PYLINT_OWNER else None
    if match is None:
        return kind, symbol, None
    if code == "I1101":
        return kind, match[3], match[2]
    if code == "E1101":
        near_kind = Kind.MISSING_EXPORT if message.startswith("Module") else Kind.MISSING_ATTRIBUTE
        return near_kind, match[2], match[1]
    return kind, match[1], match[2]
