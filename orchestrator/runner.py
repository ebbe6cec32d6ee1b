"""THE MAIN LOOP: for each task, in order, on a branch of its own: phase after phase.

One lane is the default; more lanes are the same ``run_task`` in more clones (L14). What a task needs of another (the
commit it starts from) is known when it is dispatched, so lanes never wait for each other inside a task.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from queue import SimpleQueue
from typing import Self

from orchestrator.domain.errors import OrchestrateError, ProviderAwayError
from orchestrator.domain.outcome import RunOutcome, TaskOutcome, TaskStatus
from orchestrator.domain.task import Phase, Task
from orchestrator.pipeline import PHASES
from orchestrator.pipeline.calibrate import pause_before
from orchestrator.pipeline.endings import end_task, ending_of, skipped
from orchestrator.pipeline.night import Night
from orchestrator.pipeline.opening import open_work
from orchestrator.pipeline.parking import Parked, ParkingLot
from orchestrator.pipeline.phase_record import phase_record
from orchestrator.pipeline.work import Step, Work
from orchestrator.policy.order import in_order
from orchestrator.ports import Lane

Outcomes = dict[str, TaskOutcome]
Worker = Callable[[Night, Lane, Task, Mapping[str, TaskOutcome]], TaskOutcome]
End = TaskOutcome | Parked
Report = Callable[[TaskOutcome], None]


def run_night(night: Night, lanes: int, report: Report, work: Worker | None = None) -> RunOutcome:
    """Work through the batch; ``report`` is called with each task that ended, in this thread.

    A task whose provider is away goes back to the queue; others go on meanwhile. ``work`` is :func:`run_task` but in
    tests.

    Raises what ends the whole run: ``PausedError``, a provider's refusal, a damaged journal, ``KeyboardInterrupt``.
    """
    outcomes: Outcomes = {}
    order = in_order(night.batch.tasks)
    waiting = list(order)
    parked = ParkingLot(night.breaker, night.clock)
    with Lanes(night, lanes, work) as pool:
        while waiting or pool.busy:
            for task in _settled(night, waiting, outcomes):
                report(outcomes[task.id])
            for task in [task for task in waiting if _is_ready(task, outcomes) and parked.lets(task)][: pool.free]:
                waiting.remove(task)
                pool.start(task, {name: outcomes[name] for name in task.depends_on})
            if waiting and not pool.busy:
                parked.wait()
            for end in pool.ended(parked.soonest_s() if pool.free else None):
                if isinstance(end, Parked):
                    parked.take(end)
                    waiting = [task for task in order if task in waiting or task is end.task]
                else:
                    outcomes[end.id] = end
                    report(end)
    return _verdict(outcomes)


def run_task(night: Night, lane: Lane, task: Task, before: Mapping[str, TaskOutcome]) -> TaskOutcome:
    """One task from discover to its end."""
    night.opened(task.id, lane)
    work = open_work(night, lane, task, before)
    step: Step = Phase.DISCOVER
    while isinstance(step, Phase):
        step = _enter(work, step)
    return end_task(work, step)


def _enter(work: Work, phase: Phase) -> Step:
    """One phase, recorded; an error that concerns this task alone ends the task and no other."""
    pause_before(work, phase)
    with phase_record(work, phase):
        try:
            return PHASES[phase](work)
        except OrchestrateError as error:
            return ending_of(work, error)


def _settled(night: Night, waiting: list[Task], outcomes: Outcomes) -> list[Task]:
    """Take out of ``waiting`` what needs no work: ended in an earlier session, or skipped; in their order."""
    settled = []
    for task in tuple(waiting):
        known = night.memory.outcome(task.id) or _blocked(night, task, outcomes)
        if known is not None:
            outcomes[task.id] = known
            waiting.remove(task)
            settled.append(task)
    return settled


def _blocked(night: Night, task: Task, outcomes: Outcomes) -> TaskOutcome | None:
    for name in task.depends_on:
        if name in outcomes and outcomes[name].status is not TaskStatus.DELIVERED:
            return skipped(night, task, outcomes[name])
    return None


def _is_ready(task: Task, outcomes: Outcomes) -> bool:
    return all(name in outcomes for name in task.depends_on)


def _verdict(outcomes: Outcomes) -> RunOutcome:
    delivered = all(outcome.status is TaskStatus.DELIVERED for outcome in outcomes.values())
    return RunOutcome.DELIVERED if delivered else RunOutcome.PARTLY


class Lanes:
    """Where tasks are worked on: in this thread with one lane, so that a signal reaches it; else a thread a lane."""

    def __init__(self, night: Night, count: int, work: Worker | None = None) -> None:
        self._night = night
        self._work_on = work or run_task
        self._free: SimpleQueue[int] = SimpleQueue()
        for number in range(count):
            self._free.put(number)
        self._pool = ThreadPoolExecutor(count, thread_name_prefix="lane") if count > 1 else None
        self._running: dict[Future[End], int] = {}
        self._started = 0
        self._done: list[End] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        """Wait for the lanes; on a signal their waits, calls and commands are ended first."""
        if self._pool is None:
            return
        if kind is not None and not issubclass(kind, Exception):
            self._night.halt()
        self._pool.shutdown(wait=True, cancel_futures=True)

    @property
    def busy(self) -> bool:
        """Whether a task is under way."""
        return bool(self._running or self._done)

    @property
    def free(self) -> int:
        """Lanes without a task."""
        return self._free.qsize()

    def start(self, task: Task, before: Mapping[str, TaskOutcome]) -> None:
        """Give a task to a free lane."""
        number = self._free.get()
        if self._pool is None:
            self._done.append(self._work(number, task, before))
        else:
            self._started += 1
            self._running[self._pool.submit(self._work, number, task, before)] = self._started

    def ended(self, within_s: float | None = None) -> list[End]:
        """Wait for at least one task, or so many seconds; raises what ended a lane."""
        if self._pool is not None:
            done, _ = wait(self._running, within_s, return_when=FIRST_COMPLETED)
            for future in sorted(done, key=self._running.__getitem__):
                del self._running[future]
                self._done.append(future.result())
        ended, self._done = self._done, []
        return ended

    def _work(self, number: int, task: Task, before: Mapping[str, TaskOutcome]) -> End:
        try:
            return self._work_on(self._night, self._night.repository.lane(number), task, before)
        except ProviderAwayError as away:
            self._night.journal.append("task:parked", task=task.id, provider=away.provider)
            return Parked(task, away.provider)
        finally:
            self._free.put(number)
