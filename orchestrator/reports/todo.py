"""What waits for the user, and the exact command. Pure."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from pathlib import PurePosixPath

from orchestrator.domain.outcome import RunOutcome, RunSummary, TaskOutcome, TaskStatus

DEFAULT_STATE = "runs"


@dataclass(frozen=True, slots=True, kw_only=True)
class ToDo:
    """One thing that waits for the user."""

    task: TaskOutcome | None
    """``None``: it concerns the whole run."""
    what: str
    why: str
    next_step: str
    command: str
    """Ready to be typed; empty where there is none."""


def state_option(state_dir: str) -> str:
    """`` --state DIR`` where the run does not lie in the default folder; ``state_dir`` is the run's own folder."""
    parent = str(PurePosixPath(state_dir).parent) if state_dir else DEFAULT_STATE
    return "" if parent == DEFAULT_STATE else f" --state {shlex.quote(parent)}"


def resume_command(run: str, state_dir: str = "") -> str:
    """Go on with the run."""
    return f"orchestrate resume {shlex.quote(run)}{state_option(state_dir)}"


def hint_command(run: str, task: str, state_dir: str = "") -> str:
    """Answer an escalation."""
    return f'{resume_command(run, state_dir)} --task {shlex.quote(task)} --hint "..."'


def remediation_command(summary: RunSummary) -> str:
    """Run again what budgets stopped (B5)."""
    file = shlex.quote(str(PurePosixPath(summary.state_dir or f"{DEFAULT_STATE}/{summary.run}") / "remediation.yaml"))
    return f"orchestrate run {file}{state_option(summary.state_dir)}"


def land_command(task: str) -> str:
    """Merge a green branch."""
    return f"orchestrate land {shlex.quote(task)}"


def next_step(task: TaskOutcome) -> str:
    """What the task's end advises, where it says more than the command that is shown anyway."""
    return "" if task.next_step.startswith("orchestrate ") else task.next_step


def todos(summary: RunSummary) -> tuple[ToDo, ...]:
    """Everything that waits, the run's own pause first, then the tasks in their order."""
    run = []
    if summary.outcome in (RunOutcome.PAUSED, RunOutcome.INTERRUPTED):
        run.append(
            ToDo(
                task=None,
                what=f"The run is {summary.outcome.value}",
                why=summary.reason,
                next_step=summary.hint or "Go on where it stopped; nothing that was paid for is bought again:",
                command=resume_command(summary.run, summary.state_dir),
            )
        )
    return (*run, *(_todo(task, summary) for task in summary.tasks if task.status in _OPEN))


_OPEN = {
    TaskStatus.NEEDS_HUMAN: "needs your decision",
    TaskStatus.STOPPED: "was stopped by its budget",
    TaskStatus.FAILED: "failed",
}
_STEPS = {
    TaskStatus.NEEDS_HUMAN: "Read its escalation.md, then say what to do:",
    TaskStatus.STOPPED: "Run it again with room for twice what it used (or split it, or raise its budget yourself):",
    TaskStatus.FAILED: "Remove the cause, then let it try again:",
}


def _todo(task: TaskOutcome, summary: RunSummary) -> ToDo:
    stopped = task.status is TaskStatus.STOPPED
    return ToDo(
        task=task,
        what=_OPEN[task.status],
        why=task.reason,
        next_step=next_step(task) or _STEPS[task.status],
        command=remediation_command(summary) if stopped else hint_command(summary.run, task.id, summary.state_dir),
    )
