"""Every attempt at a call ends in time (I12): first byte, idle and total limits on the wall clock.

SDK timeouts are per read, so a server that drips a byte now and then holds a call for hours. Here the attempt runs in
a worker thread while the caller waits against the three limits. When one passes, the attempt's sockets are shut down,
which wakes the worker at once; a worker that still does not end (a name look-up inside the C library cannot be cut)
is left behind as a daemon, and any connection it makes later is shut down as it is made.
"""

from __future__ import annotations

import contextlib
import contextvars
import socket
import threading
import time
from collections.abc import Callable
from typing import Generic, TypeVar

from orchestrator.domain.call import Deadlines
from orchestrator.domain.errors import ModelError, ModelFault

T = TypeVar("T")

THREAD_NAME = "model-call"
LOOK_S = 1.0
"""Seconds between two looks at the clock while an attempt is waited for."""
SUSPENDED_S = 1.0
"""A look that comes so much too late means that this process stood still: suspended, stopped, or its machine was."""
GRACE_S = 1.0
"""Seconds a cut worker has to end before it is left behind; shutting its socket down wakes it in milliseconds."""

_current: contextvars.ContextVar[Attempt | None] = contextvars.ContextVar("attempt", default=None)


class Attempt:
    """One attempt's line to the server, as the waiting side sees it. Safe to use from both threads."""

    def __init__(self, deadlines: Deadlines) -> None:
        self.deadlines = deadlines
        self.started = time.monotonic()
        self.sent = False
        """The whole request has left: the provider may charge for it."""
        self.answered = False
        """At least one byte of an answer has come."""
        self.over = threading.Event()
        """Nothing more is to be waited for: the worker has ended, or the run is halted."""
        self.halted = False
        self._last_byte = self.started
        self._sockets: list[socket.socket] = []
        self._cut = False

    @staticmethod
    def current() -> Attempt | None:
        """The attempt whose worker this thread is; ``None`` elsewhere."""
        return _current.get()

    def beat(self) -> None:
        """A byte came."""
        self.answered = True
        self._last_byte = time.monotonic()

    def hold(self, line: socket.socket) -> None:
        """Remember a connection, to cut it when a limit passes; cut at once where that has happened already."""
        self._sockets.append(line)
        if self._cut:  # looked at after the line was added: whoever cuts meanwhile sees the line
            _shut(line)

    def cut(self) -> None:
        """Shut every connection down, now and later. Takes no lock: it may run in a signal handler."""
        self._cut = True
        for line in tuple(self._sockets):
            _shut(line)

    def halt(self) -> None:
        """The run stops: cut the line and end the wait."""
        self.halted = True
        self.cut()
        self.over.set()

    def forgive(self, late_s: float) -> None:
        """Time in which this process stood still counts against no limit: what came meanwhile is still to be read."""
        if late_s > SUSPENDED_S:
            self.started += late_s
            self._last_byte = min(self._last_byte + late_s, time.monotonic())

    def left(self) -> tuple[float, str]:
        """Seconds until the nearest limit passes (negative: it has), and that limit's name."""
        limits = self.deadlines
        near = (
            (self._last_byte + limits.idle_s, f"nothing came for {limits.idle_s:g} s")
            if self.answered
            else (self.started + limits.first_byte_s, f"no first byte within {limits.first_byte_s:g} s")
        )
        total = (self.started + limits.total_s, f"not finished within {limits.total_s:g} s")
        due, name = min(near, total)
        return due - time.monotonic(), name


def run_attempt(work: Callable[[Attempt], T], deadlines: Deadlines, *, provider: str) -> T:
    """``work``'s result, or what it raised; :class:`ModelError` ``TIMEOUT`` where a limit passed first.

    Returns within the limits plus :data:`GRACE_S`, whatever the server does. An interrupt (Ctrl-C) cuts the attempt
    and goes on up.
    """
    attempt = Attempt(deadlines)
    worker = _Worker(work, attempt)
    _live[id(attempt)] = attempt
    try:
        worker.start()  # inside: an interrupt may come while the thread is being started
        late = _wait(attempt)
    except BaseException:
        attempt.cut()
        raise
    finally:
        _live.pop(id(attempt), None)
    if late or attempt.halted:
        attempt.cut()
        worker.finished.wait(GRACE_S)
        if not worker.succeeded:  # an answer that came whole in the same instant is paid for: it is used
            if attempt.halted:
                raise KeyboardInterrupt
            raise ModelError(
                f"{provider}: {late}", fault=ModelFault.TIMEOUT, provider=provider, billed=attempt.sent, hint=_HINT
            )
    return worker.outcome()


def stop_all() -> None:
    """The run is halted (a signal, another thread): every attempt under way ends with ``KeyboardInterrupt``.

    Takes no lock, since a signal handler may run on top of whoever holds it; copying a dict's values is one step.
    """
    for attempt in list(_live.values()):
        attempt.halt()


_live: dict[int, Attempt] = {}
_HINT = "the limits are models.deadlines (first_byte_s, idle_s, total_s)"


class _Worker(threading.Thread, Generic[T]):
    """Runs the attempt; keeps what came of it."""

    def __init__(self, work: Callable[[Attempt], T], attempt: Attempt) -> None:
        super().__init__(name=THREAD_NAME, daemon=True)
        self.finished = threading.Event()
        self._work = work
        self._attempt = attempt
        self._context = contextvars.copy_context()  # log fields of the run follow into the thread
        self._result: list[T] = []
        self._error: BaseException | None = None

    def run(self) -> None:
        try:
            self._result.append(self._context.run(self._inside))
        except BaseException as error:  # noqa: BLE001 - carried over to the waiting thread, which raises it
            self._error = error
        finally:
            self.finished.set()
            self._attempt.over.set()

    def _inside(self) -> T:
        _current.set(self._attempt)
        return self._work(self._attempt)

    @property
    def succeeded(self) -> bool:
        return bool(self._result)

    def outcome(self) -> T:
        if self._error is not None:
            raise self._error
        return self._result[0]


def _wait(attempt: Attempt) -> str:
    """Wait for the attempt's end; the name of the limit that passed first, or nothing."""
    while not attempt.over.is_set():
        seconds, name = attempt.left()
        if seconds <= 0:
            return name
        slice_s, began = min(seconds, LOOK_S), time.monotonic()
        attempt.over.wait(slice_s)
        attempt.forgive(time.monotonic() - began - slice_s)
    return ""


def _shut(line: socket.socket) -> None:
    """Wake whoever reads it; by the plain socket: ``SSLSocket.shutdown`` drops the TLS layer under the reader."""
    with contextlib.suppress(OSError):  # closed already
        socket.socket.shutdown(line, socket.SHUT_RDWR)
