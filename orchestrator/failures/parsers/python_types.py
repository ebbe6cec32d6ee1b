"""mypy (0.9-2.4, plain and pretty) and pyright (1.1): errors with a bracketed code or a rule."""

from __future__ import annotations

import re

from orchestrator.failures.finding import Finding, Kind
from orchestrator.failures.output import FINDINGS_CAP, LINE_CAP, lines_after, lines_with, number, posix

HINTS = (": error:", " - error:")

_MYPY = re.compile(
    r"(?P<file>(?:[A-Za-z]:)?[^:\n]{1,400}\.(?:pyi?|ini|cfg|toml"
    r"|ipynb)):(?:(?P<line>\d+):(?:(?P<column>\d+):)?)? error: ?(?P<message>.*)$"
)
_MYPY_CODE = re.compile(r"(.*\S)\s{1,9}\[([a-z][a-z-]{1,40})\]$")
_MYPY_HINT = re.compile(r'(?:maybe|[Dd]id you mean) "([^"]+)"')
_PYRIGHT = re.compile(r"\s*(?P<file>\S[^\n]{0,400}?):(?P<line>\d+):(?P<column>\d+) - error: (?P<message>.*)$")
_PYRIGHT_RULE = re.compile(r"(.*\S)\s{0,9}\((report\w{1,60})\)$")

