"""A process that is held for as long as this one lives, and does nothing: the other leaf of the door in ``processes``.

It reads its standard input until that ends, and a pipe ends with whoever holds its other end: kill -9 lets go as well.
"""

from __future__ import annotations

import contextlib
import os
import selectors
import signal
import subprocess  # noqa: TID251 - the door's other leaf
import time
from collections.abc import Mapping, Sequence

HELD = b"held"
"""What it says once it holds what it was started for; it is ``sh -c`` of :data:`SCRIPT`."""
SCRIPT = "echo held; exec cat >/dev/null"
_END_WITHIN_S = 2.0


class Held:
    """The process; ends with :meth:`release`, or with this process."""

    def __init__(self, popen: subprocess.Popen[bytes]) -> None:
        self._popen = popen

    @property
    def alive(self) -> bool:
        """Whether it still holds."""
        return self._popen.poll() is None

    def release(self) -> None:
        """Let it end, or end it; safe to repeat."""
        for pipe in (self._popen.stdin, self._popen.stdout):
            if pipe is not None:
                with contextlib.suppress(OSError):
                    pipe.close()
        try:
            self._popen.wait(_END_WITHIN_S)
        except subprocess.TimeoutExpired:
            with contextlib.suppress(OSError):
                os.killpg(self._popen.pid, signal.SIGKILL)
            self._popen.wait()


def hold(argv: Sequence[str], environment: Mapping[str, str], *, within_s: float) -> Held | None:
    """Start ``argv``, which runs ``sh -c SCRIPT`` once it holds; ``None`` where it does not say so in time."""
    try:
        popen = subprocess.Popen(
            list(argv),
            env=dict(environment),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
            close_fds=True,
        )
    except OSError:
        return None
    held = Held(popen)
    try:
        said = _said(popen, within_s)
    except BaseException:
        held.release()
        raise
    if said:
        return held
    held.release()
    return None


def _said(popen: subprocess.Popen[bytes], within_s: float) -> bool:
    """Whether the word came, whole or not, before the time was over or the output ended."""
    assert popen.stdout is not None  # noqa: S101 - asked for above
    heard, until = b"", time.monotonic() + within_s
    with selectors.DefaultSelector() as selector:
        selector.register(popen.stdout, selectors.EVENT_READ)
        while HELD not in heard and (left := until - time.monotonic()) > 0:
            if selector.select(left):
                piece = os.read(popen.stdout.fileno(), 256)
                if not piece:
                    return False
                heard += piece
    return HELD in heard
