"""``scripts/bench classification`` and ``scripts/bench baseline``: what judging costs.

Classification: 10 MB of real output for each parser (captures of its tools, repeated) the whole way from text to
category, beside splitting the same text into lines; then all captures as cases of ``orchestrate classify``, beside
reading and writing the same JSON. Baseline: what a base costs before the first task, the first time and where it was
gated before; the processes its gate started are counted.
"""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Callable
from datetime import datetime
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any, Protocol

from orchestrator.domain.failure import CheckKind
from orchestrator.failures import TextView, judge_output
from orchestrator.failures.cases import classify_lines
from orchestrator.failures.output import plain
from orchestrator.failures.parsers import PARSERS

SIZE = 10_000_000
"""Characters of output: 10 MB, the size the bar is for."""
BAR_S = 0.5
"""Seconds for them, whichever the parser."""
CAPTURES = Path(__file__).resolve().parent.parent / "tests" / "failures" / "captures"
WRITTEN = {
    "tsc": "src/a.ts(1,1): error TS2304: Cannot find name 'nowhere'.\nsrc/b.ts:3:7 - error TS2345: Argument of type "
    "'string' is not assignable to parameter of type 'number'.\n",
    "python_types": "src/a.py:3: error: Name 'nowhere' is not defined  [name-defined]\n",
    "python_lint": "src/a.py:1:8: F401 [*] `os` imported but unused\n",
    "python_format": "would reformat src/a.py\n",
}
"""A parser's own output, as its tools write it, where none is captured."""
OF_BASE = "gate of the base"


class Runs(Protocol):
    """The place of ``bench``: a repository, its backlog and recorded answers."""

    folder: Path

    def run(self, cache: Path) -> float: ...


def classification(rounds: int) -> None:
    """Both tables."""
    captures = [json.loads(path.read_text(encoding="utf-8")) for path in sorted(CAPTURES.glob("*.json"))]
    title = f"classification, {SIZE // 1_000_000} MB of output"
    print(f"{title:<46} {'min':>9} {'median':>9} {'busy':>9} {'x split':>8} {'bar':>9}")
    for parser in PARSERS:
        own = [
            text
            for text in (f"{one['stdout']}\n{one['stderr']}\n" for one in captures)
            if any(hint in plain(text) for hint in parser.hints)
        ]
        once = "".join(own) or WRITTEN[parser.name]
        text = once * (SIZE // len(once) + 1)
        text = text[:SIZE]
        floor = min(_timed(text.splitlines, rounds)[0])
        wall, busy = _timed(partial(_judged, text), rounds)
        source = f"{len(own)} captures" if own else "as its tools write"
        print(_row(f"{parser.name} ({source})", wall, busy, min(wall) / floor, BAR_S))
    _cases(captures, rounds)


def _judged(text: str) -> object:
    return judge_output(text, "", exit_code=1, check=CheckKind.TEST, view=TextView())


def _cases(captures: list[dict[str, Any]], rounds: int) -> None:
    lines = [json.dumps({"id": str(number), "stage": "test", **one}) for number, one in enumerate(captures)]
    floor = min(_timed(lambda: [json.dumps(json.loads(line)) for line in lines], rounds)[0])
    wall, busy = _timed(lambda: list(classify_lines(lines)), rounds)
    print(_row(f"{len(lines)} cases from text alone", wall, busy, min(wall) / floor, None))
    print(f"  {len(lines) / min(busy):.0f} cases a second of processor time; x split: beside JSON alone for cases")
    print(f"  {rounds} rounds\n", flush=True)


def _timed(once: Callable[[], object], rounds: int) -> tuple[list[float], list[float]]:
    """Seconds of wall and of processor time, once a round."""
    wall, busy = [], []
    for _ in range(rounds):
        began, before = time.perf_counter(), time.process_time()
        once()
        wall.append(time.perf_counter() - began)
        busy.append(time.process_time() - before)
    return wall, busy


def _row(name: str, wall: list[float], busy: list[float], ratio: float, bar: float | None) -> str:
    times = f"{min(wall) * 1000:>6.0f} ms {median(wall) * 1000:>6.0f} ms {min(busy) * 1000:>6.0f} ms"
    return f"  {name:<44} {times} {ratio:>8.1f} {f'{bar * 1000:>6.0f} ms' if bar else '':>9}"


def baseline(place: Runs, rounds: int) -> None:
    """The base before the first task: everything new, and with what an earlier run on the same base kept."""
    seconds: dict[str, list[float]] = {"cold": [], "kept": []}
    started: dict[str, set[int]] = {"cold": set(), "kept": set()}
    for _ in range(rounds):
        cache = place.folder / "cache-base"
        for which in ("cold", "kept"):
            if which == "cold":
                shutil.rmtree(cache, ignore_errors=True)
                shutil.rmtree(place.folder / "runs", ignore_errors=True)
            place.run(cache)
            took, processes = _base(place.folder / "runs")
            seconds[which].append(took)
            started[which].add(processes)
    print(f"{'baseline':<46} {'min':>9} {'median':>9} {'x min':>7} {'gate processes':>15}")
    for which, all_of in seconds.items():
        ratio = min(all_of) / min(seconds["cold"])
        counts = "/".join(map(str, sorted(started[which])))
        print(
            f"  {which:<44} {min(all_of) * 1000:>6.0f} ms {median(all_of) * 1000:>6.0f} ms {ratio:>7.3f} {counts:>15}"
        )
    print(f"  {rounds} rounds, in turns\n", flush=True)


def _base(runs: Path) -> tuple[float, int]:
    """Of the newest run: seconds from set-up to the baseline, and the checks begun on the base."""
    journal = max(runs.glob("*/journal.jsonl"), key=lambda path: path.stat().st_mtime_ns)
    entries = [json.loads(line) for line in journal.read_text(encoding="utf-8").splitlines()]
    began = next(entry for entry in entries if entry["type"] == "setup:started")
    ended = next(entry for entry in entries if entry["type"] in {"baseline:finished", "baseline:kept"})
    took = datetime.fromisoformat(ended["at"]) - datetime.fromisoformat(began["at"])
    return took.total_seconds(), sum(e["type"] == "check:started" and e.get("of") == OF_BASE for e in entries)
