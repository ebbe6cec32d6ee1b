"""``scripts/bench events``: the event log at a million events, against its bars.

Cold and warm summaries run in processes of their own, whose time (start-up and imports among it) and peak memory are
measured (of both processes that fold a large log: their peaks added up); appends are timed one by one.
"""

from __future__ import annotations

import json
import os
import random
import subprocess  # noqa: TID251 - whole processes are timed from outside, without the tool's own supervision
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from orchestrator.ledger.events import LOG, EventLog, derived_id, encode, event

EVENTS = 1_000_000
NEW = 100
APPENDS = 5_000
MIB = 1 << 20
COLD_S, COLD_MIB, WARM_S, APPEND_P95_MS = 5.0, 300.0, 0.2, 1.0
"""The bars of issue "The ledger"."""
MODELS = ("claude-opus-5-5", "gemini-3.8-flash", "gemini-3.8-pro")
PHASES = ("discover", "define", "plan", "build", "deliver")
SUMMARISE = """\
import resource, sys, time
from datetime import UTC, datetime
from pathlib import Path
from orchestrator.ledger.aggregates import refresh_aggregates
began = time.perf_counter()
_, figures = refresh_aggregates(Path(sys.argv[1]), datetime.now(UTC))
took = time.perf_counter() - began
peaks = [resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
print(figures["eventCount"], took, sum(peaks))
"""


def events(count: int, start: int = 0) -> Iterator[bytes]:
    """Lines as runs write them: a task has about 16 events, a chain 1.25 tasks, a run 10 tasks."""
    chance = random.Random(start)
    at = datetime(2026, 1, 1, tzinfo=UTC)
    made, task = 0, start
    while made < count:
        run = f"20260101-{task // 10:06d}-nightly"
        name = f"task-{task % 10}"
        for kind, agent, further in _life(chance):
            at += timedelta(milliseconds=chance.randrange(1, 9_000))
            entity = ("chain", f"{run}/{name}") if kind.startswith("chain") else ("task", name)
            line = event(
                kind,
                id=derived_id("bench", str(start), str(made)),
                at=at.isoformat(timespec="milliseconds"),
                entity=entity,
                chain=f"{run}/{name if task % 5 else 'task-1'}",
                request=f"CR-{run[:15]}",
                agent=agent,
                metadata={"run": run, **further},
            )
            yield encode(line)
            made += 1
            if made == count:
                return
        task += 1


def _life(chance: random.Random) -> Iterator[tuple[str, dict[str, object] | None, dict[str, object]]]:
    """What happens to one task."""
    yield "chain:created", None, {}
    yield "task:created", None, {"complexity": "moderate"}
    yield "task:started", None, {"complexity": "moderate", "iteration_limit": 5}
    author = {"model": chance.choice(MODELS[1:]), "role": "impl"}
    for phase in PHASES:
        if phase in {"plan", "build", "deliver"}:
            model = author if phase == "build" else {"model": MODELS[0], "role": "control"}
            tokens = {"input": chance.randrange(9_000), "output": chance.randrange(2_000)}
            yield "call:answered", {**model, "tokens": tokens}, {"phase": phase, "iteration": 1}
        if phase == "build":
            yield "gate:finished", None, {"iteration": 1, "passage": 1, "passed": True, "seconds": 61.2}
            if chance.random() < 0.3:  # noqa: PLR2004 - about as many tasks as the pilot sends back
                yield "task:rework", author, {"reason": "iteration", "iteration": 2}
        yield "phase:completed", None, {"phase": phase, "tokens": 812, "seconds": 12.125, "status": "within"}
    if chance.random() < 0.85:  # noqa: PLR2004 - success as expected (L2)
        yield "task:completed", author, {"status": "delivered", "iterations": 1, "conflicts": 0}
        yield "chain:completed", None, {}


def summarise(state: Path) -> tuple[int, float, str, float]:
    """In a process of its own: events, seconds of the work, what the whole process took, peak MiB."""
    began = time.perf_counter()
    with subprocess.Popen([sys.executable, "-c", SUMMARISE, str(state)], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        said = process.stdout.read()
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"the summary ended with {process.returncode}")
    count, seconds, peak = said.split()
    whole = (
        f"whole process {time.perf_counter() - began:.2f} s, of it processor {usage.ru_utime + usage.ru_stime:.2f} s"
    )
    return int(count), float(seconds), whole, int(peak) / 1024


def by_command(state: Path) -> float:
    """Seconds of the whole ``metrics summary`` as a person types it, table and all."""
    began = time.perf_counter()
    command = [sys.executable, "-m", "orchestrator", "metrics", "summary", "--state", str(state)]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - began


def append_p95(state: Path) -> tuple[float, float]:
    """Median and p95 of one append, ms, by an open log."""
    log, times = EventLog(state / "appended.jsonl"), []
    for line in events(APPENDS, 7):
        made = json.loads(line)
        began = time.perf_counter()
        log.append(made)
        times.append((time.perf_counter() - began) * 1000)
    log.close()
    times.sort()
    return times[len(times) // 2], times[len(times) * 95 // 100]


def measure(count: int) -> int:
    """Print a row each, with its bar; 1 where one does not hold."""
    with tempfile.TemporaryDirectory(prefix="orchestrate-bench-") as name:
        state = Path(name)
        with (state / LOG).open("wb") as log:
            log.writelines(events(count))
        print(f"{count:,} events, {(state / LOG).stat().st_size / MIB:.0f} MiB")
        _, cold, cold_whole, memory = summarise(state)
        with (state / LOG).open("ab") as log:
            log.writelines(events(NEW, 9_000_000))
        found, warm, warm_whole, _ = summarise(state)
        if found != count + NEW:
            raise SystemExit(f"{found} events were counted, {count + NEW} written")
        with (state / LOG).open("ab") as log:
            log.writelines(events(NEW, 9_500_000))
        typed = by_command(state)
        middle, p95 = append_p95(state)
    rows = (
        ("summary, cold", cold, "s", COLD_S, cold_whole),
        ("  peak memory", memory, "MiB", COLD_MIB, ""),
        (f"again after {NEW} new", warm, "s", WARM_S, f"{warm_whole}; `metrics summary` typed {typed:.2f} s"),
        ("append, p95", p95, "ms", APPEND_P95_MS, f"median {middle:.3f} ms"),
    )
    for what, value, unit, bar, more in rows:
        print(f"  {what:<24} {value:>9.3f} {unit:<4} bar {bar:g} {unit:<4} {'ok  ' if value < bar else 'OVER'} {more}")
    return int(any(value >= bar for _, value, _, bar, _ in rows))


if __name__ == "__main__":
    sys.exit(measure(int(sys.argv[1]) if len(sys.argv) > 1 else EVENTS))
