"""Keeps the machine awake while a run works: an idle laptop that suspends ends no call in time and no night by morning.

By systemd's inhibitor lock, or macOS's caffeinate; where neither is there or works, the run goes on and says so.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import dataclass

from orchestrator.adapters.processes_hold import SCRIPT, Held, hold

WITHIN_S = 2.0
"""The lock is a call to a daemon on this machine; one that takes longer is not waited for."""
_PASSED = ("PATH", "LANG", "DBUS_SYSTEM_BUS_ADDRESS", "XDG_RUNTIME_DIR")
"""What the inhibitor may see of the environment: no key (I7)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Awake:
    """The machine is kept awake until this is let go."""

    by: str
    """The program that does it; empty: nothing does."""
    held: Held | None = None

    def release(self) -> None:
        """The machine may sleep again."""
        if self.held is not None:
            self.held.release()


NOTHING = Awake(by="")


def available(environment: Mapping[str, str]) -> str:
    """The program there is for it, by name; empty where there is none. That it works is known once it holds."""
    path = environment.get("PATH")
    return next((name for name in _ARGUMENTS if shutil.which(name, path=path)), "")


def keep_awake(run: str, environment: Mapping[str, str]) -> Awake:
    """Hold the machine awake for that run. Never raises: where it cannot be had, ``Awake.by`` is empty."""
    name = available(environment)
    program = shutil.which(name, path=environment.get("PATH")) if name else None
    if program is None:
        return NOTHING
    argv = (program, *(part.format(run=run) for part in _ARGUMENTS[name]), "sh", "-c", SCRIPT)
    passed = {each: environment[each] for each in _PASSED if each in environment}
    held = hold(argv, passed, within_s=WITHIN_S)
    return Awake(by=name, held=held) if held is not None else NOTHING


_ARGUMENTS: Mapping[str, tuple[str, ...]] = {
    "systemd-inhibit": (
        "--what=idle:sleep",
        "--who=orchestrate",
        "--why=run {run} works on its tasks",
        "--mode=block",
    ),
    "caffeinate": ("-i", "-s"),
}
