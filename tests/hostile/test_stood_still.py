"""Row 64: a process that stood still (suspended, Ctrl-Z, its machine asleep) takes up its waits where they were."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.e2e.nights import wait_until

STILL_S = 3.0

CALL = """
import socket, sys, time
from orchestrator.adapters.models.deadlines import run_attempt
from orchestrator.domain.call import Deadlines
def work(attempt):
    line = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
    attempt.hold(line)
    line.sendall(b"asked")
    heard = line.recv(100)
    if not heard:
        raise OSError("cut")
    return heard.decode()
try:
    print(run_attempt(work, Deadlines(first_byte_s=1.5, idle_s=1.5, total_s=1.5), provider="p"), flush=True)
except Exception as error:
    print(type(error).__name__, error, flush=True)
"""
COMMAND = """
import sys
from pathlib import Path
from orchestrator.adapters.processes import Process, run
line = "touch begun; sleep 1; while test ! -e go; do sleep 0.1; done; echo done"
ended = run(Process(argv=("sh", "-c", line), cwd=Path(sys.argv[1]), timeout_s=4, environment={"PATH": "/usr/bin:/bin"}))
print(ended.stdout.strip(), ended.timed_out, flush=True)
"""


@contextmanager
def child(code: str, *argv: str) -> Iterator[subprocess.Popen[str]]:
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    with subprocess.Popen(
        [sys.executable, "-c", code, *argv], stdout=subprocess.PIPE, text=True, env=environment
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def stand_still(pid: int) -> None:
    os.kill(pid, signal.SIGSTOP)
    time.sleep(STILL_S)


def test_an_answer_that_came_while_it_stood_still_is_used() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server, child(CALL, str(server.getsockname()[1])) as asking:
        line, _ = server.accept()
        with line:
            assert line.recv(5) == b"asked"
            stand_still(asking.pid)
            line.sendall(b"an answer")
            os.kill(asking.pid, signal.SIGCONT)
            assert asking.communicate(timeout=60)[0] == "an answer\n"


def test_positive_control_without_a_standstill_the_limit_holds() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server, child(CALL, str(server.getsockname()[1])) as asking:
        line, _ = server.accept()
        with line:
            assert asking.communicate(timeout=60)[0].startswith("ModelError p: no first byte within 1.5 s")


def test_a_limit_begins_where_it_was_left() -> None:
    """Still nothing comes: it ends by its limit, late by the standstill, and as what another attempt may heal."""
    with socket.create_server(("127.0.0.1", 0)) as server, child(CALL, str(server.getsockname()[1])) as asking:
        line, _ = server.accept()
        with line:
            assert line.recv(5) == b"asked"
            stand_still(asking.pid)
            woken = time.monotonic()
            os.kill(asking.pid, signal.SIGCONT)
            assert asking.communicate(timeout=60)[0].startswith("ModelError p: no first byte")
            assert time.monotonic() - woken > 0.2, "not at once"


def test_a_command_is_not_ended_for_the_time_its_owner_stood_still(tmp_path: Path) -> None:
    """Ctrl-Z stops the run and not its gate, which is in a session of its own."""
    with child(COMMAND, str(tmp_path)) as running:
        wait_until((tmp_path / "begun").exists)
        stand_still(running.pid)
        stand_still(running.pid)
        os.kill(running.pid, signal.SIGCONT)
        time.sleep(0.3)
        (tmp_path / "go").touch()
        assert running.communicate(timeout=60)[0] == "done False\n"
