"""Between the edits and the gate: names that nothing has are told of before any check runs, without a model (L7)."""

from __future__ import annotations

from orchestrator.domain.gate import GateReport
from orchestrator.domain.timer import PerformanceTimer
from orchestrator.failures.existence import check_existence
from orchestrator.pipeline.gatehouse import headline, view_of
from orchestrator.pipeline.work import Work

FOUND = "existence:found"


def foresee(work: Work) -> GateReport | None:
    """A red report without running a check; ``None``: nothing, or only symbols told of before, which the gate decides.

    A resume asks the same of the same tree, so what this very iteration told of does not count as told before.
    """
    told: set[str] = set()
    for entry in work.night.memory.all(FOUND, task=work.task.id):
        if entry["iteration"] < work.iteration:
            told.update(entry["symbols"])
    with PerformanceTimer(work.night.clock.monotonic) as timer:
        failures = check_existence(view_of(work), asked=told)
    if not failures:
        return None
    work.tell(
        FOUND,
        iteration=work.iteration,
        tree=work.tree,
        symbols=sorted({failure.symbol for failure in failures if failure.symbol}),
        headline=headline(failures),
        seconds=timer.seconds,
    )
    return GateReport(tree=work.tree, results=(), failures=failures, seconds=timer.seconds)
