"""The problems of a linter's report made for programs, whichever form it has; what they mean is not asked here."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from orchestrator.failures.output import LINE_CAP, lines_with, number, posix

HINTS = (
    '"code":', '"check_name":', '"ruleId":', '"message-id":', '"messageId":', '"rule":', '"category":', "::error ",
    "::warning ", "##vso[task.logissue", "<checkstyle", "<testsuites", ": [", ".py:\n", ".ipynb:\n", ": error ",
    ", Error - ", ": warning ", ", Warning - ",
)  # fmt: skip
_DEPTH = 7
"""How deep a report's problems lie at most (SARIF: runs, results)."""
_DOCUMENTS, _VAIN = 4_000, 200
"""JSON documents looked for in one output, one a line; and brackets that begin none."""
_CODE = r"[A-Z]{1,5}\d{2,5}|invalid-syntax"
_GITHUB = re.compile(r"::(error|warning) (.{1,1500}?)::(.*)$")
_AZURE = re.compile(r"##vso\[task\.logissue (.{1,1500}?);?\](.*)$")
_PROPERTY = re.compile(r"(?:^|[,;]) ?(\w{1,20})=([^,;]{0,500})")
_TITLE = re.compile(r"ruff \(([\w-]{1,60})\)$")
_BRACKETED = re.compile(
    r"(?P<file>[^\s:(][^:(\n]{0,400})(?::(?P<line>\d+):|\((?P<row>\d+)\):) "
    rf"\[(?P<rule>{_CODE})(?:\([a-z0-9-]{{2,60}}\))?(?:,? ?[^\]\s]{{0,300}})\] (?P<message>.*)$"
)
"""ruff's and flake8's ``pylint``, pylint's ``parseable`` and ``msvs``."""
_GROUP = re.compile(r"^(\S[^\n]{0,400}\.(?:pyi?|ipynb)):$", re.MULTILINE)
_GROUPED = re.compile(rf" +(\d+):(\d+) +({_CODE}):? (\[\*\] )?(.*)$")
_AGENT = re.compile(r"([^\s:][^:\n]{0,400}):(\d+):(\d+): (error|warning)(?: ([\w/-]{1,60}\([\w/-]{1,100}\)))?: (.*)$")
"""oxlint's ``agent``; without a rule: a file that cannot be read."""
_SCRIPT = (".js", ".jsx", ".ts", ".tsx", ".mjs", ".cjs", ".mts", ".cts", ".vue", ".svelte", ".astro")
_COMPACT = re.compile(r"(\S[^:\n]{0,400}): line (\d+), col (\d+), (Error|Warning) - (.{1,2000}) \(([@\w/-]{1,100})\)$")
_ELEMENT = re.compile(r"<(file|testsuite|testcase|error|failure)\b([^<>]{0,8000})>([^<]{0,60})")
_ATTRIBUTE = re.compile(r"\b(name|line|column|severity|message|source)=\"([^\"]{0,4000})\"")
_PLACE_BEFORE = re.compile(rf"\S{{1,500}}?:\d+:\d+: (?:(?:{_CODE}):? )?")
_LINE_COLUMN = re.compile(r"line (\d+), col(?:umn)? (\d+)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One problem of a report, as far as it says."""

    file: str
    message: str
    rule: str = ""
    line: int | None = None
    column: int | None = None
    warning: bool = False
    fixable: bool | None = None
    """``None``: the report does not say."""


def rows(text: str) -> Iterator[Row]:
    """Every problem of a report in plain text."""
    yield from _json(text)
    yield from _annotations(text)
    yield from _xml(text)
    yield from _grouped(text)
    yield from _lines(text)


def _json(text: str) -> Iterator[Row]:
    """One document, or one a line (ruff's ``json-lines``, mypy); what stands before and after is not JSON."""
    decoder, start, vain = json.JSONDecoder(), 0, 0
    for _ in range(_DOCUMENTS):
        opening = _OPENING.search(text, start)
        if opening is None:
            return
        start = opening.start()
        try:
            data, end = decoder.raw_decode(text, start)
        except (ValueError, RecursionError):
            if not text.startswith(_PRETTY, start):
                start, vain = start + 1, vain + 1
                if vain > _VAIN:
                    return
                continue
            for entry in _entries(decoder, text, start + 1):  # a report that is cut short
                yield from _problems(entry, "", _DEPTH)
            return
        yield from _problems(data, "", _DEPTH)
        start = end


def _entries(decoder: json.JSONDecoder, text: str, start: int) -> Iterator[object]:
    """The whole entries of a list whose end is missing."""
    while (gap := _GAP.match(text, start)) is not None:
        try:
            entry, start = decoder.raw_decode(text, gap.end())
        except (ValueError, RecursionError):
            return
        yield entry


_OPENING = re.compile(r"^[{\[]", re.MULTILINE)
_GAP = re.compile(r"[\s,]*(?={)")
_PRETTY = ("{\n", "[\n", "[{")


def _problems(data: object, file: str, depth: int) -> Iterator[Row]:
    if depth == 0:
        return
    if isinstance(data, dict):
        if "filePath" in data or "testResults" in data:
            return  # eslint's own report, a test runner's: read by theirs
        row = _problem(data, file)
        if row is not None:
            yield row
            return
        for name, value in data.items():  # flake8-json names the files as keys
            yield from _problems(value, name if isinstance(value, list) and "." in name else file, depth - 1)
    elif isinstance(data, list):
        for entry in data:
            yield from _problems(entry, file, depth - 1)


def _problem(entry: dict[str, Any], file: str) -> Row | None:
    message = _text(entry, "message", "description", "text")
    if isinstance(entry.get("message"), dict):  # SARIF
        message = _text(entry["message"], "text")
    rule = _text(entry, "code", "check_name", "ruleId", "message-id", "messageId", "rule", "category")
    if isinstance(entry.get("code"), dict):  # reviewdog
        rule = _text(entry["code"], "value")
    path = _text(entry, "filename", "file", "path") or _within(entry, _PATHS) or file
    if not message or not isinstance(path, str) or not path:
        return None
    line, zero_based = _within(entry, _LINES), isinstance(_within(entry, (("range", "start", "character"),)), int)
    column = _within(entry, _COLUMNS)
    fix = entry.get("fix", "unsaid") if "noqa_row" in entry else "unsaid"
    safe = isinstance(fix, dict) and fix.get("applicability") in {"safe", "Safe", "automatic", "Automatic"}
    return Row(
        file=posix(path.removeprefix("file://")), rule=rule or ("invalid-syntax" if "noqa_row" in entry else ""),
        message=message.removeprefix(f"{rule}: ")[:LINE_CAP],
        line=line + zero_based if isinstance(line, int) else None,
        column=column + zero_based if isinstance(column, int) else None,
        warning=_text(entry, "severity", "level").lower() in _MILD,
        fixable=None if fix == "unsaid" else safe,
    )  # fmt: skip


_MILD = frozenset({"warning", "information", "info", "note", "minor", "advice", "hint"})
_SARIF = ("locations", "0", "physicalLocation")
_PATHS = (("location", "path"), (*_SARIF, "artifactLocation", "uri"))
_LINES = (
    ("line",), ("line_number",), ("location", "row"), ("location", "start", "line"), ("location", "lines", "begin"),
    ("location", "range", "start", "line"), ("location", "positions", "begin", "line"), ("range", "start", "line"),
    ("labels", "0", "span", "line"), (*_SARIF, "region", "startLine"),
)  # fmt: skip
_COLUMNS = (
    ("column",), ("column_number",), ("location", "column"), ("location", "start", "column"),
    ("location", "range", "start", "column"), ("location", "positions", "begin", "column"),
    ("range", "start", "character"), ("labels", "0", "span", "column"), (*_SARIF, "region", "startColumn"),
)  # fmt: skip
"""Where each tool's report says it; "0" is a list's first entry."""


def _text(entry: dict[str, Any], *names: str) -> str:
    return next((entry[name] for name in names if isinstance(entry.get(name), str) and entry[name]), "")


def _within(entry: object, paths: Iterable[tuple[str, ...]]) -> object:
    for path in paths:
        value = entry
        for step in path:
            if isinstance(value, dict):
                value = value.get(step)
            elif isinstance(value, list) and step == "0" and value:
                value = value[0]
            else:
                value = None
        if isinstance(value, str | int) and not isinstance(value, bool):
            return value
    return None


def _annotations(text: str) -> Iterator[Row]:
    for marker, pattern in (("::error ", _GITHUB), ("::warning ", _GITHUB), ("##vso[task.logissue ", _AZURE)):
        for _, line in lines_with(text, marker):
            match = pattern.match(line)
            if match is None:
                continue
            told = dict(_PROPERTY.findall(match[match.re.groups - 1]))
            title = told.get("code") or told.get("title", "")
            if not title:
                continue
            rule = named[1] if (named := _TITLE.match(title)) else title
            message = match[match.re.groups].partition("%0A")[0]
            yield Row(
                file=posix(told.get("file") or told.get("sourcepath", "")), rule=rule,
                message=_PLACE_BEFORE.sub("", message, count=1) if _PLACE_BEFORE.match(message) else message,
                line=number(told.get("line") or told.get("linenumber")),
                column=number(told.get("col") or told.get("columnnumber")),
                warning="warning" in (match[1], told.get("type")) and not rule[1:].isdigit(),
            )  # fmt: skip


def _xml(text: str) -> Iterator[Row]:
    """Checkstyle (file, error), and JUnit as linters write it (testsuite, testcase, failure)."""
    if "<checkstyle" not in text and not LINTERS_JUNIT.search(text):
        return
    file = rule = ""
    case: dict[str, str] = {}
    for match in _ELEMENT.finditer(text):
        told = {name: html.unescape(value) for name, value in _ATTRIBUTE.findall(match[2])}
        if match[1] in {"file", "testsuite"}:
            file = told.get("name", "")
        elif match[1] == "testcase":
            case, rule = told, re.sub(r"^org\.\w{1,20}\.", "", told.get("name", ""))
            rule = rule.replace(".", "/") if "org.biome." in told.get("name", "") else rule
        else:
            place = _LINE_COLUMN.match(match[3])
            yield Row(
                file=posix(file), message=told.get("message", ""),
                rule=rule or told.get("source", "").removeprefix("eslint.rules."),
                line=number(told.get("line") or case.get("line") or (place[1] if place else None)),
                column=number(told.get("column") or case.get("column") or (place[2] if place else None)),
                warning=told.get("severity") == "warning",
            )  # fmt: skip


LINTERS_JUNIT = re.compile(r"<testsuites? name=\"(?:Oxlint|Biome|ruff)\"|package=\"org\.(?:ruff|biome|eslint)\"")
"""A JUnit report that no test runner wrote."""


def _grouped(text: str) -> Iterator[Row]:
    if ".py:\n" not in text and ".pyi:\n" not in text and ".ipynb:\n" not in text:
        return
    file = ""
    for raw in text.split("\n"):
        line = raw[:LINE_CAP]
        if line[:1] == " " and file and (match := _GROUPED.match(line)):
            yield Row(
                file=posix(file), rule=match[3], message=match[5], line=number(match[1]), column=number(match[2]),
                fixable=bool(match[4]),
            )  # fmt: skip
        elif head := _GROUP.match(line):
            file = head[1]
        elif line[:1] != " ":
            file = ""


def _lines(text: str) -> Iterator[Row]:
    for _, line in lines_with(text, ": ["):
        if match := _BRACKETED.match(line):
            where = number(match["line"] or match["row"])
            yield Row(file=posix(match["file"]), rule=match["rule"], message=match["message"], line=where)
    for _, line in (*lines_with(text, ": error"), *lines_with(text, ": warning")):
        if (match := _AGENT.match(line)) and (match[5] or match[1].endswith(_SCRIPT)):
            message = match[6].partition(" help: ")[0]
            yield Row(
                file=posix(match[1]), rule=match[5] or "", message=message, line=number(match[2]),
                column=number(match[3]), warning=match[4] == "warning",
            )  # fmt: skip
    for _, line in (*lines_with(text, ", Error - "), *lines_with(text, ", Warning - ")):
        if match := _COMPACT.match(line):
            yield Row(
                file=posix(match[1]), rule=match[6], message=match[5], line=number(match[2]), column=number(match[3]),
                warning=match[4] == "Warning",
            )  # fmt: skip
