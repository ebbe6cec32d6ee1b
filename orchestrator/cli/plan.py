"""``orchestrate plan``: what a run would do and take, without calling a model."""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from orchestrator.agents.staff import Staff, hired
from orchestrator.cli.fitted import fitted
from orchestrator.cli.options import sets_of
from orchestrator.cli.readiness import advice_lines, advice_of, refuse_unready
from orchestrator.cli.runs import stood
from orchestrator.domain.call import Usage
from orchestrator.domain.errors import ExitCode
from orchestrator.domain.task import Batch, Phase, Task
from orchestrator.domain.words import count
from orchestrator.intake import Project, load_project
from orchestrator.policy.complexity import grade
from orchestrator.policy.estimate import CostOf, Expected, TaskEstimate, known_of
from orchestrator.policy.outlook import Learnt, Outlook, PlannedTask, outlook
from orchestrator.reports.inert import encodable, one_line, plain
from orchestrator.settings import Caps, Models, Settings

PLAN_VERSION = 1
_LISTED_ADAPTERS = ("anthropic", "google")
"""Adapters whose providers the price list knows; a local server's models are its owner's to price."""


def run(args: argparse.Namespace) -> int:
    """Print the plan: for people, or with ``--json`` for programs."""
    path = Path(args.tasks)
    project = load_project(path, environment=os.environ, sets=sets_of(args), only=args.only, placed=stood(path))
    _refuse_unknown_base(project.batch)
    settings = project.loaded.settings
    now = datetime.now(UTC)
    found = outlook_of(project, args.state, now)
    advice = advice_of(project, found)
    refuse_unready(project, advice, strict=args.strict)
    if args.json:
        made = as_json(project.batch, found, settings, now)
        print(json.dumps({**made, "advice": [asdict(each) for each in advice]}, indent=2, ensure_ascii=False))
        return ExitCode.OK
    ready = ["", "not ready for a night", *(f"  {line}" for line in advice_lines(advice))] if advice else []
    text = "\n".join([*as_text(project.batch, found, settings, now), *map(plain, ready)]) + "\n"
    sys.stdout.write(encodable(fitted(text, sys.stdout), sys.stdout.encoding))
    return ExitCode.OK


def _refuse_unknown_base(batch: Batch) -> None:
    """As a run would: a ``base:`` that is no branch or commit is told before the night, not as it begins."""
    if batch.base is None:
        return
    from orchestrator.adapters.git import Git
    from orchestrator.adapters.git_commits import pinned
    from orchestrator.adapters.git_config import read_user_config

    user = read_user_config(batch.repo)  # says as well where there is no repository, or git does not trust it
    pinned(Git(directory=batch.repo, config=user.overrides), batch.repo, batch.base)


def outlook_of(project: Project, state: str | None, now: datetime) -> Outlook:
    """What the batch would take, begun now; ``state``: the folder of its runs, where it is not the default."""
    settings, tasks = project.loaded.settings, project.batch.tasks
    staff = hired(settings, tasks)
    folder = Path(state) if state is not None else project.batch.source.parent / "runs"
    return outlook(tasks, settings, staff.phases, cost_of(staff, now), learnt_of(folder, tasks, settings))


def will_not_fit(found: Outlook, caps: Caps) -> str:
    """What a run says as it begins of the tasks its caps may leave no room for; empty where all will fit."""
    if found.beyond_likely:
        return (
            f"the caps ({_caps(caps)}) will likely leave no room for {', '.join(found.beyond_likely)}: "
            f"expected in all {_range(found.total)}; the order stays, and what does not fit is not begun"
        )
    if found.beyond_high:
        return f"the caps ({_caps(caps)}) may leave no room for {', '.join(found.beyond_high)}, if all goes badly"
    return ""


