"""Delivered branches onto the checked-out branch, one by one; stops at the first that does not hold (decision 24).

For each: a trial merge in the clone, the merged tree's certificate (known by its hash, or earned in the gate now), and
only then the user's checkout moves to the merge. What landed before a stop stays.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any

from orchestrator.domain.errors import PausedError, RefusedError
from orchestrator.domain.task import Task
from orchestrator.landing.candidates import Candidate, with_ancestors
from orchestrator.landing.certificates import Certificates
from orchestrator.landing.merge_gate import MergeGate
from orchestrator.landing.merge_plan import with_squashed
from orchestrator.landing.record import shift_recorded
from orchestrator.ledger.journal import Journal
from orchestrator.ports import Clock, Lane, Repository, Shift, Standing


class Strategy(StrEnum):
    """How a branch's work comes to the user's branch."""

    MERGE = "merge"
    """A merge commit; the branch's own commit where it grew out of just this one."""
    SQUASH = "squash"
    """One new commit without the branch as a parent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """What became of one branch."""

    task: str
    how: str
    """``merged``, ``squashed``, ``fast-forward``, ``already there``, ``stopped``, ``not reached``."""
    commit: str = ""
    certified: str = ""
    """``known`` by its tree, or ``gated`` now."""
    seconds: float = 0.0
    """Of its gate."""
    why: str = ""
    hint: str = ""
    paths: tuple[str, ...] = ()
    brought: tuple[str, ...] = ()
    """What it grew out of and brought with it."""

    @property
    def stopped(self) -> bool:
        """Whether the landing ends here."""
        return self.how == "stopped"


class _StoppedError(Exception):
    """This branch does not hold."""

    def __init__(self, why: str, *, hint: str = "", paths: tuple[str, ...] = ()) -> None:
        super().__init__(why)
        self.step_fields = {"why": why, "hint": hint, "paths": paths}


@dataclass(slots=True, kw_only=True)
class Landing:
    """One ``land`` command at work."""

    repository: Repository
    lane: Lane
    gate: MergeGate
    certificates: Certificates
    record: Journal
    run: str
    tasks: Sequence[Task]
    """Of the run, for what a branch grew out of."""
    commits: Mapping[str, str]
    """Task -> the commit it was delivered as."""
    strategy: Strategy
    squashed: dict[str, str]
    """Branch commit -> the commit that landed it squashed, from earlier landings."""
    clock: Clock
    tell: Callable[[Step], None]
    session: int = 0
    standing: Standing = field(default_factory=lambda: Standing(branch="", commit=""))

    def land(self, wanted: Sequence[Candidate], repository_name: str) -> tuple[Step, ...]:
        """All of them in their order, or up to the first that does not hold.

        ``RefusedError`` where not even the first could be tried, for a reason that is the checkout's.
        """
        self.standing = self.repository.checkout().standing()
        begun = self.record.append(
            "land:started",
            sync=True,
            repository=repository_name,
            branch=self.standing.branch,
            head=self.standing.commit,
            tasks=[one.id for one in wanted],
            strategy=self.strategy.value,
        )
        self.session = int(begun["seq"])
        self.lane.refresh([self.standing.commit, *(one.commit for one in wanted if not one.gone)])
        steps: list[Step] = []
        for one in wanted:
            step = Step(task=one.id, how="not reached") if steps and steps[-1].how in _ENDED else self._try(one, steps)
            steps.append(step)
            self.tell(step)
        return tuple(steps)

    def _try(self, one: Candidate, before: Sequence[Step]) -> Step:
        try:
            return self._one(one)
        except _StoppedError as stop:
            step = Step(task=one.id, how="stopped", **stop.step_fields)  # type: ignore[arg-type]
        except (RefusedError, PausedError) as error:
            if not any(earlier.commit for earlier in before):
                self.record.append("land:stopped", sync=True, task=one.id, why=error.message)
                raise
            step = Step(task=one.id, how="stopped", why=error.message, hint=error.hint)
        self.record.append("land:stopped", sync=True, task=one.id, why=step.why, paths=list(step.paths))
        return step

    def _one(self, one: Candidate) -> Step:
        checkout, head = self.repository.checkout(), self.standing.commit
        if self._is_there(one):
            return Step(task=one.id, how="already there")
        self._refuse_uncertified(one)
        merged = self.lane.merge(self._ours(), one.commit)
        if merged.tree is None:
            raise self._conflict(one, merged.conflicts)
        if merged.tree == self.lane.tree_of(head):
            return Step(task=one.id, how="already there")
        commit, how = self._commit(one, merged.tree)
        self.repository.bring(self.lane.git_dir, commit)
        shift = Shift(branch=self.standing.branch, old=head, new=commit)
        checkout.refuse_overlap(shift)
        brought = self._brought(one)
        certified, seconds = self._certify(one, commit, brought)
        note = f"orchestrate: landed {one.branch} ({self.strategy.value})"
        fields = {
            "task": one.id,
            "commit": one.commit,
            "session": self.session,
            "strategy": self.strategy.value,
            "branch": shift.branch,
            "old": shift.old,
            "new": shift.new,
        }

        def begin() -> None:
            self.record.append("land:intent", sync=True, **fields)

        shift_recorded(checkout, self.record, shift, note=note, begin=begin)
        self.record.append("land:done", sync=True, **fields)
        self.standing = Standing(branch=shift.branch, commit=commit)
        if self.strategy is Strategy.SQUASH:
            self.squashed[one.commit] = commit
        names = tuple(task.id for task in brought if task.id != one.id)
        return Step(task=one.id, how=how, commit=commit, certified=certified, seconds=seconds, brought=names)

    def _is_there(self, one: Candidate) -> bool:
        """In the head's history, or landed squashed into it."""
        if one.gone and one.commit not in self.squashed:
            raise _StoppedError(
                f"its branch {one.branch} is gone",
                hint=f"bring it back: git -C {self.repository.root} branch {one.branch} {one.commit}",
            )
        return self._contains(one.commit)

    def _brought(self, one: Candidate) -> list[Task]:
        """The task and what it grew out of, as far as that is not in the head."""
        chain = with_ancestors(one.task, self.tasks)
        return [task for task in chain if task.id == one.id or not self._contains(self.commits.get(task.id, ""))]

    def _contains(self, commit: str) -> bool:
        """Whether the head has that branch, merged or squashed."""
        contains, squashed = self.repository.checkout().contains, self.squashed.get(commit)
        if squashed is not None and contains(self.standing.commit, squashed):
            return True
        return bool(commit) and contains(self.standing.commit, commit)

    def _refuse_uncertified(self, one: Candidate) -> None:
        if self.certificates.find(self.lane.tree_of(one.commit)) is not None:
            return
        why = "it was changed since it was delivered, and " if one.moved else ""
        raise _StoppedError(
            f"{why}its tree has no certificate: it is not known to be green",
            hint=f"as it was delivered it stands in the run's reports; yourself: git merge {one.branch}",
        )

    def _ours(self) -> str:
        """What to merge with: the head; with squashed branches as parents, which git could not know of."""
        contains = self.repository.checkout().contains
        known = [commit for commit, new in self.squashed.items() if contains(self.standing.commit, new)]
        return with_squashed(self.lane, self.standing.commit, known)

    def _commit(self, one: Candidate, tree: str) -> tuple[str, str]:
        head = self.standing.commit
        grew = self.strategy is Strategy.MERGE and self.repository.checkout().contains(one.commit, head)
        if grew and tree == self.lane.tree_of(one.commit):
            return one.commit, "fast-forward"
        if self.strategy is Strategy.SQUASH:
            others = [task.id for task in self._brought(one) if task.id != one.id]
            grown = f"Orchestrate-With: {', '.join(others)}\n" if others else ""
            message = f"{self.repository.checkout().message(one.commit).rstrip()}\n{grown}"
            return self.lane.commit(tree=tree, parents=(head,), message=message, at=self.clock.now()), "squashed"
        title = " ".join(one.task.title.split())
        message = f"Merge {one.branch}\n\n    {title}\n\nOrchestrate-Landed: {self.run}/{one.id}\n"
        return self.lane.commit(tree=tree, parents=(head, one.commit), message=message, at=self.clock.now()), "merged"

    def _certify(self, one: Candidate, commit: str, brought: Sequence[Task]) -> tuple[str, float]:
        """The certificate of the merged tree, journaled and kept by its hash."""
        on = self.gate.on(self.standing.commit)
        tree = self.lane.tree_of(commit)
        known = self.certificates.find(tree, gate=on.plan.digest, environment=on.environment.digest)
        if known is not None:
            self._keep(dict(known))
            return "known", 0.0
        passage = self.gate.run(on, commit, brought)
        if passage.certificate is None:
            raise _StoppedError(
                f"the gate is red on the merged tree: {passage.headline}",
                hint=f"its logs are in {self.gate.logs / tree[:12]}",
            )
        self._keep({**passage.certificate, "landing": {"run": self.run, "task": one.id, "branch": one.branch}})
        return "gated", passage.report.seconds

    def _keep(self, certificate: dict[str, Any]) -> None:
        self.record.append("land:certified", sync=True, tree=certificate["tree"], certificate=certificate)
        self.certificates.keep(certificate)

    def _conflict(self, one: Candidate, paths: tuple[str, ...]) -> _StoppedError:
        """Named: what stands in its way, and who changed it in this landing."""
        others = [
            entry["task"]
            for entry in self.record.entries
            if entry["type"] == "land:done"
            and entry["session"] == self.session
            and self.lane.merge(entry["commit"], one.commit).tree is None
        ]
        with_whom = f"with {', '.join(others)}" if others else f"with {self.standing.branch}"
        return _StoppedError(
            f"it conflicts {with_whom} in {', '.join(paths[:5])}",
            hint=f"merge it by hand: git -C {self.repository.root} merge {one.branch}",
            paths=paths,
        )


_ENDED = frozenset({"stopped", "not reached"})


def logs_folder(run_folder: Path) -> Path:
    """Where the gates of merged trees leave their logs."""
    return run_folder / "land"


def is_whole(steps: Sequence[Step]) -> bool:
    """Every branch that was asked for is there now."""
    return all(step.how not in _ENDED for step in steps)
