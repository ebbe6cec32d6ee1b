# The tools print these very characters.
# ruff: noqa: RUF001
"""eslint (8-10: stylish, json), oxlint (1), prettier (2-3)."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from orchestrator.failures.finding import Finding, Kind
from orchestrator.failures.output import FINDINGS_CAP, LINE_CAP, lines_with, number, posix

HINTS = (
    "✖ ",
    '"messages":',
    "  error  ",
    "  warning  ",
    "Code style issues",
    "[error] ",
    "[warn] ",
    "╭─[",
    ",-[",
    " problem",
    " [Error",
)

_PATH_CAP = 500
_ROW = re.compile(r" +(\d+):(\d+) +(error|warning) +(.*)$")
_OXLINT_RULE = re.compile(r"[\w-]{1,40}\(([\w/-]{1,60})\)")
"""oxlint's own ``stylish`` format (1) names the plug-in as well."""
_RULE_NAME = re.compile(r"[@\w./-]+")
_FIXABLE = re.compile(r"(?<!\d)(\d{1,9}) errors? and (\d{1,9}) warnings? potentially fixable")
_PROBLEMS = re.compile(r"✖ \d+ problems? \((\d+) errors?, (\d+) warnings?\)")
_OXLINT_HEAD = re.compile(r"\s*(×|⚠|x|!) ([\w-]+(?:/[\w-]+)*)\(([\w/-]+)\): (.*)$")
_UNIX = re.compile(r"([^\s:][^:\n]{0,400}):(\d+):(\d+): (.{1,2000}) \[(Error|Warning)(?:/([^\]\s]{1,100}))?\]$")
_OXLINT_SYNTAX = re.compile(r"\s*[×x] ((?:Unexpected|Expected|Unterminated|Invalid|Identifier|Missing)\b.*)$")
_OXLINT_PLACE = re.compile(r"\s*[╭,][─-]\[(.{1,400}?):(\d+):(\d+)\]")
_PRETTIER_ERROR = re.compile(r"\[error\] (.{1,400}?): SyntaxError: (.*?)(?: \((\d+):(\d+)\))?$")

_NAME = re.compile(r"'([^']{1,300})'")
_EXPORT = re.compile(r"(?<!\S)(\S{1,200}) not found in (?:imported namespace )?'([^']{1,300})'")

RULES: dict[str, Kind] = {
    "no-undef": Kind.UNDEFINED_NAME, "react/jsx-no-undef": Kind.UNDEFINED_NAME, "no-unused-vars": Kind.UNUSED_NAME,
    "@typescript-eslint/no-unused-vars": Kind.UNUSED_NAME, "unused-imports/no-unused-imports": Kind.UNUSED_IMPORT,
    "unused-imports/no-unused-vars": Kind.UNUSED_NAME, "noUnusedVariables": Kind.UNUSED_NAME,
    "noUnusedImports": Kind.UNUSED_IMPORT,
    "noUndeclaredVariables": Kind.UNDEFINED_NAME, "noUndeclaredDependencies": Kind.MISSING_MODULE,
    "noImportCycles": Kind.CYCLE,
    "prettier/prettier": Kind.FORMAT, "import/order": Kind.IMPORT_ORDER, "sort-imports": Kind.LINT,
    "simple-import-sort/imports": Kind.IMPORT_ORDER, "simple-import-sort/exports": Kind.IMPORT_ORDER,
    "perfectionist/sort-imports": Kind.IMPORT_ORDER,
    "import/no-unresolved": Kind.MISSING_MODULE, "import-x/no-unresolved": Kind.MISSING_MODULE,
    "n/no-missing-import": Kind.MISSING_MODULE,
    "node/no-missing-import": Kind.MISSING_MODULE, "n/no-missing-require": Kind.MISSING_MODULE,
    "import/no-extraneous-dependencies": Kind.MISSING_MODULE,
    "import/named": Kind.MISSING_EXPORT, "import-x/named": Kind.MISSING_EXPORT, "import/namespace": Kind.MISSING_EXPORT,
    "import/default": Kind.MISSING_EXPORT, "import/no-cycle": Kind.CYCLE, "import-x/no-cycle": Kind.CYCLE,
    "import/no-self-import": Kind.CYCLE, "n/no-extraneous-import": Kind.MISSING_MODULE,
    "n/no-extraneous-require": Kind.MISSING_MODULE, "node/no-missing-require": Kind.MISSING_MODULE,
    "vue/no-undef-components": Kind.UNDEFINED_NAME, "import/no-internal-modules": Kind.CONTRACT,
    "import/no-relative-parent-imports": Kind.CONTRACT, "no-restricted-modules": Kind.CONTRACT,
    "import/no-restricted-paths": Kind.CONTRACT, "no-restricted-imports": Kind.CONTRACT,
    "@typescript-eslint/no-restricted-imports": Kind.CONTRACT,
    "boundaries/element-types": Kind.CONTRACT, "boundaries/entry-point": Kind.CONTRACT,
    "boundaries/no-private": Kind.CONTRACT,
    "boundaries/external": Kind.CONTRACT, "boundaries/dependencies": Kind.CONTRACT,
    "@nx/enforce-module-boundaries": Kind.CONTRACT,
    "no-eval": Kind.SECURITY, "no-implied-eval": Kind.SECURITY, "no-new-func": Kind.SECURITY,
    "no-script-url": Kind.SECURITY,
    "@typescript-eslint/no-implied-eval": Kind.SECURITY, "noGlobalEval": Kind.SECURITY,
    "noDangerouslySetInnerHtml": Kind.SECURITY,
    "react/no-danger": Kind.SECURITY, "no-unsanitized/property": Kind.SECURITY, "no-unsanitized/method": Kind.SECURITY,
}  # fmt: skip
"""Rules whose finding is more than a matter of style. eslint 9.39, typescript-eslint 8, plugin-import 2.32, biome 2."""

