"""Whole runs and what their events say; resumed, rebuilt, recorded by hand."""

from __future__ import annotations

import csv
import io
import json
import os
import signal
import uuid
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.nights import Place, wait_until
from tests.e2e.small import DOUBLED, PROJECT, doubling, place_of, run

BROKEN = {**DOUBLED, "src/shop/doubled.py": "def doubled(price):\n    return price\n"}
MENDED = """\
src/shop/doubled.py
```
<<<<<<< SEARCH
    return price
=======
    return price + price
>>>>>>> REPLACE
```
"""
ANSWERS = {**doubling(BROKEN), "double.build.executor.2.1": MENDED}


def events(place: Place) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (place.folder / "runs" / "events.jsonl").read_bytes().splitlines()]


def kinds(place: Place) -> Counter[str]:
    return Counter(made["eventType"] for made in events(place))


def summary(place: Place, *more: str) -> dict[str, Any]:
    ended = place.orchestrate("metrics", "summary", "--json", *more)
    assert ended.code == 0, ended.err
    found: dict[str, Any] = json.loads(ended.out)
    return found


@pytest.fixture(scope="module")
def night(tmp_path_factory: pytest.TempPathFactory) -> Place:
    """One task: a wrong answer, then a right one; delivered."""
    place = place_of(tmp_path_factory.mktemp("night") / "one", PROJECT, ANSWERS)
    code, said = run(place)
    assert code == 0, said
    return place


def test_a_run_emits_its_events_as_it_goes(night: Place) -> None:
    made = events(night)
    found = kinds(night)
    for kind in ("request:created", "chain:created", "task:created", "task:started", "task:rework", "task:completed"):
        assert found[kind] == 1, kind
    assert found["chain:completed"] == found["request:closed"] == 1
    assert found["call:answered"] == 4
    assert found["phase:completed"] == 5
    assert found["gate:finished"] == 2
    assert len({one["id"] for one in made}) == len(made)
    assert all(uuid.UUID(one["id"]).version == 4 for one in made)
    run_name = night.run_folder().name
    assert {one.get("chainId") for one in made} - {None} == {f"{run_name}/double"}
    journal = (night.run_folder() / "journal.jsonl").read_text()
    completed = next(one for one in made if one["eventType"] == "task:completed")
    assert f'"event_id":"{completed["id"]}"' in journal
    assert completed["agent"]["role"] == "impl"
    assert "tokens" not in completed["agent"]


def test_the_summary_of_a_run(night: Place) -> None:
    found = summary(night)
    assert (found["tasks"]["total"], found["tasks"]["completed"], found["tasks"]["reworked"]) == (1, 1, 1)
    assert (found["chains"]["completed"], found["requests"]["closed"]) == (1, 1)
    told = night.summary()["totals"]["tokens"]
    assert sum(agent["totalTokens"] for agent in found["agents"].values()) == told["input"] + told["output"]
    assert found["log"]["foreignLines"] == 0
    text = night.orchestrate("metrics", "summary").out
    assert "1 of 1 completed, 1 reworked" in text


def test_deleted_the_log_is_made_again_with_the_same_ids(night: Place) -> None:
    log = night.folder / "runs" / "events.jsonl"
    content, before = log.read_bytes(), {made["id"]: made for made in events(night)}
    log.unlink()
    summary(night)
    assert {made["id"]: made for made in events(night)} == before
    lines = log.read_bytes().splitlines(keepends=True)
    log.write_bytes(b"".join(lines[:3] + lines[5:-1]) + lines[-1][:40])
    ended = night.orchestrate("metrics", "refresh", "--json")
    assert ended.code == 0, ended.err
    assert json.loads(ended.out)["added"] == 3
    assert json.loads(ended.out)["eventCount"] == len(before)
    assert night.orchestrate("metrics", "refresh").out.startswith("0 events added")
    log.write_bytes(content)


