"""Providers that are away: nothing is sent to them until they are back, in this process or the next.

Journaled as ``provider:away`` (with ``resume_at``) and ``provider:back``: ``status`` tells it, a resume waits the rest.
One breaker a run; lanes share it.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from orchestrator.domain.errors import ModelError, ModelFault, ProviderAwayError
from orchestrator.ledger.journal import Journal
from orchestrator.policy.outage import back_at, worth_waiting
from orchestrator.ports import Clock
from orchestrator.settings.outages import Outages

AWAY, BACK = "provider:away", "provider:back"


@dataclass(frozen=True, slots=True, kw_only=True)
class Away:
    """A provider that refused, or did not answer, and has not answered since."""

    provider: str
    fault: str
    """A :class:`~orchestrator.domain.errors.ModelFault` value."""
    why: str
    """In the provider's words."""
    hint: str
    resume_at: datetime | None
    """When it is asked again; ``None``: not by this session."""
    since: datetime
    """Its first refusal in this session; of an earlier session's, the session's beginning."""
    tries: int
    due_s: float
    """``resume_at`` on the clock that never goes back: a wall clock put back makes no wait longer."""

    def is_due(self, clock: Clock) -> bool:
        """Whether it may be asked once more; so too once a machine that was suspended wakes late."""
        return self.resume_at is not None and (clock.now() >= self.resume_at or clock.monotonic() >= self.due_s)

    def left_s(self, clock: Clock) -> float:
        """Seconds until then; 0 where it is due."""
        if self.resume_at is None or self.is_due(clock):
            return 0.0
        return min((self.resume_at - clock.now()).total_seconds(), self.due_s - clock.monotonic())


class Breaker:
    """Which providers are away."""

    def __init__(self, journal: Journal, clock: Clock, limits: Outages, *, ask_now: bool = False) -> None:
        """``ask_now``: what an earlier session was told to wait is not waited."""
        self._journal = journal
        self._clock = clock
        self._limits = limits
        self._lock = threading.Lock()
        self._away: dict[str, Away] = {}
        for provider, entry in standing(journal.entries).items():
            self._away[provider] = self._of_earlier(provider, {} if ask_now else entry)

    def away(self, provider: str) -> Away | None:
        """The provider's state, whether it is due or not; ``None``: it answers, as far as is known."""
        with self._lock:
            return self._away.get(provider)

    def refuse(self, provider: str) -> None:
        """``ProviderAwayError`` where the provider is away and not due."""
        found = self.away(provider)
        if found is not None and not found.is_due(self._clock):
            raise self.error(found)

    def failed(self, provider: str, error: ModelError) -> ProviderAwayError:
        """The provider refuses for longer than a call waits: what to raise. Told once, by whichever lane meets it."""
        now = self._clock.now()
        with self._lock:
            known = self._away.get(provider)
            if known is not None and not known.is_due(self._clock):
                return self.error(known)
            tries = known.tries + 1 if known else 1
            back = back_at(error, now, tries, self._limits.probe_s)
            found = Away(
                provider=provider,
                fault=error.fault.value,
                why=error.message,
                hint=error.hint,
                resume_at=back,
                since=known.since if known else now,
                tries=tries,
                due_s=self._due_s(back, now),
            )
            self._away[provider] = found
        self._journal.append(
            AWAY,
            sync=True,
            provider=found.provider,
            fault=found.fault,
            resume_at=None if back is None else back.isoformat(),
            number=tries,
            message=found.why,
        )
        return self.error(found)

    def answered(self, provider: str) -> None:
        """It answers again."""
        with self._lock:
            if self._away.pop(provider, None) is None:
                return
        self._journal.append(BACK, provider=provider)

    def worth_waiting(self, found: Away) -> bool:
        """Whether the run waits for it, by ``models.outages.wait_up_to_s``."""
        return found.resume_at is not None and worth_waiting(found.since, found.resume_at, self._limits.wait_up_to_s)

    def _due_s(self, back: datetime | None, now: datetime) -> float:
        return 0.0 if back is None else self._clock.monotonic() + (back - now).total_seconds()

    def _of_earlier(self, provider: str, entry: Mapping[str, Any]) -> Away:
        """What an earlier session left: the rest of its wait. Without a date (a quota its owner may have raised), or
        past it, it is asked at once.
        """
        now = self._clock.now()
        try:
            back = max(now, datetime.fromisoformat(entry["resume_at"]))
        except (KeyError, TypeError, ValueError):  # none, or of another version
            back = now
        return Away(
            provider=provider,
            fault=str(entry.get("fault", ModelFault.UNKNOWN.value)),
            why=str(entry.get("message", "")),
            hint="",
            resume_at=back,
            since=now,
            tries=int(entry.get("number", 1)),
            due_s=self._due_s(back, now),
        )

    def error(self, found: Away) -> ProviderAwayError:
        """What is said of it where nothing else can be done."""
        words = found.fault.replace("_", " ")
        if found.resume_at is None:
            return ProviderAwayError(
                found.why, provider=found.provider, back_at=None, hint=found.hint, slug="provider-quota"
            )
        at = moment(found.resume_at, self._clock.now())
        return ProviderAwayError(
            f"{found.provider} is not asked before {at} ({words}): {found.why}",
            provider=found.provider,
            back_at=found.resume_at,
            hint="`orchestrate resume` waits until then, `resume --now` asks at once; a run waits by itself up to "
            "models.outages.wait_up_to_s",
        )


def standing(entries: Iterable[Mapping[str, Any]]) -> dict[str, Mapping[str, Any]]:
    """The last ``provider:away`` of each provider that has not come back since."""
    found: dict[str, Mapping[str, Any]] = {}
    for entry in entries:
        if entry["type"] == AWAY:
            found[str(entry.get("provider"))] = entry
        elif entry["type"] == BACK:
            found.pop(str(entry.get("provider")), None)
    return found


def moment(at: datetime, now: datetime) -> str:
    """A time for people, in their zone; with the day where that is another."""
    local = at.astimezone()
    return f"{local:%H:%M}" if local.date() == now.astimezone().date() else f"{local:%Y-%m-%d %H:%M}"
