"""A night rehearsed with the real parts: repository, sandbox, gate, providers, disk, machine; a finding each.

Nothing is left behind but the tool's own clone, warm; the user's repository is looked at and not written to (I1).
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path

from orchestrator.adapters.awake import NOTHING, keep_awake
from orchestrator.adapters.credentials import file_expiries, key_files, token_expiry
from orchestrator.adapters.machine import room, size_of, wakefulness
from orchestrator.adapters.repository import UserRepository, cache_home
from orchestrator.adapters.repository_facts import RepositoryFacts, look
from orchestrator.adapters.sandbox_probe import SandboxChoice, SandboxKind, choose
from orchestrator.domain.errors import OrchestrateError, PausedError
from orchestrator.gate.base_state import base_state
from orchestrator.intake import Project
from orchestrator.preflight import judge
from orchestrator.preflight.rehearsal import Passage, Rehearsal, better, judge_gate
from orchestrator.preflight.verdict import Finding, fine, note, stop
from orchestrator.wiring import user_repository
from orchestrator.wiring_gate import open_gate_site

ALLOWED = (("network",), ("home",), ("network", "home"))
"""What ``gate.allow`` can open, the least first."""
_RUN_BYTES = 50 << 20
"""Forecast of one task's records, prompts, answers, patches and logs: five checks' logs at their cap
(``gate.output_cap_bytes``, 10 MB each)."""
_ENVIRONMENT_BYTES = 1 << 30
"""Forecast of a lane's environment that was not made yet: a large node_modules folder has about 1 GiB."""