def learnt_of(state: Path, tasks: Sequence[Task], settings: Settings) -> Learnt:
    """What that state folder's runs and registry teach; nothing, where there are none. Writes nothing."""
    from orchestrator.ledger.registry import Registry, registry_path
    from orchestrator.ledger.registry_start import learnt, learnt_seconds
    from orchestrator.policy.calibration import normalised_bases, window

    registry = Registry(
        registry_path(state, settings.registry.path), size=settings.registry.window, now=lambda: datetime.now(UTC)
    )
    found = registry.read().document
    features = window(found.features, settings.registry.window) if found else ()
    bases = normalised_bases(features, settings.budgets) if settings.budgets.base == "registry" else None
    wanted = {task.id: known_of(task, grade(task, settings.loop.complexity).complexity) for task in tasks}
    return Learnt(tokens=learnt(state, wanted), seconds=learnt_seconds(state, wanted), bases=bases)


def cost_of(staff: Staff, at: datetime) -> CostOf:
    """What tokens cost in each phase, by the dearest model that works there: an estimate should not flatter."""
    from orchestrator.adapters.models.prices import PriceList

    per_call = _per_call(staff.models)
    listed = {
        name: provider.adapter
        for name, provider in staff.models.providers.items()
        if provider.adapter in _LISTED_ADAPTERS
    }
    prices = PriceList(staff.models.prices, listed=listed)
    roles: dict[Phase, list[str]] = {}
    for role, spec in staff.catalog.items():
        roles.setdefault(spec.phase, []).append(role)

    def cost(phase: Phase, usage: Usage, calls: int) -> Decimal | None:
        dearest = Decimal(0)
        for role in roles[phase]:
            who = staff.assign(role)
            price = prices.cost(provider=who.provider, model=who.model, usage=usage, at=at)
            price = per_call[who.provider] * calls if who.provider in per_call else price
            if price is None:
                return None
            dearest = max(dearest, price)
        return dearest

    return cost


def _per_call(models: Models) -> Mapping[str, Decimal]:
    """Providers that cost by the call."""
    return {
        name: provider.cost_per_call
        for name, provider in models.providers.items()
        if provider.adapter == "command" and provider.cost_per_call is not None
    }


def as_json(batch: Batch, found: Outlook, settings: Settings, now: datetime) -> dict[str, Any]:
    """The plan as plain values; ``cost_usd`` is ``None`` where a price is not known."""
    caps = settings.caps
    return {
        "version": PLAN_VERSION,
        "tasks_file": str(batch.source),
        "repo": str(batch.repo),
        "base": batch.base,
        "tasks": [_task_json(planned) for planned in found.tasks],
        "total": _estimate_json(found.total),
        "caps": caps.model_dump(mode="json"),
        "does_not_fit": list(found.beyond_likely),
        "may_not_fit": [one for one in found.beyond_high if one not in found.beyond_likely],
        "done": {
            **{
                name: {
                    "seconds": round(seconds),
                    "at": (now + timedelta(seconds=seconds)).isoformat(timespec="seconds"),
                }
                for name, seconds in (("p50", found.end.p50_s), ("p90", found.end.p90_s))
            },
            "lanes": settings.loop.lanes,
            "learnt_from": found.timed_from,
        },
    }


def _task_json(planned: PlannedTask) -> dict[str, Any]:
    return {
        "id": planned.task.id,
        "title": planned.task.title,
        "chain": planned.chain,
        "depends_on": list(planned.task.depends_on),
        "complexity": planned.graded.complexity.value,
        "score": planned.graded.score,
        "why": list(planned.graded.reasons),
        "importance": planned.task.importance.value,
        "iteration_limit": planned.iteration_limit,
        "budget": {
            phase.value: {"tokens": limit.tokens, "latency_s": limit.latency_s, "how": limit.how}
            for phase, limit in planned.budget.phases.items()
        },
        "budget_tokens": planned.budget.tokens,
        "expected": _estimate_json(planned.expected),
        "learnt_from": planned.learnt_from,
        "timed_from": planned.timed_from,
        "warnings": list(planned.warnings),
    }


def _estimate_json(made: TaskEstimate) -> dict[str, Any]:
    return {
        name: {
            "tokens": expected.tokens,
            "cost_usd": None if expected.cost_usd is None else round(float(expected.cost_usd), 4),
            "seconds": expected.seconds,
            "iterations": float(expected.iterations),
        }
        for name, expected in (("low", made.low), ("likely", made.likely), ("high", made.high))
    }


