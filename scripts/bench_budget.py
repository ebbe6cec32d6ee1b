"""``scripts/bench budget``: what budgets cost (B9), in processor time: tracking a phase, a calculation, a report, load.

Prints a row a measurement with its bar; ends with 1 where a bar is missed. The load test is 1,000 phases by 4 writers,
each in a task of its own, on one real journal: every record must be whole, and the sums must be right.
"""

from __future__ import annotations

import sys
import tempfile
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from orchestrator.adapters.clock import SystemClock
from orchestrator.domain.call import Charge, Usage
from orchestrator.domain.outcome import TaskOutcome, TaskStatus
from orchestrator.domain.task import Complexity, Importance, Phase
from orchestrator.ledger.charges import charge_fields, total_charge
from orchestrator.ledger.journal import Journal, read_journal
from orchestrator.ledger.spending import Spending, uses_of
from orchestrator.policy.budget import TaskBudget, phase_use, stop_loss, task_budget, task_status
from orchestrator.reports.inputs import CallNote, LimitTerms, TaskDetail
from orchestrator.reports.task_papers import budget_report_markdown
from orchestrator.settings import Budgets
from orchestrator.settings.load import load_settings

PHASES, WRITERS = 1_000, 4
TRACKING_MS, CALCULATION_MS, REPORT_MS = 5.0, 10.0, 100.0
"""B9: under 5 ms a phase, under 10 ms a task, under 100 ms a report."""
_CALLS = 6
"""Calls of a phase in the load test: an answer with look-ups."""


@dataclass(frozen=True)
class Row:
    """A measurement against its bar."""

    what: str
    measured_ms: float
    bar_ms: float

    @property
    def held(self) -> bool:
        """Whether it is under the bar."""
        return self.measured_ms < self.bar_ms


def main() -> int:
    """Measure, print, say whether every bar held."""
    budgets = load_settings(environment={}).settings.budgets
    budget = task_budget(Complexity.MODERATE, Importance.MEDIUM, {}, budgets)
    with tempfile.TemporaryDirectory() as folder:
        alone = _tracking(Path(folder) / "alone.jsonl", budgets, budget)
        loaded, faults = _load(Path(folder) / "load.jsonl", budgets, budget)
    rows = [
        Row("tracking a phase, journal of 8,000 entries", alone, TRACKING_MS),
        Row(f"tracking a phase, {PHASES:,} phases by {WRITERS} writers", loaded, TRACKING_MS),
        Row("a task's limits and its lines", _calculation(budgets), CALCULATION_MS),
        Row("a budget_report.md", _report(budgets, budget), REPORT_MS),
    ]
    for row in rows:
        print(f"{row.what:<55} {row.measured_ms:8.3f} ms   under {row.bar_ms:g} ms: {'held' if row.held else 'MISSED'}")
    print(f"load test: {PHASES:,} phases, {WRITERS} writers: {faults or 'every record whole, every sum right'}")
    return 0 if all(row.held for row in rows) and not faults else 1


def _each_ms(times: int, work: Callable[[int], None]) -> float:
    """Processor milliseconds of one, by this thread alone."""
    began = time.thread_time()
    for number in range(times):
        work(number)
    return 1000 * (time.thread_time() - began) / times


def _phase(journal: Journal, spending: Spending, task: str, phase: Phase, budgets: Budgets, budget: TaskBudget) -> None:
    """All that tracking does for one execution of a phase: both records, and the lines before each of its calls."""
    journal.append("phase:entered", task=task, phase=phase.value)
    for _ in range(_CALLS):
        stop_loss(spending.of(task).by_phase(), budget, budgets, worst_call=40_000)
    used = spending.of(task).phases[phase]
    use = phase_use(phase, used.tokens, used.seconds, budget, budgets)
    fields = {"tokens": use.tokens, "seconds": 1.0, "status": use.status.value, "token_limit": use.token_limit}
    journal.append("phase:left", task=task, phase=phase.value, **fields)


