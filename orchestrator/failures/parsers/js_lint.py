# The tools print these very characters.
# ruff: noqa: RUF001
"""eslint (8-9: stylish, compact, json), oxlint (1), biome (1-2), prettier (2-3)."""

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
    "━━━",
    '"diagnostics":[',
    "::error title=",
    " problem",
)

_PATH_CAP = 500
_ROW = re.compile(r" +(\d+):(\d+) +(error|warning) +(.*)$")
_RULE_NAME = re.compile(r"[@\w./-]+")
_FIXABLE = re.compile(r"(\d+) errors? and (\d+) warnings? potentially fixable")
_PROBLEMS = re.compile(r"✖ \d+ problems? \((\d+) errors?, (\d+) warnings?\)")
_OXLINT_HEAD = re.compile(r"\s*(×|⚠|x|!) ([\w-]+(?:/[\w-]+)*)\(([\w/-]+)\): (.*)$")
_OXLINT_SYNTAX = re.compile(r"\s*[×x] ((?:Unexpected|Expected|Unterminated|Invalid|Identifier|Missing)\b.*)$")
_OXLINT_PLACE = re.compile(r"\s*[╭,][─-]\[(.{1,400}?):(\d+):(\d+)\]")
_BIOME = re.compile(
    r"(?P<file>[^\s:]\S{0,400}?)(?::(?P<line>\d+):(?P<column>\d+))? (?P<rule>lint/[\w/]+|format|organizeImports"
    r"|assist/[\w/]+|parse|suppressions/\w+)(?P<fix>\s+FIXABLE)?\s+━+"
)
_PRETTIER_ERROR = re.compile(r"\[error\] (.{1,400}?): SyntaxError: (.*?)(?: \((\d+):(\d+)\))?$")

_NAME = re.compile(r"'([^']{1,300})'")
_EXPORT = re.compile(r"(\S{1,200}) not found in (?:imported namespace )?'([^']{1,300})'")

_RULES: dict[str, Kind] = {
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
    "import/no-self-import": Kind.CYCLE,
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

_UNSUPPORTED = re.compile(r"Definition for rule '([^']{1,200})' not found")


def parse(text: str) -> tuple[Finding, ...]:
    """One finding a message, of whichever of the four linters spoke."""
    findings = [*_json(text), *_stylish(text), *_oxlint(text), *_biome(text), *_biome_reports(text), *_prettier(text)]
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
    kind = _RULES.get(name) or (Kind.SECURITY if name.startswith(("security/", "no-secrets/")) else Kind.LINT)
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
    )


def _oxlint(text: str) -> Iterator[Finding]:
    if "╭─[" not in text and ",-[" not in text:
        return
    pending: Finding | None = None
    for raw in text.split("\n"):
        line = raw[:LINE_CAP]
        if match := _OXLINT_HEAD.match(line):
            rule = (
                match[3]
                if match[2] in {"eslint", "oxc"}
                else f"{_OXLINT_PLUGINS.get(match[2], match[2].removeprefix('eslint-plugin-'))}/{match[3]}"
            )
            pending = replace(eslint_message(rule, match[4], fixable=False, warning=match[1] in "⚠!"), tool="oxlint")
            if pending.kind is Kind.UNUSED_NAME and "is imported but never used" in match[4]:
                pending = replace(pending, kind=Kind.UNUSED_IMPORT)
        elif match := _OXLINT_SYNTAX.match(line):
            pending = Finding(tool="oxlint", kind=Kind.SYNTAX, message=match[1])
        elif pending is not None and (place := _OXLINT_PLACE.match(line)):
            yield replace(pending, file=posix(place[1]), line=number(place[2]), column=number(place[3]))
            pending = None


_OXLINT_PLUGINS = {"typescript-eslint": "@typescript-eslint", "eslint-plugin-import": "import"}


def _biome(text: str) -> Iterator[Finding]:
    for start, line in lines_with(text, " ━━━"):
        match = _BIOME.match(line)
        if match is None:
            continue
        after = text[start + len(line) : start + len(line) + 2000].split("\n")
        message = next((part.strip() for part in after if part.strip()), "")
        mark, message = message[:1], message[1:].strip() if message[:1] in "×x!ℹi" else message
        yield Finding(
            tool="biome", kind=_biome_kind(match["rule"]), code=match["rule"], message=message[:LINE_CAP],
            file=posix(match["file"]),
            line=number(match["line"]),
            column=number(match["column"]), fixable=bool(match["fix"]), warning=mark in {"!", "i", "ℹ"},
            symbol=_biome_symbol(message),
        )  # fmt: skip


def _biome_kind(rule: str) -> Kind:
    known = _BIOME_KINDS.get(rule) or _RULES.get(rule.rsplit("/", 1)[-1])
    if known is not None:
        return known
    if rule.startswith("assist/"):
        return Kind.IMPORT_ORDER
    return Kind.SECURITY if "/security/" in rule else Kind.LINT


def _biome_reports(text: str) -> Iterator[Finding]:
    """biome's other reporters: ``json`` and ``github``."""
    if '"diagnostics":[' in text:
        start = text.find("{")
        try:
            data, _ = json.JSONDecoder().raw_decode(text, start)
        except (ValueError, RecursionError):
            data = {}
        entries = data.get("diagnostics") if isinstance(data, dict) else None
        for entry in entries if isinstance(entries, list) else ():
            if isinstance(entry, dict) and isinstance(entry.get("category"), str):
                yield _biome_entry(entry)
    for _, line in lines_with(text, "::error title="):
        if match := _BIOME_GITHUB.match(line):
            yield _biome_found(match[1], match[4], posix(match[2]), number(match[3]), warning=False)


def _biome_entry(entry: dict[str, Any]) -> Finding:
    place = entry.get("location")
    place = place if isinstance(place, dict) else {}
    start = place.get("start")
    line = start.get("line") if isinstance(start, dict) else None
    path = place.get("path")
    return _biome_found(
        entry["category"], str(entry.get("message", ""))[:LINE_CAP],
        posix(path) if isinstance(path, str) else None, line if isinstance(line, int) else None,
        warning=entry.get("severity") not in {"error", "fatal"},
    )  # fmt: skip


def _biome_found(rule: str, message: str, file: str | None, line: int | None, *, warning: bool) -> Finding:
    return Finding(
        tool="biome", kind=_biome_kind(rule), code=rule, message=message, file=file, line=line, warning=warning,
        symbol=_biome_symbol(message),
    )  # fmt: skip


_BIOME_NAME = re.compile(
    r"This (?:variable|parameter|function|class) ([\w$]+) is unused|The ([\w$]+) variable is undeclared"
)
"""biome 2.6: the rules that say of which name they speak (of unused imports they do not)."""


def _biome_symbol(message: str) -> str | None:
    match = _BIOME_NAME.match(message)
    return match[match.lastindex or 0] if match else None


_BIOME_GITHUB = re.compile(r"::error title=([\w/]{1,100}),file=([^,]{1,400}),line=(\d+)[^:]{0,100}::(.*)$")
_BIOME_KINDS = {"format": Kind.FORMAT, "organizeImports": Kind.IMPORT_ORDER, "parse": Kind.SYNTAX}


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
