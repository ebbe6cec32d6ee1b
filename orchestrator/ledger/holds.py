"""What is held for calls that are to be sent side by side (decision 16): reserved at once, used up one by one."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence

from orchestrator.domain.call import Request
from orchestrator.ledger.purse import Purse, WorstCase


class Holds:
    """Tickets of calls that have not been sent yet, by the call's id. Lanes and their side-by-side calls share one."""

    def __init__(self, purse: Purse, worst_case: Callable[[Request], WorstCase]) -> None:
        self._purse = purse
        self._worst_case = worst_case
        self._tickets: dict[str, int] = {}
        self._lock = threading.Lock()

    def hold(self, requests: Sequence[Request]) -> None:
        """Reserve for all of them, in their order; ``CapReachedError`` and nothing held where they do not fit."""
        tickets = self._purse.reserve_all([self._worst_case(request) for request in requests])
        with self._lock:
            self._tickets.update(
                {request.key.call_id: ticket for request, ticket in zip(requests, tickets, strict=True)}
            )

    def reserve(self, request: Request, worst: WorstCase) -> int:
        """The ticket that is held for it, once; a new one where none is. ``CapReachedError`` where it does not fit."""
        with self._lock:
            held = self._tickets.pop(request.key.call_id, None)
        return self._purse.reserve(worst) if held is None else held

    def let_go(self, requests: Sequence[Request]) -> None:
        """Give back what is still held for them."""
        for request in requests:
            with self._lock:
                held = self._tickets.pop(request.key.call_id, None)
            if held is not None:
                self._purse.settle(held, None)
