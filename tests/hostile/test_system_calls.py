"""The order of system calls around a model call (promises, 8; I3, I5): what must be on disk is, before what follows.

A real SDK asks a real server; what the program asks of the system is written down on its way, and nothing of it is
changed. Each broken order is planted once, to see that it would be seen.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from orchestrator.domain.call import Charge
from orchestrator.ledger import calls, durable, journal
from orchestrator.ledger.calls import CallDesk
from orchestrator.ledger.purse import Purse
from orchestrator.settings import CallDeadlines, Caps, Models, Provider, Retries
from tests.adapters.models.common import adapter, request
from tests.chaos.plants import PLANTS
from tests.fakes.clock import FakeClock
from tests.fakes.llm import FlatPrices
from tests.fakes.loopback import Loopback, Reply, SeenRequest

_connecting: list[Callable[[Any], None]] = []
"""Who is told of a connection; an audit hook stays for the life of a process."""


def _audit(event: str, given: tuple[Any, ...]) -> None:
    if event == "socket.connect":
        for told in _connecting:
            told(given[1])


sys.addaudithook(_audit)


class Witness:
    """What was asked of the system below a folder, in its order."""

    def __init__(self, folder: Path, patch: pytest.MonkeyPatch) -> None:
        self.seen: list[str] = []
        self._below = f"{folder.resolve()}{os.sep}"
        write, fsync, replace = os.write, os.fsync, os.replace

        def witnessed_write(descriptor: int, content: Any) -> int:
            done = write(descriptor, content)
            if name := self._name(descriptor):
                self.seen.append(f"write {name} {_kind(bytes(content))}".rstrip())
            return done

        def witnessed_fsync(descriptor: int) -> None:
            fsync(descriptor)
            if name := self._name(descriptor):
                self.seen.append(f"sync {name}")

        def witnessed_replace(source: Any, target: Any, **options: Any) -> None:
            replace(source, target, **options)
            self.seen.append(f"rename {Path(target).name}")

        patch.setattr(os, "write", witnessed_write)
        patch.setattr(os, "fsync", witnessed_fsync)
        patch.setattr(os, "replace", witnessed_replace)

    def _name(self, descriptor: int) -> str:
        path = str(Path(f"/proc/self/fd/{descriptor}").readlink())
        return Path(path).name if path.startswith(self._below) else ""


def _kind(content: bytes) -> str:
    """The type of a journal's line."""
    try:
        return str(json.loads(content)["type"])
    except (ValueError, KeyError, TypeError):
        return ""


def bought(folder: Path, patch: pytest.MonkeyPatch, provider: str = "anthropic") -> list[str]:
    """One call to a provider from its first word to the last; what was asked of the system."""
    witness = Witness(folder, patch)

    def served(seen: SeenRequest) -> Reply:
        witness.seen.append("request arrived")
        return Reply(text="done")

    with Loopback(served) as server:
        llm = adapter(provider, server)
        _connecting.append(lambda address: witness.seen.append("connect") if address[1] == server.port else None)
        log = journal.Journal.create(folder / "journal.jsonl", FakeClock())
        desk = CallDesk(
            journal=log,
            folder=folder / "calls",
            llms={provider: llm},
            prices=FlatPrices(),
            purse=Purse(Caps(), Charge()),
            models=Models(
                providers={provider: Provider.model_validate({"adapter": provider})},
                deadlines=CallDeadlines(first_byte_s=20, idle_s=20, total_s=20),
                retries=Retries(waits_s=(1,), retry_after_cap_s=1),
            ),
            clock=FakeClock(),
        )
        witness.seen.clear()
        try:
            desk.ask(request(provider))
            witness.seen.append("used")
        finally:
            _connecting.clear()
            log.close()
            llm.close()
    return witness.seen


def order_faults(seen: list[str]) -> list[str]:
    """Which of the promised orders does not hold."""
    (half,) = {step.split()[1] for step in seen if step.endswith(".tmp") and step.startswith("write")} or {"-"}
    answer = next((step.split()[1] for step in seen if step.startswith("rename")), "-")
    wanted = (
        ("write journal.jsonl call:intent", "sync journal.jsonl", "connect", "request arrived"),
        ("request arrived", f"write {half}", f"sync {half}", f"rename {answer}", "sync calls"),
        ("sync calls", "write journal.jsonl call:answer", "sync journal.jsonl", "used"),
    )
    return [" < ".join(steps) for steps in wanted if not _in_order(steps, seen)]


def _in_order(steps: tuple[str, ...], seen: list[str]) -> bool:
    """Whether they follow each other, and none of them came before its turn. The journal is synced more than once."""
    place = -1
    for step in steps:
        if step not in seen[place + 1 :]:
            return False
        found = seen.index(step, place + 1)
        if step in seen[: place + 1] and step != "sync journal.jsonl":
            return False
        place = found
    return True


def test_a_call_keeps_the_order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = bought(tmp_path, monkeypatch)
    assert order_faults(seen) == [], seen
    assert {"connect", "request arrived", "used"} <= set(seen)


@pytest.mark.parametrize(
    "plant",
    [
        "the journal is never synced",
        "an answer is journaled before its file is there",
        "an answer's file is written in place and not synced",
        "a renamed file's folder is not synced",
    ],
)
def test_a_broken_order_is_seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, plant: str) -> None:
    """The control."""
    for owner, name in (
        (journal.Journal, "_put"),
        (journal.Journal, "append"),
        (calls, "write_whole"),
        (durable, "sync_folder"),
    ):
        monkeypatch.setattr(owner, name, getattr(owner, name))  # put back afterwards
    PLANTS[plant]()
    (tmp_path / "calls").mkdir()
    assert order_faults(bought(tmp_path, monkeypatch)), plant
