"""A run that is over, and its repository, made ready to be landed: the same lanes, gate and sandbox as in the night."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from orchestrator.adapters import processes
from orchestrator.adapters.clock import SystemClock
from orchestrator.adapters.repository import UserRepository, cache_home
from orchestrator.adapters.sandbox_probe import choose
from orchestrator.domain.outcome import RunSummary
from orchestrator.gate.toolchains import shipped_toolchains
from orchestrator.intake import Project
from orchestrator.landing.candidates import Candidate, candidates
from orchestrator.landing.certificates import Certificates
from orchestrator.landing.land import Landing, Step, Strategy, logs_folder
from orchestrator.landing.merge_gate import MergeGate
from orchestrator.landing.merge_plan import MergePlan, merge_plan, with_squashed
from orchestrator.landing.record import Landed, open_record, read_records, squashed
from orchestrator.landing.undo import recover_all, undo
from orchestrator.ports import Lane
from orchestrator.settings.secrets import arm
from orchestrator.wiring import user_repository
from orchestrator.wiring_models import REPLAY


@dataclass(frozen=True, slots=True, kw_only=True)
class LandingSite:
    """A run's repository, held, with nothing of an earlier landing left half done."""

    project: Project
    summary: RunSummary
    folder: Path
    """The run's."""
    repository: UserRepository
    clock: SystemClock
    sandbox: str
    quarantined: frozenset[str]
    """Tests that disagreed with themselves in the run."""
    recovered: tuple[str, ...]
    """What had to be brought to an end first, a sentence each."""

    @property
    def state(self) -> Path:
        """The state folder."""
        return self.folder.parent

    def candidates(self, wanted: Sequence[str] | None) -> tuple[Candidate, ...]:
        """The delivered branches asked for; ``None``: all."""
        return candidates(self.project.batch.tasks, self.summary, self.repository, wanted)

    def gate(self, lane: Lane) -> MergeGate:
        """The gate of merged trees."""
        return MergeGate(
            lane=lane,
            batch=self.project.batch,
            settings=self.project.loaded.settings,
            toolchains=shipped_toolchains(),
            baselines=cache_home(os.environ) / self.repository.name / "baselines",
            clock=self.clock,
            sandbox=self.sandbox,
            logs=logs_folder(self.folder),
            quarantined=self.quarantined,
        )

    def land(self, wanted: Sequence[Candidate], strategy: Strategy, tell: Callable[[Step], None]) -> tuple[Step, ...]:
        """Land them; each step is told as it ends."""
        lane = self.repository.lane(0)
        earlier = squashed(read_records(self.state, self.repository.name))
        record = open_record(self.folder, self.clock)
        try:
            landing = Landing(
                repository=self.repository,
                lane=lane,
                gate=self.gate(lane),
                certificates=Certificates(self.state),
                record=record,
                run=self.summary.run,
                tasks=self.project.batch.tasks,
                commits={task.id: task.commit for task in self.summary.tasks if task.commit},
                strategy=strategy,
                squashed=earlier,
                clock=self.clock,
                tell=tell,
            )
            return landing.land(wanted, self.repository.name)
        finally:
            record.close()

    def plan(self, found: Sequence[Candidate]) -> MergePlan:
        """Which of them merge together, onto the checked-out commit."""
        lane, head = self.repository.lane(0), self.repository.pin(None)
        there = [one for one in found if not one.gone]
        lane.refresh([head, self.summary.base, *(one.commit for one in there)])
        contains = self.repository.checkout().contains
        earlier = squashed(read_records(self.state, self.repository.name))
        onto = with_squashed(lane, head, [commit for commit, new in earlier.items() if contains(head, new)])
        return merge_plan(lane, head, self.summary.base, there, onto=onto)

    def undo(self) -> Landed:
        """Take the last landing back."""
        return undo(self.state, self.repository, self.clock)


@contextmanager
def open_landing_site(
    project: Project, summary: RunSummary, folder: Path, entries: Sequence[Mapping[str, Any]]
) -> Iterator[LandingSite]:
    """Hold the repository (I13), and bring to an end what an earlier landing left half done."""
    settings, clock = project.loaded.settings, SystemClock()
    arm(settings)
    sandbox = choose(settings.sandbox, recorded=summary.models_mode.startswith(REPLAY))
    repository = user_repository(project.batch, settings, sandbox)
    lock = repository.hold(run=f"{summary.run} (landing)", at=clock.now())
    try:
        yield LandingSite(
            project=project,
            summary=summary,
            folder=folder,
            repository=repository,
            clock=clock,
            sandbox=sandbox.told(settings.gate.allow),
            quarantined=frozenset(
                str(test) for entry in entries if entry["type"] == "test:quarantined" for test in entry["tests"]
            ),
            recovered=recover_all(folder.parent, repository, clock),
        )
    finally:
        processes.stop_all()
        repository.close()
        lock.release()