@pytest.mark.slow
@pytest.mark.parametrize("moment", ["task:started", "task:rework"])
def test_killed_and_resumed_no_event_is_there_twice(tmp_path: Path, night: Place, moment: str) -> None:
    place = place_of(tmp_path / "one", PROJECT, ANSWERS)
    arguments = ("run", str(place.tasks), "--models", f"replay:{place.folder / 'calls'}", "--sandbox", "none")
    log = place.folder / "runs" / "events.jsonl"
    with place.started(*arguments) as process:
        wait_until(lambda: process.poll() is not None or (log.exists() and moment.encode() in log.read_bytes()))
        os.killpg(process.pid, signal.SIGKILL)
    content = log.read_bytes()
    log.write_bytes(content[: content.rindex(b"\n", 0, -1) + 20])  # the last line torn: it is written again
    resumed = place.orchestrate("resume", "--sandbox", "none")
    assert resumed.code == 0, resumed.err
    lines = log.read_bytes().splitlines()
    made = [json.loads(line) for line in lines if line.endswith(b"}")]
    assert len(made) == len(lines) - 1
    assert len({one["id"] for one in made}) == len(made)
    found = Counter(one["eventType"] for one in made)
    for kind, count in kinds(night).items():
        assert found[kind] == count or kind in {"phase:completed", "gate:finished"}, kind
    assert summary(place)["tasks"] == summary(place, "--at", "2100-01-01T00:00Z")["tasks"]


def test_recorded_by_hand_compacted_and_exported(tmp_path: Path) -> None:
    place = Place(tmp_path, tmp_path / "tasks.yaml")
    record = ("metrics", "record", "task:completed", "CR-7", "--model", "m-1", "--role", "impl")
    ended = place.orchestrate(*record, "--at", "2026-01-02T03:04:05Z", "--tokens-in", "100", "--tokens-out", "20")
    assert ended.code == 0, ended.err
    made = json.loads(ended.out)
    assert made["agent"] == {"model": "m-1", "role": "impl", "tokens": {"input": 100, "output": 20}}
    assert place.orchestrate("metrics", "record", "task:started", "CR-7", "--at", "2026-01-02T02:04:05Z").code == 0
    before = summary(place)
    assert before["tasks"]["p50CycleTimeMs"] == 3_600_000
    assert before["agents"]["m-1"]["totalTokens"] == 120
    assert place.orchestrate("metrics", "compact", "--before", "2026-02-01").code == 0
    assert (place.folder / "runs" / "events.jsonl").read_bytes() == b""
    after = summary(place)
    assert after | {"computedAt": ""} == before | {"computedAt": ""}
    rows = list(csv.DictReader(io.StringIO(place.orchestrate("metrics", "export", "--format", "csv").out)))
    assert [(row["entityId"], row["tokensInput"]) for row in rows] == [("CR-7", "100"), ("CR-7", "")]
    logs = json.loads(place.orchestrate("metrics", "export", "--format", "otlp-json").out)
    records = logs["resourceLogs"][0]["scopeLogs"][0]["logRecords"]
    assert records[0]["timeUnixNano"] == "1767323045000000000"
    (place.folder / "runs" / "events-archive" / "000001.jsonl.gz").unlink()
    (place.folder / "runs" / "events.jsonl").unlink()
    assert summary(place)["tasks"] == before["tasks"]
    assert (place.folder / "runs" / ".gitignore").read_text() == "*\n"


@pytest.mark.parametrize(
    "argv",
    [
        ("summary",),
        ("summary", "--compare"),
        ("summary", "--at", "yesterday"),
        ("record", "task:completed", "x", "--tokens-in", "-1"),
        ("record", "task:completed", "x", "--tokens-in", "1"),
        ("record", "task:eaten", "x"),
        ("import",),
        (),
    ],
)
def test_wrong_use_is_said_and_writes_nothing(tmp_path: Path, argv: tuple[str, ...]) -> None:
    place = Place(tmp_path, tmp_path / "tasks.yaml")
    ended = place.orchestrate("metrics", *argv)
    assert ended.code == 2
    assert "error[" in ended.err
    assert "hint: " in ended.err or argv[:1] == ("record",)
    assert not (tmp_path / "runs").exists()
