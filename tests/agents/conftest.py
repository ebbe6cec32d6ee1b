"""Property tests judge what comes out, not how fast a shared machine is."""

from __future__ import annotations

from hypothesis import settings

settings.register_profile("agents", deadline=None)
settings.load_profile("agents")
