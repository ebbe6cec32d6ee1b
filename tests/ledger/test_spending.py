"""B3, B11: what each task used is the same folded at once or piece by piece, whatever else a journal holds."""

from __future__ import annotations

import threading
from decimal import Decimal
from pathlib import Path
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from orchestrator.domain.call import Charge, Usage
from orchestrator.domain.task import Phase
from orchestrator.ledger.charges import charge_fields
from orchestrator.ledger.journal import Journal, read_journal
from orchestrator.ledger.spending import Spending, take, uses_of
from tests.fakes.clock import FakeClock

PHASES = st.sampled_from([phase.value for phase in Phase])
TASKS = st.sampled_from(["a", "b"])
CALLS = st.builds(
    lambda task, phase, tokens, kind: {
        "type": kind,
        "task": task,
        "phase": phase,
        **charge_fields(Charge(usage=Usage(input_tokens=tokens), cost_usd=Decimal(tokens) / 1000)),
    },
    TASKS,
    PHASES,
    st.integers(0, 9999),
    st.sampled_from(["call:answer", "call:failed", "call:lost"]),
)
LEFT = st.builds(
    lambda task, phase, seconds: {"type": "phase:left", "task": task, "phase": phase, "seconds": seconds},
    TASKS,
    PHASES,
    st.integers(0, 90) | st.none(),
)
OTHERS = st.sampled_from(
    [
        {"type": "note", "text": "x"},
        {"type": "phase:entered", "task": "a", "phase": "somewhere new"},
        {"type": "call:intent", "task": "a", "phase": "build"},
        {"type": "task:finished", "task": "a"},
        {"type": "task:reopened", "task": "a"},
    ]
)


@given(st.lists(CALLS | LEFT | OTHERS, max_size=60))
def test_the_fold_is_the_sum(entries: list[dict[str, Any]]) -> None:
    uses = uses_of(entries)
    for task in ("a", "b"):
        for phase in Phase:
            own = [entry for entry in entries if entry.get("task") == task and entry.get("phase") == phase.value]
            used = uses[task].phases.get(phase) if task in uses else None
            tokens = sum(entry.get("input_tokens", 0) for entry in own)
            seconds = sum(entry.get("seconds") or 0 for entry in own)
            assert (used.tokens, used.seconds) == (tokens, seconds) if used else tokens == seconds == 0
    ends = [entry["type"] for entry in entries if entry["type"] in ("task:finished", "task:reopened")]
    assert (uses["a"].ended if "a" in uses else False) == (ends[-1:] == ["task:finished"])


def test_records_of_four_writers_at_once_are_whole_and_their_sums_right(tmp_path: Path) -> None:
    """B9's load test, a tenth of it: `scripts/bench budget` writes 1,000 phases."""
    journal = Journal.create(tmp_path / "journal.jsonl", FakeClock())
    spending, seen = Spending(journal), list[tuple[int, int]]()
    fields = charge_fields(Charge(usage=Usage(input_tokens=70, output_tokens=30), cost_usd=None))

    def write(writer: int) -> None:
        for number in range(25):
            phase = list(Phase)[number % 5].value
            journal.append("phase:entered", task=f"t{writer}", phase=phase)
            journal.append("call:answer", task=f"t{writer}", phase=phase, **fields)
            journal.append("phase:left", task=f"t{writer}", phase=phase, seconds=1, tokens=100)
            seen.append((number + 1, spending.of(f"t{writer}").tokens))

    threads = [threading.Thread(target=write, args=(writer,)) for writer in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    journal.close()
    assert all(tokens == 100 * rounds for rounds, tokens in seen), "each writer sees all it wrote, and no more"
    entries = read_journal(tmp_path / "journal.jsonl").entries
    assert sum(entry["type"] == "phase:left" for entry in entries) == len(seen) == 100
    assert {task: use.tokens for task, use in uses_of(entries).items()} == {f"t{n}": 2_500 for n in range(4)}


def test_an_open_journal_is_followed_and_a_phase_entered_again_adds(tmp_path: Path) -> None:
    journal = Journal.create(tmp_path / "journal.jsonl", FakeClock())
    spending = Spending(journal)
    for round_ in (1, 2):
        journal.append("phase:entered", task="a", phase="build")
        fields = charge_fields(Charge(usage=Usage(input_tokens=70, output_tokens=30), cost_usd=None))
        journal.append("call:answer", task="a", phase="build", **fields)
        journal.append("phase:left", task="a", phase="build", seconds=1.5)
        used = spending.of("a").phases[Phase.BUILD]
        assert (used.tokens, used.seconds, used.executions) == (100 * round_, 1.5 * round_, round_)
    assert spending.of("a").cost_usd is None, "a price is unknown"
    assert spending.of("nobody").tokens == 0
    whole = uses_of(journal.entries)
    assert whole == dict(spending.all())
    take(whole, {"type": "phase:left"})
    assert whole == dict(spending.all())
    journal.close()
