"""Templates stay compiled from run to run, as Python's own modules do: where those lie, and under the same conditions.

Compiling the templates of a report takes longer than writing one. What is kept is looked up by its template's text,
this program's and the engine's version; a folder that cannot be written to, or Python told to write no bytecode, costs
nothing but the time.
"""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from importlib.util import cache_from_source
from pathlib import Path

import jinja2
from jinja2.bccache import Bucket, BytecodeCache

from orchestrator import __version__


class Beside(BytecodeCache):
    """Keeps compiled templates in the ``__pycache__`` of their folder (or below ``PYTHONPYCACHEPREFIX``)."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def load_bytecode(self, bucket: Bucket) -> None:
        """What is kept of it; nothing where it is of another text or version."""
        with suppress(OSError, ValueError, EOFError, TypeError), self._place(bucket).open("rb") as kept:
            bucket.load_bytecode(kept)

    def dump_bytecode(self, bucket: Bucket) -> None:
        """Keep it, whole or not at all."""
        if sys.dont_write_bytecode:
            return
        place = self._place(bucket)
        beside = place.with_name(f".{place.name}.{os.getpid()}")
        with suppress(OSError):
            place.parent.mkdir(parents=True, exist_ok=True)
            with beside.open("wb") as file:
                bucket.write_bytecode(file)
            beside.replace(place)

    def get_cache_key(self, name: str, filename: str | None = None) -> str:
        """The template's name: one folder, one kind of environment for each of its names."""
        return name

    def _place(self, bucket: Bucket) -> Path:
        named = f"{bucket.key.replace('/', '-')}-{__version__}-jinja{jinja2.__version__}.py"
        return Path(cache_from_source(str(self._folder / named)))
