"""Settings become real adapters here, and nowhere else."""

from __future__ import annotations

import os
import platform
import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from orchestrator import __version__
from orchestrator.adapters import processes
from orchestrator.adapters.awake import NOTHING, keep_awake
from orchestrator.adapters.clock import SystemClock
from orchestrator.adapters.environment import EnvironmentProvider
from orchestrator.adapters.lane_paths import LanePaths
from orchestrator.adapters.models import deadlines
from orchestrator.adapters.models.replay import ReplayLlm
from orchestrator.adapters.models.sdks import load_ahead
from orchestrator.adapters.notify import open_notifier
from orchestrator.adapters.repository import UserRepository, cache_home
from orchestrator.adapters.sandbox_probe import SandboxChoice, choose
from orchestrator.adapters.shell import LaneShell, Surroundings
from orchestrator.adapters.telemetry import open_telemetry
from orchestrator.agents.staff import hired
from orchestrator.crash_points import crash_point
from orchestrator.domain.errors import RefusedError
from orchestrator.domain.task import Batch
from orchestrator.gate.toolchains import shipped_toolchains
from orchestrator.intake import Project
from orchestrator.ledger.breaker import Breaker
from orchestrator.ledger.calls import CallDesk
from orchestrator.ledger.charges import close_open_intents, total_charge
from orchestrator.ledger.durable import sweep, sync_folder, write_whole
from orchestrator.ledger.events_sync import Emitter
from orchestrator.ledger.journal import Journal
from orchestrator.ledger.memory import Memory
from orchestrator.ledger.purse import Purse
from orchestrator.ledger.registry import Registry, registry_path
from orchestrator.ledger.registry_start import estimates_from, estimates_json, estimates_now
from orchestrator.logs import close_log, get_logger, open_log
from orchestrator.pipeline.budget_rules import BudgetRules, rules_of
from orchestrator.pipeline.calibrate import catch_up
from orchestrator.pipeline.night import Night
from orchestrator.policy.calibration_interval import Known
from orchestrator.policy.complexity import grade
from orchestrator.policy.estimate import known_of, text_tokens
from orchestrator.ports import Shell
from orchestrator.settings import Settings
from orchestrator.settings.secrets import arm
from orchestrator.wiring_models import LIVE, Asked, asked_of, replay_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What the command line asks of a session, beside settings."""

    models: str = LIVE
    """``live``, or ``replay:DIR``."""
    strict: bool = False
    state: Path | None = None
    ask_now: bool = False
    """``resume --now``: providers are asked that wanted to be left alone for longer."""
    by_hand: bool = False
    """Single tasks were named (``--only``): the smaller fallback of the usable budget (R5)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """One process that works on a run: the run itself, and what has to be let go of afterwards."""

    night: Night
    replay: ReplayLlm | None
    uncommitted: tuple[str, ...]
    unchecked: tuple[str, ...]
    """Providers whose models could not be looked at."""
    resumed: bool
    awake: str = ""
    """What keeps the machine awake; empty: nothing does."""


@contextmanager
def open_session(project: Project, wanted: Wanted, *, folder: Path | None = None) -> Iterator[Session]:
    """Wire a run up; ``folder``: an existing run's, to go on with.

    Everything that can be wrong is found before the first task: another run on the repository, no sandbox, a missing
    or refused key, a model that does not exist, a price that is not known under a money cap.
    """
    with ExitStack() as stack:
        yield _open(project, wanted, folder, stack)


