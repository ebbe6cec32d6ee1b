"""What goes wrong in a night that does not end its process: the disk, the provider, and the user's Ctrl-C.

Put in once, for all nights of the process, and told before each what is to happen; nothing of the program is changed.
"""

from __future__ import annotations

import errno
import os
import random
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from orchestrator import crash_points
from orchestrator.adapters.models.replay import ReplayLlm
from orchestrator.domain.errors import ModelError, ModelFault

KINDS = ("none", "write", "short", "fsync", "replace", "outage", "lost", "interrupt")


@dataclass(frozen=True, slots=True)
class Fate:
    """One fault: its kind, and the how manieth chance it takes."""

    kind: str
    nth: int

    @classmethod
    def drawn(cls, chance: random.Random, chances: Mapping[str, int]) -> Fate:
        """By chance; ``chances``: how often each can happen in an undisturbed night."""
        kind = chance.choice(KINDS)
        return cls(kind, chance.randint(1, max(1, chances.get(kind, 1))))

    def __str__(self) -> str:
        return self.kind if self.kind == "none" else f"{self.kind} {self.nth}"


class Faults:
    """Lets fates happen, one after the other, each once; and counts their chances."""

    def __init__(self) -> None:
        self._waiting: list[Fate] = []
        self._below = ""
        self.chances: Counter[str] = Counter()
        """By kind, since this night began."""
        self.happened: list[str] = []
        self._wrap_system()
        self._wrap_provider()
        crash_points.arm(lambda _name: self._interrupt())

    def arm(self, fates: Sequence[Fate], folder: Path) -> None:
        """What is to happen from now on, to the records below ``folder``."""
        self._waiting, self.chances, self.happened = list(fates), Counter(), []
        self._below = f"{folder.resolve()}{os.sep}"

    def _due(self, kind: str) -> bool:
        self.chances[kind] += 1
        due = [fate for fate in self._waiting if fate.kind == kind and fate.nth <= self.chances[kind]]
        if not due:
            return False
        self._waiting.remove(due[0])
        self.happened.append(kind)
        return True

    def _ours(self, target: int | str | os.PathLike[str]) -> bool:
        path = Path(f"/proc/self/fd/{target}").readlink() if isinstance(target, int) else Path(target).absolute()
        return str(path).startswith(self._below)

    def _wrap_system(self) -> None:
        def failing(kind: str, real: Callable[..., Any]) -> Callable[..., Any]:
            def call(first: Any, *more: Any, **named: Any) -> Any:
                if not self._ours(first):
                    return real(first, *more, **named)
                if self._due(kind):
                    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
                if kind == "write" and self._due("short"):
                    return real(first, bytes(more[0])[: max(1, len(more[0]) // 2)])
                return real(first, *more, **named)

            return call

        for kind in ("write", "fsync", "replace"):
            setattr(os, kind, failing(kind, getattr(os, kind)))

    def _wrap_provider(self) -> None:
        ask = ReplayLlm.ask

        def asked(llm: ReplayLlm, request: Any, deadlines: Any) -> Any:
            if self._due("outage"):
                raise ModelError("overloaded", fault=ModelFault.OVERLOADED, provider=request.provider)
            answer = ask(llm, request, deadlines)
            if self._due("lost"):
                raise ModelError("cut", fault=ModelFault.INCOMPLETE, provider=request.provider, billed=True)
            return answer

        ReplayLlm.ask = asked  # type: ignore[method-assign]

    def _interrupt(self) -> None:
        if self._due("interrupt"):
            raise KeyboardInterrupt
