"""Rows 65 and 66: a run left alone by its terminal, its owner and its output; stopped twice, and by a lost line."""

from __future__ import annotations

import os
import pty
import signal
import subprocess
import sys
from pathlib import Path

from tests.adapters.test_awake import HOLDS
from tests.e2e.nights import Place, wait_until
from tests.e2e.small import PROJECT, doubling, place_of

HANGS = "touch {0}/begun; trap '' TERM; sleep 60"
WAITS = "touch {0}/begun; for n in $(seq 600); do test -e {0}/go && break; sleep 0.1; done"


def place_with(folder: Path, check: str) -> Place:
    """A gate of one check, which waits, and no tests."""
    gate = f'gate: {{lint: "{check.format(folder)}", build: none, test: none}}\n'
    return place_of(folder, PROJECT, doubling(), gate=gate)


def arguments(place: Place) -> list[str]:
    replay = f"replay:{place.folder / 'calls'}"
    return [sys.executable, "-m", "orchestrator", "run", str(place.tasks), "--models", replay, "--sandbox", "none"]


def begun(place: Place) -> None:
    """Wait until the gate's command runs; it stands in for any moment in the middle."""
    wait_until((place.folder / "begun").exists, 120)


def types(place: Place) -> list[str]:
    return [entry["type"] for entry in place.entries()]


def test_nohup_and_nothing_to_read_from_or_write_to(tmp_path: Path) -> None:
    """The streams are closed, so the journal's descriptor would be one of theirs; a hang-up comes and is ignored."""
    place = place_with(tmp_path, WAITS)
    environment = {**place.environment, "PATH": f"{tmp_path}/bin:{place.environment['PATH']}"}
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "systemd-inhibit").write_text(HOLDS)
    (tmp_path / "bin" / "systemd-inhibit").chmod(0o755)
    shell = ["sh", "-c", "trap '' HUP; exec \"$@\" <&- >&- 2>&-", "sh", *arguments(place)]
    with subprocess.Popen(shell, cwd=tmp_path, env=environment, start_new_session=True) as process:
        begun(place)
        process.send_signal(signal.SIGHUP)
        (tmp_path / "go").touch()
        assert process.wait(120) == 0
    assert place.statuses() == {"double": "delivered"}, "and the journal holds nothing but its lines"
    assert not (tmp_path / "bin" / "systemd-inhibit.args").exists(), "recorded answers take no time: it may sleep"


def test_a_terminal_that_is_closed_stops_the_run_and_a_resume_needs_no_output(tmp_path: Path) -> None:
    place = place_with(tmp_path, WAITS)
    master, slave = pty.openpty()
    shell = ["setsid", "--ctty", "--wait", *arguments(place)]
    variables = {**place.environment, "TERM": "xterm"}
    with subprocess.Popen(shell, cwd=tmp_path, env=variables, stdin=slave, stdout=slave, stderr=slave) as process:
        os.close(slave)
        begun(place)
        os.close(master)  # as when the window is closed: a hang-up, and every write fails from now on
        assert process.wait(120) == 143
    assert types(place)[-1] == "run:interrupted"
    (tmp_path / "go").touch()
    with Path("/dev/full").open("w") as full:
        resume = [*arguments(place)[:3], "resume", "--state", "runs", "--sandbox", "none"]
        done = subprocess.run(resume, cwd=tmp_path, env=place.environment, stdout=full, stderr=full, check=False)
    assert done.returncode == 0, "a full disk under its output is not the run's end"
    assert place.statuses() == {"double": "delivered"}


def test_ctrl_c_twice_ends_at_once_and_loses_nothing(tmp_path: Path) -> None:
    """The gate ignores being asked to end; the second stop comes while the first is being seen to."""
    place = place_with(tmp_path, HANGS)
    with place.started(*arguments(place)[3:]) as process:
        begun(place)
        process.send_signal(signal.SIGINT)
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=120)
    assert process.returncode == 130, err
    assert "Traceback" not in err
    assert [entry["seq"] for entry in place.entries()] == list(range(len(place.entries())))
    left = subprocess.run(["pgrep", "-f", f"{tmp_path}/begun"], capture_output=True, text=True, check=False)
    assert left.stdout == ""
