"""What the gate says, folded into where its task stands."""

from __future__ import annotations

from collections.abc import Mapping

from orchestrator.domain.failure import Category
from orchestrator.reports.fold_parts import Event, changed, doing, real, text
from orchestrator.reports.progress import CheckNote, Progress


def edits_applied(progress: Progress, event: Event) -> Progress:
    """What the last gate said no longer holds."""
    return doing(changed(progress, event, checks=(), headline="", category=""), event, "gate")


def check_finished(progress: Progress, event: Event) -> Progress:
    """A check of the gate that is running."""
    task = progress.tasks.get(text(event, "task"))
    note = CheckNote(
        check=text(event, "check"),
        passed=bool(event.get("passed")),
        seconds=real(event, "seconds"),
        note=text(event, "note"),
        of=f"{text(event, 'path')} {text(event, 'command')}".strip(),
    )
    before = tuple(check for check in task.checks if (check.check, check.of) != (note.check, note.of)) if task else ()
    return changed(progress, event, checks=(*before, note))  # judged anew, once a test is known to be flaky


def gate_started(progress: Progress, event: Event) -> Progress:
    """A new passage."""
    return doing(changed(progress, event, checks=()), event, "gate")


def check_started(progress: Progress, event: Event) -> Progress:
    """A command under way."""
    where = "" if text(event, "path") in {"", "."} else f" in {text(event, 'path')}"
    words = f"{text(event, 'of') or 'gate'}: {text(event, 'check')}{where}: {text(event, 'command')}"
    return doing(progress, event, words)


def existence_found(progress: Progress, event: Event) -> Progress:
    """Invented names, found before a check ran."""
    told = changed(progress, event, headline=text(event, "headline"), category=Category.HALLUCINATION.value, checks=())
    return doing(told, event, "")


def gate_finished(progress: Progress, event: Event) -> Progress:
    """The passage's verdict."""
    categories = event.get("categories")
    names = ", ".join(str(name) for name in categories) if isinstance(categories, Mapping) else ""
    headline = "" if event.get("passed") else text(event, "headline")
    return doing(changed(progress, event, headline=headline, category=names), event, "")


def gate_again(progress: Progress, event: Event) -> Progress:
    """Once more, for the environment's sake."""
    return doing(changed(progress, event, checks=()), event, "gate once more: the environment failed")


def autofix_applied(progress: Progress, event: Event) -> Progress:
    """Fixed without a model; a gate follows."""
    task = progress.tasks.get(text(event, "task"))
    fixed = (task.auto_fixed if task else 0) + 1
    return doing(changed(progress, event, auto_fixed=fixed, checks=()), event, "gate, after an auto-fix")