def _calls(journal: Journal, task: str, phase: Phase) -> None:
    """The calls themselves, which are no part of the tracking."""
    fields = charge_fields(Charge(usage=Usage(input_tokens=7, output_tokens=3), cost_usd=None))
    for _ in range(_CALLS):
        journal.append("call:answer", task=task, phase=phase.value, **fields)


def _tracking(path: Path, budgets: Budgets, budget: TaskBudget) -> float:
    journal = Journal.create(path, SystemClock())
    spending, phases = Spending(journal), list(Phase)
    for number in range(PHASES):
        _calls(journal, f"t{number % 10}", phases[number % 5])
    spending.all()
    each = _each_ms(
        PHASES, lambda number: _phase(journal, spending, f"t{number % 10}", phases[number % 5], budgets, budget)
    )
    journal.close()
    return each


def _load(path: Path, budgets: Budgets, budget: TaskBudget) -> tuple[float, str]:
    """The mean over the writers, each by its own processor time; and what is wrong with what they wrote."""
    journal = Journal.create(path, SystemClock())
    spending = Spending(journal)
    spent: list[float] = []

    def write(writer: int) -> None:
        own = 0.0
        for number in range(PHASES // WRITERS):
            phase = list(Phase)[number % 5]
            _calls(journal, f"t{writer}", phase)
            own += _each_ms(1, lambda _, at=phase: _phase(journal, spending, f"t{writer}", at, budgets, budget))
        spent.append(own / (PHASES // WRITERS))

    threads = [threading.Thread(target=write, args=(writer,)) for writer in range(WRITERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    journal.close()
    return sum(spent) / WRITERS, _faults(path)


def _faults(path: Path) -> str:
    entries = read_journal(path).entries
    left = sum(entry["type"] == "phase:left" for entry in entries)
    tokens = {task: use.tokens for task, use in uses_of(entries).items()}
    wanted = {f"t{writer}": PHASES // WRITERS * _CALLS * 10 for writer in range(WRITERS)}
    if left != PHASES:
        return f"{left} records instead of {PHASES}"
    return "" if tokens == wanted else f"sums are {tokens} instead of {wanted}"


def _calculation(budgets: Budgets) -> float:
    def once(_: int) -> None:
        made = task_budget(Complexity.COMPLEX, Importance.HIGH, {}, budgets)
        stop_loss(dict.fromkeys(Phase, 1000), made, budgets, worst_call=0)
        task_status(dict.fromkeys(Phase, 1000), made, budgets)

    return _each_ms(500, once)


def _report(budgets: Budgets, budget: TaskBudget) -> float:
    """One like a complex task's, with 60 calls; the first is not counted: it loads the templates, once a process."""
    uses = tuple(phase_use(phase, 200_000, 700.0, budget, budgets) for phase in Phase)
    outcome = TaskOutcome(
        id="t1",
        title="A task",
        status=TaskStatus.STOPPED,
        branch=None,
        commit=None,
        iterations=5,
        iteration_limit=7,
        complexity=Complexity.COMPLEX,
        failures={},
        auto_fixed=0,
        conflicts=0,
        charge=total_charge(()),
        seconds=1.0,
        budget_status=task_status(dict.fromkeys(Phase, 200_000), budget, budgets),
        phases=uses,
    )
    detail = TaskDetail(
        limits=tuple(
            LimitTerms(phase=each.phase.value, limit=each.tokens, how=each.how) for each in budget.phases.values()
        ),
        calls=tuple(
            CallNote(phase="build", role="executor", model="m", iteration=number // 12 + 1, tokens=number, seconds=1.0)
            for number in range(60)
        ),
    )
    budget_report_markdown(outcome, detail)

    def once(_: int) -> None:
        budget_report_markdown(outcome, detail)

    return _each_ms(20, once)


if __name__ == "__main__":
    sys.exit(main())
