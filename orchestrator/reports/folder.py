"""This room's one door to the disk: a run's folder is read into report inputs, and its reports are written.

Whatever is missing or unreadable in a task's folder is left out of the report; the journal alone is truth.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from orchestrator.domain.gate import GateReport
from orchestrator.domain.outcome import RunSummary, TaskOutcome, TaskStatus
from orchestrator.domain.task import Importance
from orchestrator.ledger.durable import write_whole
from orchestrator.ledger.registry_track import track, words
from orchestrator.reports.artefacts import (
    acceptance_by_task,
    adr_of,
    certificate_of,
    review_answers,
    reviews_of,
    tasks_file,
    text_of,
)
from orchestrator.reports.inputs import CallNote, LimitTerms, ReportInputs, TaskDetail
from orchestrator.reports.landing import landing_view
from orchestrator.reports.profile_calls import call_points, profile_json
from orchestrator.reports.remediation import remediations
from orchestrator.reports.report import report_html, report_markdown
from orchestrator.reports.run_facts import run_json
from orchestrator.reports.savings import savings_of
from orchestrator.reports.summary import summary_json
from orchestrator.reports.task_papers import (
    budget_report_markdown,
    delivery_report_markdown,
    escalation_markdown,
    review_markdown,
)
from orchestrator.reports.timeline import timeline

Entry = Mapping[str, Any]
GateReader = Callable[[Path], GateReport]
"""Raises ``OSError``, ``ValueError``, ``KeyError`` or ``TypeError`` for what is no gate report."""

ESCALATION = "escalation.md"


def read_inputs(
    folder: Path, summary: RunSummary, entries: Sequence[Entry], read_gate: GateReader | None = None
) -> ReportInputs:
    """What the run's folder and journal say beside the summary; ``read_gate`` reads a gate.json."""
    by_task: dict[str, list[int]] = {}
    for place, entry in enumerate(entries):
        by_task.setdefault(str(entry.get("task", "")), []).append(place)
    asked = acceptance_by_task(tasks_file(folder))
    details = {
        task.id: replace(
            read_detail(
                folder / "tasks" / task.id, task.id, [entries[place] for place in by_task.get(task.id, ())], read_gate
            ),
            acceptance=asked.get(task.id, ()),
        )
        for task in summary.tasks
    }
    tried, conflicts = earlier_conflicts(folder)
    return ReportInputs(
        details=details,
        timeline=timeline(entries),
        calls=call_points(entries),
        earlier_tasks=tried,
        earlier_conflicts=conflicts,
        estimates=words(track(entries)),
        savings=savings_of(entries),
        landing=landing_view(summary, entries),
    )


def write_papers_of(
    folder: Path, summary: RunSummary, entries: Sequence[Entry], acceptance: Sequence[str], read_gate: GateReader
) -> None:
    """Write the papers of the tasks in that summary, of one: all that is read is its own. ``OSError`` on the disk."""
    details = {
        task.id: replace(
            read_detail(folder / "tasks" / task.id, task.id, entries, read_gate), acceptance=tuple(acceptance)
        )
        for task in summary.tasks
    }
    write_papers(folder, summary, ReportInputs(details=details))


def read_detail(folder: Path, task: str, entries: Sequence[Entry], read_gate: GateReader | None = None) -> TaskDetail:
    """One task's texts: its ADR, its diff, the last gate, the output of the check that failed last, the reviews."""
    own = [entry for entry in entries if entry.get("task") == task]
    red = _last_red(own)
    latest = _latest_iteration(folder)
    gate = _gate(latest, read_gate) if latest and read_gate else None
    return TaskDetail(
        gate=gate,
        failures=gate.failures if gate else (),
        reviews=tuple(reviews_of(folder, own)),
        limits=_limits(own),
        adr=adr_of(text_of(folder / "adr.md")),
        diff=text_of(folder / "changes.patch") or (text_of(latest / "changes.patch") if latest else ""),
        failing_check=str(red["check"]) if red else "",
        failing_command=str(red.get("command", "")) if red else "",
        failing_output=_log(folder, red) if red else "",
        calls=tuple(_call(entry) for entry in own if entry.get("type") == "call:answer"),
        hints=tuple(str(entry["hint"]) for entry in own if entry.get("type") == "task:reopened" and entry.get("hint")),
        folder=str(folder),
        importance=_importance(own),
        after=tuple(map(str, _newest(own, "task:started").get("depends_on") or ())),
        flags=tuple(map(str, _newest(own, "review:finished").get("flags") or ())),
        certificate=certificate_of(folder),
        answers=review_answers(folder, own),
        estimate_tokens=_estimate(own),
    )


def write_reports(folder: Path, summary: RunSummary, inputs: ReportInputs) -> tuple[Path, ...]:
    """Write report.md, report.html and summary.json, each whole or not at all; their paths. ``OSError`` on the disk."""
    texts = {
        "report.md": report_markdown(summary, inputs),
        "report.html": report_html(summary, inputs),
        "summary.json": summary_json(summary),
    }
    for name, text in texts.items():
        _keep(folder / name, text)
    return tuple(folder / name for name in texts)


def write_facts(folder: Path, entries: Sequence[Entry]) -> None:
    """Write run.json, what the run was begun with, and profile.json: time, tokens, look-ups and context of each call
    (P6). ``OSError`` on the disk."""
    _keep(folder / "run.json", run_json(entries))
    _keep(folder / "profile.json", profile_json(entries))


