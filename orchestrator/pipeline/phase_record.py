"""Every phase execution is a record of its own: tokens and seconds against their limits (B3)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from orchestrator.domain.outcome import PhaseUse
from orchestrator.domain.task import Phase
from orchestrator.pipeline.budget_desk import tokens_by_phase
from orchestrator.pipeline.work import Work
from orchestrator.policy.budget import phase_use


@contextmanager
def phase_record(work: Work, phase: Phase) -> Iterator[None]:
    """Journal the phase's beginning and its end, whichever way it ends."""
    work.tell("phase:entered", phase=phase.value)
    before = tokens_by_phase(work.night.journal, work.task.id).get(phase, 0)
    began = work.night.clock.monotonic()
    try:
        yield
    finally:
        tokens = tokens_by_phase(work.night.journal, work.task.id).get(phase, 0)
        seconds = work.night.clock.monotonic() - began
        fields: dict[str, Any] = {"phase": phase.value, "tokens": tokens - before, "seconds": round(seconds, 3)}
        if work.budget is not None:
            use = phase_use(phase, tokens, seconds, work.budget, work.night.settings.budgets)
            fields |= {"tokens_so_far": tokens, "token_limit": use.token_limit, "status": use.status.value}
        work.tell("phase:left", **fields)


def phase_uses(work: Work) -> tuple[PhaseUse, ...]:
    """Each phase's whole use, of all sessions: entered again, it adds to the same limit. Empty before define."""
    if work.budget is None:
        return ()
    tokens = tokens_by_phase(work.night.journal, work.task.id)
    uses = []
    for phase in Phase:
        left = work.night.memory.all("phase:left", task=work.task.id, phase=phase.value)
        seconds = sum(entry["seconds"] for entry in left)
        uses.append(phase_use(phase, tokens.get(phase, 0), seconds, work.budget, work.night.settings.budgets))
    return tuple(uses)
