"""Forks one mortal process after another, so that a death costs no start-up. One line of JSON in, one out.

Single-threaded on purpose: a fork of it is a whole program. Ends when its standard input does.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from pathlib import Path

# What the program imports on its way: once here instead of in every fork.
import genai_prices  # noqa: F401
import git  # noqa: F401

import orchestrator.adapters.models.replay
import orchestrator.cli.commands
import orchestrator.cli.night
import orchestrator.cli.report
import orchestrator.cli.resume
import orchestrator.cli.run
import orchestrator.reports.budget_rows
import orchestrator.reports.folder
import orchestrator.reports.pictures
import orchestrator.reports.remediation
import orchestrator.reports.report
import orchestrator.reports.summary
import orchestrator.reports.task_papers  # noqa: F401
from orchestrator.failures.tables import shipped_tables
from orchestrator.reports import templates
from tests.chaos.mortal import Fate, live

LONGEST_S = 120.0
"""After this a process counts as hung."""


def serve() -> None:
    """Answer until nobody asks any more."""
    shipped_tables()
    for environment, kind in ((templates._markdown(), ".md.j2"), (templates._html(), ".html.j2")):
        for name in environment.list_templates():
            if name.endswith(kind):
                environment.get_template(name)
    for line in sys.stdin:
        wish = json.loads(line)
        started = time.monotonic()
        code = _one(wish)
        print(json.dumps({"code": code, "seconds": time.monotonic() - started}), flush=True)


def _one(wish: dict[str, object]) -> int:
    """Fork, wait, maybe kill; the exit code, or minus the signal; 999 where it hung."""
    child = os.fork()
    if child == 0:
        fate = Fate(**wish["fate"])  # type: ignore[arg-type]
        live(wish["argv"], Path(str(wish["folder"])), wish["environment"], fate)  # type: ignore[arg-type]
    begun = time.monotonic()
    kill_after = float(wish.get("kill_after") or LONGEST_S)  # type: ignore[arg-type]
    while True:
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            return os.waitstatus_to_exitcode(status)
        if time.monotonic() - begun > kill_after:
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
            return 999 if kill_after == LONGEST_S else -signal.SIGKILL
        time.sleep(0.002)


if __name__ == "__main__":
    serve()
