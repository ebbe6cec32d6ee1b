"""summary.json: the contract's fields, in its order; more may follow behind them."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from orchestrator.domain.call import Charge
from orchestrator.domain.failure import Category
from orchestrator.domain.outcome import RunSummary, TaskOutcome, TaskStatus
from orchestrator.reports.inert import plain
from orchestrator.reports.measured import conflict_rate, saved_iterations, tried

SUMMARY_VERSION = 1


def summary_json(summary: RunSummary) -> str:
    """The text of summary.json, ASCII, ending with a newline. The same summary gives the same bytes."""
    return json.dumps(summary_fields(summary), ensure_ascii=True, allow_nan=False, indent=2) + "\n"


def summary_fields(summary: RunSummary) -> dict[str, Any]:
    """summary.json as plain values."""
    return {
        "run": summary.run,
        "started_at": summary.started_at,
        "finished_at": summary.finished_at,
        "base": summary.base,
        "outcome": summary.outcome.value,
        "tasks": [_task(task) for task in summary.tasks],
        "totals": _totals(summary),
        "waiting": list(summary.waiting),
        "reason": plain(summary.reason),
        "hint": plain(summary.hint),
        "models": dict(sorted(summary.models.items())),
        "models_mode": summary.models_mode,
        "sandbox": summary.sandbox,
        "checkout_unchanged": checkout_unchanged(summary),
        "notes": [plain(note) for note in summary.notes],
        "version": SUMMARY_VERSION,
    }


def checkout_unchanged(summary: RunSummary) -> bool | None:
    """Whether the user's checkout is as it was (I1); ``None`` where it was not measured."""
    if not summary.checkout_before or not summary.checkout_after:
        return None
    return summary.checkout_before == summary.checkout_after


def _task(task: TaskOutcome) -> dict[str, Any]:
    return {
        "id": task.id,
        "status": task.status.value,
        "branch": task.branch,
        "commit": task.commit,
        "iterations": task.iterations,
        "iteration_limit": task.iteration_limit,
        "complexity": task.complexity.value,
        "failures": _failures(task.failures),
        "auto_fixed": task.auto_fixed,
        "conflicts": task.conflicts,
        "tokens": _tokens(task.charge),
        "cost_usd": _money(task.charge.cost_usd),
        "seconds": round(task.seconds, 3),
        "budget_status": task.budget_status.value,
        "title": plain(task.title),
        "reason": plain(task.reason),
        "next_step": plain(task.next_step),
        "usage_estimated": task.charge.usage.estimated,
        "redesigns": task.redesigns,
        "healed": task.healed,
        "suppressions": task.suppressions,
    }


def _totals(summary: RunSummary) -> dict[str, Any]:
    tasks = summary.tasks
    counts = Counter(task.status for task in tasks)
    return {
        "tasks": len(tasks),
        **{status.value: counts[status] for status in TaskStatus},
        "iterations": sum(task.iterations for task in tasks),
        "failures": _failures(total_failures(tasks)),
        "auto_fixed": sum(task.auto_fixed for task in tasks),
        "healed": sum(task.healed for task in tasks),
        "redesigns": sum(task.redesigns for task in tasks),
        "suppressions": sum(task.suppressions for task in tasks),
        "iterations_saved": sum(saved_iterations(task) for task in tasks),
        "conflicts": sum(task.conflicts for task in tasks),
        "conflict_rate": _rate(conflict_rate(tasks)),
        "tried": len(tried(tasks)),
        "tokens": _tokens(summary.charge),
        "cost_usd": _money(summary.charge.cost_usd),
        "seconds": round(summary.seconds, 3),
        "calls": summary.calls,
    }


def total_failures(tasks: tuple[TaskOutcome, ...]) -> Mapping[Category, int]:
    """Failures of all tasks by category, mildest first, categories without any left out."""
    return {
        category: number for category in Category if (number := sum(task.failures.get(category, 0) for task in tasks))
    }


def _failures(failures: Mapping[Category, int]) -> dict[str, int]:
    return {category.value: failures[category] for category in Category if failures.get(category)}


def _tokens(charge: Charge) -> dict[str, int]:
    usage = charge.usage
    return {"input": usage.input_tokens, "output": usage.output_tokens, "cached": usage.cached_tokens}


def _money(cost: Decimal | None) -> float | None:
    return None if cost is None else round(float(cost), 6)


def _rate(rate: float | None) -> float | None:
    return None if rate is None else round(rate, 4)
