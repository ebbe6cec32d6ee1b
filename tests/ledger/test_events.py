"""The log of events: its form, its writers, and what a crash leaves in it."""

from __future__ import annotations

import json
import multiprocessing
import resource
import subprocess
import sys
import threading
import uuid
from pathlib import Path

import pytest

from orchestrator.ledger.aggregates_cache import standing_of, torn_tail
from orchestrator.ledger.archive import compact
from orchestrator.ledger.events import LOG, EventLog, derived_id, encode, event, new_event_id
from orchestrator.ledger.events_read import archives, instant_ms, read_events, why_foreign
from tests.ledger.event_lines import FOREIGN, at, task_event


def lines(state: Path) -> list[bytes]:
    return (state / LOG).read_bytes().splitlines()


def write(state: Path, name: str, count: int) -> None:
    log = EventLog(state / LOG)
    for number in range(count):
        log.append(task_event("call:answered", f"{name}-{number}", number, model="m", tokens=(1, 2), run="r"))
    log.close()


def test_an_event_has_the_schema_of_m2() -> None:
    agent = {"model": "m", "role": "impl", "tokens": {"input": 1, "output": 2}}
    made = event(
        "task:completed",
        id=new_event_id(),
        at="2026-11-21T02:36:00.000+00:00",
        entity=("task", "x"),
        chain="c",
        request="r",
        agent=agent,
        metadata={"source": "record"},
    )
    order = ["id", "timestamp", "eventType", "entityType", "entityId", "chainId", "requestId", "agent", "metadata"]
    assert list(made) == order
    assert uuid.UUID(made["id"]).version == 4
    assert json.loads(encode(made)) == made
    assert encode(made).endswith(b"}\n")
    assert encode(made).count(b"\n") == 1


def test_derived_ids_are_version_4_and_the_same_again() -> None:
    made = derived_id("run", "chain:completed", "x")
    assert uuid.UUID(made).version == 4
    assert uuid.UUID(made).variant == uuid.RFC_4122
    assert made == derived_id("run", "chain:completed", "x") != derived_id("run", "chain:completed", "y")
    assert derived_id("a", "bc") != derived_id("ab", "c")


def test_threads_and_processes_write_at_once(tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    processes = [context.Process(target=write, args=(tmp_path, f"p{number}", 150)) for number in range(3)]
    threads = [threading.Thread(target=write, args=(tmp_path, f"t{number}", 150)) for number in range(3)]
    for worker in (*processes, *threads):
        worker.start()
    for worker in (*processes, *threads):
        worker.join()
    made = [json.loads(line) for line in lines(tmp_path)]
    assert len(made) == 6 * 150
    assert len({one["id"] for one in made}) == 6 * 150
    for writer in ("p0", "t2"):
        own = [one["entityId"] for one in made if one["entityId"].startswith(writer)]
        assert own == [f"{writer}-{number}" for number in range(150)]


def test_compacting_and_summarising_while_others_write_loses_nothing(tmp_path: Path) -> None:
    writers = [threading.Thread(target=write, args=(tmp_path, f"w{number}", 200)) for number in range(3)]
    for writer in writers:
        writer.start()
    counts = []
    while any(writer.is_alive() for writer in writers):
        compact(tmp_path, instant_ms(at(100)))
        counts.append(standing_of(tmp_path).count)
    for writer in writers:
        writer.join()
    compact(tmp_path, instant_ms(at(100)))
    assert counts == sorted(counts)
    standing = standing_of(tmp_path)
    assert (standing.count, standing.duplicates, standing.foreign) == (600, 0, 0)
    assert len({one["entityId"] for one in read_events(tmp_path)}) == 600
    assert archives(tmp_path)


def test_a_torn_line_stays_its_own_and_the_next_is_whole(tmp_path: Path) -> None:
    write(tmp_path, "a", 2)
    content = (tmp_path / LOG).read_bytes()
    (tmp_path / LOG).write_bytes(content[:-30])
    torn = torn_tail(tmp_path)
    assert torn is not None
    assert torn.offset == content.index(b"\n") + 1
    assert standing_of(tmp_path).count == 1
    write(tmp_path, "b", 1)
    assert [one["entityId"] for one in read_events(tmp_path)] == ["a-0", "b-0"]
    standing = standing_of(tmp_path)
    assert (standing.count, standing.foreign) == (2, 1)
    assert torn_tail(tmp_path) is None


@pytest.mark.parametrize("line", FOREIGN[1:])
def test_foreign_lines_are_named_and_passed_over(tmp_path: Path, line: bytes) -> None:
    write(tmp_path, "a", 1)
    place = (tmp_path / LOG).stat().st_size
    with (tmp_path / LOG).open("ab") as log:
        log.write(line + b"\n")
    write(tmp_path, "b", 1)
    for afresh in (False, True):
        standing = standing_of(tmp_path, afresh=afresh)
        assert (standing.count, standing.foreign) == (2, 1)
        assert (standing.faults[0].file, standing.faults[0].offset) == (LOG, place)
        assert standing.faults[0].why
    assert why_foreign(line)


def test_a_short_write_is_an_error_and_harms_no_other_line(tmp_path: Path) -> None:
    """A file-size limit cuts the write short: nothing is raised by the system, so its count is what tells."""
    write(tmp_path, "a", 3)
    size = (tmp_path / LOG).stat().st_size
    code = (
        "import resource, signal, sys; signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "from pathlib import Path\nfrom tests.ledger.test_events import write\n"
        f"resource.setrlimit(resource.RLIMIT_FSIZE, ({size + 40}, {size + 40}))\n"
        "try:\n    write(Path(sys.argv[1]), 'b', 1)\nexcept OSError as error:\n    print(error.strerror)\n"
    )
    ended = subprocess.run([sys.executable, "-c", code, str(tmp_path)], capture_output=True, text=True, check=True)
    assert ended.stdout.startswith("only 40 of ")
    write(tmp_path, "c", 1)
    assert [one["entityId"] for one in read_events(tmp_path)] == ["a-0", "a-1", "a-2", "c-0"]
    assert resource.getrlimit(resource.RLIMIT_FSIZE)[0] != size + 40


def test_a_log_that_was_replaced_is_opened_again(tmp_path: Path) -> None:
    log = EventLog(tmp_path / LOG)
    log.append(task_event("task:created", "a", 0))
    (tmp_path / LOG).unlink()
    log.append(task_event("task:created", "b", 0))
    log.close()
    assert [one["entityId"] for one in read_events(tmp_path)] == ["b"]
