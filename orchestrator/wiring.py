"""Settings become real adapters here, and nowhere else."""

from __future__ import annotations

import os
import platform
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from orchestrator import __version__
from orchestrator.adapters import processes
from orchestrator.adapters.clock import SystemClock
from orchestrator.adapters.environment import EnvironmentProvider
from orchestrator.adapters.lane_paths import LanePaths
from orchestrator.adapters.models import deadlines
from orchestrator.adapters.models.anthropic_llm import AnthropicLlm
from orchestrator.adapters.models.google_llm import GoogleLlm
from orchestrator.adapters.models.openai_llm import OpenAiLlm
from orchestrator.adapters.models.prices import PriceList
from orchestrator.adapters.models.replay import ReplayLlm
from orchestrator.adapters.repository import UserRepository, cache_home
from orchestrator.adapters.sandbox_probe import SandboxChoice, choose
from orchestrator.adapters.shell import LaneShell, Surroundings
from orchestrator.adapters.workbench_command import Commands
from orchestrator.agents.catalog import load_catalog
from orchestrator.agents.staff import Staff
from orchestrator.domain.call import Charge, Usage
from orchestrator.domain.errors import ModelError, ModelFault, RefusedError, UsageError
from orchestrator.domain.task import Batch
from orchestrator.gate.toolchains import shipped_toolchains
from orchestrator.intake import Project
from orchestrator.ledger.calls import CallDesk
from orchestrator.ledger.charges import close_open_intents, total_charge
from orchestrator.ledger.events_sync import Emitter
from orchestrator.ledger.journal import Journal
from orchestrator.ledger.memory import Memory
from orchestrator.ledger.purse import Purse
from orchestrator.ledger.registry import Registry, registry_path
from orchestrator.ledger.registry_start import estimates_from, estimates_json, estimates_now
from orchestrator.logs import close_log, get_logger, open_log
from orchestrator.pipeline.calibrate import catch_up
from orchestrator.pipeline.night import Night
from orchestrator.policy.complexity import grade
from orchestrator.ports import Llm, Shell
from orchestrator.settings import Models, Provider, Settings

