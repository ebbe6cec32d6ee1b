"""Notices: given by a command, a webhook and the desktop; public words only, bounded, and never a run's trouble."""

from __future__ import annotations

import json
import socket
import stat
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from orchestrator.adapters.notify import Notifier, open_notifier
from orchestrator.domain.errors import UsageError
from orchestrator.settings.layers import Layer
from orchestrator.settings.load import load_settings
from orchestrator.settings.notify import Notify

PROSE = "secret prose about src/billing.py"
NIGHT: list[dict[str, Any]] = [
    {"type": "run:started", "tasks": [{"id": "a"}, {"id": "b"}], "run": "r1"},
    {"type": "task:finished", "task": "a", "outcome": {"status": "delivered", "reason": PROSE}},
    {"type": "task:finished", "task": "b", "outcome": {"status": "needs_human", "reason": PROSE}},
    {"type": "run:finished", "outcome": "partly", "checkout_after": "x"},
]


@pytest.fixture
def posted() -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """A server's address, and what was posted to it."""
    seen: list[dict[str, Any]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            seen.append(json.loads(self.rfile.read(int(self.headers["content-length"]))))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Silence."""

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}/hook", seen
        server.shutdown()
        thread.join()


def night(wanted: Notify, environment: dict[str, str], events: list[dict[str, Any]]) -> None:
    notifier = Notifier(wanted, "r1", environment)
    for event in events:
        notifier(event)
    notifier.close()


def test_a_night_is_told_in_every_way_in_public_words(tmp_path: Path, posted: tuple[str, list[dict[str, Any]]]) -> None:
    address, seen = posted
    sender = tmp_path / "bin" / "notify-send"
    sender.parent.mkdir()
    sender.write_text(f'#!/bin/sh\necho "$3" >> {tmp_path}/desktop\n')
    sender.chmod(sender.stat().st_mode | stat.S_IXUSR)
    wanted = Notify(
        command=f'cat >> {tmp_path}/told; echo " $NOTICE" >> {tmp_path}/told; env >> {tmp_path}/env',
        webhook_env="HOOK",
        desktop=True,
    )
    environment = {"PATH": f"{sender.parent}:/usr/bin:/bin", "HOOK": address, "ANTHROPIC_API_KEY": "sk-never"}
    night(wanted, environment, NIGHT)
    waiting = "orchestrate: task b of run r1 waits for a human"
    ended = "orchestrate: run r1 has ended: 1 of 2 tasks delivered, 1 wait for a human"
    assert [each["text"] for each in seen] == [waiting, ended]
    assert seen[0] == {"text": waiting, "event": "waiting", "run": "r1", "tasks": 2, "delivered": 1, "task": "b"}
    assert (tmp_path / "desktop").read_text().splitlines() == [waiting, ended]
    told = (tmp_path / "told").read_text()
    assert [line.rpartition(" orchestrate:")[2] for line in told.splitlines()] == [
        waiting.removeprefix("orchestrate:"),
        ended.removeprefix("orchestrate:"),
    ]
    assert json.loads(told.splitlines()[1].rpartition(" orchestrate:")[0])["outcome"] == "partly"
    assert PROSE not in told + json.dumps(seen)
    assert "sk-never" not in (tmp_path / "env").read_text()


def test_a_pause_is_told_by_its_slug_and_only_what_is_asked_for(posted: tuple[str, list[dict[str, Any]]]) -> None:
    address, seen = posted
    pause = {"type": "run:paused", "reason": PROSE, "hint": PROSE, "slug": "cap-reached"}
    night(Notify(webhook=address, on=("paused",)), {}, [*NIGHT[:3], pause])
    (told,) = seen
    assert (told["event"], told["slug"], told["delivered"]) == ("paused", "cap-reached", 1)
    assert "has paused (cap-reached): 1 of 2 tasks delivered, 1 wait for a human" in told["text"]
    assert PROSE not in json.dumps(told)


def test_what_happened_before_a_resume_is_known_and_not_told_again(posted: tuple[str, list[dict[str, Any]]]) -> None:
    address, seen = posted
    notifier = open_notifier(Notify(webhook=address), "r1", NIGHT[:3])
    assert notifier is not None
    notifier(NIGHT[3])
    notifier.close()
    assert [each["delivered"] for each in seen] == [1]


def test_one_who_does_not_listen_holds_nobody_up_and_fails_nothing(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as deaf:  # accepts, and never answers
        wanted = Notify(webhook=f"http://127.0.0.1:{deaf.getsockname()[1]}", command="exit 3", timeout_s=0.2)
        before = time.monotonic()
        night(wanted, {"PATH": "/usr/bin:/bin"}, NIGHT)
        assert time.monotonic() - before < 30  # a bound, far above: the machine may be loaded
    night(Notify(webhook="http://127.0.0.1:1/", timeout_s=5), {}, NIGHT)
    assert open_notifier(Notify(), "r1", ()) is None
    assert open_notifier(Notify(desktop=True, on=()), "r1", ()) is None


def test_a_repositorys_file_names_no_command_and_no_address() -> None:
    layer = Layer(name="orchestrate.yaml", data={"notify": {"command": "x", "desktop": True}}, project=True)
    with pytest.raises(UsageError) as raised:
        load_settings(environment={}, project=[layer])
    assert len(raised.value.faults) == 1
    assert "notify.command may not be set here" in raised.value.faults[0]
    with pytest.raises(UsageError):
        load_settings(environment={}, sets=["notify.webhook=ftp://x"])