_MYPY_RULES: tuple[tuple[re.Pattern[str], Kind, int, int], ...] = (
    (re.compile(r'Name "([^"]+)" is not defined'), Kind.UNDEFINED_NAME, 1, 0),
    (re.compile(r'Module "([^"]+)" has no attribute "([^"]+)"'), Kind.MISSING_EXPORT, 2, 1),
    (re.compile(r'Module "([^"]+)" does not explicitly export attribute "([^"]+)"'), Kind.TYPE, 2, 1),
    (re.compile(r'^Module has no attribute "([^"]+)"'), Kind.MISSING_EXPORT, 1, 0),
    (re.compile(r'Item "None" of "[^"]*" has no attribute "([^"]+)"'), Kind.TYPE, 1, 0),
    (re.compile(r'^(?:Item "[^"]{1,300}" of )?"(.{1,400})" has no attribute "([^"]+)"'), Kind.MISSING_ATTRIBUTE, 2, 1),
    (re.compile(r'^"([^"]+)" undefined in superclass'), Kind.MISSING_ATTRIBUTE, 1, 0),
    (re.compile(r'Cannot find implementation or library stub for module named "([^"]+)"'), Kind.MISSING_MODULE, 1, 0),
    (re.compile(r'Library stubs not installed for "([^"]+)"'), Kind.DEPENDENCY_MISSING, 1, 0),
    (re.compile(r'Skipping analyzing "([^"]+)"'), Kind.TYPE, 1, 0),
    (re.compile(r'Unexpected keyword arguments? "([^"]+)"(?:[^\n]* for "([^"]+)")?'), Kind.UNKNOWN_KEYWORD, 1, 2),
    (re.compile(r'^No overload variant of "([^"]+)"'), Kind.NO_OVERLOAD, 0, 1),
    (re.compile(r'^"[^"]{1,300}" not callable'), Kind.UNRESOLVED, 0, 0),
    (re.compile(r"Too (?:many|few) (?:positional )?arguments|Missing positional argument"), Kind.ARITY, 0, 0),
    (re.compile(r'Error importing plugin "([^"]+)"|Can\'t find plugin'), Kind.BROKEN_CONFIG, 0, 0),
    (re.compile(r'Unrecognized option: (\S+)'), Kind.UNKNOWN_OPTION, 1, 0),
    (re.compile(r'Cannot read file(?: \'[^\']*\')?: No such file'), Kind.MISSING_MODULE, 0, 0),
    (re.compile(r'Extra keys? .{0,20}?"([^"]+)".* for TypedDict "([^"]+)"'), Kind.UNKNOWN_KEYWORD, 1, 2),
    (re.compile(r'TypedDict ".*" has no key "([^"]+)"'), Kind.MISSING_ATTRIBUTE, 1, 0),
)  # fmt: skip
_PYRIGHT_RULES: tuple[tuple[re.Pattern[str], Kind, int, int], ...] = (
    (re.compile(r'"([^"]+)" is an unknown diagnostic rule'), Kind.UNKNOWN_OPTION, 1, 0),
    (re.compile(r'"([^"]+)" is not defined'), Kind.UNDEFINED_NAME, 1, 0),
    (re.compile(r'"([^"]+)" is not a known attribute of module "([^"]+)"'), Kind.MISSING_EXPORT, 1, 2),
    (re.compile(r'"([^"]+)" is not a known attribute of "None"'), Kind.TYPE, 1, 0),
    (re.compile(r'"([^"]+)" is unknown import symbol'), Kind.MISSING_EXPORT, 1, 0),
    (re.compile(r'Import "([^"]+)" could not be resolved from source'), Kind.TYPE, 1, 0),
    (re.compile(r'Import "([^"]+)" could not be resolved'), Kind.MISSING_MODULE, 1, 0),
    (re.compile(r'Cannot (?:access|assign to) (?:attribute|member) "([^"]+)" for class "([^"]+)"'),
        Kind.MISSING_ATTRIBUTE, 1, 2),
    (re.compile(r'Cannot delete (?:attribute|member) "([^"]+)" for class "([^"]+)"'), Kind.MISSING_ATTRIBUTE, 1, 2),
    (re.compile(r'No parameter named "([^"]+)"'), Kind.UNKNOWN_KEYWORD, 1, 0),
    (re.compile(r'^No overloads for "([^"]+)" match'), Kind.NO_OVERLOAD, 0, 1),
    (re.compile(r'"([^"]+)" is not a defined key in "([^"]+)"'), Kind.MISSING_ATTRIBUTE, 1, 2),
    (re.compile(r'"([^"]+)" is an undefined item in "([^"]+)"'), Kind.UNKNOWN_KEYWORD, 1, 2),
    (re.compile(r'"([^"]+)" is specified in __all__ but not present in module'), Kind.UNDEFINED_NAME, 1, 0),
    (re.compile(r"Expected \d+ (?:more )?positional argument|Argument missing for parameter"
        r"|Arguments missing"), Kind.ARITY, 0, 0),
    (re.compile(r'Import "([^"]+)" is not accessed'), Kind.UNUSED_IMPORT, 1, 0),
    (re.compile(r'^(?:Variable|Function|Class|Symbol) "([^"]+)" is not accessed'), Kind.UNUSED_NAME, 1, 0),
    (re.compile(r'Import cycle|Cycle detected in import chain'), Kind.CYCLE, 0, 0),
)  # fmt: skip
_PYRIGHT_LINES, _PYRIGHT_INDENT = 8, ("    ", "  \u00a0")
"""Lines that belong to an error, and what they begin with (1.1 puts spaces that do not break)."""
_PYRIGHT_DETAILS: tuple[tuple[re.Pattern[str], Kind, int, int], ...] = (
    (re.compile(r'"([^"]+)" is not a defined key in "([^"]+)"'), Kind.MISSING_ATTRIBUTE, 1, 2),
    (re.compile(r'"([^"]+)" is an undefined item in "([^"]+)"'), Kind.UNKNOWN_KEYWORD, 1, 2),
    (re.compile(r'Attribute "__call__" is unknown'), Kind.UNRESOLVED, 0, 0),
    (re.compile(r'^No parameter named "([^"]+)"', re.MULTILINE), Kind.UNKNOWN_KEYWORD, 1, 0),
    (re.compile(r'Attribute "([^"]+)" is unknown(?: for class "([^"]+)")?'), Kind.MISSING_ATTRIBUTE, 1, 2),
)
"""What only the lines below an error say (pyright 1.1)."""
_PYRIGHT_SYNTAX = re.compile(
    r"^(?:Expected |Statements must|Unexpected |Unindent|Inconsistent use of tabs|\".{1,4}\" was not closed"
    r"|Invalid |String literal)"
)


