"""A session of a run, from its first word to its exit code: shared by ``run``, ``resume`` and ``pilot``."""

from __future__ import annotations

import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from types import FrameType
from typing import TextIO

from orchestrator.cli.door import say
from orchestrator.cli.fitted import fitted
from orchestrator.cli.live import open_listener
from orchestrator.cli.outlet import abandon
from orchestrator.cli.plan import outlook_of, will_not_fit
from orchestrator.cli.report import write_again, write_papers_again
from orchestrator.cli.runs import FoundRun, read_run
from orchestrator.domain.errors import (
    ExitCode,
    JournalError,
    OrchestrateError,
    PausedError,
    ProviderAwayError,
    machine_trouble,
)
from orchestrator.domain.outcome import RunOutcome, TaskOutcome
from orchestrator.intake import Project
from orchestrator.landing.outlook import plan_at_end
from orchestrator.ledger.journal import Journal
from orchestrator.ledger.registry_history import CALIBRATED
from orchestrator.ledger.registry_track import track, words
from orchestrator.ledger.shelf import in_order
from orchestrator.logs import get_logger
from orchestrator.pipeline.night import Night
from orchestrator.policy.outlook import Outlook
from orchestrator.reports.inert import encodable
from orchestrator.reports.pace import Pace
from orchestrator.reports.rebuild import summary_of
from orchestrator.reports.route import night_table
from orchestrator.runner import run_night
from orchestrator.wiring import Session, Wanted, begin, open_session

HELD = 1000
"""Entries that a report may hold at once, some 30 tasks: 3 MiB."""


class Terminated(KeyboardInterrupt):
    """SIGTERM or SIGHUP: stop as on Ctrl-C, with another exit code."""

    exit_code = ExitCode.TERMINATED


@dataclass(frozen=True, slots=True, kw_only=True)
class Hint:
    """A human's answer to an escalation."""

    task: str
    text: str


def work_through(
    project: Project,
    wanted: Wanted,
    *,
    as_json: bool,
    stream: TextIO,
    folder: Path | None = None,
    hint: Hint | None = None,
    outlook: Outlook | None = None,
) -> int:
    """Run or go on; report whichever way it ends. Raises what could not even start.

    ``outlook``: the batch's, where it is known already.
    """
    with signals(), open_session(project, wanted, folder=folder) as session:
        journal = session.night.journal
        listener = open_listener(stream, as_json=as_json)
        listener.seed(journal.entries)
        journal.listen(listener)
        try:
            begin(session, project, wanted)
            if folder is None:
                _say_what_will_not_fit(session, project, outlook)
            if hint is not None:
                journal.append("task:reopened", sync=True, task=hint.task, hint=hint.text)
            code = _until_its_end(session)
        finally:
            listener.close()
        _last_words(session, as_json=as_json)
        return code


def _say_what_will_not_fit(session: Session, project: Project, outlook: Outlook | None) -> None:
    """Before any money is spent: the tasks that the caps leave no room for. A fault in reckoning fails nothing."""
    night = session.night
    try:
        outlook = outlook or outlook_of(project, str(night.folder.parent), night.clock.now())
        told = will_not_fit(outlook, night.settings.caps)
    except Exception:  # noqa: BLE001 - a foresight, no condition (B11)
        get_logger("orchestrator.night").exception("what will fit the caps could not be reckoned")
        return
    if told:
        night.journal.append("note", text=told)


def _until_its_end(session: Session) -> int:
    """The exit code, with the journal's last word about this session; errors leave only after that word."""
    night = session.night

    try:
        outcome = run_night(night, night.settings.loop.lanes, _reporter(session))
    except KeyboardInterrupt as stop:
        return _interrupted(session, stop)
    except JournalError:
        raise
    except OrchestrateError as error:
        _say_paused(night.journal, error)
        _write_reports(session)
        if isinstance(error, PausedError):
            say(f"paused: {error.message}\nhint: {error.hint}")
            return error.exit_code
        raise
    except OSError as error:
        raise _exhausted(session, error) from error
    except Exception:
        get_logger("orchestrator.night").exception("the run ended by a fault of the program")
        raise
    for drift in session.replay.drift if session.replay else ():
        night.journal.append("replay:drift", call=drift.key.call_id, detail=str(drift))
    _plan_landing(session)
    night.journal.append(
        "run:finished", sync=True, outcome=outcome.value, checkout_after=night.repository.fingerprint()
    )
    _write_reports(session)
    return ExitCode.OK if outcome is RunOutcome.DELIVERED else ExitCode.TASKS_OPEN


