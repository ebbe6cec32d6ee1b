"""A small repository, its task, and the staff that works on it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache

from orchestrator.agents.brief import TaskBrief
from orchestrator.agents.catalog import load_catalog
from orchestrator.agents.staff import Staff
from orchestrator.domain.task import Invariant, Task
from orchestrator.settings import CallDeadlines, Models, Provider, Retries, Role

DATES = '''"""Dates."""

import datetime


def parse_date(text: str) -> datetime.date:
    return datetime.date.fromisoformat(text)
'''
INVARIANTS = (
    Invariant(id="sql-safety", text="Every query is parameterised.", keywords=("parameterised", "query")),
    Invariant(id="no-print", text="Library code prints nothing."),
)
TASK = Task(
    id="fix-offset",
    title="Bug fix: parse dates with an offset",
    description="`parse_date` shall accept 2026-11-21+01:00.",
    acceptance=("tests/test_dates.py passes",),
    files=("src/dates.py",),
)
RECORD = """# Parse offsets

Status: proposed
Date: 1999-01-01

## Context

Dates come with an offset.

## Options

- strip it
- refuse it

## Decision

`parse_date(text)` drops what follows the day.

## Rationale

Callers want days.

## Files

- src/dates.py (modify): drop the offset
- tests/test_offset.py (create): with and without

## Consequences

The offset is lost.

### Invariant Compliance

- sql-safety: no query is touched
- no-print: nothing prints
"""


@dataclass
class Tree:
    """A tree in memory."""

    content: dict[str, bytes] = field(
        default_factory=lambda: {"src/dates.py": DATES.encode(), "README.md": b"# Dates\n"}
    )

    def files(self) -> Sequence[str]:
        return tuple(sorted(self.content))

    def read(self, path: str) -> bytes | None:
        return self.content.get(path)


shipped = cache(load_catalog)
"""The shipped agents, read once."""


def staff(**roles: Role) -> Staff:
    """The shipped agents with the providers' three tiers."""
    return Staff(
        catalog=shipped(),
        models=Models(
            providers={
                "anthropic": Provider(adapter="anthropic", tiers={1: "haiku", 2: "sonnet", 3: "opus"}),
                "google": Provider(adapter="google", tiers={1: "lite", 2: "flash", 3: "argon"}),
                "local": Provider(adapter="openai", tiers={2: "qwen"}),
                "command": Provider(adapter="command"),
            },
            roles=roles,
            deadlines=CallDeadlines(first_byte_s=1, idle_s=1, total_s=1),
            retries=Retries(waits_s=(2, 4, 8), retry_after_cap_s=300),
        ),
    )


def brief(**changes: object) -> TaskBrief:
    values: dict[str, object] = {
        "task": TASK,
        "invariants": INVARIANTS,
        "context": "src/dates.py\n6: def parse_date(text: str) -> datetime.date",
        "date": "2026-11-21",
    }
    return TaskBrief(**{**values, **changes})  # type: ignore[arg-type]