REPLAY = "replay:"
LIVE = "live"
_LISTED = ("anthropic", "google")
"""Adapters whose models the price list knows; a local server's are its owner's to price."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What the command line asks of a session, beside settings."""

    models: str = LIVE
    """``live``, or ``replay:DIR``."""
    strict: bool = False
    state: Path | None = None
    by_hand: bool = False
    """Single tasks were named (``--only``): the smaller fallback of the usable budget (R5)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """One process that works on a run: the run itself, and what has to be let go of afterwards."""

    night: Night
    replay: ReplayLlm | None
    uncommitted: tuple[str, ...]
    resumed: bool


@contextmanager
def open_session(project: Project, wanted: Wanted, *, folder: Path | None = None) -> Iterator[Session]:
    """Wire a run up and journal the session's beginning; ``folder``: an existing run's, to go on with.

    Everything that can be wrong is found before the first task: another run on the repository, no sandbox, a missing
    or refused key, a model that does not exist, a price that is not known under a money cap.
    """
    batch, settings = project.batch, project.loaded.settings
    clock = SystemClock()
    replay = _replay(wanted)
    sandbox = choose(settings.sandbox, recorded=replay is not None)
    repository = user_repository(batch, settings, sandbox)
    run = folder.name if folder else _run_name(batch, clock.now(), _state(batch, wanted))
    lock = repository.hold(run=run, at=clock.now())
    staff = Staff(load_catalog(), settings.models)
    llms: dict[str, Llm] = {}
    around, excludes = Surroundings.here(repository.root), repository.user.excludes
    commands = Commands(sandbox=sandbox, limits=settings.gate, surroundings=around, excludes=excludes)
    try:
        base = repository.pin(batch.base)
        llms = _llms(staff, replay, commands)
        prices = _prices(settings.models)
        if replay is None:
            _check_models(staff, llms)
            _check_prices(staff, settings, prices, clock.now())
        home = folder or _new_folder(batch, wanted, run)
        log = open_log(home / "run.log.jsonl")
        journal = (
            Journal.reopen(home / "journal.jsonl", clock) if folder else Journal.create(home / "journal.jsonl", clock)
        )
        emitter = Emitter(home.parent, run)
        try:
            memory = Memory(journal)
            if folder:
                base = str(memory.first("run:started")["base"])
            for call in close_open_intents(journal, home / "calls"):
                journal.append("note", text=f"an answer was lost in flight, and is charged at its worst case: {call}")
            emitter.catch_up(journal.entries)
            journal.listen(emitter)
            purse = Purse(settings.caps, total_charge(journal.entries) if folder else Charge())
            registry = _registry(home.parent, settings, clock)
            estimates = (
                estimates_from(memory.first("run:started").get("estimates"))
                if folder
                else estimates_now(registry, home.parent, settings, by_hand=wanted.by_hand)
            )
            night = Night(
                run=run,
                folder=home,
                batch=batch,
                base=base,
                settings=settings,
                journal=journal,
                memory=memory,
                desk=CallDesk(
                    journal=journal,
                    folder=home / "calls",
                    llms=llms,
                    prices=prices,
                    purse=purse,
                    models=settings.models,
                    clock=clock,
                ),
                staff=staff,
                clock=clock,
                repository=repository,
                toolchains=shipped_toolchains(),
                baselines=cache_home(os.environ) / repository.name / "baselines",
                sandbox=sandbox.label,
                halt=_halting(clock),
                opened=commands.opened,
                registry=registry,
                estimates=estimates,
            )
            yield Session(
                night=night,
                replay=replay,
                uncommitted=repository.uncommitted(base),
                resumed=folder is not None,
            )
        finally:
            journal.close()
            emitter.close()
            close_log(log)
    finally:
        for llm in {id(llm): llm for llm in llms.values()}.values():
            llm.close()
        repository.close()
        lock.release()


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
    for path in session.uncommitted[:20]:
        night.journal.append("note", text=f"not in the base, so not seen by the run: {path}")
    if len(session.uncommitted) > 20:  # noqa: PLR2004 - enough to recognise one's own work by
        night.journal.append("note", text=f"and {len(session.uncommitted) - 20} more paths that are not in the base")


def _registry(state: Path, settings: Settings, clock: SystemClock) -> Registry:
    """The calibration registry of that state folder."""
    return Registry(registry_path(state, settings.registry.path), size=settings.registry.window, now=clock.now)


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


def _new_folder(batch: Batch, wanted: Wanted, run: str) -> Path:
    """The run's folder, with the tasks file as it was; the state folder never shows up in a repository's status."""
    state = _state(batch, wanted)
    folder = state / run
    try:
        folder.mkdir(parents=True)
        ignore = state / ".gitignore"
        if not ignore.exists():
            ignore.write_text("*\n", encoding="utf-8")
        (folder / "calls").mkdir()
        (folder / "tasks.yaml").write_bytes(batch.source.read_bytes())
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


def _replay(wanted: Wanted) -> ReplayLlm | None:
    if wanted.models == LIVE:
        return None
    if not wanted.models.startswith(REPLAY):
        raise UsageError(
            f"--models {wanted.models!r}: neither live nor replay:DIR", hint="--models replay:runs/RUN/calls"
        )
    return ReplayLlm(Path(wanted.models.removeprefix(REPLAY)), strict=wanted.strict)


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


def _llms(staff: Staff, replay: ReplayLlm | None, commands: Commands) -> dict[str, Llm]:
    """An adapter for each provider that some role may ask."""
    used = staff.models_by_provider()
    if replay is not None:
        return dict.fromkeys(used, replay)
    return {name: _llm(name, staff.models.providers[name], commands) for name in used}


def _llm(name: str, provider: Provider, commands: Commands) -> Llm:
    key = next((os.environ[variable] for variable in provider.key_env if os.environ.get(variable)), None)
    from_env = next((os.environ[variable] for variable in provider.base_url_env if os.environ.get(variable)), None)
    base_url = provider.base_url or from_env
    if provider.adapter == "anthropic":
        return AnthropicLlm(api_key=key, base_url=base_url, provider=name, key_env=provider.key_env)
    if provider.adapter == "google":
        return GoogleLlm(api_key=key, base_url=base_url, provider=name, key_env=provider.key_env)
    if provider.adapter == "openai":
        return OpenAiLlm(api_key=key, base_url=base_url, provider=name, key_env=provider.key_env)
    return commands.llm(name, provider)


def _check_models(staff: Staff, llms: Mapping[str, Llm]) -> None:
    """Keys and models, with all that is wrong in one error: keys are often missing in pairs."""
    faults: list[ModelError] = []
    for name, models in staff.models_by_provider().items():
        try:
            llms[name].check(models)
        except ModelError as error:
            faults.append(error)
    if not faults:
        return
    if len(faults) == 1:
        raise faults[0]
    raise ModelError(
        "; ".join(fault.message for fault in faults),
        fault=ModelFault.AUTHENTICATION,
        provider=", ".join(fault.provider for fault in faults),
        hint="; ".join(dict.fromkeys(fault.hint for fault in faults if fault.hint)),
    )


def _prices(models: Models) -> PriceList:
    per_call = {
        name: provider.cost_per_call
        for name, provider in models.providers.items()
        if provider.adapter == "command" and provider.cost_per_call is not None
    }
    listed = {name: provider.adapter for name, provider in models.providers.items() if provider.adapter in _LISTED}
    return PriceList(models.prices, per_call=per_call, listed=listed)


def _check_prices(staff: Staff, settings: Settings, prices: PriceList, now: datetime) -> None:
    """Under a money cap every model that may be asked has a price (I4)."""
    if settings.caps.max_cost_usd is None:
        return
    one = Usage(input_tokens=1, output_tokens=1)
    for provider, models in staff.models_by_provider().items():
        for model in models:
            own = f"prices.{model}: {{input: USD, output: USD}}"
            known = prices.cost(provider=provider, model=model, usage=one, at=now) is not None
            if (setting := staff.models.providers[provider]).adapter == "command":  # its usage is unknown (decision 28)
                own, known = f"providers.{provider}.cost_per_call: USD", setting.cost_per_call is not None
            if not known:
                raise UsageError(
                    f"a money cap is set, but the price of {model} ({provider}) is not known",
                    hint=f"give it: models.{own}; or --max-cost none",
                    slug="unknown-price",
                )
