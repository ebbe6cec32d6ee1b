"""Which of a run's branches may be landed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from orchestrator.domain.errors import UsageError
from orchestrator.domain.outcome import RunSummary, TaskOutcome, TaskStatus
from orchestrator.domain.task import Task
from orchestrator.policy.order import in_order
from orchestrator.ports import Repository


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A delivered branch as it stands now."""

    task: Task
    branch: str
    commit: str
    """Where the branch stands; where it was delivered, if it is gone."""
    moved: bool = False
    """It does not stand where the run left it: its tree needs a certificate all the same."""
    gone: bool = False
    """There is no such branch any more."""

    @property
    def id(self) -> str:
        """The task's."""
        return self.task.id


def candidates(
    tasks: Sequence[Task], summary: RunSummary, repository: Repository, wanted: Sequence[str] | None
) -> tuple[Candidate, ...]:
    """The delivered branches, dependencies first; ``wanted``: those tasks alone in their order, ``None``: all.

    ``UsageError`` where one is asked for that the run does not have or did not deliver, with all of them named.
    """
    outcomes = {outcome.id: outcome for outcome in summary.tasks}
    known = {task.id for task in tasks}
    delivered = {name for name, outcome in outcomes.items() if outcome.status is TaskStatus.DELIVERED}
    if wanted is not None:
        _refuse(wanted, known, delivered, outcomes, summary.run)
    by_id = {task.id: task for task in tasks}
    names = [task.id for task in tasks if task.id in delivered] if wanted is None else list(dict.fromkeys(wanted))
    return tuple(_candidate(task, outcomes[task.id], repository) for task in in_order([by_id[name] for name in names]))


def with_ancestors(task: Task, tasks: Sequence[Task]) -> tuple[Task, ...]:
    """The task and all its branch grew out of, the task last."""
    by_id = {one.id: one for one in tasks}
    found: dict[str, Task] = {}

    def collect(one: Task) -> None:
        for name in one.depends_on:
            if name in by_id and name not in found:
                collect(by_id[name])
        found[one.id] = one

    collect(task)
    return tuple(found.values())


def _candidate(task: Task, outcome: TaskOutcome, repository: Repository) -> Candidate:
    delivered, branch = str(outcome.commit), str(outcome.branch)
    tip = repository.tip(branch)
    return Candidate(
        task=task, branch=branch, commit=tip or delivered, moved=tip not in {None, delivered}, gone=tip is None
    )


def _refuse(
    wanted: Sequence[str], known: set[str], delivered: set[str], outcomes: dict[str, TaskOutcome], run: str
) -> None:
    faults = []
    for name in wanted:
        if name not in known:
            faults.append(f"{run} has no task {name!r}")
        elif name not in delivered:
            state = outcomes[name].status.value.replace("_", " ") if name in outcomes else "not ended"
            faults.append(f"{name} is not delivered ({state}): only certified branches land")
    if faults:
        names = ", ".join(sorted(delivered)) or "none"
        raise UsageError("; ".join(faults), hint=f"delivered are: {names}", slug="land-not-delivered")
