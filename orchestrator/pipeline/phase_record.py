"""Every phase execution is a record of its own: tokens and seconds against their limits (B3), in one journal line."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

from orchestrator.domain.outcome import BudgetStatus, PhaseUse
from orchestrator.domain.task import Phase
from orchestrator.domain.timer import PerformanceTimer
from orchestrator.ledger.spending import Used
from orchestrator.logs import get_logger
from orchestrator.pipeline.budget_rules import NOT_RECKONED
from orchestrator.pipeline.work import Work
from orchestrator.policy.budget import phase_use, task_status

_NOTHING = Used()
T = TypeVar("T")


@contextmanager
def phase_record(work: Work, phase: Phase) -> Iterator[None]:
    """Journal the phase's beginning and its end, whichever way it ends."""
    work.tell("phase:entered", phase=phase.value)
    before = _used(work, phase)
    timer = PerformanceTimer(work.night.clock.monotonic)
    try:
        with timer:
            yield
    finally:
        now = _used(work, phase)
        fields: dict[str, Any] = {
            "phase": phase.value,
            "tokens": now.tokens - before.tokens,
            "seconds": timer.seconds,
        }
        work.tell("phase:left", **fields, **_against_limits(work, phase, now, before.seconds + timer.exactly))


def phase_uses(work: Work) -> tuple[PhaseUse, ...]:
    """Each phase's whole use, of all sessions: entered again, it adds to the same limit. Empty before define.

    With budgets off the limits are 0 and every phase is within: what was used still teaches the registry (B11).
    """
    if work.budget is None and work.rules.budgets.enabled:
        return ()
    return _guarded(
        work, lambda: tuple(_use(work, phase, used := _used(work, phase), used.seconds) for phase in Phase), ()
    )


def whole_status(work: Work) -> BudgetStatus:
    """The task's own: its tokens of all phases against its budget; within where none is in force."""
    budget = work.budget
    if budget is None:
        return BudgetStatus.WITHIN
    used = work.night.memory.spending.of(work.task.id).by_phase()
    return _guarded(work, lambda: task_status(used, budget, work.rules.budgets), BudgetStatus.WITHIN)


def _guarded(work: Work, reckon: Callable[[], T], otherwise: T) -> T:
    """A fault in tracking is said once, and fails no task (B11)."""
    try:
        return reckon()
    except Exception as error:  # noqa: BLE001 - whatever it is
        get_logger("orchestrator.budgets").exception("use could not be held against its limits")
        work.night.say_once(NOT_RECKONED, str(error))
        return otherwise


def _used(work: Work, phase: Phase) -> Used:
    return work.night.memory.spending.of(work.task.id).phases.get(phase, _NOTHING)


def _use(work: Work, phase: Phase, used: Used, seconds: float) -> PhaseUse:
    if work.budget is not None:
        return phase_use(phase, used.tokens, seconds, work.budget, work.rules.budgets)
    return PhaseUse(
        phase=phase,
        tokens=used.tokens,
        token_limit=0,
        seconds=seconds,
        latency_limit_s=0.0,
        status=BudgetStatus.WITHIN,
    )


def _against_limits(work: Work, phase: Phase, used: Used, seconds: float) -> dict[str, Any]:
    """The record's budget fields; none without a budget, or where a fault keeps them from being reckoned (B11)."""
    if work.budget is None:
        return {}
    use = _guarded(work, lambda: _use(work, phase, used, seconds), None)
    if use is None:
        return {}
    return {
        "tokens_so_far": use.tokens,
        "token_limit": use.token_limit,
        "seconds_so_far": round(use.seconds, 3),
        "latency_limit_s": use.latency_limit_s,
        "status": use.status.value,
        "token_status": use.token_status.value,
        "latency_status": use.latency_status.value,
        "budgets": work.rules.digest,
    }
