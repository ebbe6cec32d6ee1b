"""Tasks whose provider is away: they wait apart until it is asked again, and hold up no other."""

from __future__ import annotations

from dataclasses import dataclass

from orchestrator.domain.task import Task
from orchestrator.ledger.breaker import Away, Breaker
from orchestrator.ports import Clock

_LOOK_S = 60.0
"""The wall clock is looked at so often: a machine that was suspended goes on at most so long after it wakes."""


@dataclass(frozen=True, slots=True)
class Parked:
    """A task that goes back to the queue. It has used up nothing: taken up again, it is handed what it had bought."""

    task: Task
    provider: str
    """Who is away."""


class ParkingLot:
    """Which tasks wait for which provider."""

    def __init__(self, breaker: Breaker, clock: Clock) -> None:
        self._breaker = breaker
        self._clock = clock
        self._provider: dict[str, str] = {}

    def take(self, parked: Parked) -> None:
        """It waits from now on."""
        self._provider[parked.task.id] = parked.provider

    def lets(self, task: Task) -> bool:
        """Whether the task may be worked on: nobody it waits for is away, or it is time to ask again."""
        provider = self._provider.get(task.id)
        found = self._breaker.away(provider) if provider else None
        if found is not None and not found.is_due(self._clock):
            return False
        self._provider.pop(task.id, None)
        return True

    def soonest_s(self) -> float | None:
        """Seconds until one of those that are waited for is asked again; ``None``: nobody is waited for."""
        return min((found.left_s(self._clock) for found in self._waited_for()), default=None)

    def wait(self) -> None:
        """Nothing else can be done: wait until the first of them is to be asked again.

        Raises its ``ProviderAwayError`` where that is not worth waiting for: the run pauses.
        """
        every = [found for name in sorted(set(self._provider.values())) if (found := self._breaker.away(name))]
        worth = self._waited_for()
        if every and not worth:
            raise self._breaker.error(every[0])
        while worth and not any(found.is_due(self._clock) for found in worth):
            self._clock.sleep(min(_LOOK_S, *(found.left_s(self._clock) for found in worth)))

    def _waited_for(self) -> list[Away]:
        found = [self._breaker.away(name) for name in set(self._provider.values())]
        return [one for one in found if one is not None and self._breaker.worth_waiting(one)]
