"""Does the batch fit between now and the morning? Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from orchestrator.domain.errors import UsageError
from orchestrator.policy.outlook import Outlook, PlannedTask
from orchestrator.preflight.verdict import Finding, fine, note, stop
from orchestrator.settings import Settings

_MINUTES_A_DAY = 1440


def morning(stated: str, now: datetime) -> datetime:
    """``07:00``: the next time the clock of this place shows that. ``UsageError`` for anything else."""
    hours, colon, minutes = stated.partition(":")
    known = hours.isdigit() and minutes.isdigit() and colon and int(minutes) < 60  # noqa: PLR2004 - minutes of an hour
    if not known or int(hours) * 60 + int(minutes) >= _MINUTES_A_DAY:
        raise UsageError(f"--until {stated!r} is no time of day", hint="--until 07:00")
    here = now.astimezone()
    at = here.replace(hour=int(hours), minute=int(minutes), second=0, microsecond=0)
    return at if at > here else at + timedelta(days=1)


def with_measured_gate(settings: Settings, seconds: float) -> Settings:
    """The settings as an estimate reckons with a gate of that length, seconds."""
    estimate = settings.budgets.estimate.model_copy(update={"gate_s": max(1.0, seconds)})
    return settings.model_copy(update={"budgets": settings.budgets.model_copy(update={"estimate": estimate})})


def fits(found: Outlook, lanes: int, now: datetime, until: datetime | None, gate_s: float | None) -> Finding:
    """The night's length against its tasks; what does not fit is what the order leaves for last."""
    end = now + timedelta(seconds=found.end.p50_s)
    late = now + timedelta(seconds=found.end.p90_s)
    passages = round(sum(float(one.expected.likely.iterations) for one in found.tasks)) + 1
    gate = f", {passages} passages of a gate of {gate_s:.0f} s among it" if gate_s is not None else ""
    span = f"ends {end.astimezone():%a %H:%M} as likely as not, 9 times in 10 by {late.astimezone():%a %H:%M}{gate}"
    if until is None:
        return fine("night", f"{span}; --until 07:00 holds it against a morning")
    left = (until - now).total_seconds()
    beyond = beyond_night(found.tasks, lanes, left)
    if beyond:
        stays = len(beyond) < len(found.tasks)
        what = f"{left / 3600:.1f} hours until {until:%H:%M} leave no room for {', '.join(beyond)}: {span}"
        mend = "begin earlier, take --workers 2, or leave them for the next night"
        if not stays:
            return stop("night", what, mend, slug="night-too-short")
        return note("night", what, mend, slug="night-too-short", tasks=beyond)
    if late > until:
        what = f"it may not be over by {until:%H:%M}: {span}"
        return note("night", what, "what is open then goes on with `orchestrate resume`", slug="night-too-short")
    return fine("night", span)


def beyond_night(tasks: Sequence[PlannedTask], lanes: int, left_s: float) -> tuple[str, ...]:
    """Tasks that are not over by then, as likely as not: each lane takes the next one as it falls free."""
    ends = [0.0] * max(1, lanes)
    beyond: list[str] = []
    for one in tasks:
        lane = ends.index(min(ends))
        ends[lane] += one.expected.likely.seconds
        if ends[lane] > left_s:
            beyond.append(one.task.id)
    return tuple(beyond)
