"""What detection found in one place."""

from __future__ import annotations

from dataclasses import dataclass

from orchestrator.domain.gate import CheckSpec


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """Checks in the order they shall run, and what should be said. Adding two keeps the order."""

    checks: tuple[CheckSpec, ...] = ()
    notes: tuple[str, ...] = ()

    def __add__(self, other: Found) -> Found:
        return Found(checks=self.checks + other.checks, notes=self.notes + other.notes)
