"""The aggregates: exact, the same however they were reached, and only ever folded anew where they must be."""

from __future__ import annotations

import json
import os
import random
import tempfile
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestrator.cli.metrics_table import summary_text
from orchestrator.ledger import aggregates_cache
from orchestrator.ledger.aggregates import FILE, aggregates, nearest_rank, refresh_aggregates
from orchestrator.ledger.aggregates_cache import replayed, standing_of
from orchestrator.ledger.aggregates_insight import bottlenecks, conflicts, insight, rework_by_model, trend
from orchestrator.ledger.archive import compact
from orchestrator.ledger.events import LOG, Event, encode, event, new_event_id
from orchestrator.ledger.events_read import instant_ms, strict_json
from tests.ledger.event_lines import FOREIGN, at, histories, task_event

NOW = datetime(2026, 4, 1, tzinfo=UTC)


def put(state: Path, events: list[Event], *, mode: str = "ab") -> None:
    with (state / LOG).open(mode) as log:
        log.writelines(map(encode, events))


def figures(state: Path, **how: Any) -> dict[str, Any]:
    return aggregates(standing_of(state, **how), NOW)


def test_the_figures_of_m3(tmp_path: Path) -> None:
    made = [
        event("request:created", id=new_event_id(), at=at(0), entity=("request", "CR-1"), request="CR-1"),
        event("chain:created", id=new_event_id(), at=at(0), entity=("chain", "c1"), chain="c1", request="CR-1"),
        event("chain:created", id=new_event_id(), at=at(0), entity=("chain", "c2"), chain="c2", request="CR-1"),
    ]
    for number, (chain, seconds) in enumerate([("c1", 10), ("c1", 20), ("c2", 70)]):
        name = f"t{number}"
        made += [
            task_event("task:created", name, 0, chain=chain, request="CR-1"),
            task_event("task:started", name, 5, chain=chain),
            task_event("call:answered", name, 6, chain=chain, model="impl-1", tokens=(100, 10)),
            task_event("task:completed", name, 5 + seconds, chain=chain, model="impl-1"),
        ]
    made.insert(6, task_event("task:rework", "t0", 7, chain="c1", model="impl-1"))
    made.append(task_event("task:created", "t3", 1))
    made.append(event("chain:completed", id=new_event_id(), at=at(80), entity=("chain", "c1"), chain="c1"))
    made.append(event("request:closed", id=new_event_id(), at=at(90), entity=("request", "CR-1"), request="CR-1"))
    put(tmp_path, made)
    standing, found = refresh_aggregates(tmp_path, NOW)
    assert found == {
        "computedAt": "2026-04-01T00:00:00.000+00:00",
        "eventCount": len(made),
        "lastEventId": made[-1]["id"],
        "tasks": {
            "total": 4,
            "completed": 3,
            "reworked": 1,
            "avgCycleTimeMs": 33333.333,
            "p50CycleTimeMs": 20000,
            "p90CycleTimeMs": 70000,
        },
        "chains": {"total": 2, "completed": 1, "avgTasksPerChain": 1.5},
        "requests": {"total": 1, "closed": 1, "avgCycleTimeMs": 90000.0},
        "agents": {
            "impl-1": {"tasksCompleted": 3, "reworkRate": 0.3333, "avgCycleTimeMs": 33333.333, "totalTokens": 330}
        },
    }
    assert json.loads((tmp_path / FILE).read_text()) == found
    slow = bottlenecks(standing, instant_ms(at(200)))
    assert [(one["chain"], one["ms"], one["slowestTask"]) for one in slow] == [
        ("c2", 200_000, "t2"),
        ("c1", 80_000, "t1"),
    ]
    assert rework_by_model(standing)["impl-1"] == {"reworks": 1, "perCompletedTask": 0.3333, "calls": 3}
    assert trend(standing)[0]["completed"] == 3


def test_nearest_rank() -> None:
    assert nearest_rank([], 50) is None
    assert [nearest_rank([15, 20, 35, 40, 50], percent) for percent in (5, 30, 40, 50, 100)] == [15, 20, 20, 35, 50]
    assert nearest_rank(list(range(1, 11)), 90) == 9


def test_nothing_is_written_where_nothing_changed(tmp_path: Path) -> None:
    put(tmp_path, [task_event("task:created", "a", 0)])
    refresh_aggregates(tmp_path, NOW)
    before = (tmp_path / FILE).stat().st_mtime_ns
    assert refresh_aggregates(tmp_path, datetime(2026, 5, 1, tzinfo=UTC))[1]["computedAt"].startswith("2026-04-01")
    assert (tmp_path / FILE).stat().st_mtime_ns == before


