"""Row 64: a process that stood still (suspended, Ctrl-Z, its machine asleep) takes up its waits where they were."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.e2e.nights import wait_until

STILL_S = 4.0
SOON_S = 1.2
"""All of them must stand still by then: half of what the shortest limit leaves."""
TRIES = 5

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
print("ready", flush=True)
sys.stdin.readline()
began = time.monotonic()
try:
    print(run_attempt(work, Deadlines(first_byte_s=2.5, idle_s=2.5, total_s=2.5), provider="p"), flush=True)
except Exception as error:
    print(type(error).__name__, error, "after", time.monotonic() - began, flush=True)
"""
COMMAND = """
import sys
from pathlib import Path
from orchestrator.adapters.processes import Process, run
print("ready", flush=True)
sys.stdin.readline()
line = "touch begun; while test ! -e go; do sleep 0.1; done; echo done"
path = {"PATH": "/usr/bin:/bin"}
ended = run(Process(argv=("sh", "-c", line), cwd=Path(sys.argv[1]), timeout_s=3.9, environment=path))
print(ended.stdout.strip(), ended.timed_out, flush=True)
"""


@dataclass(frozen=True)
class Told:
    """What each process said."""

    answered: str
    unanswered: str
    control: str
    command: str


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Told:
    """Three processes stand still at the same time, each in the middle of a wait, and go on; a fourth does not.

    On a machine so busy that a wait would be over before all of them stand still, once more.
    """
    for _ in range(TRIES):
        found = _stand_still(tmp_path_factory.mktemp("command"))
        if found is not None:
            return found
    pytest.fail(f"in {TRIES} tries it took longer than {SOON_S} s to stop three processes")


def _stand_still(folder: Path) -> Told | None:
    with ExitStack() as stack, socket.create_server(("127.0.0.1", 0)) as server:
        calls = [stack.enter_context(child(CALL, str(server.getsockname()[1]))) for _ in range(3)]
        command = stack.enter_context(child(COMMAND, str(folder)))
        began = time.monotonic()
        (answered, its_line), (unanswered, _), (control, _) = [called(one, server, stack) for one in calls]
        go_on(command)
        wait_until((folder / "begun").exists, 60)
        still = (answered, unanswered, command)
        for process in still:
            process.send_signal(signal.SIGSTOP)
        if time.monotonic() - began > SOON_S:
            return None
        time.sleep(STILL_S)
        its_line.sendall(b"an answer")
        for process in still:
            process.send_signal(signal.SIGCONT)
        time.sleep(0.5)
        (folder / "go").touch()
        return Told(
            answered=answered.communicate(timeout=60)[0],
            unanswered=unanswered.communicate(timeout=60)[0],
            control=control.communicate(timeout=60)[0],
            command=command.communicate(timeout=60)[0],
        )


def called(
    process: subprocess.Popen[str], server: socket.socket, stack: ExitStack
) -> tuple[subprocess.Popen[str], socket.socket]:
    """The process, its call having left, and the server's end of its line."""
    go_on(process)
    line = stack.enter_context(server.accept()[0])
    assert line.recv(5) == b"asked"
    return process, line


def go_on(process: subprocess.Popen[str]) -> None:
    """All is imported: only now its wait begins."""
    assert process.stdin is not None
    process.stdin.write("\n")
    process.stdin.flush()


@contextmanager
def child(code: str, *argv: str) -> Iterator[subprocess.Popen[str]]:
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    with subprocess.Popen(
        [sys.executable, "-c", code, *argv],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=environment,
    ) as process:
        assert process.stdout is not None
        try:
            assert process.stdout.readline() == "ready\n"
            yield process
        finally:
            process.kill()


def test_an_answer_that_came_while_it_stood_still_is_used(told: Told) -> None:
    assert told.answered == "an answer\n"


def test_positive_control_without_a_standstill_the_limit_holds(told: Told) -> None:
    assert told.control.startswith("ModelError p: no first byte within 2.5 s")


def test_a_limit_begins_where_it_was_left(told: Told) -> None:
    """Still nothing comes: it ends by its limit, not at once, and as what another attempt may heal."""
    assert told.unanswered.startswith("ModelError p: no first byte within 2.5 s")
    assert float(told.unanswered.split()[-1]) > STILL_S + 1.5, "the standstill, and most of the limit"


def test_a_command_is_not_ended_for_the_time_its_owner_stood_still(told: Told) -> None:
    """Ctrl-Z stops the run and not its gate, which is in a session of its own."""
    assert told.command == "done False\n"
