"""The pure core of ``orchestrate classify``: cases as JSON lines in, verdicts as JSON lines out (contract)."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

from orchestrator.domain.errors import UsageError
from orchestrator.domain.failure import Category, CheckKind, Failure, gravest
from orchestrator.failures import judge_output
from orchestrator.failures.tables import Tables
from orchestrator.failures.view import RepositoryView, TextView, View

FLAKY = "flaky"
"""Told of a case whose second run on the same tree was green; no category of its own."""


def classify_lines(lines: Iterable[str], *, tables: Tables | None = None) -> Iterator[str]:
    """One verdict a case, in order. ``UsageError`` for a line that is no case, with its number."""
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            case = json.loads(line)
        except ValueError as error:
            raise UsageError(
                f"stdin:{number}: not JSON: {error}",
                hint="one case a line: id, stage, command, exit_code, stdout, stderr",
            ) from error
        if not isinstance(case, dict) or "id" not in case:
            raise UsageError(
                f"stdin:{number}: no case: it needs an id",
                hint="one case a line: id, stage, command, exit_code, stdout, stderr",
            )
        yield json.dumps(classify_case(case, tables=tables), ensure_ascii=False)


def classify_case(case: dict[str, Any], *, tables: Tables | None = None) -> dict[str, Any]:
    """The verdict on one case."""
    failures = judge_output(
        str(case.get("stdout") or ""),
        str(case.get("stderr") or ""),
        exit_code=int(case.get("exit_code") or 0),
        timed_out=bool(case.get("gate_timed_out")),
        check=_check(case.get("stage")),
        view=_view(case),
        command=str(case.get("command") or ""),
        command_doubted=True,
        tables=tables,
    )
    category: str = (gravest(failures) or Category.TACTICAL).value
    if case.get("rerun_exit_code") == 0 and category != Category.ENVIRONMENT:
        category = FLAKY
    return {"id": case["id"], "category": category, "failures": [_shown(failure) for failure in failures]}


def _check(stage: object) -> CheckKind:
    return next((kind for kind in CheckKind if kind.value == stage), CheckKind.TEST)


def _view(case: dict[str, Any]) -> View:
    diff = case["diff"] if isinstance(case.get("diff"), str) else None
    changed = tuple(map(str, case.get("files_changed") or ()))
    repo = case.get("repo")
    if isinstance(repo, str) and Path(repo).is_dir():
        return RepositoryView(root=Path(repo), diff=diff, files_changed=changed)
    return TextView(diff=diff, files_changed=changed)


def _shown(failure: Failure) -> dict[str, Any]:
    return {key: value for key, value in asdict(failure).items() if value not in (None, "", ())}
