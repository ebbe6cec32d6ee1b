"""A task ends: its outcome for summary.json, its last state on its branch, the journal's last word about it."""

from __future__ import annotations

from orchestrator.domain.errors import GitError, ModelError, ModelFault, OrchestrateError
from orchestrator.domain.outcome import BudgetStatus, TaskOutcome, TaskStatus
from orchestrator.domain.task import Task
from orchestrator.ledger.charges import total_charge
from orchestrator.ledger.memory import outcome_json
from orchestrator.pipeline.budget_desk import BudgetStopError
from orchestrator.pipeline.calibrate import calibrate
from orchestrator.pipeline.gatehouse import rest_of_gate
from orchestrator.pipeline.night import Night
from orchestrator.pipeline.phase_record import phase_uses, whole_status
from orchestrator.pipeline.publish import commit_and_publish, commit_message
from orchestrator.pipeline.work import TaskEnd, Work
from orchestrator.policy.complexity import grade
from orchestrator.policy.crew import CORE

NOT_CERTIFIED = "Not certified: this is the last state of a task that was not delivered."

_OWN = frozenset({ModelFault.BAD_REQUEST, ModelFault.TOO_LARGE, ModelFault.NO_RECORD, ModelFault.UNKNOWN})
"""Faults of one call: they end its task, not the run. So do those that may heal, once they are known to be its own."""


def ending_of(work: Work, error: OrchestrateError) -> TaskEnd:
    """How an error ends this task; what concerns the whole run is raised again."""
    if isinstance(error, BudgetStopError):
        return TaskEnd(status=TaskStatus.STOPPED, reason=error.message, next_step=error.hint)
    if isinstance(error, ModelError) and (error.transient or error.fault in _OWN):
        return TaskEnd(status=TaskStatus.FAILED, reason=error.message, next_step=error.hint)
    if isinstance(error, GitError):
        work.tell("note", text=f"git: {error.message}")
        return TaskEnd(status=TaskStatus.FAILED, reason=error.message, next_step=error.hint)
    raise error


def end_task(work: Work, end: TaskEnd) -> TaskOutcome:
    """Keep the last state of what was not delivered on its branch, then write down how the task ended."""
    if end.status is not TaskStatus.DELIVERED:
        rest_of_gate(work)
    if end.status is not TaskStatus.DELIVERED and work.tree not in {"", work.base_tree}:
        work.commit, _ = commit_and_publish(work, commit_message(work, NOT_CERTIFIED))
    outcome = _outcome(work, end)
    _finish(work.night, outcome)
    calibrate(work.night, outcome)
    return outcome


def skipped(night: Night, task: Task, blocker: TaskOutcome) -> TaskOutcome:
    """What depends on a task that was not delivered is skipped, and says so."""
    graded = grade(task, night.settings.loop.complexity)
    outcome = TaskOutcome(
        id=task.id,
        title=task.title,
        status=TaskStatus.SKIPPED,
        branch=None,
        commit=None,
        iterations=0,
        iteration_limit=night.settings.loop.iterations.of(graded.complexity),
        complexity=graded.complexity,
        failures={},
        auto_fixed=0,
        conflicts=0,
        charge=total_charge(()),
        seconds=0.0,
        budget_status=BudgetStatus.WITHIN,
        reason=f"it depends on {blocker.id}, which is {blocker.status.value.replace('_', ' ')}",
        next_step=f"orchestrate resume, once {blocker.id} is delivered",
    )
    _finish(night, outcome)
    return outcome


def _finish(night: Night, outcome: TaskOutcome) -> None:
    night.journal.append(
        "task:finished",
        sync=True,
        task=outcome.id,
        status=outcome.status.value,
        reason=outcome.reason,
        iterations=outcome.iterations,
        seconds=round(outcome.seconds, 3),
        tokens=outcome.charge.usage.total,
        cost_usd=None if outcome.charge.cost_usd is None else f"{outcome.charge.cost_usd:f}",
        outcome=outcome_json(outcome),
    )


def _outcome(work: Work, end: TaskEnd) -> TaskOutcome:
    night = work.night
    entries = night.journal.of_task(work.task.id)
    answers = [entry["role"] for entry in entries if entry["type"] == "call:answer"]
    changes = work.lane.changes(work.base_tree, work.tree) if work.tree and work.base_tree else ()
    return TaskOutcome(
        id=work.task.id,
        title=work.task.title,
        status=end.status,
        branch=work.branch if work.commit else None,
        commit=work.commit,
        iterations=work.iteration,
        iteration_limit=work.limits.iterations,
        complexity=work.complexity,
        failures={category: count for category, count in work.failures.items() if count},
        auto_fixed=work.auto_fixed,
        conflicts=work.conflicts,
        charge=total_charge(entries),
        seconds=round(sum(entry["seconds"] for entry in entries if entry["type"] == "phase:left"), 3),
        budget_status=whole_status(work),
        reason=end.reason,
        next_step=end.next_step,
        adr_title=work.adr.title if work.adr else None,
        adr_date=work.adr.date if work.adr else None,
        redesigns=max(0, work.adrs - 1),
        calls_architect=answers.count("architect"),
        calls_executor=answers.count("executor"),
        calls_reviewer=answers.count("reviewer"),
        calls_helpers=sum(role not in CORE for role in answers),
        gate_seconds=round(work.gate_seconds, 3),
        gates=work.gates,
        healed=work.healed,
        suppressions=work.suppressions,
        phases=phase_uses(work),
        history=tuple(work.notes),
        files_changed=tuple(change.path for change in changes),
        insertions=sum(change.insertions for change in changes),
        deletions=sum(change.deletions for change in changes),
    )
