"""Providers that are away, as live view, status and watch tell it: ``anthropic: waiting until 03:40 (quota)``. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from orchestrator.reports.inert import one_line


@dataclass(frozen=True, slots=True, kw_only=True)
class Absence:
    """A provider that is not asked for now."""

    fault: str
    """Why, in a word: ``quota``, ``rate limit``, ``overloaded``."""
    until: datetime | None
    """When it is asked again; ``None``: not before somebody resumes."""


def after(away: Mapping[str, Absence], event: Mapping[str, Any]) -> dict[str, Absence]:
    """Who is away after a ``provider:away`` or ``provider:back``."""
    name = str(event.get("provider", ""))
    others = {one: told for one, told in away.items() if one != name}
    return others if event.get("type") == "provider:back" else {**others, name: absence(event)}


def absence(event: Mapping[str, Any]) -> Absence:
    """What a ``provider:away`` tells; a time that cannot be read is none."""
    try:
        until = datetime.fromisoformat(str(event.get("resume_at")))
    except ValueError:
        until = None
    fault = str(event.get("fault", "")).replace("_", " ")
    return Absence(fault=fault, until=until if until is not None and until.tzinfo else None)


def away_words(name: str, told: Absence, now: datetime | None, *, ended: bool = False) -> str:
    """One line, in the reader's time zone; ``ended``: nobody waits, the run is over or paused."""
    if told.until is None:
        return one_line(f"{name}: not asked again before a resume ({told.fault})")
    local = told.until.astimezone()
    same_day = now is not None and local.date() == now.astimezone().date()
    when = f"{local:%H:%M}" if same_day else f"{local:%Y-%m-%d %H:%M}"
    return one_line(f"{name}: {'not asked before' if ended else 'waiting until'} {when} ({told.fault})")
