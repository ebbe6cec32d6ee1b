"""What a change is made of (P4): predicted from the task, then read off the real diff."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import PurePosixPath

from orchestrator.domain.change import ChangeType
from orchestrator.domain.task import Complexity, Task
from orchestrator.ports import DiffLine

TYPO_LINES = 3
"""P4: fewer changed lines than this are a typo, where they stood before: a file that comes or goes is none."""
_DOCUMENTS = frozenset({".md"})
_CONFIGS = frozenset({".json", ".yaml", ".yml"})


def predicted(task: Task, complexity: Complexity) -> ChangeType:
    """Before the work: by the files the task names, and by its being a typo-class task (L9)."""
    return _first(task.files, lambda: complexity is Complexity.TINY)


def of_changes(changes: Sequence[DiffLine]) -> ChangeType:
    """After the work, by the diff."""
    return _first([change.path for change in changes], lambda: _amends(changes) and _lines(changes) < TYPO_LINES)


def _first(paths: Sequence[str], typo: Callable[[], bool]) -> ChangeType:
    """The first that fits, in P4's order; no files is not documentation."""
    endings = {PurePosixPath(path).suffix.lower() for path in paths}
    if endings and endings <= _DOCUMENTS:
        return ChangeType.DOCUMENTATION
    if typo():
        return ChangeType.TYPO
    if endings and endings <= _CONFIGS:
        return ChangeType.CONFIG
    return ChangeType.CODE


def _amends(changes: Sequence[DiffLine]) -> bool:
    """Whether there are changes, and all of them within files that were there and stay."""
    return bool(changes) and all(change.status == "M" for change in changes)


def _lines(changes: Sequence[DiffLine]) -> int:
    """A changed line is one, though git counts it out and in again. What has no lines (binary, mode) is large."""
    return sum(max(change.insertions, change.deletions) or TYPO_LINES for change in changes)
