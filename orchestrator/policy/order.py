"""In which order tasks are worked on, which of them form a chain, and what a failure takes with it."""

from __future__ import annotations

import heapq
from collections.abc import Sequence

from orchestrator.domain.task import Task


def in_order(tasks: Sequence[Task]) -> tuple[Task, ...]:
    """Dependencies first; among what is free to start, the file's order. Dependencies outside ``tasks`` are met.

    ``ValueError`` on a cycle (intake refuses it before).
    """
    place = {task.id: index for index, task in enumerate(tasks)}
    waits = {task.id: {one for one in task.depends_on if one in place} for task in tasks}
    followers: dict[str, list[str]] = {task.id: [] for task in tasks}
    for task_id, needed in waits.items():
        for one in needed:
            followers[one].append(task_id)
    free = [place[task_id] for task_id, needed in waits.items() if not needed]
    heapq.heapify(free)
    ordered: list[Task] = []
    while free:
        task = tasks[heapq.heappop(free)]
        ordered.append(task)
        for follower in followers[task.id]:
            waits[follower].discard(task.id)
            if not waits[follower]:
                heapq.heappush(free, place[follower])
    if len(ordered) < len(tasks):
        stuck = ", ".join(task.id for task in tasks if waits[task.id])
        raise ValueError(f"the dependencies of {stuck} go in a circle")
    return tuple(ordered)


def chains(tasks: Sequence[Task]) -> tuple[tuple[str, ...], ...]:
    """Ids of the tasks tied by ``depends_on``, each group in working order; a task without ties is a chain of one.

    A chain's name is its first task's id (M2).
    """
    group = {task.id: task.id for task in tasks}

    def root(task_id: str) -> str:
        while group[task_id] != task_id:
            group[task_id] = group[group[task_id]]
            task_id = group[task_id]
        return task_id

    for task in tasks:
        for one in task.depends_on:
            if one in group:
                group[root(task.id)] = root(one)
    members: dict[str, list[str]] = {}
    for task in in_order(tasks):
        members.setdefault(root(task.id), []).append(task.id)
    return tuple(tuple(ids) for ids in members.values())


def chain_of(tasks: Sequence[Task]) -> dict[str, str]:
    """Task id -> its chain's name."""
    return {task_id: chain[0] for chain in chains(tasks) for task_id in chain}
