"""The providers' SDKs, loaded while the run still does something else: git, the sandbox, the base's gate.

They are most of a run's start (``scripts/bench overhead``). Loading is pure Python and shares one lock with
everything else here, so what it overlaps with is waiting: for processes, the disk, the network.
"""

from __future__ import annotations

import threading
from collections.abc import Collection
from contextlib import suppress
from importlib import import_module

from orchestrator.adapters.reexports import sparingly
from orchestrator.loading import Loading

_MODULES = {
    "google": ("google.genai", "google.genai.models"),
    "anthropic": ("anthropic._client", "anthropic.resources.messages", "anthropic.resources.models"),
    "openai": ("openai",),
}
"""By adapter: what its first call loads."""


def load_ahead(adapters: Collection[str]) -> None:
    """Load their SDKs in a thread; who needs one earlier waits for the import as for any other.

    What goes wrong is not said here: the adapter meets it again, where it can be told.
    """
    wanted = [adapter for adapter in _MODULES if adapter in adapters]
    if wanted:
        threading.Thread(target=_load, args=(wanted,), name="load-sdks", daemon=True).start()


def anthropic_sparingly() -> None:
    """Called before anything of that SDK is imported: its packages are loaded name by name."""
    sparingly("anthropic", "types", "resources")


def _load(adapters: Collection[str]) -> None:
    with Loading():
        for adapter in adapters:
            if adapter == "anthropic":
                anthropic_sparingly()
            for module in _MODULES[adapter]:
                with suppress(Exception):
                    import_module(module)
