"""What is tried, and how it is judged: every death must leave a night that ends as if nothing had happened."""

from __future__ import annotations

import contextlib
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from tests.chaos.mortal import Fate
from tests.chaos.night import (
    STATES,
    Result,
    Scene,
    Variant,
    commits_made,
    copy_of,
    entries_of,
    environment,
    make_template,
    result_of,
    untouched,
)

COLUMNS = ("repeated calls", "repeated commits", "differing results", "touched checkouts", "left behind")
KILLED = -9
GRACE_S = 10.0
"""What a dead process started is asked to end, and killed after two seconds; on a busy machine that takes a while."""
HUNG = 999
_TOP = Path(__file__).parents[2]
_EARLY, _MIDDLE = "journal.after:task:started", "journal.after:adr:accepted"
_FAULT_OF_OURS, _DAMAGED = 3, 7
_NOTHING_LEFT = frozenset({0, 2})


@dataclass(frozen=True, slots=True, kw_only=True)
class Death:
    """How one process ends: by its fate, or killed after a share of the time an undisturbed night takes."""

    fate: Fate = field(default_factory=Fate)
    after: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """A night, and what happens to its processes one after another; the last goes on in peace."""

    family: str
    name: str
    variant: Variant
    deaths: tuple[Death, ...] = ()
    damage: tuple[str, int] | None = None
    """What is done to the journal of the finished night instead: (cut or flip, the byte)."""


@dataclass(slots=True, kw_only=True)
class Verdict:
    """What came of it."""

    scenario: Scenario
    deaths: int = 0
    died_at: list[str] = field(default_factory=list)
    """The named points at which a process really died."""
    faults: list[tuple[str, str]] = field(default_factory=list)
    """(column, what exactly)"""

    def blame(self, column: str, what: str) -> None:
        """Write down a fault."""
        self.faults.append((column, what))


