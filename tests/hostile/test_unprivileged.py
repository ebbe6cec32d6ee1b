"""The same attacks with an ordinary user's powers: limits and the dumpable flag do nothing for root."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.hostile.attack import REPOSITORY
from tests.system import needs

NOBODY = 65534
DROP = ("setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups", "--inh-caps=-all")
CHOSEN = "keys or environment_is_readable or socket or outside or privileges or fork"


def interpreter() -> str | None:
    """A Python of this version that an unprivileged user may start."""
    name = f"python{sys.version_info.major}.{sys.version_info.minor}"
    for candidate in (sys.executable, shutil.which(name, path="/usr/bin:/usr/local/bin:/bin")):
        # By a shell, since setpriv itself still has root's powers when it starts the next program.
        asked = [*DROP, "sh", "-c", f"exec {candidate} -c ''"]
        if candidate and subprocess.run(asked, capture_output=True, check=False).returncode == 0:
            return candidate
    return None


@needs("bwrap", "setpriv")
@pytest.mark.skipif(os.geteuid() != 0, reason="this user is unprivileged already: the attacks themselves are the test")
def test_the_attacks_fail_for_an_unprivileged_user_too(tmp_path_factory: pytest.TempPathFactory) -> None:
    python = interpreter()
    if python is None:
        pytest.skip("no Python of this version is readable by an unprivileged user")
    base = Path("/tmp") / f"{tmp_path_factory.getbasetemp().name}-nobody"
    shutil.rmtree(base, ignore_errors=True)
    base.mkdir()
    os.chown(base, NOBODY, NOBODY)
    packages = os.pathsep.join(path for path in sys.path if path.endswith("site-packages"))
    argv = [*DROP, python, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:xdist", "-k", CHOSEN]
    argv += [f"--basetemp={base}/t", "tests/hostile/test_sandbox_escapes.py"]
    env = {"PATH": "/usr/bin:/bin", "PYTHONPATH": packages, "HOME": str(base), "PYTHONDONTWRITEBYTECODE": "1"}
    try:
        done = subprocess.run(argv, cwd=REPOSITORY, env=env, capture_output=True, text=True, timeout=120, check=False)
    finally:
        shutil.rmtree(base, ignore_errors=True)
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-1000:]
    passed = re.search(r"(\d+) passed", done.stdout)
    assert passed
    assert int(passed.group(1)) >= 7
    assert "skipped" not in done.stdout
