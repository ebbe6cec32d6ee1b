"""The gate by hand, wired up: the user's repository, a lane of its own, the checkout as it stands."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from orchestrator.adapters import processes
from orchestrator.adapters.repository import UserRepository
from orchestrator.adapters.sandbox_probe import SandboxKind, choose
from orchestrator.adapters.working_tree import Uncommitted, uncommitted, write_back
from orchestrator.domain.edit import FileChange
from orchestrator.domain.errors import RefusedError
from orchestrator.gate.toolchains import shipped_toolchains
from orchestrator.intake import Project
from orchestrator.pipeline.hand_gate import HandGate
from orchestrator.settings.secrets import arm
from orchestrator.wiring import user_repository

LANE = 900
"""Number of the lane that ``gate`` works in: never a run's, so that the two do not wait for each other."""
NIGHTS_LANE = 0
"""Number of a run's first lane."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GateSite:
    """A repository whose gate can be run by hand."""

    gate: HandGate
    commit: str
    """The checked-out commit."""
    uncommitted: Uncommitted
    sandbox: str
    repository: UserRepository

    @property
    def root(self) -> Path:
        """Top of the user's checkout."""
        return self.repository.root

    def write_back(self, before: tuple[FileChange, ...], after: tuple[FileChange, ...]) -> tuple[str, ...]:
        """Write fixes into the user's checkout; the paths that were left alone, since they have changed meanwhile."""
        return write_back(self.root, before, after)


@contextmanager
def open_gate_site(project: Project, base: str | None = None, *, before: str = "") -> Iterator[GateSite]:
    """The lane holds the checked-out commit (or ``base``); what is uncommitted is read, not yet staged.

    ``before``: the command that prepares a night (``init``, ``doctor``). It works where the night will, so that what
    set-up installs is installed once, and holds the repository meanwhile.
    """
    batch, settings = project.batch, project.loaded.settings
    arm(settings)
    sandbox = choose(settings.sandbox, recorded=False)
    repository = user_repository(batch, settings, sandbox)
    with ExitStack() as stack:
        shared = before and sandbox.kind is not SandboxKind.NONE and _held(repository, before, stack)
        stack.callback(repository.close)
        stack.callback(processes.stop_all)
        commit = repository.pin(base)
        own = uncommitted(repository.root, repository.user)
        lane = repository.lane(NIGHTS_LANE if shared else LANE)
        lane.refresh([commit])
        gate = HandGate(
            lane=lane,
            batch=batch,
            settings=settings,
            toolchains=shipped_toolchains(),
            logs=lane.paths.home / "logs",
        )
        yield GateSite(gate=gate, commit=commit, uncommitted=own, sandbox=sandbox.label, repository=repository)


def _held(repository: UserRepository, command: str, stack: ExitStack) -> bool:
    """Take the repository as a run would; a run that has it keeps its lanes to itself.

    Without a sandbox nobody asks: what foreign code could write to is not handed on to a night that has one.
    """
    try:
        stack.enter_context(repository.hold(run=command, at=datetime.now().astimezone()))
    except RefusedError:
        return False
    return True
