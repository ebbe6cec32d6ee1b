"""Where the parts of a lane stand on disk, and the words in which its collaborators are plugged in."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from orchestrator.ports import EnvironmentInfo, Shell


@dataclass(frozen=True, slots=True, kw_only=True)
class LanePaths:
    """The folders of one lane; all below one folder outside any checkout (decision 1)."""

    home: Path
    """The lane's own folder, ``.../orchestrator/<repository>/lane-<n>``; holds all the others."""
    root: Path
    """The work tree (``tree``): what gate commands see and may write."""
    git_dir: Path
    """The git folder (``git``), outside the work tree: no gate command is ever shown it."""
    index: Path
    """The lane's own index file (``index``)."""
    scratch: Path
    """Reports of gate commands; emptied by whoever runs them."""
    cache: Path
    """Caches of installers and tools, kept between tasks and runs."""
    env: Path
    """The environment that setup made (virtual environment, installed packages); the environment's own state too."""
    products: Path
    """What setup left in the work tree besides dependency folders: copied back into the tree after each checkout."""
    symbols: Path
    """The index of the tree's sources on disk, kept between runs; a cache, may be deleted. No gate command is shown it.
    """
    state: Path
    """``state.json``: what the lane itself remembers between runs; a cache, may be deleted."""

    @classmethod
    def at(cls, home: Path) -> LanePaths:
        """The fixed layout below ``home``; makes nothing."""
        return cls(
            home=home,
            root=home / "tree",
            git_dir=home / "git",
            index=home / "index",
            scratch=home / "scratch",
            cache=home / "cache",
            env=home / "env",
            products=home / "products",
            symbols=home / "symbols",
            state=home / "state.json",
        )


ShellFactory = Callable[[LanePaths], Shell]
"""Makes the shell that runs commands in that lane, under its sandbox."""


class Provide(Protocol):
    """Sets up a lane's environment; called by ``Lane.provide`` once the base is checked out in ``paths.root``."""

    def __call__(self, paths: LanePaths, shell: Shell, setup: Sequence[str] | None) -> EnvironmentInfo:
        """Run setup once a lock-file hash (decision 5); ``setup`` ``None``: detect it, empty: none is wanted.

        Fills ``paths.env`` and ``paths.products``. Tracked files it changed are put back by the lane afterwards.
        Raises ``PausedError`` where setup fails.
        """
