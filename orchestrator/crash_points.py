"""Named places where the process may die, for those who prove that it may (promise I5, I6).

A point stands before and after everything that must survive a crash: each journal entry, request, saved answer, edit,
gate command, commit, pack, ref update and file. It does nothing unless a campaign (`scripts/chaos`) armed it; nothing
in a user's environment or settings can.
"""

from __future__ import annotations

from collections.abc import Callable

Hook = Callable[[str], None]

_hooks: list[Hook] = []


def crash_point(name: str, detail: str = "") -> None:
    """Pass the point ``name`` (with ``detail``: ``name:detail``)."""
    for hook in _hooks:
        hook(f"{name}:{detail}" if detail else name)


def arm(hook: Hook) -> None:
    """Call ``hook`` with the name of every point passed from now on, in the thread that passes it."""
    _hooks.append(hook)
