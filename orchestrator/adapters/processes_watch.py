"""Waking up when a process ends."""

from __future__ import annotations

import contextlib
import os
import selectors
import time
from typing import Self

END = "end"
"""The selector's name for it."""
ASK_S = 0.05
LOOK_S = 1.0
"""Seconds between two looks at the clock while a command is waited for."""
SUSPENDED_S = 1.0
"""A look that comes so much too late means that this process stood still: suspended, stopped, or its machine was."""


def stood_still_s(began: float, wait_s: float) -> float:
    """Seconds that a wait, begun then for so long, took too long: they count against no time limit; mostly 0."""
    late_s = time.monotonic() - began - wait_s
    return late_s if late_s > SUSPENDED_S else 0.0


class ExitWatch:
    """Wakes a selector when a process has ended: by a process descriptor where there is one, else every 50 ms."""

    def __init__(self, pid: int) -> None:
        self._descriptor: int | None = None
        self.interval = ASK_S
        """Seconds after which the caller has to ask by itself."""
        if hasattr(os, "pidfd_open"):
            with contextlib.suppress(OSError):
                self._descriptor = os.pidfd_open(pid)
                self.interval = 3600.0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._descriptor is not None:
            os.close(self._descriptor)

    def join(self, selector: selectors.BaseSelector) -> None:
        """Wake this selector."""
        if self._descriptor is not None:
            selector.register(self._descriptor, selectors.EVENT_READ, END)

    def leave(self, selector: selectors.BaseSelector) -> None:
        """Stop waking it."""
        if self._descriptor is not None:
            selector.unregister(self._descriptor)
