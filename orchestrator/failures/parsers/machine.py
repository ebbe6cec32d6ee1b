"""Linters' reports made for programs: JSON, JSON lines, GitLab, SARIF, reviewdog, Checkstyle, JUnit, the annotations of
GitHub and Azure, pylint's ``parseable`` and ``msvs``, ruff's ``grouped``.

Of ruff (0.1-0.17), flake8 (3-7), pylint (2-4), mypy (1.11-2.4), pyright (1.1), eslint (8-10), oxlint (1), biome (1-2).
A report is read into problems (:mod:`orchestrator.failures.parsers.machine_rows`); what a rule means, its tool's own
parser says: rules have shapes of their own.
"""

from __future__ import annotations

import re
from dataclasses import replace
from itertools import islice

from orchestrator.failures.finding import Finding, Kind
from orchestrator.failures.output import FINDINGS_CAP
from orchestrator.failures.parsers import biome, js_lint, python_lint, python_types
from orchestrator.failures.parsers.machine_rows import Row, rows

_RUFF = ("astral.sh/ruff", "title=ruff (", "org.ruff")
"""What tells ruff's reports from flake8's, whose codes it shares."""
_PYTHON = re.compile(r"[A-Z]{1,5}\d{2,5}|invalid-syntax")
_OXLINT = re.compile(r"([\w-]{1,60}(?:/[\w-]{1,60})?)\(([\w/-]{1,100})\)")
_BIOME = re.compile(r"lint/[\w/]{1,100}|assist/[\w/]{1,100}|suppressions/\w{1,60}|format|organizeImports|parse")
_MYPY = re.compile(r"[a-z][a-z-]{1,40}")
_PYRIGHT = re.compile(r"report[A-Z]\w{1,60}")
_ESLINT = re.compile(r"@?[a-z][\w-]{0,60}(?:/[\w/-]{1,100})?")
_SCRIPT = re.compile(r"\.(?:[cm]?[jt]sx?|vue|svelte|astro)$")
_SOURCE = re.compile(r"\.(?:pyi?|ipynb)$")


def parse(text: str) -> tuple[Finding, ...]:
    """One finding a problem of whichever report is there."""
    ruff = any(mark in text for mark in _RUFF)
    found = (_found(row) for row in islice(rows(text), FINDINGS_CAP))
    return tuple(
        replace(finding, tool="ruff") if ruff and finding.tool == "flake8" else finding
        for finding in found
        if finding is not None
    )


def _found(row: Row) -> Finding | None:
    python, script = _SOURCE.search(row.file) is not None, _SCRIPT.search(row.file) is not None
    finding = None
    if _BIOME.fullmatch(row.rule) and not python:
        finding = biome.reported(row.rule, row.message, row.file, row.line, warning=row.warning)
    elif _PYTHON.fullmatch(row.rule):
        return _python(row)
    elif (named := _OXLINT.fullmatch(row.rule)) and not python:
        finding = js_lint.oxlint_message(named[1], named[2], row.message, warning=row.warning)
    elif row.rule in {"", "oxlint"} and script:
        finding = Finding(tool="oxlint", kind=Kind.SYNTAX, message=row.message)
    elif _ESLINT.fullmatch(row.rule) and script:
        finding = js_lint.eslint_message(row.rule, row.message, fixable=bool(row.fixable), warning=row.warning)
    elif python:
        return _typed(row)
    return replace(finding, file=row.file, line=row.line, column=row.column) if finding else None


def _python(row: Row) -> Finding:
    """ruff's, flake8's, pylint's; a ``fix`` or its absence is told by ruff alone."""
    syntax = row.rule == "invalid-syntax"
    found = python_lint.coded(
        (row.file, str(row.line or ""), str(row.column or "")), None if syntax else row.rule, row.message,
        syntax=syntax, fixable=row.fixable is True,
    )  # fmt: skip
    return found if row.fixable is None else replace(found, tool="ruff", unfixable=not row.fixable)


def _typed(row: Row) -> Finding | None:
    """mypy's and pyright's messages, as their plain reports have them."""
    message = row.message.replace("\n", "\n    ")
    place = f"{row.file}:{row.line or 1}:{row.column or 1}"
    if _PYRIGHT.fullmatch(row.rule) or not row.rule:
        told = f"{place} - error: {message}" + (f" ({row.rule})" if row.rule else "")
    elif _MYPY.fullmatch(row.rule):
        told = f"{place}: error: {message}  [{row.rule}]"
    else:
        return None
    return next(iter(python_types.parse(told)), None)