def _exhausted(session: Session, error: OSError) -> Exception:
    """A full disk or its like pauses the run; the journal's word about it may not find room either."""
    paused = machine_trouble(error)
    if paused is None:
        get_logger("orchestrator.night").exception("the run ended by a fault of the program")
        return error
    _say_paused(session.night.journal, paused)
    return paused


def _interrupted(session: Session, stop: KeyboardInterrupt) -> int:
    night = session.night
    night.halt()
    night.journal.append("run:interrupted", sync=True, checkout_after=night.repository.fingerprint())
    _write_reports(session)
    say(f"stopped. Go on with: orchestrate resume {night.run}")
    return getattr(stop, "exit_code", ExitCode.INTERRUPTED)


def _say_paused(journal: Journal, error: OrchestrateError) -> None:
    back = error.back_at if isinstance(error, ProviderAwayError) else None
    more = {"resume_at": back.isoformat()} if back else {}
    journal.append("run:paused", sync=True, reason=error.message, hint=error.hint, slug=error.slug, **more)


def _plan_landing(session: Session) -> None:
    """Which delivered branches merge together, for the report: that it cannot be told is said, and fails nothing."""
    night = session.night
    try:
        plan_at_end(night, tuple(night.journal.entries))
    except JournalError:
        raise
    except OrchestrateError as error:
        night.journal.append("note", text=f"trial merges of the branches were not possible: {error.message}")


def _reporter(session: Session) -> Callable[[TaskOutcome], None]:
    """Writes the whole report as a task ends, or where that would take too much of the night its papers alone."""
    pace, now = Pace(), session.night.clock.monotonic

    def keep_reports(ended: TaskOutcome) -> None:
        began = now()
        if not pace.due(began):
            _guarded(session, lambda: _write_papers(session.night, ended.id))
            return
        _write_reports(session, papers_of=ended.id)
        pace.wrote(began, now())

    return keep_reports


def _write_papers(night: Night, task: str) -> None:
    journal = night.journal
    began = journal.of_type("run:started"), journal.of_type("session:started")
    first = [entry for entry in islice(journal.of_type(CALIBRATED), 1) if entry.get("task") != task]
    entries = in_order(*began, first, journal.of_task(task))
    asked = next((one.acceptance for one in night.batch.tasks if one.id == task), ())
    write_papers_again(night.folder, entries, asked)


def _write_reports(session: Session, papers_of: str | None = None) -> None:
    _guarded(session, lambda: write_again(_told(session.night), papers_of))


def _told(night: Night) -> FoundRun:
    """The run as its journal tells it: a long one is read as it is gone through, since what it took stays taken."""
    entries = night.journal.entries
    return read_run(night.folder) if len(entries) <= HELD else FoundRun(folder=night.folder, entries=entries)


def _guarded(session: Session, write: Callable[[], object]) -> None:
    """Reports are a projection: that they cannot be written is said, and fails nothing."""
    try:
        write()
    except Exception as error:  # noqa: BLE001 - a fault in reporting is said, and fails no night (B11)
        get_logger("orchestrator.reports").exception("reports failed")
        session.night.say_once("the reports could not be written", f"{error}; try `orchestrate report`")


def _last_words(session: Session, *, as_json: bool) -> None:
    if as_json:
        return
    entries = tuple(session.night.journal.entries)
    estimates = words(track(entries))
    lines = [night_table(summary_of(entries), entries), f"estimates: {estimates}" if estimates else ""]
    lines.append(f"report: {session.night.folder / 'report.html'}")
    try:
        text = fitted("\n".join(filter(None, lines)), sys.stdout)
        print(encodable(text, sys.stdout.encoding), flush=True)
    except OSError:  # nobody reads, or the terminal is gone: the report stands on disk, and the run's end is its own
        abandon(sys.stdout)


@contextmanager
def signals() -> Iterator[None]:
    """SIGTERM and SIGHUP end the run as Ctrl-C does; handlers are put back afterwards.

    Outside the main thread (a program that embeds us) signals are left alone.
    """

    def stop(_number: int, _frame: FrameType | None) -> None:
        raise Terminated

    before: dict[int, Callable[[int, FrameType | None], object] | int | None] = {}
    try:
        for number in (signal.SIGTERM, signal.SIGHUP):
            if signal.getsignal(number) is signal.SIG_DFL:  # ignored (nohup) stays ignored
                before[number] = signal.signal(number, stop)
    except ValueError:
        pass
    try:
        yield
    finally:
        for changed, handler in before.items():
            signal.signal(changed, handler)
