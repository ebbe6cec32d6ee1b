"""Runs one command and ends everything that came of it; a program of its own, started as a file by ``processes``.

It is the command's subreaper: whatever the command starts, however it daemonises, becomes its child once orphaned, so
"everything that came of it" is exact, and lanes side by side never touch each other's processes. When the process that
started it dies, even by kill -9, it ends the command and goes too.

Usage: ``python -I -S processes_supervisor.py PARENT_PID GRACE_S FILE_SIZE_BYTES GROUP PROGRAM [ARGUMENT...]``
(``FILE_SIZE_BYTES`` 0: no limit; ``GROUP``: a file by which the command joins a control group, or empty). Exit code:
the command's, 128 + n where signal n ended it, 126 or 127 where it could not be started. SIGTERM asks it to end the
command: TERM, GRACE_S seconds, KILL; SIGINT: KILL at once. A sandbox's own processes get no TERM, since they would take
the command with them before its grace.

Limits: a command that runs as the same user may kill its supervisor; only the sandbox prevents that. Without Linux's
prctl it reaches direct descendants alone. Imports the standard library only, and as little of it as it can.
"""

from __future__ import annotations

import os
import signal
import sys
import time

PR_SET_PDEATHSIG = 1
PR_SET_CHILD_SUBREAPER = 36
KEYCTL = {"x86_64": 250, "aarch64": 219, "riscv64": 219}
KEYCTL_JOIN_SESSION_KEYRING = 1
"""A keyring of its own: the user's session keyring, with what is in it, is inherited otherwise."""
REQUESTS = frozenset({signal.SIGTERM, signal.SIGINT})
SANDBOX_NAMES = frozenset({b"bwrap"})
WAITED = REQUESTS | {signal.SIGCHLD}
KILL_ROUNDS = 200
ROUND_S = 0.01
FREEZE_ROUNDS = 20


def main(arguments: list[str]) -> int:
    """Run the command; its exit code."""
    parent, grace_s, file_size = int(arguments[0]), float(arguments[1]), int(arguments[2])
    become_reaper()
    signal.pthread_sigmask(signal.SIG_BLOCK, WAITED)
    if os.getppid() != parent:
        return 143
    command = os.fork()
    if command == 0:
        start(arguments[4:], file_size, arguments[3])
    status = None
    while status is None:
        received = signal.sigwaitinfo(WAITED)
        status = reap(command)
        if received.si_signo == signal.SIGTERM:
            status = end_politely(command, grace_s, status)
        if received.si_signo in REQUESTS:
            break
    ended = end_rest(command)
    return exit_code(status if ended is None else ended)


def become_reaper() -> None:
    """Orphans of the command come to this process, and this process goes with its parent (Linux)."""
    if sys.platform != "linux":
        return
    import ctypes

    libc = ctypes.CDLL(None, use_errno=True)
    libc.prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    libc.prctl(PR_SET_PDEATHSIG, int(signal.SIGTERM), 0, 0, 0)
    keyctl = KEYCTL.get(os.uname().machine)
    if keyctl is not None:
        libc.syscall(keyctl, KEYCTL_JOIN_SESSION_KEYRING, None)


def start(argv: list[str], file_size: int, group: str) -> None:
    """In the forked child: a session of its own, its control group, limits, exec. Never returns."""
    import resource

    try:
        os.setsid()
        if group:
            with open(group, "wb", buffering=0) as door:  # noqa: PTH123 - as above
                door.write(b"0")
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        if file_size:
            resource.setrlimit(resource.RLIMIT_FSIZE, (file_size, file_size))
        for number in (signal.SIGPIPE, signal.SIGXFSZ, signal.SIGINT):
            signal.signal(number, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, WAITED)
        os.execvp(argv[0], argv)  # noqa: S606 - argv as given, no shell
    except OSError as fault:
        os.write(2, f"cannot start {argv[0]}: {fault.strerror}\n".encode())
        os._exit(127 if isinstance(fault, FileNotFoundError) else 126)


