"""The one door through which this program starts processes (git has its own).

Each command gets a closed standard input (or the bytes given), exactly the environment given, a time limit, a memory
limit over its whole tree, and an end: when :func:`run` returns, nothing the command started is alive (I11), and it
returns in bounded time whatever the command does with its pipes, signals or output (I12).
"""

from __future__ import annotations

import contextlib
import ctypes
import math
import os
import secrets
import selectors
import signal
import subprocess  # noqa: TID251 - this is the door
import sys
import tempfile
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from orchestrator.adapters.processes_cgroup import cap_processes
from orchestrator.adapters.processes_output import HeadAndTail, Log
from orchestrator.adapters.processes_tree import Pressure, Tree, kill_marked
from orchestrator.adapters.processes_watch import END, LOOK_S, ExitWatch, stood_still_s
from orchestrator.crash_points import crash_point
from orchestrator.redaction import Stream

MARK = "ORCHESTRATE_PROCESS"
"""Environment variable that marks what one command started."""
TIMED_OUT = -1
SUPERVISOR = Path(__file__).with_name("processes_supervisor.py")
CHUNK = 1 << 16
DRAIN_S = 2.0
"""After the end, how long a pipe somebody still holds is read before it is given up."""
WATCH_S = 0.25
"""Seconds between two looks at the tree's memory; a look costs 2-5 ms at 200 processes (measured)."""
GLANCE_S = 0.05
"""Seconds between two glances at the machine, each 0.1 ms, that may bring the next look forward."""
LAST_RESORT_S = 5.0
"""A supervisor that has not gone this long after its grace is ended, with its tree, from here."""
TASKS_EACH = 4
"""Threads the kernel's caps allow for each process of the limit: they count threads too, and Node alone starts 11."""
PR_SET_DUMPABLE = 4
FATAL = frozenset(
    int(number)
    for number in (
        signal.SIGILL,
        signal.SIGABRT,
        signal.SIGBUS,
        signal.SIGFPE,
        signal.SIGKILL,
        signal.SIGSEGV,
        signal.SIGTERM,
        signal.SIGXCPU,
        signal.SIGXFSZ,
        signal.SIGSYS,
    )
)
"""Signals that name the cause where a command ended by them; others are the command's own affair."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Process:
    """A command to run. All sizes in bytes."""

    argv: tuple[str, ...]
    cwd: Path
    environment: Mapping[str, str] = field(default_factory=dict)
    """All the command gets; nothing of this program's own environment is added but one mark."""
    timeout_s: float
    stdin: bytes = b""
    """Empty: closed (``/dev/null``)."""
    keep: int = 4 << 20
    """Kept in memory of each stream, half head, half tail."""
    log: Path | None = None
    log_cap: int = 16 << 20
    memory: int | None = None
    """Resident memory of the whole tree; above it the tree is killed. ``None``: not watched."""
    processes: int | None = None
    """Processes in the tree; above it the tree is killed. Where this user may make a control group, the kernel refuses
    more than four times as many processes and threads."""
    file_size: int = 0
    """Largest file the command may write, 0: any. Sandboxed commands set theirs inside."""
    grace_s: float = 2.0
    """Between TERM and KILL."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """How a command ended."""

    exit_code: int
    """As the shell sees it (128 + n for signal n, 126 and 127 not started); -1: its time limit passed."""
    stdout: str
    stderr: str
    seconds: float
    timed_out: bool = False
    killed_by: str = ""
    """``time``, ``memory``, ``processes``, ``stopped``, or ``signal N`` where it died of one; else empty."""
    peak_memory: int = 0
    """Highest resident memory seen, bytes; 0 where it was not watched or ended before the first look."""


def run(process: Process) -> Ended:
    """Run it to its end. Raises nothing for what the command does.

    An exception from outside (Ctrl-C) ends the command's tree before it goes on.
    """
    started = time.monotonic()
    try:
        launched = _Launched(process)
    except OSError as fault:
        code = 127 if isinstance(fault, FileNotFoundError) else 126
        text = f"cannot start {process.argv[0]} in {process.cwd}: {fault.strerror}\n"
        return Ended(exit_code=code, stdout="", stderr=text, seconds=time.monotonic() - started)
    try:
        with _live_lock:
            _live[launched.pid] = launched
            halted = _halted
        if halted:
            launched.stop("stopped")
        crash_point("command.running")
        return launched.attend(started)
    finally:
        launched.end()
        with _live_lock:
            _live.pop(launched.pid, None)


def stop_all(*, for_good: bool = False) -> int:
    """End every command that runs now, from any thread; their :func:`run` returns with ``killed_by="stopped"``.

    ``for_good``: every later one as well, at once; this process is about to end. Returns how many there were.
    """
    global _halted  # noqa: PLW0603 - the state of this process, beside the list of what it runs
    with _live_lock:
        _halted = _halted or for_good
        live = list(_live.values())
    for launched in live:
        launched.stop("stopped")
    return len(live)


def shield() -> bool:
    """Refuse other processes of this user a look into this one (its environment holds keys, I7). Linux.

    Does nothing against root, so root relies on the sandbox's own process namespace. True where it took effect.
    """
    if sys.platform != "linux":
        return False
    return bool(ctypes.CDLL(None, use_errno=True).prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) == 0) and os.geteuid() != 0


_live: dict[int, _Launched] = {}
_live_lock = threading.Lock()
_halted = False


class _Launched:
    """One running command."""

    def __init__(self, process: Process) -> None:
        self._process = process
        self._mark = secrets.token_hex(16)
        self._cause = ""
        self._peak = 0
        self._kill_at: float | None = None
        self._hiding = {name: Stream() for name in ("stdout", "stderr")}
        self._streams = {"stdout": HeadAndTail(process.keep), "stderr": HeadAndTail(process.keep)}
        self._cap = cap_processes(process.processes * TASKS_EACH) if process.processes is not None else None
        try:
            self._popen = self._start()
        except OSError:
            self._remove_cap()
            raise
        self.pid = self._popen.pid
        self._tree = Tree(self.pid)
        self._pressure = Pressure()

    def _start(self) -> subprocess.Popen[bytes]:
        process = self._process
        with tempfile.TemporaryFile() as given:
            if process.stdin:
                given.write(process.stdin)
                given.seek(0)
            return subprocess.Popen(
                self._argv(),
                cwd=process.cwd,
                env={**process.environment, MARK: self._mark},
                stdin=given if process.stdin else subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                start_new_session=True,
                close_fds=True,
            )

    def _argv(self) -> list[str]:
        process = self._process
        door = str(self._cap.door) if self._cap is not None else ""
        options = [str(os.getpid()), str(process.grace_s), str(process.file_size), door]
        return [sys.executable, "-I", "-S", str(SUPERVISOR), *options, *process.argv]

    def attend(self, started: float) -> Ended:
        """Read what it says and watch it until it ends or has to be ended."""
        with Log(self._process.log, self._process.log_cap) as log:
            try:
                self._pump(log, started + self._process.timeout_s)
            finally:
                self.end()
                for name in self._streams:
                    self._take(name, self._hiding[name].flush(), log)
                stderr = self._streams["stderr"]
                log.finish(stderr.value())
        code = self._exit_code()
        timed_out = self._cause == "time"
        return Ended(
            exit_code=TIMED_OUT if timed_out else code,
            stdout=self._streams["stdout"].text(),
            stderr=stderr.text(),
            seconds=time.monotonic() - started,
            timed_out=timed_out,
            killed_by=self._cause or (f"signal {code - 128}" if code - 128 in FATAL else ""),
            peak_memory=self._peak,
        )

    def _pump(self, log: Log, deadline: float) -> None:
        with selectors.DefaultSelector() as selector, ExitWatch(self._popen.pid) as watch:
            for name in self._streams:
                pipe = getattr(self._popen, name)
                os.set_blocking(pipe.fileno(), False)
                selector.register(pipe, selectors.EVENT_READ, name)
            watch.join(selector)
            next_look, next_glance = self._next_looks()
            give_up: float | None = None
            while True:
                now = time.monotonic()
                if give_up is None and self._popen.poll() is not None:
                    give_up = now + DRAIN_S
                    watch.leave(selector)
                if give_up is not None and (now > give_up or not selector.get_map()):
                    return
                if give_up is None and (now >= next_look or (now >= next_glance and self._pressed())):
                    self._look()
                    next_look, next_glance = self._next_looks()
                elif now >= next_glance:
                    next_glance = now + GLANCE_S
                if give_up is None and now >= deadline:
                    self.stop("time")
                    deadline = math.inf
                if give_up is None and self._kill_at is not None and now >= self._kill_at:
                    self._tree.kill()
                until = give_up if give_up is not None else min(deadline, next_glance, self._kill_at or math.inf)
                wait_s, began = max(0.0, min(until - time.monotonic(), watch.interval, LOOK_S)), time.monotonic()
                self._read(selector, log, wait_s)
                deadline += stood_still_s(began, wait_s)

    def _read(self, selector: selectors.BaseSelector, log: Log, wait_s: float) -> None:
        for key, _ in selector.select(wait_s):
            if key.data == END:
                continue
            chunk = _read_some(key.fileobj)
            if chunk is None:
                continue
            if not chunk:
                selector.unregister(key.fileobj)
                continue
            self._take(key.data, self._hiding[key.data].feed(chunk), log)

    def _take(self, name: str, chunk: bytes, log: Log) -> None:
        """Output without secrets: what is kept of it, and shown, is cut afterwards, so no half of one is left."""
        self._streams[name].feed(chunk)
        if name == "stdout":
            log.feed(chunk)

    def _next_looks(self) -> tuple[float, float]:
        """When to look next at the tree, and when to glance at the machine."""
        if self._process.memory is None and self._process.processes is None:
            return math.inf, math.inf
        now = time.monotonic()
        return now + WATCH_S, now + GLANCE_S

    def _pressed(self) -> bool:
        return self._pressure.risen(processes=self._process.processes, memory=self._process.memory)

    def _look(self) -> None:
        """The watchdog: memory and number of processes of the tree."""
        process = self._process
        weight = self._tree.weigh()
        self._peak = max(self._peak, weight.resident_bytes)
        if process.memory is not None and weight.resident_bytes > process.memory:
            self.stop("memory")
        elif process.processes is not None and weight.processes > process.processes:
            self.stop("processes")

    def stop(self, cause: str) -> None:
        """Ask the supervisor to end it for this cause: at once for memory and processes, else TERM, grace, KILL."""
        if self._popen.poll() is not None:
            return
        self._cause = self._cause or cause
        hurry = cause in {"memory", "processes"}
        self._popen.send_signal(signal.SIGINT if hurry else signal.SIGTERM)
        self._kill_at = time.monotonic() + LAST_RESORT_S + (0.0 if hurry else self._process.grace_s)

    def end(self) -> None:
        """Nothing of it is left when this returns, however it came to that. Safe to call again."""
        if self._popen.poll() is None:
            self._popen.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._popen.wait(self._process.grace_s + LAST_RESORT_S)
        if self._popen.poll() is None or self._popen.returncode < 0:
            # The supervisor hangs, or was killed by what it supervised.
            self._tree.kill()
            kill_marked(MARK, self._mark)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._popen.wait(LAST_RESORT_S)
        for pipe in (self._popen.stdout, self._popen.stderr):
            if pipe is not None:
                pipe.close()
        self._remove_cap()

    def _remove_cap(self) -> None:
        if self._cap is not None:
            self._cap.remove()
            self._cap = None

    def _exit_code(self) -> int:
        code = self._popen.returncode
        if code is None:
            return 128 + signal.SIGKILL
        return code if code >= 0 else 128 - code


def _read_some(pipe: IO[bytes] | Any) -> bytes | None:
    """Up to 64 KiB; ``None``: nothing now; empty: the end."""
    try:
        return os.read(pipe.fileno(), CHUNK)
    except BlockingIOError:
        return None
    except OSError:
        return b""
