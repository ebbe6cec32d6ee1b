"""The run's hard caps, held by reservation before each call (I4, B4). Shared by all lanes."""

from __future__ import annotations

import itertools
import json
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from orchestrator.domain.call import Charge, Request
from orchestrator.domain.errors import CapReachedError
from orchestrator.settings import Caps

_MESSAGE_OVERHEAD = 64
"""Tokens a provider may add around one message or tool (role marks, separators); a generous bound."""
_TOOL_OVERHEAD = 1024
"""Tokens a provider adds to the system prompt when tools or a schema are declared; Anthropic documents 290-806."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WorstCase:
    """What a call may cost at most."""

    input_tokens: int
    output_tokens: int
    cost_usd: Decimal | None
    """``None``: no price is known."""

    @property
    def tokens(self) -> int:
        """Input plus output."""
        return self.input_tokens + self.output_tokens


def input_bound(request: Request) -> int:
    """Upper bound of the input's tokens: no tokenizer of a language model makes more tokens than there are bytes."""
    size = len(request.system.encode("utf-8", "surrogatepass")) + _MESSAGE_OVERHEAD
    for message in request.messages:
        size += len(message.text.encode("utf-8", "surrogatepass")) + _MESSAGE_OVERHEAD
        size += sum(len(str(dict(call.arguments)).encode("utf-8", "surrogatepass")) for call in message.tool_calls)
        size += sum(len(result.content.encode("utf-8", "surrogatepass")) for result in message.tool_results)
        size += len(str(dict(message.raw)).encode("utf-8", "surrogatepass")) if message.raw else 0
    for tool in request.tools:
        size += len(f"{tool.name}{tool.description}{dict(tool.parameters)}".encode()) + _MESSAGE_OVERHEAD
    size += len(json.dumps(request.schema)) + _TOOL_OVERHEAD if request.schema else 0
    return (
        size + request.search_tokens + request.own_tokens + (_TOOL_OVERHEAD if request.tools or request.searches else 0)
    )


class Purse:
    """What is spent and what is reserved. ``spent`` counts settled calls of all sessions of the run."""

    def __init__(self, caps: Caps, spent: Charge) -> None:
        self._caps = caps
        self._spent = spent
        self._reserved: dict[int, WorstCase] = {}
        self._tickets = itertools.count(1)
        self._lock = threading.Lock()

    @property
    def spent(self) -> Charge:
        """Charged so far."""
        with self._lock:
            return self._spent

    def reserve(self, worst: WorstCase) -> int:
        """Hold the worst case of a call; the ticket to settle it with.

        Raises :class:`CapReachedError` where it does not fit: do not send the call.
        """
        with self._lock:
            return self._hold(worst)

    def reserve_all(self, worst: Sequence[WorstCase]) -> tuple[int, ...]:
        """Hold several worst cases as one, in their order; none where they do not all fit."""
        tickets: list[int] = []
        with self._lock:
            try:
                for one in worst:
                    tickets.append(self._hold(one))  # noqa: PERF401 - what was held is let go of where one does not fit
            except CapReachedError:
                for ticket in tickets:
                    del self._reserved[ticket]
                raise
        return tuple(tickets)

    def _hold(self, worst: WorstCase) -> int:
        self._check_tokens(worst)
        self._check_cost(worst)
        ticket = next(self._tickets)
        self._reserved[ticket] = worst
        return ticket

    def settle(self, ticket: int, charge: Charge | None) -> None:
        """Let go of a reservation; ``charge`` is what the call cost, ``None`` if it surely cost nothing.

        A ticket that was settled before is left alone.
        """
        with self._lock:
            if self._reserved.pop(ticket, None) is not None and charge is not None:
                self._spent += charge

    def _check_tokens(self, worst: WorstCase) -> None:
        cap = self._caps.max_tokens
        if cap is None:
            return
        held = self._spent.usage.total + sum(other.tokens for other in self._reserved.values())
        if held + worst.tokens > cap:
            raise CapReachedError(
                f"the next call may use {worst.tokens:,} tokens; {held:,} of the cap of {cap:,} are used or held",
                hint=f"go on with a higher cap: orchestrate resume --max-tokens {2 * cap}",
            )

    def _check_cost(self, worst: WorstCase) -> None:
        cap = self._caps.max_cost_usd
        if cap is None:
            return
        spent = self._spent.cost_usd
        if spent is None or worst.cost_usd is None:
            raise CapReachedError(
                "a money cap is set, but no price is known for a model of this run",
                hint="give its price in orchestrate.yaml (models.prices), or use --max-tokens instead of --max-cost",
            )
        held = spent + sum((other.cost_usd or Decimal(0) for other in self._reserved.values()), Decimal(0))
        if held + worst.cost_usd > cap:
            raise CapReachedError(
                f"the next call may cost ${worst.cost_usd:.4f}; ${held:.4f} of the cap of ${cap} are used or held",
                hint=f"go on with a higher cap: orchestrate resume --max-cost {2 * cap}",
            )
