"""Agents that are asked at the same time: reserved for at once in fixed order, merged in that order (P2, P3).

A helper that fails never fails its task: it is said, and not asked again for that round, so that a resume takes the
same way. A required one's error is the task's own.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextvars import copy_context
from dataclasses import dataclass
from typing import Generic, TypeVar

from orchestrator.agents.asking import Talk
from orchestrator.domain.call import ToolSpec
from orchestrator.domain.errors import CapReachedError, JournalError, OrchestrateError, ProviderAwayError
from orchestrator.logs import get_logger
from orchestrator.pipeline.work import Work

FAILED = "agent:failed"
_NEEDED = ("architect", "executor", "reviewer")
"""Roles that every task needs."""
T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Part(Generic[T]):
    """One agent's part."""

    talk: Talk
    run: Callable[[], T]
    """Asks, and reads what comes; called in a thread of its own where there are several parts."""
    required: bool = False
    tools: Sequence[ToolSpec] = ()
    """What its first ask offers: reserved for with the rest."""

    @property
    def role(self) -> str:
        """Whose it is."""
        return self.talk.assignment.role


def side_by_side(work: Work, parts: Sequence[Part[T]]) -> dict[str, T]:
    """What each brought, by role, in the parts' order; a helper that failed, now or before a resume, is not there."""
    parts = _held(work, [part for part in parts if part.required or not _failed_before(work, part)])
    try:
        ends = _run(work, parts)
    finally:
        work.desk.let_go([part.talk.request(part.tools) for part in parts if not part.talk.answers])
    brought: dict[str, T] = {}
    for part, end in zip(parts, ends, strict=True):
        try:
            brought[part.role] = end()
        except JournalError:
            raise
        except OrchestrateError as error:
            if part.required or _parks(work, error):
                raise
            _tell(work, part, error)
    return brought


def _parks(work: Work, error: OrchestrateError) -> bool:
    """Whether a provider is away that the task cannot do without: it waits for it, and the helper is asked then."""
    staff = work.night.staff
    return isinstance(error, ProviderAwayError) and error.provider in {staff.assign(role).provider for role in _NEEDED}


def _failed_before(work: Work, part: Part[T]) -> bool:
    entry = work.night.memory.last(FAILED, task=work.task.id, role=part.role, iteration=part.talk.iteration)
    return entry is not None


def _held(work: Work, parts: Sequence[Part[T]]) -> list[Part[T]]:
    """The parts whose worst cases are held together; under a cap the last helpers stay out first."""
    kept = list(parts)
    while True:
        try:
            work.desk.hold([part.talk.request(part.tools) for part in kept])
        except CapReachedError as error:
            helper = next((part for part in reversed(kept) if not part.required), None)
            if helper is None:
                raise
            kept.remove(helper)
            _tell(work, helper, error)
        else:
            return kept


def _run(work: Work, parts: Sequence[Part[T]]) -> list[Callable[[], T]]:
    """Each part's end, in order: what it brought, or what it raises, once all have ended."""
    if len(parts) < 2:  # noqa: PLR2004 - one needs no thread: a signal reaches it here
        return [_at_once(part.run).result for part in parts]
    pool = ThreadPoolExecutor(len(parts), thread_name_prefix="agent")
    try:
        futures = [pool.submit(copy_context().run, part.run) for part in parts]
        for future in futures:
            future.exception()
    except BaseException:
        work.night.halt()  # a signal: every call under way ends, and with it its thread
        raise
    finally:
        pool.shutdown(wait=True, cancel_futures=True)
    return [future.result for future in futures]


def _at_once(run: Callable[[], T]) -> Future[T]:
    future: Future[T] = Future()
    try:
        future.set_result(run())
    except OrchestrateError as error:
        future.set_exception(error)
    return future


def _tell(work: Work, part: Part[T], error: OrchestrateError) -> None:
    get_logger(__name__).warning("a helper failed", task=work.task.id, role=part.role, why=error.message)
    work.tell(FAILED, role=part.role, iteration=part.talk.iteration, why=error.message)
    work.tell("note", text=f"{work.task.id}: went on without the {part.role.replace('_', ' ')}: {error.message}")
