"""A log folded in two halves: the same standing as in one piece, whatever stands where."""

from __future__ import annotations

import json
import random
import subprocess
import sys
import tempfile
from dataclasses import astuple
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestrator.ledger.aggregates_fold import fold_lines
from orchestrator.ledger.aggregates_halves import merge
from orchestrator.ledger.aggregates_state import Standing
from orchestrator.ledger.events import LOG, Event, encode
from tests.ledger.event_lines import FOREIGN, histories, task_event

FOLD = """\
import json, os, sys
from pathlib import Path
from orchestrator.ledger import aggregates_halves
from orchestrator.ledger.aggregates_state import Standing
standing = Standing()
forks, fork = [], os.fork
def counted():
    forks.append(0)
    return fork()
os.fork = counted
if "dies" in sys.argv:
    aggregates_halves._second_half = lambda *_: os._exit(9)
os.sched_getaffinity = lambda _: {0, 1} if "alone" not in sys.argv else {0}
end, ids = aggregates_halves.fold_log(Path(sys.argv[1]), standing, set())
names = [list(getattr(standing, kind).names) for kind in ("tasks", "chains", "requests", "models", "phases")]
columns = [[list(column) for column in getattr(standing, kind).columns.values()] for kind in ("tasks", "models")]
faults = [(fault.offset, fault.why) for fault in standing.faults]
known = sorted(ids[place : place + 16].hex() for place in range(0, len(ids), 16))
state = [standing.count, standing.last_id, standing.duplicates, standing.foreign, faults, names, columns, end]
print(json.dumps([len(forks), state, known]))
"""
"""In a process of its own: the test's own has threads, where a second process would not be safe."""


def meaning(standing: Standing) -> dict[str, Any]:
    """All of it, rows by name: their numbers are nobody's business."""
    found: dict[str, Any] = {"plain": (standing.count, standing.last_id, standing.foreign, astuple(standing)[5])}
    names = {kind: list(getattr(standing, f"{kind}s").names) for kind in ("chain", "request", "model")}
    for kind in ("tasks", "chains", "requests", "models", "phases"):
        rows = getattr(standing, kind)
        for name, row in rows.names.items():
            values = {column: values[row] for column, values in rows.columns.items()}
            for refers in names.keys() & values.keys():
                values[refers] = names[refers][values[refers]] if values[refers] >= 0 else None
            found[f"{kind} {name}"] = values
    return found


@settings(max_examples=100)
@given(histories(), st.integers(0, 40), st.randoms(use_true_random=False), st.booleans())
def test_two_halves_mean_what_the_whole_means(
    made: list[Event], cut: int, chance: random.Random, windowed: bool
) -> None:
    lines = [encode(one)[:-1] for one in made] + chance.sample(FOREIGN, 3)
    chance.shuffle(lines)
    cut = min(cut, len(lines))
    whole, first, second = (Standing() for _ in range(3))
    for standing in (whole, first, second):
        if windowed:
            standing.since, standing.until = 1_772_323_200_000 + 20_000, 1_772_323_200_000 + 60_000_000
    fold_lines(lines, whole, set(), (LOG, 0))
    fold_lines(lines[:cut], first, set(), (LOG, 0))
    fold_lines(lines[cut:], second, set(), (LOG, sum(len(line) + 1 for line in lines[:cut])))
    merge(first, second)
    assert meaning(first) == meaning(whole)


def folded(path: Path, *how: str) -> tuple[int, Any]:
    ended = subprocess.run([sys.executable, "-c", FOLD, str(path), *how], capture_output=True, text=True, check=True)
    forks, *rest = json.loads(ended.stdout)
    return forks, rest


@pytest.mark.parametrize("doubled", [False, True])
def test_a_large_log_is_folded_by_two_processes(doubled: bool) -> None:
    """An id that stands in both halves, or a second process that dies: all is folded by the first."""
    lines = [encode(task_event("task:created", f"t{number}", number, pad="x" * 900)) for number in range(8_000)]
    lines += [b"foreign\n", encode(task_event("task:completed", "t5", 9_000, model="m-1"))]
    if doubled:
        lines.append(lines[17])
    with tempfile.TemporaryDirectory() as name:
        path = Path(name) / LOG
        path.write_bytes(b"".join(lines) + b'{"torn')
        assert path.stat().st_size > 8 << 20
        alone = folded(path, "alone")
        both = folded(path)
        assert (alone[0], both[0]) == (0, 1)
        assert alone[1] == both[1] == folded(path, "dies")[1]
        assert alone[1][0][2:4] == [int(doubled), 1]
