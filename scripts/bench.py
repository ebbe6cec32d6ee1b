"""``scripts/bench``: start-up time and the overhead of one task, as ratios measured in one run.

Everything is measured from outside, as whole processes, in turns, so that a loaded machine slows all sides alike. The
smallest of several times says what the work costs, the median what one sees.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess  # noqa: TID251 - whole processes are timed from outside, without the tool's own supervision
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

PYTHON = sys.executable
ORCHESTRATE = (PYTHON, "-m", "orchestrator")
STARTS = ("--help", "run --help", "status", "plan tasks.yaml")
GATES = ("baseline:finished", "gate:finished")
LINT, TEST = "ruff check --no-fix .", "python -m pytest -q"
PROJECT = "[tool.pytest.ini_options]\npythonpath = ['.']\n"
SOURCE = "def double(number: int) -> int:\n    return number + number\n"
TESTS = "from doubling import double\n\n\ndef test_double() -> None:\n    assert double(2) == 4\n"
CHANGED = SOURCE + "\n\ndef halve(number: int) -> int:\n    return number // 2\n"
NEW_TESTS = "from doubling import halve\n\n\ndef test_halve() -> None:\n    assert halve(4) == 2\n"
TASKS = f"""\
version: 1
repo: project
setup: []
gate: {{lint: {LINT}, test: {TEST}}}
tasks:
  - {{id: halve, title: "New: halve a number", files: [doubling.py]}}
"""
ADR = """\
# Halve a number

## Context
There is `double` only.
## Options
- a function
## Decision
`halve(number)` divides by two, downwards.
## Rationale
As `double`.
## Files
- doubling.py (modify): the function
- test_halve.py (create): its test
## Consequences
None.
### Invariant Compliance
None are given.
"""
CODE = f"""\
doubling.py
```python
<<<<<<< SEARCH
    return number + number
=======
    return number + number


def halve(number: int) -> int:
    return number // 2
>>>>>>> REPLACE
```

test_halve.py
```python
<<<<<<< SEARCH
=======
{NEW_TESTS}>>>>>>> REPLACE
```
"""
REVIEW = "VERDICT: accept\nSUMMARY: It halves.\nFINDINGS:\n\nINVARIANTS:\n"
ANSWERS = {"plan.architect": ADR, "build.executor": CODE, "deliver.reviewer": REVIEW}
BY_HAND = """\
set -eu
git="git -c user.name=Bench -c user.email=bench@example.invalid -c commit.gpgSign=false"
gate() {
  for line in "$LINT" "$TEST"; do
    bwrap --unshare-all --die-with-parent --ro-bind / / --dev /dev --proc /proc --tmpfs /tmp \\
      --ro-bind "$TOOLS" "$TOOLS" --bind "$PWD" "$PWD" \\
      env PYTHONDONTWRITEBYTECODE=1 sh -c "$line" >/dev/null
  done
}
if [ ! -d "$LANE" ]; then
  $git clone --quiet --local "$REPO" "$LANE"
  cd "$LANE"
  gate
fi
cd "$LANE"
$git fetch --quiet origin main
$git checkout --quiet --force -B work FETCH_HEAD
cp "$NEW"/*.py .
gate
$git add doubling.py test_halve.py
$git commit --quiet -m "New: halve a number"
cd "$REPO"
$git fetch --quiet --no-tags "$LANE" "+work:refs/heads/by-hand/$1"
"""


@dataclass(slots=True)
class Side:
    """One side of a comparison."""

    name: str
    once: Callable[[], float]
    """Does it once; the seconds it took."""
    seconds: list[float] = field(default_factory=list)


class Place:
    """A folder with the trivial project, its backlog, and recorded answers."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.repo = folder / "project"
        users = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
        self.environment = {**users, "HOME": str(folder), "XDG_CONFIG_HOME": str(folder / "none")}
        _write(folder, {"tasks.yaml": TASKS, "new/doubling.py": CHANGED, "new/test_halve.py": NEW_TESTS})
        _write(folder / "calls", {f"halve.{name}.1.1.md": text for name, text in ANSWERS.items()})
        _write(self.repo, {"doubling.py": SOURCE, "test_doubling.py": TESTS, "pyproject.toml": PROJECT})
        for line in ("init -q -b main", "config user.name Bench", "config user.email bench@example.invalid", "add -A"):
            self.timed(["git", "-C", str(self.repo), *line.split()])
        self.timed(["git", "-C", str(self.repo), "commit", "-q", "-m", "First"])

    def timed(self, argv: Sequence[str], **variables: str) -> float:
        """Seconds of a whole process that must succeed."""
        environment = {**self.environment, **variables}
        began = time.perf_counter()
        ended = subprocess.run(argv, env=environment, cwd=self.folder, capture_output=True, text=True, check=False)
        seconds = time.perf_counter() - began
        if ended.returncode != 0:
            raise SystemExit(f"{' '.join(argv)} ended with {ended.returncode}:\n{ended.stdout}{ended.stderr}")
        return seconds

    def run(self, cache: Path) -> float:
        """A whole ``orchestrate run``."""
        models = f"replay:{self.folder / 'calls'}"
        argv = (*ORCHESTRATE, "run", "tasks.yaml", "--models", models, "--sandbox", "bwrap")
        return self.timed(argv, XDG_CACHE_HOME=str(cache))

    def by_hand(self, lane: Path) -> float:
        """The same steps as a shell script; ``lane`` is cloned, and the base's gate run, where it is not there."""
        names = {"REPO": self.repo, "LANE": lane, "NEW": self.folder / "new"}
        variables = {name: str(path) for name, path in names.items()} | {"LINT": LINT, "TEST": TEST}
        variables["TOOLS"] = sys.prefix  # may itself lie under /tmp, which is hidden
        return self.timed(["sh", "-c", BY_HAND, "sh", str(time.monotonic_ns())], **variables)

    def in_gate(self) -> float:
        """Seconds the newest run spent in the gate's own commands, the base's among them."""
        journal = max((self.folder / "runs").glob("*/journal.jsonl"), key=lambda path: path.stat().st_mtime_ns)
        entries = map(json.loads, journal.read_text(encoding="utf-8").splitlines())
        return sum(float(entry["seconds"]) for entry in entries if entry["type"] in GATES)