@dataclass(slots=True, kw_only=True)
class Rehearsed:
    """One rehearsal, part by part; later parts use what earlier ones found."""

    project: Project
    state: Path
    """Where the run's records would be kept."""
    now: datetime
    base: str = ""
    """The commit the tasks start from; empty where that could not be told."""
    facts: RepositoryFacts | None = None
    gate_s: float | None = None
    """How long the gate took on the base, seconds."""
    lane_bytes: int | None = None
    """What one lane takes on disk, environment and all."""
    confined: SandboxChoice = field(default_factory=lambda: choose("none", recorded=False))
    """What stands around gate commands; none until that was looked at."""
    sandboxed: bool = False
    """A run would get the sandbox it wants (none, where that is asked for)."""

    def sandbox(self) -> Iterator[Finding]:
        """Can gate commands be confined?"""
        wanted = self.project.loaded.settings.sandbox
        self.confined = choose(wanted, recorded=False)
        self.sandboxed = True
        if self.confined.kind is SandboxKind.NONE:
            yield note("sandbox", self.confined.note, "leave --sandbox none out", slug="sandbox-off")
        else:
            yield fine("sandbox", "bubblewrap holds: no write, read, connection or process outside")

    def repository(self) -> Iterator[Finding]:
        """Is it there, free and known; who commits; what would a run not see or not do?"""
        batch = self.project.batch
        with self._opened() as repository:
            self.base = repository.pin(batch.base)
            repository.hold(run="doctor", at=self.now).release()
            author, _ = repository.user.people()
            yield fine(
                "git", f"{batch.base or 'the checked-out commit'} is {self.base[:12]}; nobody holds {batch.repo}"
            )
            yield fine("identity", f"{author.name} <{author.email}>")
            facts = self.facts = look(repository, self.base)
            yield judge.signing(facts.signing)
            yield judge.hooks(facts.hooks)
            yield judge.submodules(facts.submodules, batch.tasks)
            yield judge.large_files(facts.lfs, facts.lfs_missing, ready=facts.lfs_ready, tasks=batch.tasks)
            yield judge.key_files(key_files(repository.root), facts.files)

    @contextmanager
    def _opened(self) -> Iterator[UserRepository]:
        repository = user_repository(self.project.batch, self.project.loaded.settings, self.confined)
        try:
            yield repository
        finally:
            repository.close()

    def gate(self, say: Callable[[str], None]) -> Iterator[Finding]:
        """A commit in the clone, and the gate on the base inside the sandbox; where that is red, outside as well."""
        say("setting up and running the gate on the base, in a copy")
        inside = self._passage({}, commit=True)
        outside: Passage | None = None
        opened: tuple[tuple[str, ...], Passage] | None = None
        state = inside.state
        confined = self.confined.kind is SandboxKind.BWRAP
        if state is not None and (state.red or state.broken) and confined:
            say("not green inside the sandbox: once more without it")
            outside = self._passage({"sandbox": "none"})
            if outside.state is not None and better(outside.state, state):
                opened = self._opening(outside, say)
        self.gate_s = state.seconds if state is not None else None
        yield from judge_gate(Rehearsal(inside=inside, outside=outside, opened=opened, sandbox=self.confined.label))

    def _opening(self, outside: Passage, say: Callable[[str], None]) -> tuple[tuple[str, ...], Passage] | None:
        """The least that ``gate.allow`` must open for the inside to say what the outside does."""
        now = self.project.loaded.settings.gate.allow
        for allowed in ALLOWED:
            if set(allowed) <= set(now):
                continue
            say(f"once more with gate.allow: [{', '.join(allowed)}]")
            passage = self._passage({"allow": allowed})
            if passage.state and outside.state and not better(outside.state, passage.state):
                return allowed, passage
        return None

    def _passage(self, changed: dict[str, object], *, commit: bool = False) -> Passage:
        """The gate on the base, where the night will work; under changed settings in a lane of its own."""
        settings = self.project.loaded.settings
        if "allow" in changed:
            settings = settings.model_copy(update={"gate": settings.gate.model_copy(update=changed)})
        elif changed:
            settings = settings.model_copy(update=changed)
        project = replace(self.project, loaded=replace(self.project.loaded, settings=settings))
        with open_gate_site(project, project.batch.base, before="" if changed else "doctor") as site:
            try:
                tree = site.gate.prepare(site.commit)
            except PausedError as error:
                return Passage(state=None, refused=error.message, hint=error.hint)
            if commit:  # as a delivery would: identity and object store, no ref moves
                site.gate.lane.commit(tree=tree, parents=[site.commit], message="A rehearsal", at=self.now)
            report = site.gate.run(tree)
            self.lane_bytes = size_of(site.gate.lane.root.parent)
            return Passage(state=base_state(site.gate.plan, report))

    def credentials(self, end: datetime) -> Iterator[Finding]:
        """Those that say when they end, against the night's end."""
        for name, provider in self.project.loaded.settings.models.providers.items():
            found = [
                expiry
                for variable in (*provider.key_env, *provider.pass_env)
                if (expiry := token_expiry(variable, os.environ.get(variable, "")))
            ]
            if provider.adapter == "command":
                found += file_expiries([Path(folder).expanduser() for folder in provider.config_dirs])
            for each in found:
                judged = judge.expiry(f"{name}: {each.name}", each.at, end)
                if judged is not None:
                    yield judged

    def disk(self) -> Iterator[Finding]:
        """Clones, environments and records, against what is free where they will lie."""
        settings, batch = self.project.loaded.settings, self.project.batch
        cache = cache_home(os.environ)
        tree = self.facts.bytes if self.facts else 0
        lane = self.lane_bytes if self.lane_bytes is not None else 3 * tree + _ENVIRONMENT_BYTES
        records = max(1, len(batch.tasks)) * _RUN_BYTES
        more = max(0, settings.loop.lanes - (1 if self.lane_bytes is not None else 0)) + 1
        for folder, needed in ((cache, lane * more), (self.state, records)):
            found = room(folder, needed)
            yield judge.disk(needed, found.free, found.refused, str(found.folder))

    def machine(self) -> Iterator[Finding]:
        """Will it stay awake?"""
        found, held = wakefulness(), NOTHING
        if found.can_sleep and self.project.loaded.settings.loop.keep_awake:
            held = keep_awake("doctor", os.environ)
            held.release()
        yield judge.awake(can_sleep=found.can_sleep, on_battery=found.on_battery, inhibitor=held.by)


def told(topic: str, part: Callable[[], Iterator[Finding]]) -> Iterator[Finding]:
    """A part's findings; an error that would have stopped the run is one of them."""
    try:
        yield from part()
    except OrchestrateError as error:
        yield stop(topic, error.message, error.hint, slug=error.slug)
    except OSError as error:
        what = f"{error.filename}: {error.strerror}" if error.filename else str(error)
        mend = "free the disk (or what else ran out)"
        yield stop(topic, what, mend, slug="machine-exhausted")