@settings(max_examples=60, deadline=None)
@given(histories(), st.lists(st.integers(0, 40), max_size=4), st.randoms(use_true_random=False))
def test_folding_on_is_folding_anew(made: list[Event], cuts: list[int], chance: random.Random) -> None:
    """In any portions, with foreign lines and duplicates between: the same as at once. Order does not matter."""
    with tempfile.TemporaryDirectory() as name:
        state = Path(name)
        rows = [encode(one) for one in made]
        rows += [chance.choice(rows) for _ in range(3) if rows] + [line + b"\n" for line in chance.sample(FOREIGN, 3)]
        chance.shuffle(rows)
        places = sorted({0, *(min(cut, len(rows)) for cut in cuts), len(rows)})
        for begin, end in pairwise(places):
            with (state / LOG).open("ab") as log:
                log.writelines(rows[begin:end])
            standing_of(state)
        on = standing_of(state) if rows else None
        anew = standing_of(state, afresh=True)
        assert on is None or aggregates(on, NOW) == aggregates(anew, NOW)
        assert on is None or (on.duplicates, on.foreign) == (anew.duplicates, anew.foreign)
        assert anew.count == len(made)
        put(state, made, mode="wb")
        ordered, mixed = figures(state), aggregates(anew, NOW)
        for one in (ordered, mixed):
            one.pop("lastEventId")
            one["agents"] = dict(sorted(one["agents"].items()))
        if len({(one["entityId"], one["timestamp"]) for one in made if one["eventType"] == "task:completed"}) == sum(
            one["eventType"] == "task:completed" for one in made
        ):
            assert ordered == mixed


@settings(max_examples=60, deadline=None)
@given(histories(), st.lists(st.integers(0, 100_000), min_size=1, max_size=3))
def test_compacting_changes_no_figure(made: list[Event], cuts: list[int]) -> None:
    with tempfile.TemporaryDirectory() as name:
        state = Path(name)
        put(state, made)
        with (state / LOG).open("ab") as log:
            log.write(b"foreign\n")
        before = figures(state)
        for cut in cuts:
            compact(state, instant_ms(at(cut)))
            assert figures(state) == before
            assert figures(state, afresh=True) == before


def test_compacting_moves_the_old_and_keeps_the_rest(tmp_path: Path) -> None:
    made = [task_event("task:created", f"t{number}", number * 100) for number in range(10)]
    put(tmp_path, made)
    done = compact(tmp_path, instant_ms(at(450)))
    assert done.lines == 5
    assert [strict_json(line)["entityId"] for line in (tmp_path / LOG).read_bytes().splitlines()] == [
        f"t{number}" for number in range(5, 10)
    ]
    again = compact(tmp_path, instant_ms(at(450)))
    assert again.archive is None
    assert figures(tmp_path)["eventCount"] == 10


def test_killed_between_archive_and_log_nothing_is_counted_twice(tmp_path: Path) -> None:
    put(tmp_path, [task_event("task:created", f"t{number}", number) for number in range(10)])
    content, before = (tmp_path / LOG).read_bytes(), figures(tmp_path)
    compact(tmp_path, instant_ms(at(5)))
    (tmp_path / LOG).write_bytes(content)
    assert figures(tmp_path) == before
    compact(tmp_path, instant_ms(at(8)))
    assert figures(tmp_path) == before


def test_a_changed_prefix_means_a_rebuild(tmp_path: Path) -> None:
    made = [task_event("task:completed", "a", 1, model="m-1", tokens=(10, 0)), task_event("task:created", "b", 2)]
    put(tmp_path, made)
    assert figures(tmp_path)["agents"]["m-1"]["totalTokens"] == 10
    content = (tmp_path / LOG).read_bytes()
    (tmp_path / LOG).write_bytes(content.replace(b'"input":10', b'"input":90'))
    assert figures(tmp_path)["agents"]["m-1"]["totalTokens"] == 90
    put(tmp_path, made[1:], mode="wb")
    assert figures(tmp_path)["eventCount"] == 1
    (tmp_path / LOG).unlink()
    assert figures(tmp_path)["eventCount"] == 0


@pytest.mark.parametrize("file", [".aggregates.state", ".aggregates.ids", FILE])
@pytest.mark.parametrize("damage", ["cut", "garbage", "gone", "flipped"])
def test_a_damaged_cache_is_none(tmp_path: Path, file: str, damage: str) -> None:
    put(tmp_path, [task_event("task:created", f"t{number}", number) for number in range(5)])
    refresh_aggregates(tmp_path, NOW)
    content = (tmp_path / file).read_bytes()
    if damage == "gone":
        (tmp_path / file).unlink()
    elif damage == "flipped" and file != ".aggregates.ids":
        (tmp_path / file).write_bytes(content[:-9] + bytes([content[-9] ^ 4]) + content[-8:])
    else:
        (tmp_path / file).write_bytes(content[:-7] if damage == "cut" else b"garbage\n")
    put(tmp_path, [task_event("task:created", "new", 9)])
    assert refresh_aggregates(tmp_path, NOW)[1]["tasks"]["total"] == 6


def test_only_what_is_new_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put(tmp_path, [task_event("task:created", f"t{number}", number) for number in range(50)])
    standing_of(tmp_path)
    put(tmp_path, [task_event("task:created", "new", 99)])
    monkeypatch.setattr(aggregates_cache, "_fold_sources", None)  # folding everything would call it
    assert standing_of(tmp_path).count == 51
    assert standing_of(tmp_path).count == 51