def _open(project: Project, wanted: Wanted, folder: Path | None, stack: ExitStack) -> Session:
    batch, settings = project.batch, project.loaded.settings
    arm(settings)
    clock = SystemClock()
    replay = replay_of(wanted.models, strict=wanted.strict)
    staff = hired(settings, batch.tasks)
    if replay is None:
        load_ahead([settings.models.providers[name].adapter for name in staff.models_by_provider()])
    sandbox = choose(settings.sandbox, recorded=replay is not None)
    repository = user_repository(batch, settings, sandbox)
    stack.callback(repository.close)
    run = folder.name if folder else _run_name(batch, clock.now(), _state(batch, wanted))
    stack.callback(repository.hold(run=run, at=clock.now()).release)
    base = repository.pin(batch.base)
    asked = asked_of(project, staff, replay, sandbox, repository, clock.now(), stack)
    home = folder or _new_folder(project, wanted, run)
    journal = _journal(home, clock, stack, fresh=folder is None)
    _notify(settings, run, journal, stack)
    memory = Memory(journal)
    begun = memory.first("run:started") if folder else {}
    registry = _registry(home.parent, settings, clock, live=replay is None)
    breaker = Breaker(journal, clock, settings.models.outages, ask_now=wanted.ask_now)
    night = Night(
        run=run,
        folder=home,
        batch=batch,
        base=str(begun.get("base", base)),
        settings=settings,
        journal=journal,
        memory=memory,
        budgets=BudgetRules(rules_of(project.loaded), project.reload),
        desk=_desk(asked, settings, journal, home, clock, breaker),
        breaker=breaker,
        staff=asked.staff,
        clock=clock,
        repository=repository,
        toolchains=shipped_toolchains(),
        baselines=cache_home(os.environ) / repository.name / "baselines",
        sandbox=sandbox.told(settings.gate.allow),
        recorded=replay.holds if replay is not None else None,
        halt=_halting(clock),
        opened=asked.commands.opened,
        registry=registry,
        estimates=(
            estimates_from(begun.get("estimates"))
            if folder
            else estimates_now(registry, home.parent, settings, _known(batch, settings), by_hand=wanted.by_hand)
        ),
    )
    uncommitted = repository.uncommitted(night.base)
    awake = keep_awake(run, os.environ) if replay is None and settings.loop.keep_awake else NOTHING
    stack.callback(awake.release)
    return Session(
        night=night,
        replay=replay,
        uncommitted=uncommitted,
        unchecked=asked.unchecked,
        resumed=folder is not None,
        awake=awake.by,
    )


def _notify(settings: Settings, run: str, journal: Journal, stack: ExitStack) -> None:
    """Tell of ends, pauses and waits, where that is set."""
    notifier = open_notifier(settings.notify, run, journal.entries)
    if notifier is not None:
        stack.callback(notifier.close)
        journal.listen(notifier)


def _desk(
    asked: Asked, settings: Settings, journal: Journal, home: Path, clock: SystemClock, breaker: Breaker
) -> CallDesk:
    """Where calls are paid for; what was bought already is in the run's folder."""
    deepest = asked.staff.assign("architect")
    return CallDesk(
        journal=journal,
        folder=home / "calls",
        llms=asked.llms,
        prices=asked.prices,
        purse=Purse(settings.caps, total_charge(journal.entries)),
        models=settings.models,
        clock=clock,
        deepest=(deepest.provider, deepest.model),
        breaker=breaker,
    )


def _journal(home: Path, clock: SystemClock, stack: ExitStack, *, fresh: bool) -> Journal:
    """The run's journal, open; what a dead session left in flight is settled, and the project's events catch up."""
    stack.callback(close_log, open_log(home / "run.log.jsonl"))
    path = home / "journal.jsonl"
    sweep((*home.parent.glob(".*.tmp"), *home.parent.glob("*/.*.tmp"), *home.rglob(".*.tmp")))
    journal = Journal.create(path, clock) if fresh else Journal.reopen(path, clock)
    emitter = Emitter(home.parent, home.name)
    stack.callback(emitter.close)
    stack.callback(journal.close)
    for call in close_open_intents(journal, home / "calls"):
        journal.append("note", text=f"an answer was lost in flight, and is charged at its worst case: {call}")
    emitter.catch_up(journal.entries)
    journal.listen(emitter)
    telemetry = open_telemetry(home.name, os.environ, journal.entries)
    if telemetry is not None:
        stack.callback(telemetry.close)
        journal.listen(telemetry)
    return journal


def _halting(clock: SystemClock) -> Callable[[], None]:
    def halt() -> None:
        clock.halt()
        deadlines.stop_all()
        processes.stop_all(for_good=True)

    return halt


