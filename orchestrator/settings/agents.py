"""Which agents work on a task beside architect, executor and reviewer, and how they begin (P1-P4)."""

from __future__ import annotations

from decimal import Decimal
from typing import Literal

from pydantic import Field

from orchestrator.domain.task import Complexity
from orchestrator.settings.frozen import Frozen

JoinFrom = Literal["tiny", "simple", "moderate", "complex", "never"]


class Agents(Frozen):
    """Who joins architect, executor and reviewer, from which complexity on; who starts low."""

    join: dict[str, JoinFrom] = Field(default={})
    """Agent -> the least complexity of a task that it works on; ``never``: on none. An agent that its file skips for a
    type of change is not asked there, whatever stands here."""
    sensitive: tuple[str, ...] = ()
    """Glob patterns: a change that touches such a path gets the security auditor, however simple it is."""
    start_low: tuple[Complexity, ...] = ()
    """Complexities at which executor and helpers begin on the ``low_tier`` of their files, and climb where they
    fail."""
    usual_tokens: dict[str, int] = Field(default={})
    """What an agent's work on a task takes, tokens in and out: what skipping it is reckoned to save, until the
    project's own runs know better."""


class Research(Frozen):
    """What the researchers may do (P2)."""

    lookups: int = Field(default=3, ge=0, le=50)
    """Turns of look-ups the local researcher may take."""
    web: bool = False
    """True: the web researcher joins where research does. It is told the task's title and description, secrets hidden,
    and the names of the project's libraries; no text of the repository."""
    searches: int = Field(default=3, ge=1, le=20)
    """Searches the web researcher may make for a task."""
    search_cost_usd: Decimal = Field(default=Decimal("0.01"), ge=0)
    """US dollars a search costs beside its tokens; counts against the money cap."""
    search_tokens: int = Field(default=20_000, ge=0, le=200_000)
    """Tokens of results that one search is reckoned to bring at most, where the run's caps are held."""