_FORKS = re.compile(r"^(?:import-x|i)/")
"""Names under which eslint-plugin-import's forks give its rules."""
_UNTYPED = re.compile(r"could not be resolved|\berror\b[`']? type|of type [`']?error\b|an? [`']error[`']")
"""typescript-eslint (6-8) of an expression whose type is an error's: what it names is not there."""
_UNSUPPORTED = re.compile(r"Definition for rule '([^']{1,200})' not found")


def parse(text: str) -> tuple[Finding, ...]:
    """One finding a message, of whichever of the three spoke."""
    findings = [
        *_json(text),
        *_stylish(text),
        *_oxlint(text),
        *_oxlint_unix(text),
        *_prettier(text),
    ]
    return tuple(findings[:FINDINGS_CAP])


def eslint_message(rule: str | None, message: str, *, fixable: bool, warning: bool) -> Finding:
    """What an eslint message is, by its rule."""
    name = rule or ""
    symbol = owner = None
    if message.startswith("Parsing error: "):
        return Finding(tool="eslint", kind=Kind.SYNTAX, message=message, code="parsing-error")
    if match := _UNSUPPORTED.search(message):
        return Finding(
            tool="eslint",
            kind=Kind.UNKNOWN_OPTION,
            message=message,
            code=name or None,
            symbol=match[1],
            warning=warning,
        )
    kind = RULES.get(_FORKS.sub("import/", name)) or (
        Kind.SECURITY if name.startswith(("security/", "no-secrets/")) else Kind.LINT
    )
    if name.startswith("@typescript-eslint/no-unsafe-") and _UNTYPED.search(message):
        kind = Kind.UNRESOLVED
    if kind is Kind.MISSING_EXPORT and (match := _EXPORT.search(message)):
        symbol, owner = match[1].strip("'"), match[2]
    elif match := _NAME.search(message):
        symbol = match[1]
    if message.startswith("Unused eslint-disable directive"):
        fixable = True
    return Finding(
        tool="eslint",
        kind=kind,
        message=message,
        code=name or None,
        symbol=symbol,
        owner=owner,
        fixable=fixable,
        warning=warning,
    )


def _stylish(text: str) -> Iterator[Finding]:
    if "error" not in text and "warning" not in text:
        return
    rows: list[Finding] = []
    problems = _PROBLEMS.search(text)
    if problems is None:
        return
    file: str | None = None
    for raw in text.split("\n"):
        line = raw[:LINE_CAP]
        if line[:2] == "  " and (match := _ROW.match(line)):
            message, gap, rule = match[4].rstrip().rpartition("  ")
            if named := _OXLINT_RULE.fullmatch(rule):
                rule = named[1]
            if not gap or not _RULE_NAME.fullmatch(rule):
                message, rule = match[4], ""
            found = eslint_message(rule or None, message.strip(), fixable=False, warning=match[3] == "warning")
            rows.append(replace(found, file=file, line=number(match[1]), column=number(match[2])))
            if len(rows) >= FINDINGS_CAP:
                break
        elif line and line[0] not in " ✖\t" and len(line) < _PATH_CAP:
            file = posix(line)
    fixable = _FIXABLE.search(text)
    if (
        fixable
        and number(fixable[1]) == number(problems[1])
        and (number(problems[1]) or number(fixable[2]) == number(problems[2]))
    ):
        rows = [replace(row, fixable=True) for row in rows]
    elif fixable is None:  # eslint 8-10 counts what it can fix below the problems: nothing here
        rows = [replace(row, unfixable=not row.fixable) for row in rows]
    yield from rows