def start(place: Place, rounds: int) -> None:
    """Start-up, beside an interpreter that does nothing."""
    place.run(place.folder / "cache")
    arguments = {"python -c pass": ["-c", "pass"]}
    arguments |= {f"orchestrate {words}": ["-m", "orchestrator", *words.split()] for words in STARTS}
    sides = [Side(name, lambda words=words: place.timed([PYTHON, *words])) for name, words in arguments.items()]
    measure(sides, rounds)
    table("start-up", sides)


def task(place: Place, rounds: int) -> None:
    """One task without model time, beside git and the same gate by hand; the first time, and every further time."""
    inside: dict[str, list[float]] = {"first": [], "again": []}
    fresh = iter(range(1_000_000))

    def run(which: str) -> float:
        seconds = place.run(place.folder / (f"cache-{next(fresh)}" if which == "first" else "cache"))
        inside[which].append(seconds - place.in_gate())
        return seconds

    place.run(place.folder / "cache")
    place.by_hand(place.folder / "lane")
    for which, title in (("first", "one task, first time: clone, the base's gate"), ("again", "one task, lane warm")):
        lane = "lane-{}" if which == "first" else "lane"
        by_hand = Side("git and gate by hand", lambda lane=lane: place.by_hand(place.folder / lane.format(next(fresh))))
        sides = [by_hand, Side("orchestrate run", lambda which=which: run(which))]
        measure(sides, rounds)
        sides.append(Side("  outside its gate's commands", float, inside[which]))
        table(title, sides)


def measure(sides: Sequence[Side], rounds: int) -> None:
    """Each side once a round, in turns."""
    for _ in range(rounds):
        for side in sides:
            side.seconds.append(side.once())


def table(title: str, sides: Sequence[Side]) -> None:
    """Smallest and median, in milliseconds and as multiples of the first side's."""
    first = sides[0]
    print(f"{title:<46} {'min':>9} {'median':>9} {'x min':>7} {'x median':>9}")
    for side in sides:
        least, middle = min(side.seconds), median(side.seconds)
        ratios = f"{least / min(first.seconds):>7.2f} {middle / median(first.seconds):>9.2f}"
        print(f"  {side.name:<44} {least * 1000:>6.0f} ms {middle * 1000:>6.0f} ms {ratios}")
    print(f"  {len(first.seconds)} rounds, in turns\n", flush=True)


def _write(folder: Path, files: Mapping[str, str]) -> None:
    for name, text in files.items():
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")


def main() -> int:
    """Measure what was asked for and print it."""
    parser = argparse.ArgumentParser(
        prog="scripts/bench",
        description="Start-up, the overhead of one task, the symbol index, classification, the base's gate.",
    )
    parser.add_argument(
        "what",
        nargs="?",
        default="all",
        choices=("start", "task", "index", "classification", "baseline", "agents", "all"),
    )
    parser.add_argument("--rounds", type=int, default=7, help="times each side is measured (default 7)")
    args = parser.parse_args()
    missing = [name for name in ("git", "bwrap", "ruff") if shutil.which(name) is None]
    if missing and args.what in {"task", "baseline", "all"}:
        raise SystemExit(f"error: needs {', '.join(missing)} on PATH")
    with tempfile.TemporaryDirectory(prefix="orchestrate-bench-") as name:
        place = Place(Path(name))
        if args.what in {"start", "all"}:
            start(place, args.rounds)
        if args.what in {"task", "all"}:
            task(place, args.rounds)
        if args.what == "index":
            from bench_index import index  # noqa: PLC0415 - beside this script, found when it is run as one

            index(Path(name), args.rounds)
        if args.what in {"classification", "baseline"}:
            from bench_gate import baseline, classification  # noqa: PLC0415 - as above

            classification(args.rounds) if args.what == "classification" else baseline(place, args.rounds)
        if args.what == "agents":
            from bench_agents import agents  # noqa: PLC0415 - as above

            agents(Path(name), min(args.rounds, 3))
    return 0


if __name__ == "__main__":
    sys.exit(main())
