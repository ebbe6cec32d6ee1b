"""What the user asks for: tasks, their batch, and the words that grade them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from types import MappingProxyType


class Phase(StrEnum):
    """The five phases of a task, in order. The calibration registry calls them stages."""

    DISCOVER = "discover"
    DEFINE = "define"
    PLAN = "plan"
    BUILD = "build"
    DELIVER = "deliver"


class Complexity(StrEnum):
    """How hard a task is expected to be; sets its iteration limit (L9) and its budget factor (B1)."""

    TINY = "tiny"
    SIMPLE = "simple"
    MODERATE = "moderate"
    COMPLEX = "complex"


class Importance(StrEnum):
    """How much the user cares; a budget factor (B1)."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    CRITICAL = "critical"


@dataclass(frozen=True, slots=True, kw_only=True)
class Invariant:
    """A rule of the project that every ADR must answer for (L4)."""

    id: str
    text: str
    keywords: tuple[str, ...] = ()
    """Words of the fallback check of the ADR; empty: the words of id and text."""
    check: str | None = None
    """A shell command the gate runs after its checks; exit 0 means the invariant holds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GateConfig:
    """The gate's commands as the user gave them for one path; ``None`` means: detect it.

    An empty string switches a check off (said in the report, never silently).
    """

    path: str = "."
    """Folder of the repository the commands run in, ``.`` or a relative path (monorepo packages)."""
    lint: str | None = None
    build: str | None = None
    test: str | None = None
    coverage_minimum: float | None = None
    """Percent, 0-100; ``None``: the configured default (80), advisory where coverage cannot be had."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """One entry of tasks.yaml."""

    id: str
    """``[a-z0-9][a-z0-9._-]{0,63}``, unique in its file; becomes the last part of the branch."""
    title: str
    description: str = ""
    acceptance: tuple[str, ...] = ()
    files: tuple[str, ...] = ()
    """Hints: repository-relative paths, POSIX slashes."""
    depends_on: tuple[str, ...] = ()
    complexity: Complexity | None = None
    """``None``: scored from title and description (L9)."""
    importance: Importance = Importance.MEDIUM
    importance_reason: str | None = None
    budget: Mapping[Phase, int] = field(default_factory=lambda: MappingProxyType({}))
    """Absolute tokens a phase; never multiplied (B2)."""
    protect: tuple[str, ...] = ()
    allow: tuple[str, ...] = ()
    scope_open: bool = False
    """True (``scope: open``): edits outside the ADR's file list are no failure."""
    allow_dependencies: bool = False
    request: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """A validated tasks file: what one run works on. Tasks are in the file's order."""

    source: Path
    """The tasks file, absolute."""
    digest: str
    """SHA-256 of the file's bytes, hex."""
    repo: Path
    """The user's repository, absolute; never written to but for landed branches."""
    base: str | None
    """Branch or commit; ``None``: the checked-out commit, pinned at start."""
    request: str | None
    invariants: tuple[Invariant, ...]
    setup: tuple[str, ...] | None
    """``None``: detected; empty: no setup wanted."""
    gate: tuple[GateConfig, ...]
    """One entry a path; empty: everything detected."""
    tasks: tuple[Task, ...]

    def task(self, task_id: str) -> Task:
        """The task of that id; ``KeyError`` if there is none."""
        for task in self.tasks:
            if task.id == task_id:
                return task
        raise KeyError(task_id)