def begin(session: Session, project: Project, wanted: Wanted) -> None:
    """The journal's first words about the run (a new one) and about this session."""
    night = session.night
    settings = night.settings
    common: dict[str, Any] = {
        "models_mode": wanted.models,
        "sandbox": night.sandbox,
        "awake": session.awake,
        "checkout_before": night.repository.fingerprint(),
        "repo": str(night.batch.repo),
        "state_dir": _as_typed(night.folder),
        "settings": project.loaded.digest,
        "tasks_digest": night.batch.digest,
        "version": __version__,
        "pid": os.getpid(),
    }
    if not session.resumed:
        tasks = [
            {
                "id": task.id,
                "title": task.title,
                "complexity": (graded := grade(task, settings.loop.complexity)).complexity.value,
                "iteration_limit": settings.loop.iterations.of(graded.complexity),
                "importance": task.importance.value,
                "text_tokens": text_tokens(task),
                "depends_on": list(task.depends_on),
                "request": task.request or night.batch.request,
            }
            for task in night.batch.tasks
        ]
        night.journal.append(
            "run:started",
            sync=True,
            run=night.run,
            base=night.base,
            tasks=tasks,
            tasks_file=str(night.batch.source),
            estimates=estimates_json(night.estimates),
            **common,
        )
    get_logger("orchestrator.session").info(
        "session", run=night.run, resumed=session.resumed, version=__version__, python=platform.python_version()
    )
    night.journal.append("session:started", sync=True, run=night.run, resumed=session.resumed, **common)
    if night.estimates.said:
        night.journal.append("note", text=night.estimates.said)
    catch_up(night)
    for warning in session.unchecked:
        night.journal.append("note", text=warning)
    for path in session.uncommitted[:20]:
        night.journal.append("note", text=f"not in the base, so not seen by the run: {path}")
    if len(session.uncommitted) > 20:  # noqa: PLR2004 - enough to recognise one's own work by
        night.journal.append("note", text=f"and {len(session.uncommitted) - 20} more paths that are not in the base")


def _known(batch: Batch, settings: Settings) -> dict[str, Known]:
    """What is known of each task before it begins."""
    return {task.id: known_of(task, grade(task, settings.loop.complexity).complexity) for task in batch.tasks}


def _registry(state: Path, settings: Settings, clock: SystemClock, *, live: bool) -> Registry:
    """The calibration registry of that state folder."""
    path = registry_path(state, settings.registry.path)
    return Registry(path, size=settings.registry.window, now=clock.now, live=live)


def _state(batch: Batch, wanted: Wanted) -> Path:
    return (wanted.state or batch.source.parent / "runs").resolve()


def _run_name(batch: Batch, now: datetime, state: Path) -> str:
    """``20261121-0236-pilot``: when, and the tasks file's name (its folder's, where that is just ``tasks``)."""
    stem = batch.source.stem if batch.source.stem != "tasks" else batch.source.parent.name
    slug = re.sub(r"[^a-z0-9]+", "-", stem.lower()).strip("-")[:40] or "run"
    name = f"{now.astimezone():%Y%m%d-%H%M}-{slug}"
    taken = {path.name for path in state.iterdir()} if state.is_dir() else set()
    number = 2
    unique = name
    while unique in taken:
        unique, number = f"{name}-{number}", number + 1
    return unique


def _new_folder(project: Project, wanted: Wanted, run: str) -> Path:
    """The run's folder, with the tasks file as it was; the state folder never shows up in a repository's status."""
    state = _state(project.batch, wanted)
    folder = state / run
    try:
        folder.mkdir(parents=True)
        ignore = state / ".gitignore"
        if not ignore.exists():
            write_whole(ignore, b"*\n")
        crash_point("run-folder.made")
        (folder / "calls").mkdir()
        write_whole(folder / "tasks.yaml", project.file.read_bytes())
        for made in (folder, state, state.parent):  # names that a power cut would take, and the journal with them
            sync_folder(made)
        crash_point("run-folder.whole")
    except OSError as error:
        raise RefusedError(
            f"{folder}: cannot be made: {error.strerror}", hint="choose another place: --state DIR", slug="state-folder"
        ) from None
    return folder


def _as_typed(folder: Path) -> str:
    """The folder as the user would type it from where they stand."""
    try:
        return str(folder.relative_to(Path.cwd()))
    except ValueError:
        return str(folder)


def user_repository(batch: Batch, settings: Settings, sandbox: SandboxChoice) -> UserRepository:
    """The batch's repository, its lanes under that sandbox; not held yet."""
    surroundings = Surroundings.here(batch.repo)

    def shell(paths: LanePaths) -> Shell:
        return LaneShell(paths, sandbox=sandbox, limits=settings.gate, surroundings=surroundings)

    return UserRepository(
        batch.repo,
        cache=cache_home(os.environ),
        keep=settings.gate.dependency_folders,
        shell=shell,
        provide=EnvironmentProvider(limits=settings.gate, surroundings=surroundings, sandbox=sandbox.kind),
    )
