"""An open journal keeps no entries but the last ones: the others are read back, and are what was written."""

from __future__ import annotations

import gc
import os
import tracemalloc
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from orchestrator.domain.errors import JournalError
from orchestrator.ledger.journal import Journal, read_journal
from orchestrator.ledger.memory import Memory
from orchestrator.ledger.shelf import READY, Entries
from tests.fakes.clock import FakeClock

MANY = 2 * READY + 7
MIB = 1 << 20


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    made = Journal.create(tmp_path / "journal.jsonl", FakeClock())
    yield made
    made.close()


def filled(journal: Journal, count: int = MANY) -> Journal:
    """Notes of ten tasks in turn, and now and then one of no task."""
    for number in range(count):
        fields: dict[str, Any] = {} if number % 11 == 0 else {"task": f"t{number % 10}"}
        journal.append("note" if number % 3 else "check:finished", number=number, text="é" * (number % 50), **fields)
    return journal


def test_what_is_read_back_is_what_was_written(journal: Journal) -> None:
    filled(journal)
    whole = read_journal(journal.path).entries
    assert tuple(journal.entries) == whole
    assert journal.entries == whole
    assert journal.entries != whole[1:]
    assert journal.entries[0] == whole[0]
    assert journal.entries[-1] == whole[-1]
    assert list(journal.entries[5:300]) == list(whole[5:300])
    assert list(journal.entries[::100]) == list(whole[::100])
    assert list(reversed(journal.entries)) == list(reversed(whole))
    assert list(journal.since(MANY - 3)) == list(whole[-3:])
    with pytest.raises(IndexError):
        _ = journal.entries[MANY]


def test_entries_are_found_by_type_and_task(journal: Journal) -> None:
    filled(journal)
    whole = read_journal(journal.path).entries
    own = [entry for entry in whole if entry.get("task") == "t4"]
    assert journal.of_task("t4") == own
    assert list(journal.of_type("note", "t4")) == [entry for entry in own if entry["type"] == "note"]
    assert list(journal.newest("note")) == [entry for entry in reversed(whole) if entry["type"] == "note"]
    assert journal.of_task("nobody") == []
    assert list(journal.of_type("nothing")) == list(journal.of_type("nothing", "t4")) == []
    memory = Memory(journal)
    assert memory.last("note", task="t4", number=14) == whole[14]
    assert memory.first("note", number=1) == whole[1]
    assert memory.last("note", task="t4", number=15) is None


def test_what_there_was_at_one_moment_stays(journal: Journal) -> None:
    before = filled(journal, 5).entries
    journal.append("note", text="later")
    assert len(before) == 5
    assert len(journal.entries) == 6
    assert isinstance(before, Entries)


def test_a_journal_that_goes_on_finds_its_earlier_entries(journal: Journal) -> None:
    whole = tuple(filled(journal).entries)
    journal.close()
    again = Journal.reopen(journal.path, FakeClock())
    assert tuple(again.entries) == whole
    again.append("note", text="more")
    assert again.entries[-1]["prev"] == whole[-1]["crc"]
    again.close()
    assert again.entries[0] == whole[0], "readable to the end of the program"


def test_a_line_that_was_changed_under_it_is_named(journal: Journal) -> None:
    """Nothing is read back that was not written (I5)."""
    filled(journal)
    descriptor = os.open(journal.path, os.O_WRONLY)
    os.pwrite(descriptor, b"0", 10)
    os.close(descriptor)
    with pytest.raises(JournalError, match="entry 0 is not what was written any more"):
        _ = journal.entries[0]
    assert journal.entries[-1]["number"] == MANY - 1


def test_what_an_ended_task_wrote_is_not_kept(journal: Journal) -> None:
    """4 MiB of payload go through; what is ready takes a tenth of it, and the index next to nothing."""
    filled(journal, READY)
    gc.collect()
    tracemalloc.start()
    try:
        for number in range(2_000):
            journal.append("call:answer", task=f"task-{number // 20}", text="x" * 2_000)
        gc.collect()
        kept, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert kept < 1.5 * MIB
