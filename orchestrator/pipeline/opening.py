"""A task begins: its record, the commit its branch starts from, the journal's first word about it."""

from __future__ import annotations

from collections.abc import Mapping

from orchestrator.domain.outcome import TaskOutcome, TaskStatus
from orchestrator.domain.task import Task
from orchestrator.pipeline.budget_desk import BudgetDesk
from orchestrator.pipeline.budget_rules import NOT_RECKONED, Rules, claims
from orchestrator.pipeline.crew import opening_crew
from orchestrator.pipeline.night import Night
from orchestrator.pipeline.work import TaskEnd, Work
from orchestrator.policy.budget import Stop
from orchestrator.policy.complexity import grade
from orchestrator.ports import Lane


def open_work(night: Night, lane: Lane, task: Task, before: Mapping[str, TaskOutcome]) -> Work:
    """The task's record; ``before``: how the tasks it depends on ended, all delivered."""
    settings = night.settings
    graded = grade(task, settings.loop.complexity)
    crew = opening_crew(night, task, graded.complexity)
    hints = [entry["hint"] for entry in night.memory.all("task:reopened", task=task.id)]
    ids = [each.id for each in night.batch.tasks]
    night.journal.append(
        "task:started",
        task=task.id,
        title=task.title,
        branch=night.branch(task.id),
        complexity=graded.complexity.value,
        iteration_limit=settings.loop.iterations.of(graded.complexity),
        position=ids.index(task.id) + 1,
        of=len(ids),
        depends_on={name: outcome.commit for name, outcome in before.items()},
    )

    rules = night.budgets.read(lambda text: night.journal.append("note", text=f"{task.id}: {text}"))
    return Work(
        night=night,
        lane=lane,
        task=task,
        base=night.base,
        rules=rules,
        desk=_desk(night, task, rules),
        crew=crew,
        complexity=graded.complexity,
        hints=hints,
    )


def _desk(night: Night, task: Task, rules: Rules) -> BudgetDesk:
    """The run's desk under the task's budget; a line that is passed is journaled, with the budgets that drew it."""

    def told(stop: Stop, worst: int) -> None:
        night.journal.append(
            "budget:stopped" if stop.enforced else "budget:observed",
            task=task.id,
            phase=stop.phase.value if stop.phase else None,
            why=stop.why,
            used=stop.used,
            line=stop.line,
            worst_call=worst,
            budgets=rules.digest,
        )

    return BudgetDesk(
        night.desk,
        spending=night.memory.spending,
        task=task.id,
        budgets=rules.budgets,
        caps=night.settings.caps,
        others=claims(night, rules),
        told=told,
        fault=lambda error: night.say_once(NOT_RECKONED, str(error)),
    )


def start_from(work: Work, before: Mapping[str, str]) -> TaskEnd | None:
    """Set the commit the branch starts from: the run's base, a predecessor's commit, or a merge of several.

    A conflict between predecessors goes to a human (decision 8).
    """
    night, lane = work.night, work.lane
    lane.refresh([night.base, *before.values()])
    start = night.base
    for place, (name, commit) in enumerate(before.items()):
        if place == 0:
            start = commit
            continue
        merged = lane.merge(start, commit)
        if merged.tree is None:
            return TaskEnd(
                status=TaskStatus.NEEDS_HUMAN,
                reason=f"what it depends on conflicts in {', '.join(merged.conflicts[:5])}",
                next_step=f"merge {name} and the others by hand, then run this task on the merged branch",
            )
        if merged.tree == lane.tree_of(commit):
            start = commit
        elif merged.tree != lane.tree_of(start):
            began = night.memory.first("task:started", task=work.task.id)
            start = lane.commit(
                tree=merged.tree,
                parents=(start, commit),
                message=f"Merge what {work.task.id} depends on\n",
                at=night.instant(began["at"]),
            )
    work.base = start
    work.base_tree = lane.tree_of(start)
    work.tree = work.base_tree
    return None
