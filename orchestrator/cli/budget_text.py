"""What ``orchestrate budget`` prints: lines for people, plain values for programs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from orchestrator.domain.words import count
from orchestrator.ledger.budget_history import PastRun, PastTask
from orchestrator.policy.budget import exact, status
from orchestrator.policy.budget_replay import Replayed
from orchestrator.policy.budget_review import (
    FALSE_PERCENT,
    PROPOSED_FROM,
    STOPPED_PERCENT,
    WITHIN_PERCENT,
    Overrun,
    Review,
    Reviewed,
    expected_left,
    proposal,
)
from orchestrator.reports.figures import duration, percent
from orchestrator.reports.inert import one_line
from orchestrator.settings import Budgets
from orchestrator.strict_yaml import dump

SHOW_VERSION = 1
_DELIVERED = "delivered"


def show_lines(
    found: Review, runs: Sequence[PastRun], budgets: Budgets, where: Mapping[str, str], detailed: PastRun | None
) -> Iterator[str]:
    """``budget show`` for people; ``where``: where each setting was set."""
    if detailed is not None:
        yield from _details(detailed, budgets)
        yield ""
    under_way = sum(not task.seen.status for each in runs for task in each.tasks)
    more = f", {under_way} under way" if under_way else ""
    yield f"{count(found.tasks, 'task')} with a budget in {count(len(runs), 'run')}{more}"
    yield _line("within budget", found.within, found.tasks, f"over {WITHIN_PERCENT} %", _kept(found, "within"))
    yield _line("stopped", found.stopped, found.tasks, f"under {STOPPED_PERCENT} %", _kept(found, "stopped"))
    if found.would_stop:
        yield _line("would be stopped", found.would_stop, found.tasks, "observed only", "")
    stops = f"under {FALSE_PERCENT} % of the stops"
    yield _line("false positives", found.false_positives, found.stops, stops, _kept(found, "false"))
    if found.overruns:
        yield ""
        yield "phases that passed their limit"
        for one in found.overruns:
            yield _overrun(one, where)
    made = proposal(found.overruns)
    if made:
        yield ""
        yield "proposed, from what nine of ten tasks used (save it, try it with `orchestrate budget replay --config`):"
        yield dump(made).rstrip("\n")
    elif found.tasks < PROPOSED_FROM and found.overruns:
        yield f"a change is proposed from {PROPOSED_FROM} tasks on"


def show_json(
    found: Review, runs: Sequence[PastRun], budgets: Budgets, digest: str, where: Mapping[str, str]
) -> dict[str, Any]:
    """``budget show --json``."""
    return {
        "version": SHOW_VERSION,
        "budgets": digest,
        "tasks": found.tasks,
        "within": found.within,
        "stopped": found.stopped,
        "would_stop": found.would_stop,
        "false_positives": found.false_positives,
        "compliance_percent": _share(found.within, found.tasks),
        "stopped_percent": _share(found.stopped, found.tasks),
        "false_positive_percent": _share(found.false_positives, found.stops),
        "targets_percent": {"within": WITHIN_PERCENT, "stopped": STOPPED_PERCENT, "false_positives": FALSE_PERCENT},
        "overruns": [
            {
                "phase": one.phase.value,
                "what": one.what,
                "tasks": one.tasks,
                "of": one.of,
                "setting": one.key,
                "where": where.get(one.key, ""),
                "now": float(one.now),
                "proposed": None if one.proposed is None else float(one.proposed),
            }
            for one in found.overruns
        ],
        "proposed_config": proposal(found.overruns),
        "runs": [{"run": each.run, "tasks": [_task_json(task, budgets) for task in each.tasks]} for each in runs],
    }


def replay_lines(rows: Sequence[tuple[PastTask, Replayed]], capped: Mapping[str, str], config: str) -> Iterator[str]:
    """``budget replay`` for people."""
    yield f"{count(len(rows), 'task')} under {config}"
    for task, made in rows:
        seen = task.seen
        if made.stop is not None:
            wrong = ", although it was delivered" if seen.status == _DELIVERED else ""
            yield f"  stopped   {seen.run}/{seen.task}{wrong}: {made.stop.why}"
            yield f"            after {made.calls} of {count(len(task.calls), 'call')}, {_spared(made)} not spent"
        elif seen.stopped:
            yield f"  goes on   {seen.run}/{seen.task}: was stopped then; what it would have used further is not known"
    for name, call in capped.items():
        if call:
            yield f"  paused    {name}: the cap would not have let the call {call} through"
    totals = _totals(rows)
    yield (
        f"{totals['would_stop']} would have been stopped, {totals['delivered_stopped']} of them delivered in truth; "
        f"{totals['goes_on']} that were stopped would have gone on; {totals['not_spent']:,} tokens not spent"
    )


def replay_json(rows: Sequence[tuple[PastTask, Replayed]], capped: Mapping[str, str]) -> dict[str, Any]:
    """``budget replay --json``."""
    return {
        "version": SHOW_VERSION,
        "tasks": [
            {
                "run": task.seen.run,
                "task": task.seen.task,
                "was": task.seen.status or "under way",
                "would_stop": made.stop is not None,
                "phase": made.stop.phase.value if made.stop and made.stop.phase else None,
                "why": made.stop.why if made.stop else "",
                "calls": made.calls,
                "calls_then": len(task.calls),
                "used": made.used,
                "used_then": made.total,
            }
            for task, made in rows
        ],
        "paused": {name: call for name, call in capped.items() if call},
        **_totals(rows),
    }


def _totals(rows: Sequence[tuple[PastTask, Replayed]]) -> dict[str, int]:
    counts = Counter[str]()
    for task, made in rows:
        counts["would_stop"] += made.stop is not None
        counts["delivered_stopped"] += made.stop is not None and task.seen.status == _DELIVERED
        counts["goes_on"] += made.stop is None and bool(task.seen.stopped)
        counts["not_spent"] += made.total - made.used
    return {name: counts[name] for name in ("would_stop", "delivered_stopped", "goes_on", "not_spent")}


def _details(run: PastRun, budgets: Budgets) -> Iterator[str]:
    """A run's tasks: status, cumulative use, each phase, and what is left of those under way."""
    yield run.run
    for task in run.tasks:
        seen = task.seen
        told = seen.status.replace("_", " ") or f"in {seen.last or 'its first phase'}"
        if not seen.budget:
            yield f"  {seen.task}  {told}, {seen.used:,} tokens; no budget was in force"
            continue
        state = status(seen.used, seen.budget, budgets.warning_ratio).value
        yield f"  {seen.task}  {told}, {state}: {seen.used:,} of {seen.budget:,} tokens ({_whole(seen)})"
        for use in seen.phases:
            if use.tokens or use.seconds:
                yield (
                    f"    {use.phase:<9} {use.status:<9} {use.tokens:>9,} of {use.token_limit:>9,} tokens, "
                    f"{duration(use.seconds)} of {duration(use.latency_limit_s)}"
                )
        if not seen.status:
            yield (
                f"    left of the budget {max(0, seen.budget - seen.used):,}, "
                f"expected still {expected_left(seen, task.estimates):,}"
            )
        for words, why in (("stopped", seen.stopped), ("would be stopped", seen.would_stop)):
            if why:
                yield f"    {words}: {one_line(why, limit=300)}"
        if seen.disputed:
            yield f"    a false positive: {one_line(seen.disputed, limit=300)}"


