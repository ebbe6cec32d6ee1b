"""Tells somebody that a run has ended, has paused, or that a task waits for a human: a command, a webhook, the desktop.

Off the run's path: a notice is put into a bounded queue, a thread of its own delivers it, and the run's end waits for
it as long as one notice may take. Nothing here can fail a run. Only what is public leaves: names, numbers, states (B9).
"""

from __future__ import annotations

import json
import os
import queue
import shutil
import threading
import urllib.error
import urllib.request
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from orchestrator.adapters import processes
from orchestrator.domain.words import count
from orchestrator.logs import get_logger
from orchestrator.settings.notify import Notify

QUEUE = 64
"""Notices that may wait; a night has one a task that waits for a human, and one at its end."""
_PASSED = (
    "PATH",
    "HOME",
    "USER",
    "LANG",
    "DISPLAY",
    "WAYLAND_DISPLAY",
    "XDG_RUNTIME_DIR",
    "DBUS_SESSION_BUS_ADDRESS",
    "TMPDIR",
)
"""What a command may see of the environment: no key (I7)."""
_WAITS = "needs_human"
_DELIVERED = "delivered"

Event = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """What is told."""

    occasion: str
    """``finished``, ``paused`` or ``waiting``."""
    fields: Mapping[str, str | int]
    text: str
    """The same in a sentence."""

    @property
    def content(self) -> bytes:
        """As JSON."""
        return json.dumps({"text": self.text, "event": self.occasion, **self.fields}).encode()


class Notifier:
    """Implements :class:`orchestrator.ports.Listener`; :meth:`close` it at the run's end."""

    def __init__(self, wanted: Notify, run: str, environment: Mapping[str, str]) -> None:
        self._wanted = wanted
        self._run = run
        self._environment = dict(environment)
        self._states: dict[str, str] = {}
        self._count = 0
        self._queue: queue.Queue[Notice | None] = queue.Queue(QUEUE)
        self._thread: threading.Thread | None = None

    def seed(self, events: Iterable[Event]) -> None:
        """What happened before, in a run that goes on: known, and not told again."""
        for event in events:
            self._look(event)

    def __call__(self, event: Event) -> None:
        """One journal entry; returns at once."""
        notice = self._look(event)
        if notice is None or notice.occasion not in self._wanted.on:
            return
        if self._thread is None:
            self._thread = threading.Thread(target=self._deliver_all, name="notify", daemon=True)
            self._thread.start()
        try:
            self._queue.put_nowait(notice)
        except queue.Full:
            get_logger(__name__).warning("a notice was dropped", occasion=notice.occasion)

    def close(self) -> None:
        """Let what waits be told, for as long as one notice may take."""
        if self._thread is None:
            return
        try:
            self._queue.put_nowait(None)
        except queue.Full:
            return
        self._thread.join(self._wanted.timeout_s)

    def _look(self, event: Event) -> Notice | None:
        kind = event.get("type")
        if kind == "run:started":
            self._count = len(event.get("tasks") or ())
        if kind == "task:finished":
            return self._task(event)
        if kind == "run:finished":
            outcome = str(event.get("outcome", ""))
            return self._notice("finished", f"run {self._run} has ended: {self._figures()}", outcome=outcome)
        if kind == "run:paused":
            slug = str(event.get("slug", "")) or "paused"
            told = f"run {self._run} has paused ({slug}): {self._figures()}; orchestrate resume goes on"
            return self._notice("paused", told, slug=slug)
        return None

    def _task(self, event: Event) -> Notice | None:
        outcome = event.get("outcome")
        told = outcome if isinstance(outcome, Mapping) else event
        task, status = str(event.get("task", "")), str(told.get("status", ""))
        self._states[task] = status
        if status != _WAITS:
            return None
        return self._notice("waiting", f"task {task} of run {self._run} waits for a human", task=task)

    def _figures(self) -> str:
        delivered = sum(state == _DELIVERED for state in self._states.values())
        waiting = sum(state == _WAITS for state in self._states.values())
        return f"{delivered} of {count(self._count or len(self._states), 'task')} delivered, {waiting} wait for a human"

    def _notice(self, occasion: str, text: str, **fields: str) -> Notice:
        delivered = sum(state == _DELIVERED for state in self._states.values())
        known: dict[str, str | int] = {"run": self._run, "tasks": self._count, "delivered": delivered, **fields}
        return Notice(occasion=occasion, fields=known, text=f"orchestrate: {text}")

    def _deliver_all(self) -> None:
        while (notice := self._queue.get()) is not None:
            for way in (self._by_command, self._by_webhook, self._by_desktop):
                try:
                    way(notice)
                except Exception as error:  # noqa: BLE001 - a notice that cannot be given fails no run
                    kind = type(error).__name__  # not its text: an address may hold a secret
                    get_logger(__name__).warning("a notice was not given", way=way.__name__, error=kind)

    def _by_command(self, notice: Notice) -> None:
        if self._wanted.command:
            self._start(("sh", "-c", self._wanted.command), notice)

    def _by_webhook(self, notice: Notice) -> None:
        named = self._wanted.webhook_env
        address = self._wanted.webhook or (self._environment.get(named, "") if named else "")
        if not address.startswith(("http://", "https://")):
            return
        request = urllib.request.Request(  # noqa: S310 - the scheme is one of two
            address, data=notice.content, headers={"content-type": "application/json"}, method="POST"
        )
        opener = urllib.request.build_opener(_NoRedirects)
        with opener.open(request, timeout=self._wanted.timeout_s):
            return

    def _by_desktop(self, notice: Notice) -> None:
        if not self._wanted.desktop:
            return
        path = self._environment.get("PATH")
        if program := shutil.which("notify-send", path=path):
            self._start((program, "--app-name=orchestrate", "orchestrate", notice.text), notice)
        elif program := shutil.which("osascript", path=path):
            quoted = notice.text.replace("\\", "").replace('"', "'")
            self._start((program, "-e", f'display notification "{quoted}" with title "orchestrate"'), notice)

    def _start(self, argv: tuple[str, ...], notice: Notice) -> None:
        environment = {name: self._environment[name] for name in _PASSED if name in self._environment}
        ended = processes.run(
            processes.Process(
                argv=argv,
                cwd=Path("/"),
                environment={**environment, "NOTICE": notice.text},
                stdin=notice.content,
                timeout_s=self._wanted.timeout_s,
            )
        )
        if ended.exit_code != 0:
            get_logger(__name__).warning("a notice was not given", program=argv[0], exit_code=ended.exit_code)


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    """What is sent goes to the address that was named."""

    def redirect_request(self, *_arguments: Any, **_named: Any) -> None:
        """None is followed."""


def open_notifier(wanted: Notify, run: str, entries: Iterable[Event]) -> Notifier | None:
    """A notifier that knows what the run's journal holds; ``None`` where nobody is to be told."""
    if not wanted.wanted:
        return None
    made = Notifier(wanted, run, os.environ)
    made.seed(entries)
    return made