def write_papers(folder: Path, summary: RunSummary, inputs: ReportInputs, only: str | None = None) -> None:
    """Write each ended task's own papers into its folder: budget and delivery report, review, escalation.

    ``only``: one task's, as the others' stand already. A skipped task has none. The escalation of a task that was
    delivered after all is taken away. ``OSError`` on the disk.
    """
    for task in summary.tasks:
        if task.status is TaskStatus.SKIPPED or only not in (None, task.id):
            continue
        for name, text in _papers(task, inputs.detail(task.id), summary).items():
            _keep(folder / "tasks" / task.id / name, text)
        if task.status is TaskStatus.DELIVERED:
            (folder / "tasks" / task.id / ESCALATION).unlink(missing_ok=True)


def write_remediations(folder: Path, summary: RunSummary) -> tuple[Path, ...]:
    """Write what budgets stopped as tasks files beside the journal (B5), and take stale ones away; their paths.

    A run without its copy of the tasks file has none. ``OSError`` on the disk.
    """
    raw = tasks_file(folder)
    texts = remediations(raw, summary) if raw is not None else {}
    for path in folder.glob("remediation*.yaml"):
        if path.name not in texts:
            path.unlink(missing_ok=True)
    for name, text in texts.items():
        _keep(folder / name, text)
    return tuple(folder / name for name in texts)


def earlier_conflicts(folder: Path) -> tuple[int, int]:
    """Tasks tried in the runs before this one, and how many had a conflict (L13), from their summaries."""
    tried = conflicts = 0
    for path in sorted(folder.parent.glob("*/summary.json")):
        if path.parent.name >= folder.name:
            continue
        try:
            tasks = json.loads(text_of(path))["tasks"]
            worked = [task for task in tasks if task["status"] != TaskStatus.SKIPPED]
            tried, conflicts = tried + len(worked), conflicts + sum(task["conflicts"] > 0 for task in worked)
        except (ValueError, KeyError, TypeError):
            continue
    return tried, conflicts


def _papers(task: TaskOutcome, detail: TaskDetail, summary: RunSummary) -> dict[str, str]:
    papers = {"budget_report.md": budget_report_markdown(task, detail)}
    if detail.reviews:
        papers["review.md"] = review_markdown(task.id, task.title, detail.reviews)
    if task.status is TaskStatus.DELIVERED:
        papers["delivery_report.md"] = delivery_report_markdown(
            task,
            detail,
            run=summary.run,
            base=summary.base,
            registry_before=summary.registry_before,
            registry_after=summary.registry_after,
        )
    else:
        papers[ESCALATION] = escalation_markdown(task, detail, run=summary.run, state_dir=summary.state_dir)
    return papers


def _keep(path: Path, text: str) -> None:
    """Write it, unless it stands there already."""
    content = text.encode("utf-8")
    try:
        if path.read_bytes() == content:
            return
    except OSError:
        pass
    write_whole(path, content)


def _gate(iteration: Path, read_gate: GateReader) -> GateReport | None:
    """The last passage of that iteration: ``gate.json``, ``gate-2.json`` ..."""
    passages = sorted(iteration.glob("gate*.json"), key=lambda path: (len(path.name), path.name))
    if not passages or passages[-1].is_symlink():
        return None
    try:
        return read_gate(passages[-1])
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _limits(own: Sequence[Entry]) -> tuple[LimitTerms, ...]:
    """How the limits came about, as define journaled it last."""
    for entry in reversed(own):
        if entry.get("type") == "task:defined":
            return tuple(
                LimitTerms(phase=str(terms["phase"]), limit=int(terms["tokens"]), how=str(terms["how"]))
                for terms in entry.get("limits", ())
            )
    return ()


def _newest(own: Sequence[Entry], kind: str) -> Entry:
    """The last entry of that type; empty where there is none."""
    return next((entry for entry in reversed(own) if entry.get("type") == kind), {})


def _importance(own: Sequence[Entry]) -> Importance:
    """As define journaled it; older journals do not say, and unknown words count as medium."""
    word = _newest(own, "task:defined").get("importance")
    return Importance(word) if word in list(Importance) else Importance.MEDIUM


def _estimate(own: Sequence[Entry]) -> int | None:
    """What the registry had learnt to expect of the whole task."""
    likely = _newest(own, "run:calibrated").get("likely")
    return likely if isinstance(likely, int) else None


def _last_red(own: Sequence[Entry]) -> Entry | None:
    """The failed check of the task's last gate; ``None`` where that gate was green."""
    for entry in reversed(own):
        if entry.get("type") == "gate:finished" and entry.get("passed"):
            return None
        if entry.get("type") == "check:finished" and not entry.get("passed") and not entry.get("rest"):
            return entry
    return None


def _log(folder: Path, red: Entry) -> str:
    """The check's log; a monorepo has one a package, and the failed one is the last."""
    iteration = folder / "iterations" / str(red.get("iteration"))
    check = str(red["check"])
    if not check.isalpha() or not iteration.is_dir():
        return ""
    logs = sorted(iteration.glob(f"{check}*.log"))
    return text_of(logs[-1]) if logs else ""


def _latest_iteration(folder: Path) -> Path | None:
    iterations = folder / "iterations"
    if not iterations.is_dir():
        return None
    numbered = [path for path in iterations.iterdir() if path.name.isdigit()]
    return max(numbered, key=lambda path: int(path.name), default=None)


def _call(entry: Entry) -> CallNote:
    return CallNote(
        phase=str(entry.get("phase", "")),
        role=str(entry.get("role", "")),
        model=str(entry.get("model", "")),
        iteration=int(entry.get("iteration") or 0),
        tokens=int(entry.get("input_tokens") or 0) + int(entry.get("output_tokens") or 0),
        seconds=float(entry.get("seconds") or 0),
        estimated=bool(entry.get("estimated")),
    )
