"""Which delivered branches merge together, and in what order: trial merges in the clone, no gate (seconds at most).

First every pair that could meet (they touch a path in common, or one removes files in a folder where the other adds
some): the conflict matrix. Then the order: what depends on others after them, else the branch with the fewest conflicts
first, else the run's order. Then each in that order onto what has been merged so far; one that conflicts is left out.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import PurePosixPath
from typing import Any

from orchestrator.landing.candidates import Candidate
from orchestrator.policy.order import in_order
from orchestrator.ports import Lane, Merged

_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
"""Trial commits are dated alike, so that the same trial makes the same object."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Clash:
    """Two branches that do not merge."""

    one: str
    other: str
    paths: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class LeftOut:
    """A branch that does not merge with what comes before it."""

    task: str
    why: str
    paths: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class MergePlan:
    """What merges with what."""

    head: str
    order: tuple[str, ...]
    """Tasks that merge onto the head one after the other."""
    left_out: tuple[LeftOut, ...] = ()
    clashes: tuple[Clash, ...] = ()
    """The conflict matrix: pairs that clash, each once."""
    landed: tuple[str, ...] = ()
    """Already in the head."""
    steps: Mapping[str, str] = field(default_factory=dict)
    """Task -> the trial commit after it; for the combined gate."""

    def as_json(self) -> dict[str, Any]:
        """For the journal, the report and ``--json``."""
        return {
            "head": self.head,
            "order": list(self.order),
            "left_out": [{"task": one.task, "why": one.why, "paths": list(one.paths)} for one in self.left_out],
            "clashes": [{"tasks": [one.one, one.other], "paths": list(one.paths)} for one in self.clashes],
            "landed": list(self.landed),
        }


def merge_plan(lane: Lane, head: str, base: str, found: Sequence[Candidate], *, onto: str | None = None) -> MergePlan:
    """The plan for those branches, which grew out of ``base``, onto ``head``; all commits are in the lane.

    ``onto``: what to merge with in the head's place (:func:`with_squashed`).
    """
    clashes = _clashes(lane, base, found)
    degree = {one.id: sum(one.id in (clash.one, clash.other) for clash in clashes) for one in found}
    by_id = {one.id: one for one in found}
    tasks = sorted((one.task for one in found), key=lambda task: degree[task.id])
    order: list[str] = []
    left: list[LeftOut] = []
    landed: list[str] = []
    steps: dict[str, str] = {}
    now = onto or head
    for task in in_order(tasks):
        lacking = next((name for name in task.depends_on if name in {one.task for one in left}), None)
        if lacking is not None:
            left.append(LeftOut(task=task.id, why=f"it grew out of {lacking}, which is left out"))
            continue
        merged = lane.merge(now, by_id[task.id].commit)
        if merged.tree is None:
            left.append(_left_out(task.id, merged, order, clashes))
        elif merged.tree == lane.tree_of(now):
            landed.append(task.id)
        else:
            now = trial_commit(lane, merged.tree, now, by_id[task.id].commit)
            order.append(task.id)
            steps[task.id] = now
    return MergePlan(
        head=head, order=tuple(order), left_out=tuple(left), clashes=clashes, landed=tuple(landed), steps=steps
    )


def trial_commit(lane: Lane, tree: str, *parents: str) -> str:
    """A commit of the clone alone, for further trials; no ref names it."""
    return lane.commit(tree=tree, parents=parents, message="Trial merge\n", at=_EPOCH)


def with_squashed(lane: Lane, head: str, squashed: Sequence[str]) -> str:
    """The head as a commit that has those branches as parents: squashed into it, which git itself does not see."""
    if not squashed:
        return head
    lane.refresh(squashed)
    return trial_commit(lane, lane.tree_of(head), head, *squashed)


def blamed(plan_clashes: Sequence[Clash], task: str, among: Sequence[str]) -> tuple[str, ...]:
    """Those among the tasks that this one clashes with."""
    pairs = [(clash.one, clash.other) for clash in plan_clashes]
    return tuple(name for name in among if (name, task) in pairs or (task, name) in pairs)


def _left_out(task: str, merged: Merged, order: Sequence[str], clashes: Sequence[Clash]) -> LeftOut:
    others = blamed(clashes, task, order)
    why = f"it conflicts with {', '.join(others)}" if others else "it conflicts with the branch you are on"
    if not others and order:
        why = "it conflicts with the branch you are on and those merged before it"
    return LeftOut(task=task, why=why, paths=merged.conflicts)


def _clashes(lane: Lane, base: str, found: Sequence[Candidate]) -> tuple[Clash, ...]:
    touched = {one.id: _Touched.of(lane, base, one.commit) for one in found}
    clashes = []
    for place, one in enumerate(found):
        for other in found[place + 1 :]:
            if other.id in one.task.depends_on or one.id in other.task.depends_on:
                continue
            if not touched[one.id].meets(touched[other.id]):
                continue
            merged = lane.merge(one.commit, other.commit)
            if merged.tree is None:
                clashes.append(Clash(one=one.id, other=other.id, paths=merged.conflicts))
    return tuple(clashes)


@dataclass(frozen=True, slots=True)
class _Touched:
    """What a branch changes: its own and what it grew out of, so too much at times, never too little."""

    paths: frozenset[str]
    added_in: frozenset[str]
    removed_in: frozenset[str]
    above: frozenset[str]

    @classmethod
    def of(cls, lane: Lane, base: str, commit: str) -> _Touched:
        lines = lane.changes(base, commit)
        folders = {line.path: {str(parent) for parent in PurePosixPath(line.path).parents} for line in lines}
        return cls(
            paths=frozenset(folders),
            added_in=frozenset().union(*(folders[line.path] for line in lines if line.status == "A")),
            removed_in=frozenset().union(*(folders[line.path] - {"."} for line in lines if line.status == "D")),
            above=frozenset().union(*folders.values()),
        )

    def meets(self, other: _Touched) -> bool:
        """Whether a merge of the two could conflict: a path in common, a file where the other has a folder, or a
        folder renamed by one into which the other adds."""
        return bool(
            self.paths & (other.paths | other.above)
            or self.above & other.paths
            or self.removed_in & other.added_in
            or self.added_in & other.removed_in
        )