def _json(text: str) -> Iterator[Finding]:
    start = text.find('[{"filePath"')
    if start == -1:
        return
    try:
        data, _ = json.JSONDecoder().raw_decode(text, start)
    except (ValueError, RecursionError):
        return
    for entry in data if isinstance(data, list) else []:
        if not isinstance(entry, dict):
            continue
        messages = entry.get("messages")
        for message in messages if isinstance(messages, list) else []:
            if isinstance(message, dict):
                yield _json_message(str(entry.get("filePath", "")), message)


def _json_message(path: str, message: dict[str, Any]) -> Finding:
    rule = message.get("ruleId")
    text = str(message.get("message", ""))[:LINE_CAP]
    found = eslint_message(
        rule if isinstance(rule, str) else None,
        text,
        fixable=bool(message.get("fix")),
        warning=message.get("severity") == 1,
    )
    line, column = message.get("line"), message.get("column")
    return replace(
        found,
        file=posix(path),
        line=line if isinstance(line, int) else None,
        column=column if isinstance(column, int) else None,
        unfixable=not found.fixable,
    )


def _oxlint_unix(text: str) -> Iterator[Finding]:
    """The ``unix`` format: oxlint's, and eslint's of old."""
    for marker in (" [Error", " [Warning"):
        for _, line in lines_with(text, marker):
            if match := _UNIX.match(line):
                warning, rule = match[5] == "Warning", match[6] or ""
                head = f"{'!' if warning else 'x'} {rule}: {match[4]}"
                found = _oxlint_head(head) or eslint_message(rule or None, match[4], fixable=False, warning=warning)
                if not rule:
                    found = Finding(tool="oxlint", kind=Kind.SYNTAX, message=match[4])
                yield replace(found, file=posix(match[1]), line=number(match[2]), column=number(match[3]))


def _oxlint_head(line: str) -> Finding | None:
    match = _OXLINT_HEAD.match(line)
    if match is None:
        return None
    return oxlint_message(match[2], match[3], match[4], warning=match[1] in "⚠!")


def oxlint_message(plugin: str, name: str, message: str, *, warning: bool) -> Finding:
    """What an oxlint message is, by its plug-in and rule."""
    prefix = _OXLINT_PLUGINS.get(plugin, plugin.removeprefix("eslint-plugin-"))
    rule = name if plugin in {"eslint", "oxc"} else f"{prefix}/{name}"
    found = replace(eslint_message(rule, message, fixable=False, warning=warning), tool="oxlint")
    imported = found.kind is Kind.UNUSED_NAME and "is imported but never used" in message
    return replace(found, kind=Kind.UNUSED_IMPORT) if imported else found


def _oxlint(text: str) -> Iterator[Finding]:
    if "╭─[" not in text and ",-[" not in text:
        return
    pending: Finding | None = None
    for raw in text.split("\n"):
        line = raw[:LINE_CAP]
        if (head := _oxlint_head(line)) is not None:
            pending = head
        elif match := _OXLINT_SYNTAX.match(line):
            pending = Finding(tool="oxlint", kind=Kind.SYNTAX, message=match[1])
        elif pending is not None and (place := _OXLINT_PLACE.match(line)):
            yield replace(pending, file=posix(place[1]), line=number(place[2]), column=number(place[3]))
            pending = None


_OXLINT_PLUGINS = {"typescript-eslint": "@typescript-eslint", "eslint-plugin-import": "import"}


def _prettier(text: str) -> Iterator[Finding]:
    if "Code style issues" in text:
        for _, line in lines_with(text, "[warn] "):
            path = line.split("[warn] ", 1)[1].strip()
            if path and not path.startswith(("Code style issues", "Ignored unknown option", "jsxBracketSameLine")):
                yield Finding(
                    tool="prettier", kind=Kind.FORMAT, message="code style issues", file=posix(path), fixable=True
                )
    for _, line in lines_with(text, "SyntaxError: "):
        if match := _PRETTIER_ERROR.match(line):
            yield Finding(
                tool="prettier",
                kind=Kind.SYNTAX,
                code="SyntaxError",
                message=match[2],
                file=posix(match[1]),
                line=number(match[3]),
                column=number(match[4]),
            )
