"""The journal survives what a crash can do to it, and names what it cannot survive."""

from __future__ import annotations

import json
import resource
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestrator.domain.errors import JournalError
from orchestrator.ledger.journal import Journal, read_journal
from tests.fakes.clock import FakeClock


def write(path: Path, count: int = 4) -> bytes:
    journal = Journal.create(path, FakeClock())
    for number in range(count):
        journal.append("note", sync=number == count - 1, text=f"línea {number}", number=number)
    journal.close()
    return path.read_bytes()


def test_lines_are_chained_and_checksummed(tmp_path: Path) -> None:
    lines = write(tmp_path / "j").splitlines()
    entries = [json.loads(line) for line in lines]
    assert [entry["seq"] for entry in entries] == [0, 1, 2, 3]
    assert [entry["prev"] for entry in entries] == ["00000000", *(entry["crc"] for entry in entries[:-1])]
    assert all(list(entry)[-1] == "crc" for entry in entries)
    assert all(entry["at"] == "2026-11-21T02:36:00.000+00:00" for entry in entries)


def test_cut_at_every_byte_loses_at_most_the_cut_line(tmp_path: Path) -> None:
    content = write(tmp_path / "whole")
    for cut in range(len(content) + 1):
        path = tmp_path / "cut"
        path.write_bytes(content[:cut])
        reading = read_journal(path)
        assert len(reading.entries) == content[:cut].count(b"\n")
        assert content[:cut] == content[: reading.good_bytes] + reading.torn


def test_reopening_sets_the_torn_tail_aside_and_goes_on(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    content = write(path)
    path.write_bytes(content[:-10])
    journal = Journal.reopen(path, FakeClock())
    journal.append("note", sync=True, text="after")
    journal.close()
    assert [entry["text"] for entry in read_journal(path).entries] == ["línea 0", "línea 1", "línea 2", "after"]
    kept = list(tmp_path.glob("journal.jsonl.torn-*"))
    assert len(kept) == 1
    assert content.endswith(kept[0].read_bytes() + content[-10:])


@settings(max_examples=200, deadline=None)
@given(data=st.data())
def test_a_flipped_bit_is_found_and_named(tmp_path_factory: pytest.TempPathFactory, data: st.DataObject) -> None:
    path = tmp_path_factory.mktemp("flip") / "j"
    content = bytearray(write(path))
    position = data.draw(st.integers(0, len(content) - 2))
    content[position] ^= 1 << data.draw(st.integers(0, 7))
    path.write_bytes(content)
    with pytest.raises(JournalError, match="damaged at byte") as caught:
        read_journal(path)
    assert caught.value.exit_code == 7


def test_a_flip_that_ends_the_file_without_newline_is_a_torn_tail(tmp_path: Path) -> None:
    path = tmp_path / "j"
    content = write(path)
    path.write_bytes(content[:-1] + b"\x0b")
    assert len(read_journal(path).entries) == 3


def test_nuls_in_the_middle_stop(tmp_path: Path) -> None:
    path = tmp_path / "j"
    lines = write(path).splitlines(keepends=True)
    path.write_bytes(lines[0] + b"\0" * 64 + b"\n" + lines[2] + lines[3])
    with pytest.raises(JournalError, match="entry 1"):
        read_journal(path)


def test_nuls_where_the_last_write_never_reached_the_disk_are_a_torn_tail(tmp_path: Path) -> None:
    path = tmp_path / "j"
    lines = write(path).splitlines(keepends=True)
    path.write_bytes(b"".join(lines[:3]) + b"\0" * 40 + lines[3][40:])
    assert len(read_journal(path).entries) == 3


def test_a_removed_line_is_found(tmp_path: Path) -> None:
    path = tmp_path / "j"
    lines = write(path).splitlines(keepends=True)
    path.write_bytes(lines[0] + lines[2])
    with pytest.raises(JournalError, match="sequence 2 where 1 belongs"):
        read_journal(path)


def test_threads_append_whole_lines(tmp_path: Path) -> None:
    journal = Journal.create(tmp_path / "j", FakeClock())

    def work(name: str) -> None:
        for number in range(50):
            journal.append("note", text=name * 200, number=number)

    threads = [threading.Thread(target=work, args=(name,)) for name in "abcd"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    journal.close()
    assert len(read_journal(tmp_path / "j").entries) == 200


def test_a_short_write_ends_the_journal(tmp_path: Path) -> None:
    program = f"""
import resource, signal
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (500, 500))
from pathlib import Path
from orchestrator.adapters.clock import SystemClock
from orchestrator.domain.errors import JournalError
from orchestrator.ledger.journal import Journal
journal = Journal.create(Path({str(tmp_path / "j")!r}), SystemClock())
errors = []
for number in range(4):
    try:
        journal.append("note", text="x" * 90)
    except JournalError as error:
        errors.append(str(error))
assert len(errors) == 2 and "bytes were written" in errors[0] and errors[1] == errors[0], errors
"""
    assert resource.RLIMIT_FSIZE
    assert signal.SIGXFSZ
    subprocess.run([sys.executable, "-c", program], check=True, timeout=30)
    assert len(read_journal(tmp_path / "j").entries) == 2
    assert len(Journal.reopen(tmp_path / "j", FakeClock()).entries) == 2


def test_a_second_journal_of_the_same_name_is_refused(tmp_path: Path) -> None:
    write(tmp_path / "j")
    with pytest.raises(JournalError, match="cannot be made"):
        Journal.create(tmp_path / "j", FakeClock())


def test_a_closed_journal_takes_nothing(tmp_path: Path) -> None:
    journal = Journal.create(tmp_path / "j", FakeClock())
    journal.close()
    journal.close()
    with pytest.raises(JournalError, match="is closed"):
        journal.append("note")


def test_reserved_names_and_nan_are_refused(tmp_path: Path) -> None:
    journal = Journal.create(tmp_path / "j", FakeClock())
    with pytest.raises(ValueError, match="seq"):
        journal.append("note", seq=3)
    with pytest.raises(ValueError, match="not JSON compliant"):
        journal.append("note", value=float("nan"))
    journal.append("note")
    assert len(journal.entries) == 1
    journal.close()


def test_an_interrupt_between_any_two_steps_leaves_a_sound_journal(tmp_path: Path) -> None:
    """A timer interrupts a thousand times, wherever it falls; what is appended afterwards still follows."""
    program = f"""
import signal
from pathlib import Path
from orchestrator.adapters.clock import SystemClock
from orchestrator.ledger.journal import Journal, read_journal
journal = Journal.create(Path({str(tmp_path / "j")!r}), SystemClock())
signal.signal(signal.SIGALRM, signal.default_int_handler)
hits = 0
for number in range(3000):
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.00002 + (number % 40) * 0.000004)
        journal.append("note", number=number)
        signal.setitimer(signal.ITIMER_REAL, 0)
    except KeyboardInterrupt:
        hits += 1
    except Exception:
        signal.setitimer(signal.ITIMER_REAL, 0)
        raise
signal.setitimer(signal.ITIMER_REAL, 0)
journal.append("note", sync=True, text="last")
assert hits > 100, hits
assert journal.entries == read_journal(journal.path).entries
"""
    subprocess.run([sys.executable, "-c", program], check=True, timeout=120)
    assert read_journal(tmp_path / "j").entries[-1]["text"] == "last"
