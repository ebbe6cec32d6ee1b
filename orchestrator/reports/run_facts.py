"""run.json: what a run was begun with, and the sessions that worked on it. Pure; the journal says the same."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

RUN_VERSION = 1
_OF_THE_RUN = ("run", "base", "repo", "tasks_file", "tasks_digest", "settings")
_OF_A_SESSION = ("at", "resumed", "pid", "models_mode", "sandbox")


def run_json(entries: Sequence[Mapping[str, Any]]) -> str:
    """The text of run.json, ASCII, ending with a newline. ``settings`` and ``tasks_digest`` are digests, hex."""
    begun = next((entry for entry in entries if entry.get("type") == "run:started"), {})
    facts = {name: begun.get(name) for name in _OF_THE_RUN}
    facts["started_at"] = begun.get("at")
    facts["tasks"] = [task.get("id") for task in begun.get("tasks", ()) if isinstance(task, Mapping)]
    facts["sessions"] = [
        {name: entry.get(name) for name in _OF_A_SESSION} for entry in entries if entry.get("type") == "session:started"
    ]
    return (
        json.dumps({"version": RUN_VERSION, "program": begun.get("version"), **facts}, ensure_ascii=True, indent=2)
        + "\n"
    )
