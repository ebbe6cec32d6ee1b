"""Modules loaded with the garbage collector standing still: at a command's start, and where an SDK is loaded."""

from __future__ import annotations

import gc


class Loading:
    """``with Loading():`` nothing becomes garbage meanwhile, and what is loaded stays, so neither is looked for.

    A fifth of the time of loading an SDK, a tenth of a command's start (measured). Where several threads load, the
    first to end lets the collector go on.
    """

    def __enter__(self) -> None:
        gc.disable()

    def __exit__(self, *_: object) -> None:
        gc.freeze()
        gc.enable()
