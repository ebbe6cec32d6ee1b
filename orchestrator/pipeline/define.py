"""Define: how hard the task is, and what it may use up (L9, B1)."""

from __future__ import annotations

from orchestrator.agents.research import WEB
from orchestrator.domain.task import Phase
from orchestrator.pipeline.budget_rules import budget_of
from orchestrator.pipeline.work import Step, Work
from orchestrator.policy.budget import TaskBudget, widened
from orchestrator.policy.complexity import grade
from orchestrator.policy.moves import Limits


def define(work: Work) -> Step:
    """Complexity, iteration limit and budget; journaled, with why."""
    settings = work.night.settings
    graded = grade(work.task, settings.loop.complexity)
    work.complexity = graded.complexity
    work.limits = Limits(
        iterations=settings.loop.iterations.of(graded.complexity),
        autofix_rounds=settings.loop.autofix_rounds,
        environment_retries=settings.loop.environment_retries,
        redesigns=settings.loop.redesigns,
        top_tier=work.staff.top_climb("executor"),
        own_tier=work.staff.low_climbs("executor"),
    )
    rules = work.rules
    work.budget = _budget(work) if rules.budgets.enabled else None
    work.desk.budget = work.budget
    work.tell(
        "task:defined",
        complexity=graded.complexity.value,
        score=graded.score,
        reasons=list(graded.reasons),
        iteration_limit=work.limits.iterations,
        limits=[
            {"phase": limit.phase.value, "tokens": limit.tokens, "latency_s": limit.latency_s, "how": limit.how}
            for limit in (work.budget.phases.values() if work.budget else ())
        ],
        change_type=work.crew.change.value,
        agents=list(work.crew.agents),
        importance=work.task.importance.value,
        mode=rules.budgets.mode,
        budgets=rules.digest,
    )
    return Phase.PLAN


def _budget(work: Work) -> TaskBudget:
    """The task's limits; what the web brings and a coding command's own turns are no context of ours, and are allowed
    for beside them."""
    budget = budget_of(work.night, work.rules, work.task, work.complexity)
    research = work.night.settings.research
    extra = research.searches * research.search_tokens if work.crew.has(WEB) else 0
    budget = widened(budget, Phase.DISCOVER, extra, "what searches bring")
    calls = work.rules.budgets.estimate.iterations_a_limit
    turns = int(work.staff.assign("executor").own_tokens * calls)
    return widened(budget, Phase.BUILD, turns, "the command's own turns")
