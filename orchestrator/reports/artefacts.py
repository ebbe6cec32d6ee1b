"""A task's files as they lie in its folder, read bounded and never through a link; the unreadable is left out."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from orchestrator import strict_yaml
from orchestrator.domain.adr import Adr
from orchestrator.reports.inputs import CertificateNote, Finding, ReviewRound
from orchestrator.reports.record_view import answers_of, sections

Entry = Mapping[str, Any]

READ_LIMIT = 400_000
"""Bytes read of one artefact: half from its head, half from its tail; reports show less."""


def text_of(path: Path) -> str:
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


def reviews_of(folder: Path, own: Sequence[Entry]) -> Iterator[ReviewRound]:
    """The reviews and audits that the journal names, each with its file's findings and prose where they can be read."""
    number = 0
    for entry in own:
        kind, role = entry.get("type"), str(entry.get("role", "reviewer"))
        if kind not in ("review:finished", "audit:finished"):
            continue
        number += kind == "review:finished"
        name = "review" if kind == "review:finished" else f"audit-{role}"
        try:
            data = json.loads(text_of(folder / f"{name}-{entry.get('number', number)}.json"))
            findings = tuple(
                Finding(
                    text=_said(item, role),
                    severity=str(item.get("severity") or ""),
                    file=item.get("file"),
                    line=item.get("line"),
                )
                for item in data.get("findings", ())
            )
            text = str(data.get("text", ""))
        except (ValueError, KeyError, TypeError, AttributeError):
            findings, text = (), str(entry.get("summary", ""))
        yield ReviewRound(
            role=role.replace("_", " "),
            model=str(entry.get("model", "")),
            verdict=str(entry.get("verdict") or ("findings" if entry.get("ran") else "did not run")),
            findings=findings,
            text=text,
        )


def _said(item: Mapping[str, Any], role: str) -> str:
    """A finding's text; in the merged review it says whose it is."""
    by = str(item.get("by") or role)
    text = str(item["text"])
    return text if by == role else f"{text} ({by.replace('_', ' ')})"


def adr_of(text: str) -> Adr | None:
    """The accepted ADR, as far as the report's table needs it."""
    if not text.strip():
        return None
    lines = text.splitlines()
    fields = {
        name.strip().lower(): value.strip()
        for name, mark, value in (line.partition(":") for line in lines[:40])
        if mark and name.strip().lower() in ("status", "date")
    }
    parts = sections(text)
    return Adr(
        title=next((line.lstrip("# ").strip() for line in lines if line.startswith("# ")), ""),
        status=fields.get("status", ""),
        date=fields.get("date", ""),
        text=text,
        decision=parts.get("decision", ""),
        files=(),
        compliance=answers_of(parts.get("invariant compliance", "")),
    )


def certificate_of(folder: Path) -> CertificateNote | None:
    """The task's certificate; ``None`` where there is none, or it cannot be read."""
    try:
        data = json.loads(text_of(folder / "certificate.json"))
        tests = [one["tests"] for one in data["results"] if one.get("tests")]
        before = [one.get("base_ran") for one in tests]
        coverage = [one["coverage"] for one in data["results"] if one.get("coverage") is not None]
        base = data.get("base_gate")
        return CertificateNote(
            commit=str(data["commit"]),
            tree=str(data["tree"]),
            sandbox=str(data.get("sandbox", "")),
            at=str(data.get("at", "")),
            measured=bool(tests),
            base_green=bool(base["green"]) if base else None,
            tests_before=sum(map(int, before)) if before and None not in before else None,
            tests_after=sum(int(one["ran"]) for one in tests) if tests else None,
            coverage=min(map(float, coverage)) if coverage else None,
        )
    except (ValueError, KeyError, TypeError, AttributeError):
        return None


def review_answers(folder: Path, own: Sequence[Entry]) -> Mapping[str, str]:
    """The last review's word on each invariant."""
    number = sum(entry.get("type") == "review:finished" for entry in own)
    try:
        data = json.loads(text_of(folder / f"review-{number}.json"))
        return {str(name): str(word) for name, word in data.get("invariants", {}).items()}
    except (ValueError, TypeError, AttributeError):
        return {}


def tasks_file(folder: Path) -> Mapping[str, Any] | None:
    """The run's copy of the tasks file; ``None`` where there is none, or it cannot be read."""
    try:
        raw = strict_yaml.read((folder / "tasks.yaml").read_text("utf-8-sig"), source="tasks.yaml").data
    except (OSError, UnicodeDecodeError):
        return None
    return raw if isinstance(raw, dict) else None


def acceptance_by_task(raw: Mapping[str, Any] | None) -> Mapping[str, tuple[str, ...]]:
    """What each task of the file asked for; whatever is no list of texts counts as nothing."""
    tasks = raw.get("tasks") if raw else None
    found = {}
    for task in tasks if isinstance(tasks, list) else ():
        asked = task.get("acceptance") if isinstance(task, dict) else None
        asked = [asked] if isinstance(asked, str) else asked
        if isinstance(asked, list):
            found[str(task.get("id"))] = tuple(str(item) for item in asked)
    return found
