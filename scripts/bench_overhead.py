"""``scripts/bench overhead``: what the tool itself costs, beside its floor: the same git and gate commands by hand.

Models are a loopback server that answers at once through the real SDKs; the gate is a shell script of a millisecond, so
that what is left is the tool's. Processor time is that of the whole tree: git, the sandbox, the supervisor, everything
that was waited for. Memory is the largest process's peak. The bars are those of issue "Fast and cheap", point 7.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import subprocess  # noqa: TID251 - whole processes are measured from outside
import sys
import tempfile
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import bench
from bench_peers import peers

from tests.fakes.loopback import Loopback, Reply, SeenRequest

MIB = 1024
"""Kilobytes, in which the kernel counts resident memory."""
BATCH, MANY, FEW = 10, 200, 20
LANES, CALLS, CALL_S = 4, 3, 2.0
CODEX_CPU_S, ONE_WALL_S, MEMORY_MIB, GROWTH_MIB, LANES_FACTOR, HELP = 0.60, 1.5, 120, 5, 1.15, 4.0
"""The bars: half of Codex's processor time a task (measured); seconds; MiB; MiB; factors."""
Sample = tuple[datetime, int]
"""When, and resident memory then, kilobytes."""
GATE = "version: 1\nrepo: project\nsetup: []\ngate: {lint: sh check.sh, build: '', test: ''}\ntasks:\n"
REVIEW = bench.REVIEW
FLOOR = """\
set -eu
git="git -c user.name=Bench -c user.email=bench@example.invalid -c commit.gpgSign=false"
$git clone --quiet --local "$REPO" "$LANE"
cd "$LANE"
for number in $(seq 1 "$COUNT"); do
  $git checkout --quiet --force -B "work-$number" origin/main
  echo "$number" > "made-$number.txt"
  bwrap --unshare-all --die-with-parent --ro-bind / / --dev /dev --proc /proc --bind "$PWD" "$PWD" sh check.sh
  $git add "made-$number.txt"
  $git commit --quiet -m "Made $number"
  (cd "$REPO" && $git fetch --quiet --no-tags "$LANE" "+work-$number:refs/heads/by-hand/$number")
done
"""


@dataclass(frozen=True, slots=True)
class Cost:
    """Of one whole process tree."""

    wall: float
    cpu: float
    memory: int
    """Peak resident memory of its largest process, kilobytes."""


def answers(count: int) -> dict[str, str]:
    """Recorded by hand: each task creates one file."""
    said: dict[str, str] = {}
    for number in range(1, count + 1):
        path = f"made-{number}.txt"
        sections = "".join(f"## {name}\nSo.\n" for name in ("Context", "Options", "Decision", "Rationale"))
        files = (
            f"## Files\n- {path} (create): the number\n## Consequences\nNone.\n### Invariant Compliance\nNone given.\n"
        )
        said[f"t{number}.plan.architect.1.1"] = f"# Make {number}\n\n{sections}{files}"
        edit = f"{path}\n```\n<<<<<<< SEARCH\n=======\n{number}\n>>>>>>> REPLACE\n```\n"
        said[f"t{number}.build.executor.1.1"] = edit
        said[f"t{number}.deliver.reviewer.1.1"] = REVIEW
    return said


def prepared(folder: Path, count: int) -> bench.Place:
    """A place with that many tasks and a gate that costs nothing."""
    place = bench.Place(folder)
    (place.repo / "check.sh").write_text("exit 0\n")
    for line in ("add -A", "commit -q -m Gate"):
        place.timed(["git", "-C", str(place.repo), *line.split()])
    rows = "".join(
        f'  - {{id: t{number}, title: "New: make {number}", complexity: simple}}\n' for number in range(1, count + 1)
    )
    (folder / "tasks.yaml").write_text(GATE + rows)
    return place


def cost(argv: Sequence[str], place: bench.Place, variables: Mapping[str, str], *, sample: list[Sample]) -> Cost:
    """Run it; ``sample`` gets the main process's resident memory every 50 ms."""
    environment = {**place.environment, **variables}
    out = place.folder / "out.log"
    began = time.perf_counter()
    with out.open("w") as log:
        started = subprocess.Popen(argv, env=environment, cwd=place.folder, stdout=log, stderr=log)
        watcher = threading.Thread(target=_sample, args=(started.pid, sample), daemon=True)
        watcher.start()
        _, status, used = os.wait4(started.pid, 0)
    started.returncode = os.waitstatus_to_exitcode(status)
    if started.returncode != 0:
        raise SystemExit(f"{' '.join(argv)} ended with {started.returncode}:\n{out.read_text()[-3000:]}")
    return Cost(time.perf_counter() - began, used.ru_utime + used.ru_stime, used.ru_maxrss)


def _sample(pid: int, sample: list[Sample]) -> None:
    path = Path(f"/proc/{pid}/status")
    while True:
        try:
            lines = path.read_text().splitlines()
        except OSError:
            return
        now = datetime.now(UTC)
        sample.extend((now, int(line.split()[1])) for line in lines if line.startswith("VmRSS:"))
        time.sleep(0.05)


