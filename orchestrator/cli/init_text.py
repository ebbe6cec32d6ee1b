"""What ``init`` says it found: for people, and as values for programs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from orchestrator.cli.init_files import Written
from orchestrator.domain.gate import GateReport
from orchestrator.domain.words import count
from orchestrator.drafts.draft import Draft
from orchestrator.drafts.project_file import Proposal, Seen
from orchestrator.drafts.survey import told
from orchestrator.gate.base_state import BaseState, BaseWord
from orchestrator.reports.figures import duration
from orchestrator.reports.inert import one_line
from orchestrator.reports.task_papers import gate_rows

_NAMED = 4
"""Names in one line; more are counted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Looked:
    """All that was found out."""

    seen: Seen
    proposal: Proposal
    drafts: tuple[Draft, ...] | None
    """``None``: none were asked for."""
    report: GateReport | None = None
    tried: int = 0
    trouble: str = ""
    """Why the gate was not tried, or what did not work."""
    remarks: int = 0
    """TODO comments in the code."""


def as_text(looked: Looked, written: Sequence[Written]) -> list[str]:
    seen = looked.seen
    lines = [f"seen    {told(seen.survey.languages)}; {', '.join(seen.survey.managers) or 'no package manager'}"]
    if seen.survey.packages:
        lines.append(
            f"        {count(len(seen.survey.packages), 'package')} below the top: {_some(seen.survey.packages)}"
        )
    files = list(dict.fromkeys(ci.file for ci in seen.survey.ci))
    lines.append(f"        {count(seen.survey.test_files, 'test file')}; CI: {_some(files) or 'none that is known'}")
    lines += _gate_lines(looked)
    lines.append("")
    lines += [f"{one.verb:<8}{one.path}{f'  ({one.why})' if one.why else ''}" for one in written]
    tasks = written[-1].path
    if looked.drafts is None and looked.remarks:
        again = "orchestrate init --from-todo --tasks todo.yaml"
        lines.append(f"hint    {count(looked.remarks, 'TODO comment')} in the code: {again} drafts a task for each")
    lines.append(f"next    say what you want in {tasks}, then: orchestrate doctor {tasks}")
    return lines


def _gate_lines(looked: Looked) -> list[str]:
    seen, lines = looked.seen, list[str]()
    if seen.setup:
        lines.append(f"set-up  {one_line(seen.setup)}")
    if looked.proposal.why:
        lines.append(f"        {one_line(looked.proposal.why, limit=300)}")
    rows = gate_rows(looked.report) if looked.report else ()
    label = "gate"
    for row in rows:
        where = "" if row.path == "." else f" in {row.path}"
        proof = f"{one_line(row.command)}{where}: {one_line(row.proof)}"
        lines.append(f"{label:<8}{row.check:<9} {row.verdict:<6} {row.took:>7}  {proof}")
        label = ""
    if not rows:
        commands = [f"{spec.kind}: {spec.command}" for spec in seen.plan.checks]
        lines.append(
            f"gate    {'; '.join(commands) or 'no check was found: name them under gate: in orchestrate.yaml'}"
        )
    lines.append(f"base    {_verdict(seen.state, looked.trouble)}")
    return lines


def _verdict(state: BaseState | None, trouble: str) -> str:
    if state is None:
        return one_line(trouble or "the gate was not run (--no-gate)", limit=600)
    figures = [f"{count(state.tests, 'test')} in {duration(state.seconds)}"] if state.tests else []
    figures += [f"{state.coverage:.1f} % of the lines covered"] if state.coverage is not None else []
    known = f" ({', '.join(figures)})" if figures else ""
    match state.word:
        case BaseWord.GREEN:
            return f"green{known}"
        case BaseWord.RED:
            return f"red{known}: {'; '.join(state.red)}. What fails there already blocks no task; only new failures do."
        case BaseWord.UNTESTED:
            red = f": {'; '.join(state.red)}" if state.red else ""
            return f"no tests are known{red}: gate: {{test: ...}} names the command that runs them"
        case BaseWord.EMPTY:
            return "no check was found"
        case _:
            return f"the gate does not work yet: {'; '.join(state.broken)}"


def _some(names: Sequence[str]) -> str:
    shown = ", ".join(one_line(name, limit=60) for name in names[:_NAMED])
    return f"{shown} and {len(names) - _NAMED} more" if len(names) > _NAMED else shown


def as_json(looked: Looked, written: Sequence[Written]) -> dict[str, Any]:
    seen, state = looked.seen, looked.seen.state
    return {
        "files": [{"path": one.path, "what": one.verb, "why": one.why} for one in written],
        "languages": dict(seen.survey.languages),
        "managers": list(seen.survey.managers),
        "packages": list(seen.survey.packages),
        "ci": [{"file": ci.file, "line": ci.line, "kind": ci.kind, "command": ci.command} for ci in seen.survey.ci],
        "gate": [
            {"check": spec.kind, "path": spec.path, "command": spec.command, "origin": spec.origin}
            for spec in seen.plan.checks
        ],
        "setup": list(looked.proposal.setup) if looked.proposal.setup is not None else None,
        "setup_note": seen.setup,
        "why": looked.proposal.why,
        "base": None
        if state is None
        else {
            "state": state.word,
            "tests": state.tests,
            "coverage": state.coverage,
            "seconds": round(state.seconds, 3),
            "red": list(state.red),
            "broken": list(state.broken),
        },
        "attempts": looked.tried,
        "trouble": looked.trouble,
        "drafts": None if looked.drafts is None else len(looked.drafts),
        "todo_comments": looked.remarks,
    }