def parse(text: str) -> tuple[Finding, ...]:
    """One finding an error line."""
    findings: list[Finding] = []
    for start, line in lines_with(text, ": error:"):
        if match := _MYPY.match(line):
            findings.append(_mypy(text, start, match))
        if len(findings) >= FINDINGS_CAP:
            break
    if findings and any(finding.code for finding in findings):
        return tuple(findings)
    for start, line in lines_with(text, " - error: "):
        if ": error TS" not in line and " error TS" not in line and (match := _PYRIGHT.match(line)):
            findings.append(_pyright(text, start, match))
        if len(findings) >= FINDINGS_CAP:
            break
    return tuple(findings)


def _mypy(text: str, start: int, match: re.Match[str]) -> Finding:
    message = match["message"].strip()
    coded = _MYPY_CODE.match(message)
    if coded is None:
        # --pretty wraps at the terminal's width: the code stands on one of the next lines.
        for following in lines_after(text, start, 3):
            if following.startswith("    ") or ": note:" in following or ": error:" in following:
                break
            message = f"{message} {following.strip()}"
            if coded := _MYPY_CODE.match(message):
                break
    code = coded[2] if coded else None
    message = (coded[1] if coded else message)[:LINE_CAP]
    kind, symbol, owner = _apply(_MYPY_RULES, message, Kind.SYNTAX if code == "syntax" else Kind.TYPE)
    hint = _MYPY_HINT.search(message)
    if code == "unused-ignore":
        kind = Kind.LINT
    return Finding(
        tool="mypy", kind=kind, code=code, message=message, file=posix(match["file"]), line=number(match["line"]),
        column=number(match["column"]), symbol=symbol, near=hint[1] if hint else None,
        owner=owner,
    )  # fmt: skip


def _pyright(text: str, start: int, match: re.Match[str]) -> Finding:
    message = match["message"].strip()
    ruled = _PYRIGHT_RULE.match(message)
    detail: list[str] = []
    for following in lines_after(text, start, 0 if ruled else _PYRIGHT_LINES):
        if not following.startswith(_PYRIGHT_INDENT) or ruled:
            break
        detail.append(following.strip())
        ruled = _PYRIGHT_RULE.match(detail[-1])
    rule = ruled[2] if ruled else None
    fallback = Kind.SYNTAX if rule is None and _PYRIGHT_SYNTAX.match(message) else Kind.TYPE
    kind, symbol, owner = _apply(_PYRIGHT_RULES, message, fallback)
    if kind is Kind.TYPE and detail:
        kind, symbol, owner = _apply(_PYRIGHT_DETAILS, "\n".join(detail), kind)
    if kind is Kind.TYPE and not message.isascii():
        kind, symbol, owner = _by_rule(rule, message)
    return Finding(
        tool="pyright", kind=kind, code=rule, message=message, file=posix(match["file"]), line=number(match["line"]),
        column=number(match["column"]), symbol=symbol, owner=owner.rstrip("*") if owner else None,
    )  # fmt: skip


_PYRIGHT_KINDS = {
    "reportUndefinedVariable": Kind.UNDEFINED_NAME, "reportMissingImports": Kind.MISSING_MODULE,
    "reportAttributeAccessIssue": Kind.MISSING_ATTRIBUTE, "reportUnusedImport": Kind.UNUSED_IMPORT,
    "reportUnusedVariable": Kind.UNUSED_NAME, "reportImportCycles": Kind.CYCLE,
}  # fmt: skip
_ANY_QUOTED = re.compile(r'["\u201c\u201e\u00ab]\s?([^"\u201c\u201d\u00bb]{1,300}?)\s?["\u201c\u201d\u00bb]')


def _by_rule(rule: str | None, message: str) -> tuple[Kind, str | None, str | None]:
    """pyright speaks fifteen languages (``LC_ALL``): its rule decides there, the quotes give the names."""
    names = _ANY_QUOTED.findall(message)
    kind = _PYRIGHT_KINDS.get(rule or "", Kind.TYPE)
    if kind is Kind.TYPE or not names:
        return Kind.TYPE, None, None
    return kind, names[0], names[1] if len(names) > 1 else None


def _apply(
    rules: tuple[tuple[re.Pattern[str], Kind, int, int], ...], message: str, fallback: Kind
) -> tuple[Kind, str | None, str | None]:
    for pattern, kind, symbol, owner in rules:
        if match := pattern.search(message):
            return kind, match[symbol] if symbol else None, match[owner] if owner else None
    return fallback, None, None
