"""``scripts/soak``: N small nights in a row in this one process, each with a fault; then nothing may be left over."""

from __future__ import annotations

import argparse
import gc
import os
import random
import shutil
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import psutil

from orchestrator.adapters import processes
from orchestrator.cli import main as orchestrate
from tests.chaos.night import Result, Scene, Variant, copy_of, environment, make_template, result_of, untouched
from tests.soak.faults import Fate, Faults

MIB = 1 << 20
WARM = 10
"""Nights after which memory counts: by then every module is loaded and every cache is filled."""
GROWTH_MIB = 5
TURNS = 4
"""Commands a disturbed night may take until it is over: the run and what goes on with it."""


@dataclass(frozen=True, slots=True)
class Left:
    """What the process holds."""

    children: int
    descriptors: tuple[str, ...]
    threads: int
    files: tuple[str, ...]
    """In the temporary folder."""
    resident: int

    @classmethod
    def now(cls, temporary: Path) -> Left:
        """Look, with nothing left that only waits to be collected."""
        gc.collect()
        own = psutil.Process()
        return cls(
            children=len(own.children(recursive=True)),
            descriptors=tuple(sorted(_descriptors())),
            threads=threading.active_count(),
            files=tuple(sorted(path.name for path in temporary.iterdir())),
            resident=own.memory_info().rss,
        )


def main() -> int:
    """0 where every night ended as it should and nothing is left."""
    parser = argparse.ArgumentParser(prog="scripts/soak", description=__doc__)
    parser.add_argument("--runs", type=int, default=100)
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="soak-") as folder:
        return _soak(Path(folder), args.runs, args.seed)


def _soak(folder: Path, runs: int, seed: int) -> int:
    temporary = folder / "tmp"
    temporary.mkdir()
    tempfile.tempdir = os.environ["TMPDIR"] = str(temporary)
    tools = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    template = make_template(folder / "template", Variant(state="dirty"))
    faults = Faults()
    expected = _peace(template, folder / "peace", tools)
    chance = random.Random(seed)
    base, warm, began = Left.now(temporary), Left.now(temporary), time.monotonic()
    happened: Counter[str] = Counter()
    wrong: list[str] = []
    for number in range(1, runs + 1):
        fate = Fate.drawn(chance)
        scene = copy_of(template, folder / "scene")
        wrong += [f"night {number} ({fate}): {fault}" for fault in _night(scene, tools, faults, fate, expected)]
        happened[fate.kind] += faults.happened
        shutil.rmtree(scene.folder)
        if number in {1, WARM}:
            now = Left.now(temporary)  # of processes, what there was before the first night stays the measure
            base, warm = (replace(now, children=base.children), warm) if number == 1 else (base, now)
        if number % 10 == 0:
            print(f"{number} nights, {time.monotonic() - began:.0f} s, {_mib(Left.now(temporary))}", file=sys.stderr)
    wrong += list(_left_over(base, warm, Left.now(temporary), grown=runs > WARM))
    for fault in wrong:
        print(fault)
    told = ", ".join(f"{count} {kind}" for kind, count in sorted(happened.items()) if kind != "none")
    print(
        f"{runs} nights in one process, {time.monotonic() - began:.0f} s; faults: {told}; memory {_mib(warm)} after "
        f"{min(runs, WARM)}, {_mib(Left.now(temporary))} after {runs}; {len(wrong)} things wrong"
    )
    return 1 if wrong else 0


def _peace(template: Scene, folder: Path, tools: str) -> Result:
    scene = copy_of(template, folder)
    _enter(scene, tools)
    code = _quietly(scene, scene.run())
    assert code == 0, (scene.folder / "out.log").read_text()
    result = result_of(scene)
    shutil.rmtree(folder)
    return result


def _night(scene: Scene, tools: str, faults: Faults, fate: Fate, expected: Result) -> Iterator[str]:
    """One night, gone on with until it is over; what is wrong with it."""
    _enter(scene, tools)
    faults.arm(fate, scene.state)
    code = -1
    for _ in range(TURNS):
        begun = any(b'"type":"run:started"' in journal.read_bytes() for journal in scene.journals())
        code = _quietly(scene, scene.resume() if begun else scene.run())
        # A stop holds for what its process starts afterwards; here another night follows in the same one.
        processes._halted = False
        if code in {0, 2, 3}:
            break
    if code == 2:  # over before its reports were written
        _quietly(scene, ["report", "--state", str(scene.state)])
    if code not in {0, 2}:
        yield f"exit code {code}: {(scene.folder / 'out.log').read_text()[-600:]}"
        return
    found = result_of(scene)
    for name in ("statuses", "trees", "iterations", "bought"):
        if getattr(found, name) != getattr(expected, name):
            yield f"{name}: {getattr(found, name)} instead of {getattr(expected, name)}"
    if untouched(scene) != untouched(Scene(scene.folder.parent / "template", scene.variant)):
        yield "the checkout is not as it was"


def _enter(scene: Scene, tools: str) -> None:
    temporary = os.environ["TMPDIR"]
    os.environ.clear()
    os.environ.update(environment(scene, tools))
    os.environ.update({"TMPDIR": temporary, "ORCHESTRATE_MODELS__RETRIES__WAITS_S": "[0.01, 0.02, 0.04]"})
    os.chdir(scene.folder)


def _quietly(scene: Scene, argv: list[str]) -> int:
    """The program itself, its words into the scene's log."""
    out, err = sys.stdout, sys.stderr
    with (scene.folder / "out.log").open("a", encoding="utf-8") as log:
        sys.stdout = sys.stderr = log
        try:
            return orchestrate(argv)
        finally:
            sys.stdout, sys.stderr = out, err
            os.chdir("/")


def _left_over(base: Left, warm: Left, end: Left, *, grown: bool) -> Iterator[str]:
    """What of the process was not there after the first night, or grew since it was warm."""
    if end.children > base.children:
        yield f"{end.children - base.children} processes are left"
    if end.descriptors != base.descriptors:
        more = Counter(end.descriptors) - Counter(base.descriptors)
        yield f"{len(end.descriptors)} descriptors instead of {len(base.descriptors)}: {dict(more)}"
    if end.threads > base.threads:
        yield f"{end.threads} threads instead of {base.threads}"
    if end.files:
        yield f"temporary files are left: {end.files[:10]}"
    if grown and end.resident > warm.resident + GROWTH_MIB * MIB:
        yield f"memory grew from {_mib(warm)} to {_mib(end)}"


def _descriptors() -> Iterator[str]:
    for entry in Path("/proc/self/fd").iterdir():
        try:
            yield str(entry.readlink())
        except OSError:
            continue  # the one that lists the folder


def _mib(left: Left) -> str:
    return f"{left.resident / MIB:.1f} MiB"


if __name__ == "__main__":
    sys.exit(main())
