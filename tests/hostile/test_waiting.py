"""Commands that ask somebody who is not there, and files that are read for ever (promises, 43, 47, 51; I12)."""

from __future__ import annotations

import hashlib
import os
import pty
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from orchestrator.adapters.fingerprint import _feed_path
from orchestrator.domain.pattern import Budget, compile_pattern
from tests.adapters.test_shell import gate, make_lane, shell
from tests.hostile.attack import REPOSITORY

ASKS = (
    "git -c core.pager=less log -p",
    "git clone -q https://user@127.0.0.1:1/x.git x",
    "git -c core.editor=vi commit --allow-empty",
    "python3 -c 'import getpass; getpass.getpass()'",
    "python3 -c 'input()'",
    "cat; read x </dev/tty",
    "ssh -o StrictHostKeyChecking=ask nobody@127.0.0.1 -p 1",
    "sudo -k true && sudo true",
)


def test_nothing_waits_for_a_password_or_a_pager(tmp_path: Path) -> None:
    lane = make_lane(tmp_path)
    ran = gate(shell(lane, "none"), f"git init -q .; {'; '.join(ASKS)}; echo asked them all", timeout_s=600)
    assert ran.stdout.endswith("asked them all\n"), ran


def test_with_a_terminal_it_does_wait() -> None:
    """The control: the same question where there is somebody to ask."""
    pid, terminal = pty.fork()
    if pid == 0:
        os.execvp("sh", ["sh", "-c", "read x </dev/tty"])
    waited: list[int] = []
    waiter = threading.Thread(target=lambda: waited.append(os.waitpid(pid, 0)[1]))
    waiter.start()
    waiter.join(0.4)
    assert waiter.is_alive()
    os.kill(pid, signal.SIGKILL)
    waiter.join()
    os.close(terminal)
    assert waited


def test_plain_reading_of_a_pipe_waits_for_ever(tmp_path: Path) -> None:
    """The control of all that reads files it did not write; the checkout's fingerprint passes the pipe by."""
    os.mkfifo(tmp_path / "pipe")
    with subprocess.Popen(["cat", str(tmp_path / "pipe")], stdout=subprocess.DEVNULL) as reader:
        with pytest.raises(subprocess.TimeoutExpired):
            reader.wait(0.4)
        reader.kill()
    digest = hashlib.sha256()
    _feed_path(digest, tmp_path / "pipe", tmp_path)
    assert digest.digest() != hashlib.sha256().digest()


def test_plain_matching_takes_for_ever() -> None:
    """The control of users' patterns: the same pattern and text in the standard engine, and in ours."""
    pattern, text = r"(a|aa)+$", "a" * 64 + "!"
    program = f"import re; re.search({pattern!r}, {text!r})"
    with pytest.raises(subprocess.TimeoutExpired):
        subprocess.run([sys.executable, "-I", "-S", "-c", program], timeout=1.0, cwd=REPOSITORY, check=False)
    assert compile_pattern(pattern).match(text, Budget(1_000_000)) is None
