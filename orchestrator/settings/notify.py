"""Who is told when a run ends, pauses, or waits for a human."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, field_validator

from orchestrator.settings.frozen import Frozen

Occasion = Literal["finished", "paused", "waiting"]


class Notify(Frozen):
    """Off by default. Names, numbers and states are told, no prose, commands or paths; never fatal, never waited for
    longer than ``timeout_s``."""

    command: str | None = Field(default=None, min_length=1, max_length=8192)
    """A shell line; the notice is JSON on its standard input, its sentence in ``$NOTICE``. It sees no keys.
    Not from a repository's file."""
    webhook: str | None = Field(default=None, max_length=2048)
    """An ``http(s)://`` address that the JSON is posted to (``text`` holds the sentence, as chat services expect it).
    Not from a repository's file."""
    webhook_env: str | None = Field(default=None, pattern=r"^[A-Za-z_][A-Za-z0-9_]{0,99}$")
    """The environment variable that holds that address, where it is a secret: it is hidden like a key. Not from a
    repository's file."""
    desktop: bool = False
    """A notification of the desktop, by notify-send or osascript."""
    on: tuple[Occasion, ...] = ("finished", "paused", "waiting")
    """What is told: a run's end, a pause, a task that waits for a human."""
    timeout_s: Annotated[float, Field(gt=0, le=120, allow_inf_nan=False)] = 10
    """Longest that one notice may take, and that a run's end waits for what is still under way, seconds."""

    @field_validator("webhook")
    @classmethod
    def _an_address(cls, value: str | None) -> str | None:
        if value is not None and not value.startswith(("http://", "https://")):
            raise ValueError("no http(s):// address")
        return value

    @property
    def wanted(self) -> bool:
        """Whether anything is to be told to anybody."""
        return bool(self.on) and bool(self.command or self.webhook or self.webhook_env or self.desktop)
