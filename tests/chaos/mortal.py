"""The process that dies: the real program, told where death waits for it, and which system calls fail.

What it does to itself is what the outside does to a program: it is killed, its calls into the system fail, its unsynced
writes are lost. Nothing of the program is changed, but for the bugs that are planted to see whether they are found.
"""

from __future__ import annotations

import errno
import json
import os
import signal
import sys
import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

from orchestrator import crash_points
from orchestrator.adapters.models.replay import ReplayLlm
from orchestrator.cli import main
from tests.chaos import plants
from tests.chaos.power import Disk


@dataclass(frozen=True, slots=True, kw_only=True)
class Fate:
    """What happens to one process."""

    die_at: str = ""
    """The crash point it dies at; empty: none."""
    nth: int = 1
    """The how manieth passage of it."""
    power: bool = False
    """Whether its unsynced writes die with it."""
    fails: str = ""
    """The call of the system that fails: write, short, fsync, rename, create."""
    fails_nth: int = 0
    trace: bool = False
    """Whether it writes down the points it passes."""
    plant: str = ""
    """A durability bug to plant."""


def live(argv: list[str], folder: Path, environment: dict[str, str], fate: Fate) -> NoReturn:
    """Become the program, in ``folder``; never returns."""
    os.setsid()
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    out = os.open(folder / "out.log", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    nothing = os.open(os.devnull, os.O_RDONLY)
    for source, target in ((nothing, 0), (out, 1), (out, 2)):
        os.dup2(source, target)
    _witness(folder)
    if fate.plant:
        plants.PLANTS[fate.plant]()
    _arm(folder, fate)
    if fate.fails:
        _Failing(fate, folder / "runs")
    code = 70
    try:
        code = main(argv)
        sys.stdout.flush()
    finally:
        os._exit(code)


def _arm(folder: Path, fate: Fate) -> None:
    disk = Disk(folder / "runs")
    if fate.power:
        disk.watch()
    passed: Counter[str] = Counter()
    lock = threading.Lock()
    trace = os.open(folder / "points.log", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644) if fate.trace else -1

    def pass_by(name: str) -> None:
        with lock:
            passed[name] += 1
            if trace >= 0:
                os.write(trace, f"{name}\n".encode())
            if name == fate.die_at and passed[name] == fate.nth:
                if fate.power:
                    disk.cut()
                os.kill(os.getpid(), signal.SIGKILL)

    crash_points.arm(pass_by)


def _witness(folder: Path) -> None:
    """The provider's own log of what it was asked, and whether the answer was on the disk already."""
    log = os.open(folder / "requests.log", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    ask = ReplayLlm.ask

    def witnessed(self: ReplayLlm, request: Any, deadlines: Any) -> Any:
        call = request.key.call_id
        had = any((folder / "runs").glob(f"*/calls/{call}.json"))
        intents = sum(
            f'"type":"call:intent","call":"{call}"'.encode() in line
            for journal in (folder / "runs").glob("*/journal.jsonl")
            for line in journal.read_bytes().splitlines()
        )
        os.write(log, (json.dumps({"call": call, "had": had, "intents": intents}) + "\n").encode())
        return ask(self, request, deadlines)

    ReplayLlm.ask = witnessed  # type: ignore[method-assign]


class _Failing:
    """The Nth such call on the records fails, and the next ones work again."""

    def __init__(self, fate: Fate, state: Path) -> None:
        self._nth = fate.fails_nth
        self._below = f"{state.resolve()}/"
        self._count = 0
        kinds = {"fsync": ("fsync",), "write": ("write",), "rename": ("replace", "rename")}
        for name in kinds.get(fate.fails, ()):
            setattr(os, name, self._raising(getattr(os, name)))
        if fate.fails == "short":
            os.write = self._short(os.write)
        elif fate.fails == "create":
            sys.addaudithook(self._audit)

    def _due(self, target: int | str | os.PathLike[str]) -> bool:
        path = str(Path(f"/proc/self/fd/{target}").readlink() if isinstance(target, int) else Path(target).absolute())
        self._count += path.startswith(self._below)
        return path.startswith(self._below) and self._count == self._nth

    def _raising(self, real: Callable[..., Any]) -> Callable[..., Any]:
        def call(first: Any, *more: Any, **named: Any) -> Any:
            if self._due(first):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            return real(first, *more, **named)

        return call

    def _short(self, write: Callable[..., int]) -> Callable[..., int]:
        def call(descriptor: int, content: Any) -> int:
            return write(descriptor, bytes(content)[: max(1, len(content) // 2)] if self._due(descriptor) else content)

        return call

    def _audit(self, event: str, given: tuple[Any, ...]) -> None:
        if event != "open" or not isinstance(given[0], str) or not given[2] & (os.O_WRONLY | os.O_RDWR):
            return
        if self._due(given[0]):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
