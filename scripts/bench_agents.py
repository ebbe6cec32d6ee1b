"""``scripts/bench agents``: research takes the longer of two agents, validation the longest of three (P2, P3).

A night on a loopback server that answers each agent after a fixed time; how long the sets took is read from the
journal: from the first question to the last answer. The bar is the longest of the set and a tenth.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from statistics import median

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from tests.e2e.nights import Place
from tests.e2e.small import ACCEPT, DOUBLED, PROJECT, adr, created, place_of
from tests.fakes.loopback import Loopback, Reply, SeenRequest

NONE_FOUND = json.dumps({"summary": "Nothing.", "findings": []})
ANSWERS = {
    "local_researcher": "- src/shop/price.py:1: sums live here",
    "web_researcher": "- nothing",
    "architect": adr(DOUBLED),
    "executor": created(DOUBLED),
    "reviewer": ACCEPT,
    "security_auditor": NONE_FOUND,
    "doc_master": NONE_FOUND,
}
DELAYS = {"local_researcher": 4.0, "web_researcher": 6.0, "reviewer": 4.0, "security_auditor": 8.0, "doc_master": 2.0}
"""Seconds; all others answer at once."""
SETS = {
    "research": ("local_researcher", "web_researcher"),
    "validation": ("reviewer", "security_auditor", "doc_master"),
}
BAR = 1.1
ENVIRONMENT = {
    "ANTHROPIC_API_KEY": "sk-bench-0123456789",
    "GEMINI_API_KEY": "bench-0123456789",
    "ORCHESTRATE_RESEARCH__WEB": "true",
    "ORCHESTRATE_AGENTS__JOIN__TEST_MASTER": "never",
}
TASK = "  - {id: double, title: Double a price, files: [src/shop/doubled.py], complexity: complex}\n"


def agents(folder: Path, rounds: int) -> None:
    """Nights of one task, and the two rows."""
    taken: dict[str, list[float]] = {name: [] for name in SETS}
    for number in range(rounds):
        place = _night(folder / str(number))
        for name, roles in SETS.items():
            taken[name].append(_span(place, roles))
    heads = f"{'min':>9} {'median':>9} {'longest':>9} {'one by one':>11} {'ratio':>7} {'bar':>5}"
    print(f"{'agents side by side':<28} {heads}")
    for name, roles in SETS.items():
        longest, whole = max(DELAYS[role] for role in roles), sum(DELAYS[role] for role in roles)
        least, middle = min(taken[name]), median(taken[name])
        print(
            f"{name:<28} {least:>7.2f} s {middle:>7.2f} s {longest:>7.2f} s {whole:>9.2f} s "
            f"{least / longest:>7.2f} {BAR:>5.1f}"
        )


def _night(folder: Path) -> Place:
    def script(seen: SeenRequest) -> Reply:
        role = seen.call_id.split(".")[2]
        return Reply(text=ANSWERS[role], delay_s=DELAYS.get(role, 0.0))

    with Loopback(script) as server:
        place = place_of(folder, PROJECT, {}, tasks=TASK)
        urls = {"ANTHROPIC_BASE_URL": server.url, "GOOGLE_GEMINI_BASE_URL": server.url}
        ended = place.orchestrate("run", str(place.tasks), "--sandbox", "none", **ENVIRONMENT, **urls)
    if ended.code != 0:
        raise SystemExit(f"error: the night ended with {ended.code}\n{ended.err}")
    return place


def _span(place: Place, roles: Sequence[str]) -> float:
    """Seconds from the first of them being asked to the last having answered."""
    times = [
        datetime.fromisoformat(entry["at"])
        for entry in place.entries()
        if entry.get("role") in roles and entry["type"] in {"call:intent", "call:answer"}
    ]
    return (max(times) - min(times)).total_seconds()
