"""How hard a task is, by words (L9)."""

from __future__ import annotations

import re
from dataclasses import dataclass

from orchestrator.domain.task import Complexity, Task
from orchestrator.settings import ComplexityScore

_GAP = r"[ \t\n_-]{0,3}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Graded:
    """A task's complexity, and why."""

    complexity: Complexity
    score: int
    reasons: tuple[str, ...]
    """One phrase each, for ``plan`` and the report: ``"new" +3``."""


def grade(task: Task, settings: ComplexityScore) -> Graded:
    """The complexity the task sets, else the scored one."""
    if task.complexity is None:
        return score(task.title, task.description, settings)
    scored = score(task.title, task.description, settings)
    return Graded(complexity=task.complexity, score=scored.score, reasons=("set by the task",))


def score(title: str, description: str, settings: ComplexityScore) -> Graded:
    """The complexity of a text: each word counts once, in any case, as a word of its own.

    Tiny is a typo-class change: a word for it stands in the title, and no other word scores above ``tiny_up_to``.
    """
    text = f"{title}\n{description}"
    found = {word: points for word, points in settings.words.items() if _stands_in(word, text)}
    total = sum(found.values())
    reasons = tuple(f'"{word}" {points:+d}' for word, points in found.items())
    tiny = next((word for word in settings.tiny_words if _stands_in(word, title)), None)
    if tiny is not None and total <= settings.tiny_up_to:
        return Graded(complexity=Complexity.TINY, score=total, reasons=(*reasons, f'"{tiny}" in the title'))
    if total <= settings.simple_up_to:
        complexity = Complexity.SIMPLE
    elif total <= settings.moderate_up_to:
        complexity = Complexity.MODERATE
    else:
        complexity = Complexity.COMPLEX
    return Graded(complexity=complexity, score=total, reasons=reasons or ("no word that scores",))


def _stands_in(word: str, text: str) -> bool:
    """Whether the word or phrase stands there by itself; a phrase may be written with hyphens or as one word."""
    parts = [re.escape(part) for part in re.split(r"[\s_-]+", word.strip()) if part]
    return bool(parts) and re.search(rf"(?<!\w){_GAP.join(parts)}(?!\w)", text, re.IGNORECASE) is not None