def nightly(place: bench.Place, count: int, *, lanes: int = 1, delay_s: float = 0.0) -> tuple[Cost, list[Sample]]:
    """A run of that many tasks with the real SDKs."""
    said = answers(count)

    def script(seen: SeenRequest) -> Reply:
        return Reply(text=said[seen.call_id], delay_s=delay_s)

    with Loopback(script) as server:
        variables = {
            "ANTHROPIC_API_KEY": "bench",
            "GEMINI_API_KEY": "bench",
            "NO_PROXY": "127.0.0.1",
            "ANTHROPIC_BASE_URL": server.url,
            "GOOGLE_GEMINI_BASE_URL": server.url,
            "XDG_CACHE_HOME": str(place.folder / "cache"),
        }
        sample: list[Sample] = []
        argv = (*bench.ORCHESTRATE, "run", "tasks.yaml", "--no-input", "--workers", str(lanes), "--max-tokens", "none")
        return cost((*argv, "--max-cost", "none"), place, variables, sample=sample), sample


def ended_at(place: bench.Place) -> list[datetime]:
    """When each task of the newest run ended."""
    journal = max((place.folder / "runs").glob("*/journal.jsonl"), key=lambda path: path.stat().st_mtime_ns)
    entries = map(json.loads, journal.read_text(encoding="utf-8").splitlines())
    return [datetime.fromisoformat(entry["at"]) for entry in entries if entry["type"] == "task:finished"]


def resident(sample: Sequence[Sample], at: datetime) -> int:
    """Kilobytes at that moment: the last that was seen before it."""
    return next(size for seen, size in reversed(sample) if seen <= at)


def by_hand(place: bench.Place, count: int) -> Cost:
    """The floor."""
    variables = {"REPO": str(place.repo), "LANE": str(place.folder / "lane"), "COUNT": str(count)}
    return cost(["sh", "-c", FLOOR], place, variables, sample=[])


def told(what: str, figure: str, bar: str, *, holds: bool) -> bool:
    """A row; whether its bar holds."""
    print(f"  {what:<58} {figure:>12}   bar {bar:<26} {'holds' if holds else 'MISSED'}", flush=True)
    return holds


def measure(folder: Path, *, many: int) -> bool:
    """All rows; whether every bar holds."""
    held = []
    nothing = prepared(folder / "start", 1)
    imports = nothing.timed([bench.PYTHON, "-c", "import anthropic, google.genai"])
    passed = min(nothing.timed([bench.PYTHON, "-c", "pass"]) for _ in range(5))
    helped = min(nothing.timed([*bench.ORCHESTRATE, "--help"]) for _ in range(5))
    print(f"in this run: `python -c pass` {passed * 1000:.0f} ms, both SDKs' import {imports:.2f} s\n")
    held.append(
        told("--help, times `python -c pass`", f"{helped / passed:.1f} x", f"{HELP:g} x", holds=helped <= HELP * passed)
    )
    batch = prepared(folder / "batch", BATCH)
    nightly(batch, BATCH)  # the lane, and what Python compiles
    whole, _ = nightly(batch, BATCH)
    floor = by_hand(batch, BATCH)
    each = (whole.cpu - floor.cpu) / BATCH
    held.append(
        told(
            "ten tasks: processor time a task over the floor",
            f"{each:.2f} s",
            f"{CODEX_CPU_S / 2:.2f} s",
            holds=each <= CODEX_CPU_S / 2,
        )
    )
    print(f"    whole {whole.cpu / BATCH:.2f} s a task, floor {floor.cpu / BATCH:.2f} s a task")
    one = prepared(folder / "one", 1)
    nightly(one, 1)
    walls = [nightly(one, 1)[0] for _ in range(3)]
    over = min(each.wall for each in walls) - by_hand(one, 1).wall
    held.append(
        told("one task: wall time over the floor", f"{over:.2f} s", f"{ONE_WALL_S} s", holds=over <= ONE_WALL_S)
    )
    peak = max(each.memory for each in walls) / MIB
    held.append(told("one task: peak memory", f"{peak:.0f} MiB", f"{MEMORY_MIB} MiB", holds=peak <= MEMORY_MIB))
    waits = prepared(folder / "lanes", BATCH)
    nightly(waits, BATCH)
    lanes, _ = nightly(waits, BATCH, lanes=LANES, delay_s=CALL_S)
    bar = LANES_FACTOR * math.ceil(BATCH / LANES) * CALLS * CALL_S + floor.wall
    held.append(
        told(
            f"ten tasks on {LANES} lanes, {CALL_S:g} s a call",
            f"{lanes.wall:.1f} s",
            f"{bar:.1f} s",
            holds=lanes.wall <= bar,
        )
    )
    long = prepared(folder / "long", many)
    _, sample = nightly(long, many)
    ends = ended_at(long)
    early, late = (resident(sample, ends[number - 1]) for number in (FEW, many))
    growth, report = (late - early) / MIB, max(size for _, size in sample) - late
    held.append(
        told(
            f"memory after {many} tasks over after {FEW}",
            f"{growth:+.1f} MiB",
            f"{GROWTH_MIB} MiB",
            holds=growth <= GROWTH_MIB,
        )
    )
    print(
        f"    {early / MIB:.0f} MiB as task {FEW} ends; the whole report of {many} takes {report / MIB:+.0f} MiB more"
    )
    return all(held)


def main() -> int:
    """0 where every bar holds."""
    parser = argparse.ArgumentParser(prog="scripts/bench overhead", description=__doc__)
    parser.add_argument("--many", type=int, default=MANY, help="tasks of the long run whose memory is watched (200)")
    parser.add_argument("--peers", type=Path, metavar="FOLDER", help="where codex and claude stand, to measure beside")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="orchestrate-bench-") as name:
        held = measure(Path(name), many=args.many)
        if args.peers is not None:
            peers(Path(name), args.peers.resolve())
        return 0 if held else 1


if __name__ == "__main__":
    sys.exit(main())