def reap(command: int) -> int | None:
    """Collect what has ended; the command's wait status if it is among it."""
    status = None
    while True:
        try:
            pid, ended = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return status
        if pid == 0:
            return status
        if pid == command:
            status = ended


def end_politely(command: int, grace_s: float, status: int | None) -> int | None:
    """TERM to all, then up to ``grace_s`` seconds for them to end."""
    for pid in descendants():
        if name_of(pid) not in SANDBOX_NAMES:
            send(pid, signal.SIGTERM)
    deadline = time.monotonic() + grace_s
    while (left := deadline - time.monotonic()) > 0:
        signal.sigtimedwait({signal.SIGCHLD}, min(left, 0.1))
        ended = reap(command)
        status = status if ended is None else ended
        if not has_children():
            break
    return status


def end_rest(command: int) -> int | None:
    """KILL all that is left, in rounds: frozen first, so that a fork bomb cannot outrun the killing.

    The command's wait status where it was among it.
    """
    status = end_sandboxes(command)
    for _ in range(KILL_ROUNDS):
        if not has_children():
            break
        frozen: set[int] = set()
        for _ in range(FREEZE_ROUNDS):
            fresh = set(descendants()) - frozen
            if not fresh:
                break
            for pid in fresh:
                send(pid, signal.SIGSTOP)
            frozen |= fresh
        for pid in frozen:
            send(pid, signal.SIGKILL)
        time.sleep(ROUND_S)
        ended = reap(command)
        status = status if ended is None else ended
    return status


def end_sandboxes(command: int) -> int | None:
    """KILL sandboxes first: with its first process, the kernel ends all of a process namespace at once."""
    if not has_children():
        return None
    sandboxes = [pid for pid in descendants() if name_of(pid) in SANDBOX_NAMES]
    for pid in sandboxes:
        send(pid, signal.SIGKILL)
    status = None
    for _ in range(KILL_ROUNDS if sandboxes else 0):
        ended = reap(command)
        status = status if ended is None else ended
        if not has_children():
            break
        time.sleep(ROUND_S)
    return status


def has_children() -> bool:
    """Whether any child is left, ended ones not yet collected included."""
    try:
        os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
    except ChildProcessError:
        return False
    return True


def descendants() -> list[int]:
    """Process ids of all descendants, parents before children."""
    children: dict[int, list[int]] = {}
    try:
        names = os.listdir("/proc")  # noqa: PTH208 - pathlib would double the start-up time
    except OSError:
        return []
    for name in names:
        if name.isdigit():
            children.setdefault(parent_of(name), []).append(int(name))
    found: list[int] = []
    queue = [os.getpid()]
    while queue:
        below = children.get(queue.pop(), [])
        found += below
        queue += below
    return found


def parent_of(pid: str) -> int:
    """Its parent's process id; 0 where it is gone."""
    try:
        with open(f"/proc/{pid}/stat", "rb") as stat:  # noqa: PTH123 - as above
            return int(stat.read().rpartition(b")")[2].split()[1])
    except (OSError, IndexError, ValueError):
        return 0


def name_of(pid: int) -> bytes:
    """The process's short name; empty where it is gone."""
    try:
        with open(f"/proc/{pid}/comm", "rb") as comm:  # noqa: PTH123 - as above
            return comm.read().strip()
    except OSError:
        return b""


def send(pid: int, number: int) -> None:
    """Send the signal if the process is still there and ours."""
    try:
        os.kill(pid, number)
    except (ProcessLookupError, PermissionError):
        return


def exit_code(status: int | None) -> int:
    """As the shell sees it."""
    if status is None:
        return 128 + signal.SIGKILL
    code = os.waitstatus_to_exitcode(status)
    return code if code >= 0 else 128 - code


if __name__ == "__main__":
    os._exit(main(sys.argv[1:]))
