"""What an agent's work on a task takes, as a run's own calls show: what skipping one is reckoned by."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from orchestrator.ledger.charges import charge_of


def usual_tokens(entries: Iterable[Mapping[str, Any]]) -> dict[str, int]:
    """Role -> mean tokens, in and out, of its work on a task; roles without a call are absent."""
    used: dict[str, dict[str, int]] = {}
    for entry in entries:
        if entry.get("type") == "call:answer":
            tasks = used.setdefault(str(entry["role"]), {})
            task = str(entry["task"])
            tasks[task] = tasks.get(task, 0) + charge_of(entry).usage.total
    return {role: sum(tasks.values()) // len(tasks) for role, tasks in used.items()}