def _task_json(task: PastTask, budgets: Budgets) -> dict[str, Any]:
    seen = task.seen
    return {
        "task": seen.task,
        "status": seen.status or "under way",
        "complexity": task.complexity.value,
        "importance": task.importance.value,
        "budget_status": status(seen.used, seen.budget, budgets.warning_ratio).value if seen.budget else None,
        "tokens": seen.used,
        "budget": seen.budget or None,
        "left_of_budget": max(0, seen.budget - seen.used) if seen.budget else None,
        "expected_left": expected_left(seen, task.estimates),
        "mode": seen.mode,
        "stopped": seen.stopped or None,
        "would_stop": seen.would_stop or None,
        "disputed": seen.disputed or None,
        "phases": [
            {
                "phase": use.phase.value,
                "tokens": use.tokens,
                "token_limit": use.token_limit or None,
                "seconds": round(use.seconds, 3),
                "latency_limit_s": use.latency_limit_s or None,
                "status": use.status.value,
                "token_status": use.token_status.value,
                "latency_status": use.latency_status.value,
            }
            for use in seen.phases
        ],
    }


def _overrun(one: Overrun, where: Mapping[str, str]) -> str:
    what = "tokens" if one.what == "tokens" else "time"
    line = f"  {one.phase:<9} {what}: {one.tasks} of {count(one.of, 'task')} over; {one.key} is {exact(one.now):f}"
    source = where.get(one.key)
    line += f" ({source})" if source else ""
    return line if one.proposed is None else f"{line}; {one.proposed:f} would hold nine of ten"


def _line(name: str, number: int, of: int, target: str, verdict: str) -> str:
    return f"  {name:<17} {number:>4} of {of:<4} {percent(number, of):>6}   {target}{verdict}"


def _kept(found: Review, which: str) -> str:
    """Whether the target is met; nothing where there is nothing to judge by."""
    number, of, target, above = {
        "within": (found.within, found.tasks, WITHIN_PERCENT, True),
        "stopped": (found.stopped, found.tasks, STOPPED_PERCENT, False),
        "false": (found.false_positives, found.stops, FALSE_PERCENT, False),
    }[which]
    if not of:
        return ""
    met = 100 * number > target * of if above else 100 * number < target * of
    return ": met" if met else ": not met"


def _share(number: int, of: int) -> float | None:
    return round(100 * number / of, 1) if of else None


def _whole(seen: Reviewed) -> str:
    return f"{100 * seen.used / seen.budget:.0f} %"


def _spared(made: Replayed) -> str:
    return f"{made.total - made.used:,} tokens"
