"""Commands that will not end, or end others (I11, I12). Each attack beside its positive control: a plain subprocess."""

from __future__ import annotations

import os
import resource
import signal
import subprocess
import sys
import threading
import uuid
from pathlib import Path

import pytest

from orchestrator.adapters import processes
from orchestrator.adapters.processes import Ended, Process, run
from tests.hostile.attack import REPOSITORY, alive, end, soon

ENVIRONMENT = {"PATH": os.environ["PATH"]}


def shell(line: str, *, cwd: Path = Path("/"), timeout_s: float = 20.0, **options: object) -> Ended:
    return run(
        Process(argv=("sh", "-c", line), cwd=cwd, environment=ENVIRONMENT, timeout_s=timeout_s, **options)  # type: ignore[arg-type]
    )


@pytest.fixture
def marker() -> str:
    """A number of seconds nobody else sleeps."""
    return f"{3000 + uuid.uuid4().int % 1000}.{uuid.uuid4().int % 10**9:09d}"


def test_a_daemon_of_its_own_session_is_ended(marker: str) -> None:
    line = f"setsid sleep {marker} >/dev/null 2>&1 & echo started"
    control = subprocess.Popen(["sh", "-c", line], start_new_session=True, stdout=subprocess.DEVNULL)
    control.wait()
    assert soon(lambda: bool(alive(marker))), "the attack works where nothing stands against it"
    end(alive(marker))

    assert shell(line).stdout == "started\n"
    assert not alive(marker)


def test_a_double_forked_daemon_that_cleared_its_environment_is_ended(marker: str) -> None:
    line = f"(env -i setsid sh -c '(/bin/sleep {marker} &) ' >/dev/null 2>&1 &) ; sleep 0.2"
    shell(line)
    assert not alive(marker)


def test_ignored_term_is_followed_by_kill(marker: str) -> None:
    line = f'trap "" TERM; while :; do sleep {marker}; done'
    control = subprocess.Popen(["sh", "-c", f'trap "" TERM; echo; exec sleep {marker}'], stdout=subprocess.PIPE)
    assert control.stdout is not None
    control.stdout.readline()
    control.terminate()
    with pytest.raises(subprocess.TimeoutExpired):
        control.wait(0.3)
    control.kill()
    control.wait()
    control.stdout.close()

    ended = shell(line, timeout_s=0.3, grace_s=0.3)
    assert (ended.exit_code, ended.timed_out, ended.killed_by) == (-1, True, "time")
    assert not alive(marker)


def test_term_lets_a_command_clean_up_first() -> None:
    ended = shell('trap "echo cleaned; exit 0" TERM; while :; do sleep 0.05; done', timeout_s=2)
    assert ended.stdout == "cleaned\n"
    assert ended.timed_out


def test_a_held_pipe_does_not_hold_us(marker: str) -> None:
    line = f"sleep {marker} & echo done"
    with pytest.raises(subprocess.TimeoutExpired):
        subprocess.run(["sh", "-c", line], capture_output=True, timeout=0.5, check=False)
    end(alive(marker))

    ended = shell(line, timeout_s=600)
    assert (ended.exit_code, ended.stdout, ended.timed_out) == (0, "done\n", False), "it came to its end by itself"
    assert not alive(marker)


def test_a_flood_blocks_nobody_and_stays_within_its_caps(tmp_path: Path) -> None:
    log, size = tmp_path / "flood.log", int(os.environ.get("ORCHESTRATE_TEST_FLOOD", "150000000"))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    ended = shell(
        f"echo first; head -c {size} /dev/zero; echo; echo last; echo aside >&2",
        timeout_s=600,
        keep=1 << 20,
        log=log,
        log_cap=4 << 20,
    )
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert ended.exit_code == 0
    assert ended.stdout.startswith("first\n")
    assert ended.stdout.endswith("\nlast\n")
    assert "bytes left out" in ended.stdout
    assert len(ended.stdout) < (1 << 20) + 100
    assert log.stat().st_size < (4 << 20) + 200
    assert log.read_bytes().endswith(b"\nlast\naside\n")
    assert grown < 64 << 10, "KiB: a line of 150 MB and more was never held"


def test_killing_the_supervisor_frees_nobody(marker: str) -> None:
    line = f"(setsid sleep {marker} >/dev/null 2>&1 &) ; sleep 0.1; kill -9 $PPID; sleep {marker}"
    ended = shell(line, timeout_s=300)
    assert ended.killed_by == "signal 9"
    assert soon(lambda: not alive(marker))


def test_kill_0_reaches_the_command_alone() -> None:
    ended = shell("trap '' TERM; kill 0; echo still here")
    assert ended.stdout == "still here\n"
    assert shell("kill -9 0").exit_code == 137


