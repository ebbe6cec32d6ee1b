"""remediation.yaml: what a budget stopped, as tasks ready to run again with more room (B5). Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from orchestrator.domain.outcome import RunSummary, TaskOutcome, TaskStatus
from orchestrator.reports.inert import one_line
from orchestrator.strict_yaml import dump

FILE = "remediation.yaml"
_FACTOR = 2
"""Room for what a phase used, and for as much again: it was stopped before its end."""
_LONGEST = 90_000
"""Characters of a description that are kept, so that with the note it stays within the format's bound."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Group:
    """Stopped tasks that start from one commit, and what waits for them."""

    base: str
    """Empty: they start from several; those are to be landed first."""
    lands: tuple[str, ...]
    tasks: tuple[str, ...]


def remediations(raw: Mapping[str, Any], summary: RunSummary) -> dict[str, str]:
    """File name -> text, for ``orchestrate run``; ``raw``: the run's tasks file as data. Empty: nothing was stopped.

    One file for all tasks that start from the run's base, one more for each other commit that some start from: a
    delivered predecessor's.
    """
    entries = {str(entry["id"]): entry for entry in raw.get("tasks", ()) if isinstance(entry, Mapping)}
    outcomes = {outcome.id: outcome for outcome in summary.tasks if outcome.id in entries}
    groups = _groups(entries, outcomes, summary.base)
    names = [FILE if number == 1 else f"remediation-{number}.yaml" for number in range(1, len(groups) + 1)]
    texts = {}
    for name, group in zip(names, groups, strict=True):
        data = {key: value for key, value in raw.items() if key not in ("base", "tasks")}
        data |= {"base": group.base} if group.base else {}
        data["tasks"] = [_task(entries[task], outcomes[task], group, summary) for task in group.tasks]
        texts[name] = _head(name, names, group, summary) + dump(data)
    return texts


def room(outcome: TaskOutcome) -> dict[str, int]:
    """Tokens for each phase that passed its limit, to two significant figures."""
    return {
        use.phase.value: _rounded_up(_FACTOR * use.tokens)
        for use in outcome.phases
        if use.token_limit and use.tokens > use.token_limit
    }


def _groups(
    entries: Mapping[str, Mapping[str, Any]], outcomes: Mapping[str, TaskOutcome], base: str
) -> tuple[_Group, ...]:
    found: dict[tuple[str, tuple[str, ...]], list[str]] = {}
    for task, outcome in outcomes.items():
        if outcome.status is TaskStatus.STOPPED:
            found.setdefault(_start(entries[task], outcomes, base), []).append(task)
    groups = []
    for (commit, lands), tasks in sorted(found.items(), key=lambda item: item[0][0] != base):
        for task in outcomes:
            waits = [str(one) for one in entries[task].get("depends_on") or ()]
            skipped = outcomes[task].status is TaskStatus.SKIPPED
            if skipped and task not in tasks and waits and all(one in tasks for one in waits):
                tasks.append(task)
        groups.append(_Group(base=commit, lands=lands, tasks=tuple(tasks)))
    return tuple(groups)


def _start(entry: Mapping[str, Any], outcomes: Mapping[str, TaskOutcome], base: str) -> tuple[str, tuple[str, ...]]:
    """The commit a task starts from: the run's base, or its one predecessor's; of several, their names."""
    before = [outcomes[str(one)] for one in entry.get("depends_on") or () if str(one) in outcomes]
    if not before:
        return base, ()
    if len(before) == 1 and before[0].commit:
        return before[0].commit, ()
    return "", tuple(sorted(one.id for one in before))


def _task(entry: Mapping[str, Any], outcome: TaskOutcome, group: _Group, summary: RunSummary) -> dict[str, Any]:
    made = dict(entry)
    waits = [one for one in entry.get("depends_on") or () if one in group.tasks]
    made.pop("depends_on", None)
    if waits:
        made["depends_on"] = waits
    if str(entry.get("importance", "")).lower() == "critical" and not entry.get("importance_reason"):
        made["importance_reason"] = f"as in run {summary.run}"
    if outcome.status is TaskStatus.STOPPED:
        made["description"] = f"{str(entry.get('description') or '').rstrip()[:_LONGEST]}\n\n{_note(outcome, summary)}"
        made["budget"] = {**(entry.get("budget") or {}), **room(outcome)}
        if not made["budget"]:
            del made["budget"]
    return made


def _note(outcome: TaskOutcome, summary: RunSummary) -> str:
    """What an agent should know of the first attempt."""
    tried = "; ".join(one_line(note.headline, limit=160) for note in outcome.history[-2:] if note.headline)
    lines = [
        f"An earlier attempt (run {summary.run}) was stopped by its budget: {one_line(outcome.reason, limit=300)}."
    ]
    if tried:
        lines.append(f"Its gate said last: {tried}.")
    lines.append("Prefer the smallest change that meets the acceptance.")
    return " ".join(lines) + "\n"


def _head(name: str, names: Sequence[str], group: _Group, summary: RunSummary) -> str:
    others = [other for other in names if other != name]
    lines = [
        f"# What budgets stopped in run {summary.run}, with room for twice what each phase used.",
        f"#   orchestrate run {name}",
    ]
    if group.lands:
        lines.append(f"# It builds on several branches: land them first: {', '.join(group.lands)}")
    if others:
        lines.append(f"# Tasks that start from other commits stand in {', '.join(others)}")
    return "\n".join(lines) + "\n"


def _rounded_up(tokens: int) -> int:
    step = int(10 ** max(0, len(str(tokens)) - 2))
    return -(-tokens // step) * step
