"""What the summary's cache stands on: the seal of the log's beginning, and the ids that were folded."""

from __future__ import annotations

import os
import random
from pathlib import Path

import pytest

from orchestrator.ledger.aggregates_ids import keep_ids, known_ids
from orchestrator.ledger.aggregates_prefix import Seal, holds, seal

MIB = 1 << 20


@pytest.fixture
def large(tmp_path: Path) -> tuple[Path, Seal]:
    """A log of 40 MiB and a bit, sealed when it had long been quiet."""
    path = tmp_path / "events.jsonl"
    path.write_bytes(random.Random(1).randbytes(40 * MIB + 12345))
    os.utime(path, (1_700_000_000, 1_700_000_000))
    return path, seal(path, 40 * MIB + 12000)


def overwrite(path: Path, place: int, content: bytes) -> None:
    with path.open("r+b") as file:
        file.seek(place)
        file.write(content)


def test_what_is_as_it_was_or_only_longer_holds(large: tuple[Path, Seal]) -> None:
    path, known = large
    assert holds(path, known)
    with path.open("ab") as file:
        file.write(b"more\n" * 300_000)
    assert holds(path, known)
    longer = seal(path, path.stat().st_size, known)
    assert longer.pieces == seal(path, path.stat().st_size).pieces
    assert longer.pieces[:40] == known.pieces[:40]
    assert holds(path, longer)


def test_a_change_that_adds_nothing_is_found_wherever_it_is(large: tuple[Path, Seal]) -> None:
    path, known = large
    for place in (0, 17 * MIB + 5, 40 * MIB + 11_999):
        kept = path.read_bytes()[place : place + 1]
        overwrite(path, place, bytes([kept[0] ^ 1]))
        assert not holds(path, known)
        overwrite(path, place, kept)
        assert holds(path, known)
    overwrite(path, 40 * MIB + 12_000, b"beyond")
    assert holds(path, known)


def test_another_file_of_that_name_is_read_whole(large: tuple[Path, Seal]) -> None:
    path, known = large
    content = bytearray(path.read_bytes())
    content[20 * MIB] ^= 1
    beside = path.with_name("edited")
    beside.write_bytes(bytes(content) + b"and longer\n")
    beside.replace(path)
    assert not holds(path, known)


def test_what_moved_bytes_is_found_at_once_though_the_log_grew(large: tuple[Path, Seal]) -> None:
    path, known = large
    content = path.read_bytes()
    path.write_bytes(content[: 5 * MIB] + b"x" + content[5 * MIB :])
    assert not any(holds(path, known) for _ in range(20))
    path.write_bytes(content[: 5 * MIB] + content[5 * MIB + 1 :] + b"much more\n")
    assert not any(holds(path, known) for _ in range(20))
    path.write_bytes(content[: 30 * MIB])
    assert not holds(path, known)
    path.unlink()
    assert not holds(path, known)


def test_an_overwrite_in_place_of_a_large_log_that_grew_is_found_in_time(large: tuple[Path, Seal]) -> None:
    """The stated limit: eight pieces a time. 200 times without it: once in 10^19 runs of this test."""
    path, known = large
    overwrite(path, 17 * MIB, b"\0" * 64)
    with path.open("ab") as file:
        file.write(b"grown\n")
    assert not all(holds(path, known) for _ in range(200))


@pytest.mark.parametrize(("first", "more"), [(100, 100), (49_990, 30), (60_000, 5), (60_000, 400)])
def test_known_ids_are_exactly_those_kept(tmp_path: Path, first: int, more: int) -> None:
    chance = random.Random(first)
    kept = [chance.randbytes(16) for _ in range(first)]
    new = [chance.randbytes(16) for _ in range(more)]
    keep_ids(tmp_path, 0, b"".join(kept))
    assert known_ids(tmp_path, first, new) == set()
    assert known_ids(tmp_path, first, [*new, *kept[: more * 2]]) == set(kept[: more * 2])
    keep_ids(tmp_path, first, b"".join(new))
    other = [chance.randbytes(16) for _ in range(50)]
    near = [new[0][:15] + bytes([new[0][15] ^ 1]), kept[0][8:] + kept[1][:8]]
    asked = [*other, *near, *new, kept[-1]]
    assert known_ids(tmp_path, first + more, asked) == {*new, kept[-1]}
    assert known_ids(tmp_path, first, asked) == {kept[-1]}  # marked, but not among the first


def test_ids_that_are_missing_are_said(tmp_path: Path) -> None:
    chance = random.Random(7)
    keep_ids(tmp_path, 0, chance.randbytes(16 * 50_001))
    with pytest.raises(ValueError, match="ids are missing"):
        known_ids(tmp_path, 50_002, [b"x" * 16])
    (tmp_path / ".aggregates.seen").write_bytes(b"short")
    with pytest.raises(ValueError, match="damaged"):
        known_ids(tmp_path, 50_001, [b"x" * 16])
