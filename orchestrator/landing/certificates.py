"""Certificates by tree hash (decision 24): whichever commit has the tree, merged, squashed or made by hand, it counts.

A certificate is believed where a journal bears it out: the run's own (its gate passed on exactly that tree) or a record
of landings. ``runs/certificates/<tree>.json`` is a projection for people and tools; it may be deleted.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from orchestrator.domain.errors import JournalError
from orchestrator.landing.record import NAME
from orchestrator.ledger.durable import write_whole
from orchestrator.ledger.journal import read_journal
from orchestrator.ledger.memory import run_folders

FOLDER = "certificates"
Certificate = Mapping[str, Any]


class Certificates:
    """What the state folder knows to be green."""

    def __init__(self, state: Path) -> None:
        self._state = state
        self._by_tree: dict[str, list[Certificate]] = {}
        for certificate in _known(state):
            self._add(certificate)

    def find(self, tree: str, *, gate: str | None = None, environment: str | None = None) -> Certificate | None:
        """A certificate of that tree, of that gate configuration and environment where they are given."""
        for certificate in self._by_tree.get(tree, ()):
            same_gate = gate is None or certificate.get("gate_config") == gate
            if same_gate and (environment is None or certificate.get("environment") == environment):
                return certificate
        return None

    def keep(self, certificate: Certificate) -> Path:
        """Remember one that was journaled, and write its file; where it lies."""
        self._add(certificate)
        path = self._state / FOLDER / f"{certificate['tree']}.json"
        write_whole(path, json.dumps(certificate, indent=1).encode())
        return path

    def _add(self, certificate: Certificate) -> None:
        self._by_tree.setdefault(str(certificate["tree"]), []).append(certificate)


def _known(state: Path) -> Iterator[Certificate]:
    for folder in run_folders(state):
        yield from _landed(folder / NAME)
        files = list(folder.glob("tasks/*/certificate.json"))
        if files:
            yield from _borne_out(files, folder / "journal.jsonl")


def _landed(path: Path) -> Iterator[Certificate]:
    for entry in _entries(path):
        if entry["type"] == "land:certified":
            yield entry["certificate"]


def _borne_out(files: Iterable[Path], journal: Path) -> Iterator[Certificate]:
    """Those of a run's tasks whose gate passed, as the run's journal has it."""
    passed = {
        (entry["tree"], entry["gate"])
        for entry in _entries(journal)
        if entry["type"] == "gate:finished" and entry.get("passed")
    }
    for path in sorted(files):
        try:
            certificate = json.loads(path.read_text(encoding="utf-8"))
            if (certificate["tree"], certificate["gate_config"]) in passed:
                yield certificate
        except (OSError, ValueError, KeyError, TypeError):
            continue


def _entries(path: Path) -> tuple[Mapping[str, Any], ...]:
    """A journal that is damaged bears nothing out."""
    if not path.is_file():
        return ()
    try:
        return read_journal(path).entries
    except JournalError:
        return ()