class Mortals:
    """A fork server, asked one wish at a time."""

    def __init__(self, tools: str) -> None:
        self._tools = tools
        self._server = subprocess.Popen(
            [sys.executable, "-m", "tests.chaos.server"],
            cwd=_TOP,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def live(self, scene: Scene, argv: Sequence[str], death: Death, *, span: float = 0.0) -> tuple[int, float]:
        """Let one process live; exit code (or minus the signal) and seconds."""
        wish = {
            "argv": list(argv),
            "folder": str(scene.folder),
            "environment": environment(scene, self._tools),
            "fate": asdict(death.fate),
            "kill_after": death.after * span if death.after else None,
        }
        assert self._server.stdin is not None
        assert self._server.stdout is not None
        self._server.stdin.write(json.dumps(wish) + "\n")
        self._server.stdin.flush()
        answer = json.loads(self._server.stdout.readline())
        return int(answer["code"]), float(answer["seconds"])

    def close(self) -> None:
        """Let the server end."""
        assert self._server.stdin is not None
        with self._server:  # closes its pipes and waits
            self._server.stdin.close()


@dataclass(frozen=True, slots=True)
class Peace:
    """An undisturbed night: what every disturbed one is held against."""

    template: Scene
    result: Result
    points: Counter[str]
    seconds: float
    length: int
    """Bytes of its journal."""


class Theatre:
    """Templates, undisturbed nights, and workers that play scenarios beside each other."""

    def __init__(self, folder: Path, workers: int = 2, *, plant: str = "") -> None:
        self._folder = folder
        self._plant = plant
        self._tools = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
        self._idle = [Mortals(self._tools) for _ in range(workers)]
        self._pool = ThreadPoolExecutor(workers)
        self._lock = threading.Lock()
        self._peace: dict[Variant, Peace] = {}
        self._serial = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._pool.shutdown(cancel_futures=True)
        for mortals in self._idle:
            mortals.close()

    def peace(self, variant: Variant) -> Peace:
        """The undisturbed night of that variant, run once."""
        if variant not in self._peace:
            template = make_template(self._fresh(), variant)
            scene = copy_of(template, self._fresh())
            mortals = self._idle[0]
            code, seconds = mortals.live(scene, scene.run(), Death(fate=Fate(trace=True)))
            assert code == 0, (scene.folder / "out.log").read_text()
            passed = Counter((scene.folder / "points.log").read_text().split())
            length = scene.journals()[-1].stat().st_size
            self._peace[variant] = Peace(template, result_of(scene), passed, seconds, length)
            shutil.rmtree(scene.folder)
        return self._peace[variant]

    def play(self, scenarios: Iterable[Scenario]) -> Iterator[Verdict]:
        """All of them, in their order."""
        wanted = list(scenarios)
        for variant in dict.fromkeys(scenario.variant for scenario in wanted):
            self.peace(variant)
        yield from self._pool.map(self._one, wanted)

    def _fresh(self) -> Path:
        with self._lock:
            self._serial += 1
            return self._folder / f"scene-{self._serial}"

    def _one(self, scenario: Scenario) -> Verdict:
        with self._lock:
            mortals = self._idle.pop()
        peace = self._peace[scenario.variant]
        scene = copy_of(peace.template, self._fresh())
        verdict = Verdict(scenario=scenario)
        try:
            if scenario.damage is not None:
                _damaged(mortals, scene, verdict, self._plant)
            else:
                _disturbed(mortals, scene, verdict, peace, self._plant)
                _judge(scene, verdict, peace)
        except Exception as error:  # noqa: BLE001 - a campaign says what it met and goes on
            verdict.blame("differing results", f"{type(error).__name__}: {error}")
        finally:
            with self._lock:
                self._idle.append(mortals)
        if verdict.faults:
            print(f"{scenario.family}: {scenario.name} ({scenario.variant}): {verdict.faults}", file=sys.stderr)
            if os.environ.get("CHAOS_KEEP"):
                print(f"  kept: {scene.folder}", file=sys.stderr)
                return verdict
        shutil.rmtree(scene.folder, ignore_errors=True)
        return verdict


def _disturbed(mortals: Mortals, scene: Scene, verdict: Verdict, peace: Peace, plant: str) -> None:
    """Process after process, to the end in peace."""
    for death in verdict.scenario.deaths:
        fated = Death(fate=Fate(**{**asdict(death.fate), "plant": plant}), after=death.after)
        code, _ = mortals.live(scene, _next_command(scene), fated, span=peace.seconds)
        verdict.deaths += code == KILLED
        verdict.died_at += [death.fate.die_at] if code == KILLED and death.fate.die_at else []
        if code in {_FAULT_OF_OURS, HUNG}:
            verdict.blame("differing results", f"exit code {code} of a disturbed process: {_last(scene)}")
        if code in {0, 1}:
            break
    code = -1
    for _ in range(2):  # what a failing disk paused may want one more word
        code, _ = mortals.live(scene, _next_command(scene), Death(fate=Fate(plant=plant)))
        if code in _NOTHING_LEFT:
            break
    else:
        verdict.blame("differing results", f"exit code {code} in the end: {_last(scene)}")
    if code:  # it was over before its reports were written
        mortals.live(scene, ["report", "--state", str(scene.state)], Death())


def _next_command(scene: Scene) -> list[str]:
    """What a user types: the night again where it had not begun, else go on."""
    lines = (line for path in scene.journals() for line in path.read_bytes().split(b"\n")[:-1])
    begun = any(b'"type":"run:started"' in line for line in lines)
    return scene.resume() if begun else scene.run()


def _last(scene: Scene) -> str:
    return " | ".join((scene.folder / "out.log").read_text(errors="replace").strip().splitlines()[-3:])


def _judge(scene: Scene, verdict: Verdict, peace: Peace) -> None:
    found = result_of(scene)
    for name in ("statuses", "iterations", "trees", "messages", "bought"):
        was, now = getattr(peace.result, name), getattr(found, name)
        if was != now:
            verdict.blame("differing results", f"{name}: {now} instead of {was}")
    _judge_calls(scene, verdict)
    for task, count in commits_made(scene).items():
        if count > 1:
            verdict.blame("repeated commits", f"{count} commits of {task}")
    made = Counter(entry["task"] for entry in _entries(scene) if entry["type"] == "commit:made")
    for task, count in made.items():
        if count > 1:
            verdict.blame("repeated commits", f"{count} records of a commit of {task}")
    if untouched(scene) != untouched(peace.template):
        verdict.blame("touched checkouts", "the checkout is not as it was")
    for what in _left_behind(scene):
        verdict.blame("left behind", what)


def _judge_calls(scene: Scene, verdict: Verdict) -> None:
    """The provider's own log against the records: nothing asked for that was on disk, nothing unaccounted."""
    asked: Counter[str] = Counter()
    for line in scene.requests.read_text().splitlines():
        request = json.loads(line)
        asked[request["call"]] += 1
        if request["had"]:
            verdict.blame("repeated calls", f"{request['call']} was asked for with its answer on disk")
        if request["intents"] < asked[request["call"]]:
            verdict.blame("repeated calls", f"{request['call']} was asked for without its intent on disk")
    entries = _entries(scene)
    charged = Counter(
        entry["call"] for entry in entries if entry["type"] in {"call:answer", "call:lost", "call:failed"}
    )
    answered = Counter(entry["call"] for entry in entries if entry["type"] == "call:answer")
    for call, times in asked.items():
        if charged[call] < times:
            verdict.blame("repeated calls", f"{call} was asked for {times} times and charged {charged[call]} times")
        if answered[call] != 1:
            verdict.blame("repeated calls", f"{call} has {answered[call]} answers")


def _entries(scene: Scene) -> list[dict[str, Any]]:
    return [entry for journal in scene.journals() for entry in entries_of(journal)]


def _left_behind(scene: Scene) -> Iterator[str]:
    """Processes, temporary files of the records, locks in the repository."""
    running = _running(scene)
    until = time.monotonic() + GRACE_S
    while running and time.monotonic() < until:  # what a supervisor is ending politely just now
        time.sleep(0.1)
        running = _running(scene)
    for process, command in running.items():
        yield f"process {process}: {command!r}"
        with contextlib.suppress(OSError):
            os.kill(process, signal.SIGKILL)
    yield from (str(path.relative_to(scene.folder)) for path in scene.state.rglob(".*.tmp"))
    yield from (str(path.relative_to(scene.folder)) for path in (scene.repository / ".git").rglob("*.lock"))
    yield from (str(path.relative_to(scene.folder)) for path in scene.folder.glob("cache/**/git.new-*"))


def _running(scene: Scene) -> dict[int, bytes]:
    """Processes of the night, by their home: nothing else that a gate's command is given names the scene."""
    mark = f"{scene.folder}/".encode()
    found: dict[int, bytes] = {}
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if mark in (process / "environ").read_bytes():
                found[int(process.name)] = (process / "cmdline").read_bytes()[:80]
    return found


def _damaged(mortals: Mortals, scene: Scene, verdict: Verdict, plant: str) -> None:
    """The journal of a night that died in its middle is cut or flipped: gone on with, or refused with the place."""
    assert verdict.scenario.damage is not None
    kind, byte = verdict.scenario.damage
    code, _ = mortals.live(scene, scene.run(), Death(fate=Fate(die_at="commit.before")))
    verdict.deaths += code == KILLED
    journal = scene.journals()[-1]
    content = journal.read_bytes()
    place = byte % len(content)
    if kind == "cut":
        journal.write_bytes(content[:place])
    else:
        journal.write_bytes(content[:place] + bytes([content[place] ^ (1 << byte % 8)]) + content[place + 1 :])
    torn = kind == "flip" and place == len(content) - 1
    command = _next_command(scene) if kind == "cut" else scene.resume()
    code, _ = mortals.live(scene, command, Death(fate=Fate(plant=plant)))
    expected = {0} if kind == "cut" or torn else {_DAMAGED}
    if code not in expected:
        verdict.blame("differing results", f"{kind} at byte {place}: exit code {code}: {_last(scene)}")
    if kind == "cut" and not code:
        again, _ = mortals.live(scene, ["report", "--state", str(scene.state)], Death())
        if again:
            verdict.blame("differing results", f"cut at byte {place}: the journal is damaged since: {_last(scene)}")
    if code == _DAMAGED and "byte" not in _last(scene):
        verdict.blame("differing results", f"damage at byte {place} is not named: {_last(scene)}")


# --- what is tried ---


def named_points(theatre: Theatre, *, states: Sequence[str], modes: Sequence[str]) -> Iterator[Scenario]:
    """Death at the first passage of each point: in the run, in the resume, in the resume of the resume."""
    before = {"run": (), "resume": (_EARLY,), "resume of the resume": (_EARLY, _MIDDLE)}
    for state in states:
        variant = Variant(state=state)
        for mode in modes:
            earlier = tuple(Death(fate=Fate(die_at=point)) for point in before[mode])
            for point in sorted(theatre.peace(variant).points):
                death = Death(fate=Fate(die_at=point))
                yield Scenario(family=f"named points, {mode}", name=point, variant=variant, deaths=(*earlier, death))


def chained_points(theatre: Theatre, chains: int) -> Iterator[Scenario]:
    """Every named point once, many deaths to a night: the short form. A point that a resume skips is not died at."""
    points = list(theatre.peace(Variant()).points)
    for number in range(chains):
        deaths = tuple(Death(fate=Fate(die_at=point)) for point in points[number::chains])
        yield Scenario(family="named points, chained", name=f"chain {number}", variant=Variant(), deaths=deaths)


def single_points(points: Iterable[str]) -> Iterator[Scenario]:
    """These points, a night each."""
    for point in points:
        death = Death(fate=Fate(die_at=point))
        yield Scenario(family="named points, run", name=point, variant=Variant(), deaths=(death,))


def power_cuts(theatre: Theatre) -> Iterator[Scenario]:
    """The same deaths, and what was not synced is lost; at the last passage of each point."""
    variant = Variant()
    for point, passages in sorted(theatre.peace(variant).points.items()):
        death = Death(fate=Fate(die_at=point, nth=passages, power=True))
        yield Scenario(family="power cut at each point", name=point, variant=variant, deaths=(death,))


def random_deaths(seeds: Iterable[int]) -> Iterator[Scenario]:
    """One to three tasks and lanes, one to five deaths deep, at any time."""
    for seed in seeds:
        chance = random.Random(seed)
        tasks = chance.randint(1, 3)
        variant = Variant(tasks=tasks, lanes=chance.randint(1, tasks), state=chance.choice(STATES))
        deep = chance.choices((1, 2, 3, 4, 5), weights=(60, 20, 10, 6, 4))[0]
        deaths = tuple(Death(after=chance.uniform(0.02, 1.0)) for _ in range(deep))
        yield Scenario(family="random times", name=f"seed {seed}", variant=variant, deaths=deaths)


def failing_calls(most: int) -> Iterator[Scenario]:
    """The Nth write, short write, fsync, rename or creation of a file among the records fails."""
    for kind in ("write", "short", "fsync", "rename", "create"):
        for nth in range(1, most + 1):
            fate = Fate(fails=kind, fails_nth=nth)
            yield Scenario(
                family="a failing system call", name=f"{kind} {nth}", variant=Variant(), deaths=(Death(fate=fate),)
            )


def damaged_journals(count: int, seed: int = 1) -> Iterator[Scenario]:
    """Cut and flipped anywhere."""
    chance = random.Random(seed)
    for number in range(count):
        kind = ("cut", "flip")[number % 2]
        damage = (kind, chance.randrange(1 << 30))
        yield Scenario(family=f"the journal {kind}", name=f"byte {damage[1]}", variant=Variant(), damage=damage)
