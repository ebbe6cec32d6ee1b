"""``scripts/fuzz [TARGET ...] --seconds N``: each target for that long; 1 where one of them found something."""

from __future__ import annotations

import argparse
import importlib.util
import os
import re
import resource
import subprocess
import sys
import time
import traceback
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from hypothesis import HealthCheck, settings
from hypothesis.stateful import RuleBasedStateMachine, run_state_machine_as_test

from tests.fuzz import ledger, mutate, night, seeds
from tests.fuzz.targets import TARGETS

KEPT = Path(".cache/fuzz")
"""Corpora and findings."""
SLOW_S = 10
"""An input that takes longer counts as a hang."""
MEMORY_MB = 1500
"""A process that takes more counts as blown up; instrumented and idle it takes some 300."""
LONGEST = mutate.LONGEST
MACHINES = ("ledger", "night")


@dataclass(frozen=True, slots=True)
class Told:
    """What came of one target."""

    inputs: int
    slowest_s: float
    memory_mb: int
    by: str
    finding: str = ""

    def __str__(self) -> str:
        found = f"FOUND: {self.finding}" if self.finding else "nothing found"
        return (
            f"{self.inputs:,} {self.by}, slowest {self.slowest_s:.1f} s, at most {self.memory_mb} MB of memory: {found}"
        )


def main() -> int:
    """Run what was asked for."""
    parser = argparse.ArgumentParser(prog="scripts/fuzz", description=__doc__)
    parser.add_argument("target", nargs="*", choices=(*TARGETS, *MACHINES, []), help="default: all")
    parser.add_argument("--seconds", type=int, default=60, help="of each target (default 60)")
    parser.add_argument("--seed", type=int, default=int(time.time()), help="repeats a run without atheris")
    parser.add_argument("--plain", action="store_true", help="without atheris, even where it is there")
    args = parser.parse_args()
    guided = not args.plain and importlib.util.find_spec("atheris") is not None
    failed = False
    for name in args.target or (*TARGETS, *MACHINES):
        run: Callable[[str, int, int], Told] = _machine if name in MACHINES else _guided if guided else _plain
        told = run(name, args.seconds, args.seed)
        print(f"{name}: {told}", flush=True)
        failed = failed or bool(told.finding)
    return 1 if failed else 0


def _guided(name: str, seconds: int, seed: int) -> Told:
    """By coverage, with atheris; its corpus is kept and grows."""
    found = (KEPT / "found").resolve()
    found.mkdir(parents=True, exist_ok=True)
    before = set(found.iterdir())
    options = {"max_total_time": seconds, "timeout": SLOW_S, "rss_limit_mb": MEMORY_MB, "max_len": LONGEST}
    options |= {"seed": seed % (1 << 31) or 1, "print_final_stats": 1, "verbosity": 0}
    argv = [sys.executable, "-m", "tests.fuzz.instrumented", name, str(KEPT / name)]
    argv += [f"-{key}={value}" for key, value in options.items()] + [f"-artifact_prefix={found}/{name}-"]
    ended = subprocess.run(argv, capture_output=True, check=False)
    said = (ended.stdout + ended.stderr).decode(errors="replace")
    stats = {key: int(value) for key, value in re.findall(r"stat::(\w+):\s+(\d+)", said)}
    finding = ""
    if ended.returncode:
        finding = " ".join(str(path) for path in sorted(set(found.iterdir()) - before)) or f"exit {ended.returncode}"
        print(said[-3000:], file=sys.stderr)
    return Told(
        stats.get("number_of_executed_units", 0),
        float(stats.get("slowest_unit_time_sec", 0)),
        stats.get("peak_rss_mb", 0),
        "inputs by coverage",
        finding,
    )


def _plain(name: str, seconds: int, seed: int) -> Told:
    """By mutation alone."""
    count, slowest, finding = 0, 0.0, ""
    end = time.monotonic() + seconds
    for data in mutate.inputs(seeds.seeds(name), seeds.words(name), seed=seed):
        began = time.process_time()
        try:
            TARGETS[name](data)
        except Exception as error:  # noqa: BLE001 - whatever it is, it is a finding
            finding = f"{type(error).__name__} by input {count} of seed {seed}"
        took = time.process_time() - began
        count, slowest = count + 1, max(slowest, took)
        if took > SLOW_S or _memory_mb() > MEMORY_MB:
            finding = f"{took:.0f} s, {_memory_mb()} MB by input {count} of seed {seed}"
        if finding:
            KEPT.mkdir(parents=True, exist_ok=True)
            (KEPT / f"{name}-{seed}-{count}").write_bytes(data)
        if finding or time.monotonic() > end:
            break
    return Told(count, slowest, _memory_mb(), "inputs by mutation", finding)


def _machine(name: str, seconds: int, seed: int) -> Told:
    """A stateful one: examples until the time is over."""
    del seed  # hypothesis chooses its own, and prints what failed
    count, slowest, finding = 0, 0.0, ""
    with ExitStack() as stack:
        if name == "night":
            machine: type[RuleBasedStateMachine] = stack.enter_context(night.nights())
            at_once = settings(max_examples=5, stateful_step_count=8, deadline=None, database=None)
        else:
            machine = ledger.Ledger
            at_once = settings(max_examples=50, stateful_step_count=40, deadline=None, database=None)
        at_once = settings(at_once, suppress_health_check=list(HealthCheck))
        end = time.monotonic() + seconds
        while time.monotonic() < end and not finding:
            began = time.monotonic()
            try:
                run_state_machine_as_test(machine, settings=at_once)
            except Exception as error:  # noqa: BLE001 - whatever it is, it is a finding
                traceback.print_exc()
                finding = f"{type(error).__name__} (above)"
            count += at_once.max_examples
            slowest = max(slowest, (time.monotonic() - began) / at_once.max_examples)
    lives = f" of {night.Night.lives} processes in all" if name == "night" else ""
    return Told(count, slowest, _memory_mb(), f"examples{lives}", finding)


def _memory_mb() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10


if __name__ == "__main__":
    os.nice(10)
    sys.exit(main())
