"""This room's one door to the disk: a run's folder is read into report inputs, and its reports are written.

Whatever is missing or unreadable in a task's folder is left out of the report; the journal alone is truth.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from orchestrator.domain.adr import Adr
from orchestrator.domain.outcome import RunSummary
from orchestrator.ledger.durable import write_whole
from orchestrator.reports.inputs import CallNote, ReportInputs, TaskDetail
from orchestrator.reports.report import report_html, report_markdown
from orchestrator.reports.summary import summary_json
from orchestrator.reports.timeline import timeline

Entry = Mapping[str, Any]

READ_LIMIT = 400_000
"""Bytes read of one artefact: half from its head, half from its tail; reports show less."""


def read_inputs(folder: Path, summary: RunSummary, entries: Sequence[Entry]) -> ReportInputs:
    """What the run's folder and journal say beside the summary."""
    details = {task.id: read_detail(folder / "tasks" / task.id, task.id, entries) for task in summary.tasks}
    return ReportInputs(details=details, timeline=timeline(entries))


def read_detail(folder: Path, task: str, entries: Sequence[Entry]) -> TaskDetail:
    """One task's texts: its ADR, its diff, the output of the check that failed last."""
    own = [entry for entry in entries if entry.get("task") == task]
    red = _last_red(own)
    latest = _latest_iteration(folder)
    return TaskDetail(
        adr=_adr(_text(folder / "adr.md")),
        diff=_text(folder / "changes.patch") or (_text(latest / "changes.patch") if latest else ""),
        failing_check=str(red["check"]) if red else "",
        failing_command=str(red.get("command", "")) if red else "",
        failing_output=_log(folder, red) if red else "",
        calls=tuple(_call(entry) for entry in own if entry.get("type") == "call:answer"),
        hints=tuple(str(entry["hint"]) for entry in own if entry.get("type") == "task:reopened" and entry.get("hint")),
        folder=str(folder),
    )


def write_reports(folder: Path, summary: RunSummary, inputs: ReportInputs) -> tuple[Path, ...]:
    """Write report.md, report.html and summary.json, each whole or not at all; their paths. ``OSError`` on the disk."""
    texts = {
        "report.md": report_markdown(summary, inputs),
        "report.html": report_html(summary, inputs),
        "summary.json": summary_json(summary),
    }
    for name, text in texts.items():
        write_whole(folder / name, text.encode("utf-8"))
    return tuple(folder / name for name in texts)


def _last_red(own: Sequence[Entry]) -> Entry | None:
    """The failed check of the task's last gate; ``None`` where that gate was green."""
    for entry in reversed(own):
        if entry.get("type") == "gate:finished" and entry.get("passed"):
            return None
        if entry.get("type") == "check:finished" and not entry.get("passed"):
            return entry
    return None


def _log(folder: Path, red: Entry) -> str:
    """The check's log; a monorepo has one a package, and the failed one is the last."""
    iteration = folder / "iterations" / str(red.get("iteration"))
    check = str(red["check"])
    if not check.isalpha() or not iteration.is_dir():
        return ""
    logs = sorted(iteration.glob(f"{check}*.log"))
    return _text(logs[-1]) if logs else ""


def _latest_iteration(folder: Path) -> Path | None:
    iterations = folder / "iterations"
    if not iterations.is_dir():
        return None
    numbered = [path for path in iterations.iterdir() if path.name.isdigit()]
    return max(numbered, key=lambda path: int(path.name), default=None)


def _text(path: Path) -> str:
    """A file's text, bounded, never through a link; empty where it cannot be read."""
    if path.is_symlink() or not path.is_file():
        return ""
    try:
        with path.open("rb") as file:
            head = file.read(READ_LIMIT // 2)
            size = path.stat().st_size
            if size > READ_LIMIT:
                file.seek(size - READ_LIMIT // 2)
                head += f"\n[... {size - READ_LIMIT:,} bytes not read ...]\n".encode()
            rest = file.read(READ_LIMIT // 2)
    except OSError:
        return ""
    return (head + rest).decode("utf-8", "replace")


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


def _adr(text: str) -> Adr | None:
    """The accepted ADR, as far as the report's table needs it."""
    if not text.strip():
        return None
    lines = text.splitlines()
    fields = {
        name.strip().lower(): value.strip()
        for name, mark, value in (line.partition(":") for line in lines[:40])
        if mark and name.strip().lower() in ("status", "date")
    }
    return Adr(
        title=next((line.lstrip("# ").strip() for line in lines if line.startswith("# ")), ""),
        status=fields.get("status", ""),
        date=fields.get("date", ""),
        text=text,
        decision=_section(lines, "decision"),
        files=(),
        compliance={},
    )


def _section(lines: Sequence[str], name: str) -> str:
    taken: list[str] = []
    inside = False
    for line in lines:
        if line.startswith("#"):
            inside = line.lstrip("# ").strip().lower() == name
        elif inside:
            taken.append(line)
    return "\n".join(taken).strip()
