"""How long a provider is waited for that cannot be asked: a quota used up, a long limit, an outage."""

from __future__ import annotations

from pydantic import Field

from orchestrator.settings.frozen import Frozen


class Outages(Frozen):
    """A provider that is away. Its tasks go back to the queue; work that needs only others goes on."""

    wait_up_to_s: float = Field(default=28_800, ge=0, le=604_800, allow_inf_nan=False)
    """Seconds from its first refusal within which a provider must be back for the run to wait for it; else, and with
    0, the run pauses once nothing else can be done. One that says it will be away for longer is not waited for."""
    probe_s: float = Field(default=300, gt=0, le=86_400, allow_inf_nan=False)
    """Where a provider does not say when it will be back: seconds until it is asked once more, twice as long after each
    time, half an hour at most."""
