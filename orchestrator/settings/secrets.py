"""The settings' secrets, made known to the one place that hides them."""

from __future__ import annotations

from orchestrator import redaction
from orchestrator.domain.pattern import compile_pattern
from orchestrator.domain.redactor import Own
from orchestrator.settings import Settings


def arm(settings: Settings) -> None:
    """From now on this process hides the keys of every provider that is set up, and what the settings name."""
    names = [name for provider in settings.models.providers.values() for name in provider.key_env]
    if settings.notify.webhook_env:
        names.append(settings.notify.webhook_env)
    patterns = settings.secrets.patterns
    redaction.arm(
        names=(*names, *settings.secrets.variables),
        own=[Own(name, each.find, compile_pattern(each.pattern)) for name, each in patterns.items()],
    )
