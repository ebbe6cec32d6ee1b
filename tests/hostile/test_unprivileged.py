"""The attacks that matter most with an ordinary user's powers; ``scripts/hostile-unprivileged`` runs all of them so."""

from __future__ import annotations

import os
import re

import pytest

from tests.hostile import unprivileged
from tests.system import needs

CHOSEN = "keys or environment_is_readable or socket or outside or privileges or fork"


@needs("bwrap", "setpriv")
@pytest.mark.skipif(os.geteuid() != 0, reason="this user is unprivileged already: the attacks themselves are the test")
def test_the_attacks_fail_for_an_unprivileged_user_too() -> None:
    try:
        done = unprivileged.run(["-q", "-k", CHOSEN, "tests/hostile/test_sandbox_escapes.py"], timeout_s=1800)
    except unprivileged.NoInterpreterError as missing:
        pytest.skip(str(missing))
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-1000:]
    passed = re.search(r"(\d+) passed", done.stdout)
    assert passed
    assert int(passed.group(1)) >= 7
    assert "skipped" not in done.stdout
