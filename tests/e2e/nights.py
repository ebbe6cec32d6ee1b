"""Whole runs as a user starts them: another process, an environment of its own, a folder of its own."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from orchestrator.cli.pilot import prepare
from orchestrator.ledger.journal import read_journal

TOOLS = Path(sys.executable).parent
FAST_RETRIES = {"ORCHESTRATE_MODELS__RETRIES__WAITS_S": "[0.01, 0.02, 0.04]"}


@dataclass(frozen=True)
class Ended:
    """How a process ended."""

    code: int
    out: str
    err: str


@dataclass(frozen=True)
class Place:
    """A folder with a tasks file, where nights are run."""

    folder: Path
    tasks: Path
    variables: Mapping[str, str] = field(default_factory=dict)

    @property
    def environment(self) -> dict[str, str]:
        """Nothing of the machine's but what programs need to start; no keys."""
        home = self.folder / "home"
        home.mkdir(exist_ok=True)
        return {
            "PATH": f"{TOOLS}:{os.environ['PATH']}",
            "HOME": str(home),
            "XDG_CACHE_HOME": str(self.folder / "cache"),
            "LANG": "C.UTF-8",
            "PYTHONPATH": str(Path(__file__).parents[2]),
            **self.variables,
        }

    def orchestrate(self, *argv: str, timeout: float = 500, **variables: str) -> Ended:
        """Run a command to its end."""
        with self.started(*argv, **variables) as process:
            out, err = process.communicate(timeout=timeout)
        return Ended(process.returncode, out, err)

    @contextmanager
    def started(self, *argv: str, **variables: str) -> Iterator[subprocess.Popen[str]]:
        """A command under way; killed if the test leaves it running."""
        process = subprocess.Popen(
            [sys.executable, "-m", "orchestrator", *argv],
            cwd=self.folder,
            env={**self.environment, **variables},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        try:
            yield process
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
                process.communicate()

    def run_folder(self) -> Path:
        """The newest run's."""
        return max((self.tasks.parent / "runs").glob("*/journal.jsonl")).parent

    def entries(self) -> tuple[dict[str, Any], ...]:
        """The newest run's journal."""
        return read_journal(self.run_folder() / "journal.jsonl").entries

    def summary(self) -> dict[str, Any]:
        """The newest run's summary.json."""
        summary: dict[str, Any] = json.loads((self.run_folder() / "summary.json").read_text(encoding="utf-8"))
        return summary

    def statuses(self) -> dict[str, str]:
        """Task -> status."""
        return {task["id"]: task["status"] for task in self.summary()["tasks"]}

    def git(self, *argv: str, repo: str = "") -> str:
        """Plain git in the user's repository: the pilot's beside the tasks file, or ``repo`` below the folder."""
        where = self.folder / repo if repo else self.tasks.parent / "tally"
        command = ["git", "-C", str(where), *argv]
        return subprocess.run(command, check=True, capture_output=True, text=True, env=self.environment).stdout

    def trees(self) -> dict[str, str]:
        """Task -> tree of its branch; run names differ, trees must not."""
        lines = self.git("for-each-ref", "--format=%(refname) %(tree)", "refs/heads/orchestrate").splitlines()
        return {line.split()[0].rsplit("/", 1)[-1]: line.split()[1] for line in lines}

    def moves(self, task: str) -> list[str]:
        """The moves decided for a task, in order."""
        return [entry["move"] for entry in self.entries() if entry["type"] == "move:decided" and entry["task"] == task]


def pilot_place(folder: Path, **variables: str) -> Place:
    """The pilot's repository and backlog, ready to run."""
    tasks = prepare(folder)
    return Place(folder, tasks, variables)


def replaying(place: Place, *more: str) -> Sequence[str]:
    """The arguments of a run over the pilot's recorded answers."""
    return ("run", str(place.tasks), "--models", f"replay:{place.folder / 'calls'}", *more)


def wait_until(condition: Any, seconds: float = 300.0) -> None:
    """Poll another process's work; fails loudly."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError(f"did not happen within {seconds} s")
        time.sleep(0.02)


def gone(pid: int) -> bool:
    """Whether a process has ended."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return False
