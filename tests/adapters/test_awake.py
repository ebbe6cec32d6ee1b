"""The machine is kept awake where it can be; where not, that is known at once and stops nothing."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from orchestrator.adapters.awake import available, keep_awake
from tests.e2e.nights import gone, wait_until

HOLDS = '#!/bin/sh\nwhile [ "${1#-}" != "$1" ]; do echo "$1" >> "$0.args"; shift; done\nenv > "$0.env"\n"$@"\n'
"""As the real one: takes the lock, then runs the command as its child and ends with it."""


def environment(folder: Path, script: str, name: str = "systemd-inhibit") -> dict[str, str]:
    (folder / name).write_text(script)
    (folder / name).chmod(0o755)
    return {"PATH": f"{folder}:/usr/bin:/bin", "ANTHROPIC_API_KEY": "sk-secret-0123456789"}


def test_it_holds_until_it_is_let_go_and_sees_no_key(tmp_path: Path) -> None:
    awake = keep_awake("20261121-0236-pilot", environment(tmp_path, HOLDS))
    assert awake.by == "systemd-inhibit"
    assert awake.held is not None
    assert awake.held.alive
    told = (tmp_path / "systemd-inhibit.args").read_text().splitlines()
    assert "--what=idle:sleep" in told
    assert "--why=run 20261121-0236-pilot works on its tasks" in told
    assert "sk-secret" not in (tmp_path / "systemd-inhibit.env").read_text()
    awake.release()
    assert not awake.held.alive
    awake.release()


@pytest.mark.parametrize(
    "script",
    [
        "#!/bin/sh\necho 'Failed to connect to bus' >&2; exit 1\n",
        "#!/bin/sh\nexit 0\n",
        "#!/no/such/interpreter\n",
    ],
    ids=["refused", "does nothing", "cannot start"],
)
def test_where_it_cannot_be_had_nothing_fails(tmp_path: Path, script: str) -> None:
    awake = keep_awake("r", environment(tmp_path, script))
    assert (awake.by, awake.held) == ("", None)
    awake.release()


def test_one_that_hangs_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("orchestrator.adapters.awake.WITHIN_S", 0.2)
    monkeypatch.setattr("orchestrator.adapters.processes_hold._END_WITHIN_S", 0.1)
    hangs = f"#!/bin/sh\necho $$ > {tmp_path}/pid; exec sleep 600\n"
    assert keep_awake("r", environment(tmp_path, hangs)).by == ""
    wait_until(lambda: gone(int((tmp_path / "pid").read_text())))


def test_which_program_there_is(tmp_path: Path) -> None:
    assert available({"PATH": str(tmp_path)}) == ""
    environment(tmp_path, HOLDS, "caffeinate")
    assert available({"PATH": str(tmp_path)}) == "caffeinate"


def test_it_lets_go_when_its_holder_is_killed(tmp_path: Path) -> None:
    variables = environment(tmp_path, HOLDS.replace('"$@"', f'echo $$ > {tmp_path}/pid; "$@"'))
    code = (
        "import os, sys, time\nfrom orchestrator.adapters.awake import keep_awake\n"
        "assert keep_awake('r', os.environ).by\nprint('up', flush=True)\ntime.sleep(600)\n"
    )
    path = str(Path(__file__).parents[2])
    with subprocess.Popen(
        [sys.executable, "-c", code], env={**variables, "PYTHONPATH": path}, stdout=subprocess.PIPE
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"up\n"
        pid = int((tmp_path / "pid").read_text())
        os.kill(pid, 0)
        holder.kill()
    wait_until(lambda: gone(pid))
