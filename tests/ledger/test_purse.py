"""I4, decision 14: whatever several lanes do in whatever order, what is spent and held never passes a cap."""

from __future__ import annotations

from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from orchestrator.domain.call import Charge, Usage
from orchestrator.domain.errors import CapReachedError
from orchestrator.ledger.purse import Purse, WorstCase
from orchestrator.settings import Caps

LANES = 6
STEP = st.tuples(
    st.integers(0, LANES - 1),
    st.integers(0, 400),
    st.integers(0, 400),
    st.sampled_from(["free", "part", "whole"]),
    st.fractions(0, 1),
)
"""A lane's next step: it asks with that input and output at worst, or its call ends: unbilled, or with a share."""


@settings(max_examples=150, deadline=None)
@given(
    steps=st.lists(STEP, max_size=80),
    tokens=st.none() | st.integers(1, 2500),
    cents=st.none() | st.integers(1, 2500),
    before=st.integers(0, 300),
)
def test_no_interleaving_of_lanes_passes_a_cap(
    steps: list[tuple[int, int, int, str, Decimal]], tokens: int | None, cents: int | None, before: int
) -> None:
    """The real purse; a lane is a ticket at a time, and the order of their steps is what is drawn."""
    caps = Caps(max_tokens=tokens, max_cost_usd=None if cents is None else Decimal(cents) / 100)
    purse = Purse(caps, Charge(usage=Usage(input_tokens=before), cost_usd=Decimal(before) / 100))
    held: dict[int, tuple[int, WorstCase]] = {}
    spent, paid = before, Decimal(before) / 100
    for lane, read, written, ending, share in steps:
        if lane in held:
            ticket, worst = held.pop(lane)
            part = {"free": None, "whole": 1, "part": share}[ending]
            if part is None:
                purse.settle(ticket, None)
            else:
                usage = Usage(
                    input_tokens=int(worst.input_tokens * part), output_tokens=int(worst.output_tokens * part)
                )
                cost = Decimal(usage.total) / 100
                purse.settle(ticket, Charge(usage=usage, cost_usd=cost))
                spent, paid = spent + usage.total, paid + cost
        else:
            worst = WorstCase(input_tokens=read, output_tokens=written, cost_usd=Decimal(read + written) / 100)
            most = spent + worst.tokens + sum(other.tokens for _, other in held.values())
            fits = (tokens is None or most <= tokens) and (cents is None or most <= cents)
            try:
                held[lane] = (purse.reserve(worst), worst)
                assert fits, "let through what does not fit"
            except CapReachedError:
                assert not fits, "refused what fits"
        assert (purse.spent.usage.total, purse.spent.cost_usd) == (spent, paid)
        if before <= (tokens or before) and before <= (cents or before):
            together = spent + sum(worst.tokens for _, worst in held.values())
            assert tokens is None or together <= tokens
            assert cents is None or together <= cents
