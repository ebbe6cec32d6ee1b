"""``scripts/soak``: N nights in a row in this one process, with random faults; then nothing may be left over."""

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
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import psutil

from orchestrator.adapters import processes
from orchestrator.cli import main as orchestrate
from orchestrator.domain.errors import ExitCode
from tests.chaos.night import Result, Scene, copy_of, environment, result_of, untouched
from tests.soak import remembering
from tests.soak.faults import Fate, Faults
from tests.soak.nights import KINDS, Kind

MIB = 1 << 20
WARM = 10
"""Nights after which memory counts: by then every module is loaded and every cache is filled."""
GROWTH_MIB = 5
TURNS = 3
"""Commands a night may take until it is over, beside one for each fault: the run and what goes on with it."""
_FINISHED = frozenset({0, 1, 2})
"""Exit codes of a night that is over: all delivered, some not, over before."""


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
    parser.add_argument("--night", choices=sorted(KINDS), default="pilot")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="soak-") as folder:
        return _soak(Path(folder), KINDS[args.night], args.runs, args.seed)


def _soak(folder: Path, kind: Kind, runs: int, seed: int) -> int:
    temporary = folder / "tmp"
    temporary.mkdir()
    tempfile.tempdir = os.environ["TMPDIR"] = str(temporary)
    real = Path(sys.executable).parent
    tools = f"{remembering.install(folder / 'tools', real)}:{real}:{os.environ['PATH']}"
    template = kind.make(folder / "template")
    stage = Stage(template=template, kind=kind, faults=Faults(), tools=tools)
    expected, chances = stage.peace()
    chance = random.Random(seed)
    base, warm, began = Left.now(temporary), Left.now(temporary), time.monotonic()
    happened: Counter[str] = Counter()
    wrong: list[str] = []
    for number in range(1, runs + 1):
        fates = [Fate.drawn(chance, chances) for _ in range(chance.randint(1, kind.most_faults))]
        told = ", ".join(map(str, fates))
        faults = [f"night {number} ({told}): {fault}" for fault in stage.night(fates, expected)]
        wrong += faults
        happened.update(stage.faults.happened)
        now = Left.now(temporary)
        if number == 1:  # of processes, what there was before the first night stays the measure
            base = replace(now, children=base.children)
        if number == WARM:
            warm = now
        passed = f"night {number} ({told}): {time.monotonic() - began:.0f} s, {_mib(now)}"
        print("\n".join((passed, *faults)), file=sys.stderr, flush=True)
    wrong += list(_left_over(base, warm, Left.now(temporary), grown=runs > WARM))
    for fault in wrong:
        print(fault)
    told = ", ".join(f"{count} {kind}" for kind, count in sorted(happened.items()) if kind != "none")
    print(
        f"{runs} nights in one process, {time.monotonic() - began:.0f} s; faults: {told}; memory {_mib(warm)} after "
        f"{min(runs, WARM)}, {_mib(Left.now(temporary))} after {runs}; {len(wrong)} things wrong"
    )
    return 1 if wrong else 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """Where the nights are played, one after the other in the same place."""

    template: Scene
    kind: Kind
    faults: Faults
    tools: str

    def peace(self) -> tuple[Result, Counter[str]]:
        """What comes of an undisturbed night, and how often each fault could have happened in it."""
        scene = self._open()
        self.faults.arm((), scene.state)
        code = self._quietly(scene, scene.run())
        assert code in _FINISHED, (scene.folder / "out.log").read_text()
        result, chances = result_of(scene), self.faults.chances
        shutil.rmtree(scene.folder)
        return result, chances

    def night(self, fates: Sequence[Fate], expected: Result) -> Iterator[str]:
        """One night, gone on with until it is over; what is wrong with it."""
        scene = self._open()
        self.faults.arm(fates, scene.state)
        code = -1
        for _ in range(TURNS + len(fates)):
            begun = any(b'"type":"run:started"' in journal.read_bytes() for journal in scene.journals())
            code = self._quietly(scene, scene.resume() if begun else scene.run())
            # A stop holds for what its process starts afterwards; here another night follows in the same one.
            processes._halted = False
            if code in _FINISHED or code == ExitCode.INTERNAL:
                break
        if code == ExitCode.USAGE:  # over before its reports were written
            self._quietly(scene, ["report", "--state", str(scene.state)])
        if code in _FINISHED:
            yield from self._differences(scene, expected)
        else:
            yield f"exit code {code}: {(scene.folder / 'out.log').read_text()[-600:]}"
        shutil.rmtree(scene.folder)

    def _differences(self, scene: Scene, expected: Result) -> Iterator[str]:
        found = result_of(scene)
        for name in ("statuses", "trees", "iterations", "bought"):
            if getattr(found, name) != getattr(expected, name):
                yield f"{name}: {getattr(found, name)} instead of {getattr(expected, name)}"
        if untouched(scene) != untouched(self.template):
            yield "the checkout is not as it was"

    def _open(self) -> Scene:
        """A fresh copy, and what a night expects not to be there taken out of the cache that stays."""
        folder = self.template.folder.parent
        cache = folder / "cache"
        for name in self.kind.per_night:
            for left in cache.rglob(name):
                left.unlink()
        scene = copy_of(self.template, folder / "scene")
        temporary = os.environ["TMPDIR"]
        os.environ.clear()
        os.environ.update(environment(scene, self.tools))
        os.environ.update(
            {
                "TMPDIR": temporary,
                "XDG_CACHE_HOME": str(cache),
                "ORCHESTRATE_MODELS__RETRIES__WAITS_S": "[0.01, 0.02, 0.04]",
            }
        )
        return scene

    def _quietly(self, scene: Scene, argv: list[str]) -> int:
        """The program itself, its words into the scene's log."""
        os.chdir(scene.folder)
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