def as_text(batch: Batch, found: Outlook, settings: Settings, now: datetime) -> list[str]:
    """The plan for people."""
    caps = settings.caps
    chains = len({planned.chain for planned in found.tasks})
    base = one_line(batch.base) if batch.base else "the checked-out commit"
    lines = [f"{count(len(found.tasks), 'task')} in {count(chains, 'chain')}, from {base} of {batch.repo}", ""]
    for number, planned in enumerate(found.tasks, start=1):
        lines.extend(_task_text(number, planned))
    lines.extend(("", f"expected in all   {_range(found.total)}"))
    lines.extend((f"started now, done {_done(found, settings, now)}", f"caps of the run   {_caps(caps)}"))
    if found.beyond_likely:
        lines.append(f"does not fit      {', '.join(found.beyond_likely)}: raise --max-tokens or --max-cost, or split")
    elif found.beyond_high:
        lines.append(f"may not fit       {', '.join(found.beyond_high)}, if all goes badly")
    if found.total.likely.cost_usd is None:
        lines.append("cost unknown      a model has no price: set models.prices, or lift the cap with --max-cost none")
    return lines


def _task_text(number: int, planned: PlannedTask) -> list[str]:
    task, limit = planned.task, planned.iteration_limit
    needs = f", after {', '.join(task.depends_on)}" if task.depends_on else ""
    phases = "  ".join(f"{phase} {each.tokens:,}" for phase, each in planned.budget.phases.items())
    source = f", tokens learnt from {planned.learnt_from} delivered tasks" if planned.learnt_from else ""
    why = ", ".join(one_line(reason) for reason in planned.graded.reasons)
    lines = [
        f"{number:>3}  {task.id}{needs}",
        f"     {one_line(task.title, limit=100)}",
        f"     {planned.graded.complexity} ({why}), {task.importance} importance, at most {limit} iterations",
        f"     budget {planned.budget.tokens:,} tokens: {phases}",
        f"     expected {_range(planned.expected)}{source}",
    ]
    return [*lines, *(f"     ! {one_line(warning, limit=400)}" for warning in planned.warnings)]


def _range(made: TaskEstimate) -> str:
    """Likely first, then from low to high."""
    low, likely, high = made.low, made.likely, made.high
    tokens = f"{_short(likely.tokens)} tokens ({_short(low.tokens)} to {_short(high.tokens)})"
    money = f"{_money(likely)} ({_money(low)} to {_money(high)})" if likely.cost_usd is not None else "cost unknown"
    return f"{tokens}, {money}, {_time(likely.seconds)} ({_time(low.seconds)} to {_time(high.seconds)})"


def _done(found: Outlook, settings: Settings, now: datetime) -> str:
    """M7: when the last task ends, by the clock of this place."""
    p50, p90 = (
        f"{_time(round(seconds))} ({(now + timedelta(seconds=seconds)).astimezone():%a %H:%M})"
        for seconds in (found.end.p50_s, found.end.p90_s)
    )
    source = (
        f"from the times of {count(found.timed_from, 'task')}"
        if found.timed_from
        else "reckoned from the configured figures: too few tasks were worked on to learn times from"
    )
    return f"in {p50} as likely as not, 9 times in 10 in {p90}; {count(settings.loop.lanes, 'lane')}, {source}"


def _caps(caps: Caps) -> str:
    tokens = f"{caps.max_tokens:,} tokens" if caps.max_tokens is not None else "no cap on tokens"
    return f"{tokens}, {f'${caps.max_cost_usd:.2f}' if caps.max_cost_usd is not None else 'no cap on cost'}"


def _money(expected: Expected) -> str:
    return "unknown" if expected.cost_usd is None else f"${expected.cost_usd:.2f}"


def _short(tokens: int) -> str:
    thousand, million = 1_000, 1_000_000
    return f"{tokens / million:.2f}M" if tokens >= million else f"{round(tokens / thousand)}k"


def _time(seconds: int) -> str:
    minutes = max(1, round(seconds / 60))
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min"
