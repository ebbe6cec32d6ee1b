"""Where a run stands as plain text: a few lines a picture, one line for a shell prompt. Pure.

Every text that comes from outside passes :mod:`orchestrator.reports.inert`.
"""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from orchestrator.domain.words import count
from orchestrator.reports.absence import away_words
from orchestrator.reports.figures import clock, duration, tokens
from orchestrator.reports.inert import one_line
from orchestrator.reports.progress import RUNNING, WAITING, Progress, TaskProgress
from orchestrator.reports.todo import hint_command, resume_command

STATE_WORDS = {
    WAITING: "waiting",
    RUNNING: "running",
    "delivered": "delivered",
    "needs_human": "needs you",
    "failed": "failed",
    "stopped": "stopped",
    "skipped": "skipped",
}
OUTCOME_WORDS = {
    "running": "running",
    "delivered": "every task delivered",
    "partly": "ended with open tasks",
    "paused": "paused",
    "interrupted": "interrupted",
}


def spent(known: Decimal, unpriced: int) -> str:
    """Cost so far, cents at least; unknown is said."""
    if unpriced and not known:
        return "cost unknown"
    places = Decimal("0.01") if known >= Decimal("0.01") or known == 0 else Decimal("0.0001")
    return f"${known.quantize(places)}" + (" + unknown" if unpriced else "")


def next_up(progress: Progress) -> str:
    """What comes next, in words."""
    waiting = [task.id for task in progress.tasks.values() if task.state == WAITING]
    if progress.ended:
        return ""
    if not waiting:
        return "the reports" if progress.done == len(progress.tasks) else "nothing after this task"
    more = f" and {len(waiting) - 1} more" if len(waiting) > 1 else ""
    return waiting[0] + more


def iteration_words(task: TaskProgress) -> str:
    """``2/5``; empty before the first iteration."""
    return f"{task.iteration}/{task.iteration_limit or '?'}" if task.iteration else ""


def gate_words(task: TaskProgress, yes: str = "ok", no: str = "red") -> str:
    """The last gate's checks: ``lint ok, build ok, test red``."""
    return ", ".join(f"{one_line(check.check, limit=20)} {yes if check.passed else no}" for check in task.checks)


def task_words(task: TaskProgress) -> str:
    """What is to be said of a task beside its state, one line."""
    if task.state == WAITING:
        return ""
    if task.state != RUNNING:
        return one_line(task.reason)
    parts = [task.phase, f"iteration {iteration_words(task)}" if task.iteration else "", gate_words(task)]
    return ", ".join(part for part in parts if part)


def status_line(progress: Progress, now: datetime | None = None) -> str:
    """One line for a shell prompt: ``3/10 build add-rate 2/5 $0.42``; empty where there is no run."""
    if not progress.run:
        return ""
    parts = [f"{progress.done}/{len(progress.tasks)}"]
    if progress.ended:
        parts.append(OUTCOME_WORDS.get(progress.outcome, progress.outcome))
    elif progress.quiet(now):
        parts.append("no sign of life")
    else:
        task = progress.tasks.get(progress.current or "")
        parts += [task.phase, task.id, iteration_words(task)] if task else []
    needs = sum(task.state == "needs_human" for task in progress.tasks.values())
    parts += [f"{needs} for you" if needs else "", spent(progress.cost_usd, progress.unpriced)]
    return one_line(" ".join(part for part in parts if part), limit=120)


def status_text(progress: Progress, now: datetime | None = None) -> str:
    """Where a run stands, a line a task; ends with a newline."""
    head = f"{one_line(progress.run)}: {OUTCOME_WORDS.get(progress.outcome, one_line(progress.outcome))}"
    lines = [f"{head}, {progress.done} of {count(len(progress.tasks), 'task')} done, {clock(progress.elapsed(now))}"]
    width = max((len(task.id) for task in progress.tasks.values()), default=0)
    for task in progress.tasks.values():
        state = STATE_WORDS.get(task.state, one_line(task.state, limit=20))
        state = "begun" if task.state == RUNNING and progress.ended else state
        lines.append(f"  {one_line(task.id, limit=64):<{width}}  {state:<9}  {task_words(task)}".rstrip())
        if task.state == RUNNING and task.headline:
            lines.append(f"  {'':<{width}}  {'':<9}  {one_line(f'{task.category}: {task.headline}')}")
    lines += _foot(progress, now)
    return "\n".join(lines) + "\n"


def _foot(progress: Progress, now: datetime | None) -> list[str]:
    lines = [f"spent: {tokens(progress.tokens)} tokens, {spent(progress.cost_usd, progress.unpriced)}"]
    lines += [away_words(name, told, now, ended=progress.ended) for name, told in progress.away.items()]
    if progress.doing and not progress.ended:
        since = clock((now - progress.doing_since).total_seconds()) if now and progress.doing_since else ""
        lines.append(f"now:   {one_line(progress.doing)}" + (f", {since}" if since else ""))
    if next_up(progress):
        lines.append(f"next:  {next_up(progress)}")
    lines += [
        f"yours: {one_line(hint_command(progress.run, task.id, progress.state_dir), limit=400)}"
        for task in progress.tasks.values()
        if task.state == "needs_human"
    ]
    if progress.pause_reason:
        lines.append(f"why:   {one_line(progress.pause_reason, limit=500)}")
    if progress.hint:
        lines.append(f"hint:  {one_line(progress.hint, limit=500)}")
    if progress.quiet(now) and now and progress.last_at:
        quiet = duration((now - progress.last_at).total_seconds())
        command = one_line(resume_command(progress.run, progress.state_dir), limit=400)
        lines.append(f"hint:  no sign of life for {quiet}: if nothing runs, `{command}`")
    return lines
