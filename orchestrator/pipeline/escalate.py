"""To a human (L12), or on with what a human has answered already."""

from __future__ import annotations

from dataclasses import replace

from orchestrator.domain.outcome import TaskStatus
from orchestrator.domain.task import Phase
from orchestrator.pipeline.work import Step, TaskEnd, Work


def escalate(work: Work, why: str) -> Step:
    """End the task for a human; where a hint answers this escalation, the architect thinks again with it.

    Hints are used in the order they were given, one an escalation, so that a resume takes the same way. Each gives
    the task its iteration limit anew.
    """
    if not work.hints or work.adr is None:
        return TaskEnd(status=TaskStatus.NEEDS_HUMAN, reason=why, next_step=_next_step(work))
    hint = work.hints.pop(0)
    work.tell("hint:used", hint=hint, after=why)
    own = work.night.settings.loop.iterations.of(work.complexity)
    work.limits = replace(work.limits, iterations=work.iteration + own)
    work.rethink = f"{why}. A human answers: {hint}"
    work.feedback = ""
    return Phase.PLAN


def _next_step(work: Work) -> str:
    return f'orchestrate resume {work.night.run} --task {work.task.id} --hint "what to do differently"'