def test_a_state_folder_that_cannot_be_written_is_still_summarised(tmp_path: Path) -> None:
    put(tmp_path, [task_event("task:created", "a", 0)])
    (tmp_path / ".aggregates.state").mkdir()
    (tmp_path / ".aggregates.ids").mkdir()
    assert figures(tmp_path)["eventCount"] == 1
    assert not any(path.name.endswith(f".{os.getpid()}") and path.is_dir() for path in tmp_path.iterdir())


def test_as_of_a_time_and_in_a_window(tmp_path: Path) -> None:
    made = []
    for number in range(4):
        begun = number * 1000
        made += [
            task_event("task:started", f"t{number}", begun),
            task_event("call:answered", f"t{number}", begun + 1, model="m", tokens=(10, 0)),
            task_event("task:completed", f"t{number}", begun + 100 * (number + 1), model="m"),
        ]
    put(tmp_path, made)
    early = aggregates(replayed(tmp_path, until=instant_ms(at(1200)) + 1), NOW)
    assert (early["tasks"]["total"], early["tasks"]["completed"], early["eventCount"]) == (2, 2, 6)
    assert aggregates(replayed(tmp_path, until=instant_ms(at(1200))), NOW)["tasks"]["completed"] == 1
    window = aggregates(replayed(tmp_path, since=instant_ms(at(1150)), until=instant_ms(at(2999))), NOW)
    assert (window["tasks"]["completed"], window["tasks"]["avgCycleTimeMs"]) == (2, 250_000.0)
    assert window["agents"]["m"]["totalTokens"] == 10
    assert aggregates(replayed(tmp_path), NOW) == figures(tmp_path)


def test_the_conflict_rate_is_said_from_twenty_tasks_on(tmp_path: Path) -> None:
    put(tmp_path, [task_event("task:completed", f"t{number}", 1, conflicts=int(number < 5)) for number in range(19)])
    assert conflicts(standing_of(tmp_path)) == {"ended": 19, "tasks": 5, "rate": None}
    put(tmp_path, [task_event("task:ended", "last", 1, conflicts=0)])
    assert conflicts(standing_of(tmp_path)) == {"ended": 20, "tasks": 5, "rate": 0.25}


def test_models_over_time_and_a_picture_of_it(tmp_path: Path) -> None:
    day = 86_400
    for number, (model, begun, seconds, reworked) in enumerate(
        [("m-1", 0, 100, True), ("m-1", 10, 300, False), ("m-2", day, 1200, True), ("m-2", day + 5, 600, True)]
    ):
        name = f"t{number}"
        put(tmp_path, [task_event("task:started", name, begun)])
        put(tmp_path, [task_event("task:rework", name, begun + 1, model=model)] if reworked else [])
        put(tmp_path, [task_event("task:completed", name, begun + seconds, model=model)])
    days = trend(standing_of(tmp_path))
    assert [(one["completed"], one["reworkRate"], one["p50CycleTimeMs"]) for one in days] == [
        (2, 0.5, 100_000),
        (2, 1.0, 600_000),
    ]
    assert days[0]["agents"] == {
        "m-1": {"completed": 2, "avgCycleTimeMs": 200_000.0, "p50CycleTimeMs": 100_000, "reworkRate": 0.5}
    }
    standing = standing_of(tmp_path)
    whole = aggregates(standing, NOW) | insight(standing, 0) | {"log": {"foreignLines": 0}}
    assert summary_text(whole).splitlines()[-7:] == [
        "day         completed  reworked       p50",
        "2026-03-01          2      50 %   100.0 s  ####",
        "2026-03-02          2     100 %  10.0 min  ########################",
        "",
        "day: reworked   m-1    m-2",
        "2026-03-01     50 %      -",
        "2026-03-02        -  100 %",
    ]


def test_the_same_task_of_two_runs_is_two_tasks(tmp_path: Path) -> None:
    for run, begun in (("r1", 0), ("r2", 86_400 * 30)):
        put(
            tmp_path,
            [task_event("task:started", "a", begun, run=run), task_event("task:completed", "a", begun + 60, run=run)],
        )
    found = figures(tmp_path)["tasks"]
    assert (found["total"], found["completed"], found["p90CycleTimeMs"]) == (2, 2, 60_000)
    weeks = trend(standing_of(tmp_path))
    assert [(one["from"], one["days"], one["completed"]) for one in weeks] == [
        ("2026-02-23", 7, 1),
        ("2026-03-30", 7, 1),
    ]


@pytest.mark.parametrize("many", [20, 25_000])
def test_duplicates_of_what_was_folded_before_are_found(tmp_path: Path, many: int) -> None:
    """By looking for a few new ids among the known, and by holding all known ones where many are new."""
    made = [task_event("call:answered", "t", number, model="m", tokens=(1, 0)) for number in range(many)]
    put(tmp_path, made)
    standing_of(tmp_path)
    put(tmp_path, [*made, task_event("call:answered", "t", 0, model="m", tokens=(1, 0))])
    standing = standing_of(tmp_path)
    assert (standing.count, standing.duplicates) == (many + 1, many)