def test_a_memory_hog_is_ended_with_its_cause_named() -> None:
    hog = "import sys, time; b = bytearray(400 << 20); print('got it', flush=True); time.sleep(float(sys.argv[1]))"
    argv = (sys.executable, "-I", "-S", "-c", hog)
    ended = run(Process(argv=(*argv, "60"), cwd=Path("/"), environment=ENVIRONMENT, timeout_s=60, memory=100 << 20))
    assert (ended.killed_by, ended.exit_code, ended.timed_out) == ("memory", 137, False)
    control = run(Process(argv=(*argv, "0"), cwd=Path("/"), environment=ENVIRONMENT, timeout_s=60, memory=2 << 30))
    assert (control.killed_by, control.stdout) == ("", "got it\n")


def test_memory_is_counted_over_the_whole_tree() -> None:
    one = f"{sys.executable} -I -S -c 'b = bytearray(120 << 20); import time; time.sleep(30)'"
    ended = shell(f"{one} & {one} & {one} & wait", memory=250 << 20)
    assert ended.killed_by == "memory"


def test_too_many_processes_are_ended_with_their_cause_named(marker: str) -> None:
    many = f"for i in $(seq 60); do sleep {marker} & done; wait"
    assert shell(many, processes=30).killed_by == "processes"
    assert not alive(marker)
    assert shell(many, processes=300, timeout_s=1).killed_by == "time"
    assert not alive(marker)


def test_a_busy_loop_is_ended() -> None:
    spin = "while :; do :; done"
    with subprocess.Popen(["sh", "-c", spin], start_new_session=True) as control:
        with pytest.raises(subprocess.TimeoutExpired):
            control.wait(0.4)
        control.kill()
    ended = shell(f"({spin}) & ({spin}) & {spin}", timeout_s=0.3, grace_s=0.2)
    assert (ended.timed_out, ended.killed_by) == (True, "time")


def test_waiting_for_input_ends_at_once() -> None:
    assert shell("cat").exit_code == 0
    assert shell("read x < /dev/tty").exit_code != 0


def test_lanes_side_by_side_leave_each_other_alone(marker: str) -> None:
    results: list[Ended] = []
    other = threading.Thread(target=lambda: results.append(shell(f"sleep {marker}; echo woken", timeout_s=600)))
    other.start()
    assert soon(lambda: bool(alive(f"sleep {marker}")))
    for _ in range(5):
        shell("setsid sleep 0.5 & exit 3")
        shell("sleep 30", timeout_s=0.1, grace_s=0.1)
    sleeping = [each for each in alive(f"sleep {marker}") if each.name() == "sleep"]
    assert len(sleeping) == 1
    assert sleeping[0].is_running()
    assert processes.stop_all() == 1
    other.join(300)
    assert [result.killed_by for result in results] == ["stopped"]
    assert not alive(marker)


def test_what_we_did_not_start_is_never_touched(marker: str) -> None:
    with subprocess.Popen(["sleep", marker], start_new_session=True) as bystander:
        shell(f"sleep {marker}", timeout_s=0.2, grace_s=0.1)
        shell("setsid sleep 60 &")
        assert bystander.poll() is None
        bystander.kill()


def test_nothing_survives_our_own_kill_9(marker: str) -> None:
    program = (
        "from orchestrator.adapters.processes import Process, run\n"
        "from pathlib import Path\n"
        f"run(Process(argv=('sh', '-c', 'setsid sleep {marker} & sleep {marker}'), cwd=Path('/'), "
        f"environment={ENVIRONMENT!r}, timeout_s=60, grace_s=0.2))"
    )
    with subprocess.Popen([sys.executable, "-c", program], cwd=REPOSITORY) as owner:
        assert soon(lambda: sum(each.name() == "sleep" for each in alive(marker)) == 2)
        owner.kill()
    assert soon(lambda: not alive(marker))


def test_ctrl_c_ends_the_command_and_goes_on(marker: str) -> None:
    program = (
        "from orchestrator.adapters.processes import Process, run\n"
        "from pathlib import Path\n"
        "try:\n"
        f"    run(Process(argv=('sleep', '{marker}'), cwd=Path('/'), environment={ENVIRONMENT!r}, timeout_s=60))\n"
        "except KeyboardInterrupt:\n"
        "    print('stopped cleanly')"
    )
    argv = [sys.executable, "-c", program]
    with subprocess.Popen(argv, cwd=REPOSITORY, stdout=subprocess.PIPE, text=True) as owner:
        assert soon(lambda: any(each.name() == "sleep" for each in alive(marker)))
        owner.send_signal(signal.SIGINT)
        assert owner.communicate(timeout=300)[0] == "stopped cleanly\n"
    assert not alive(marker)


def test_an_end_is_bounded_even_where_all_is_refused(marker: str) -> None:
    ended = shell(
        f"trap '' TERM INT HUP; (trap '' TERM; exec sleep {marker}) & wait; sleep {marker}", timeout_s=0.2, grace_s=0.2
    )
    assert ended.timed_out, "and it returned at all: each of them sleeps for most of an hour"
    assert not alive(marker)
