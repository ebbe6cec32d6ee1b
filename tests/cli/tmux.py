"""A real terminal for tests: tmux, a server of its own, a pane of a given size."""

from __future__ import annotations

import shlex
import shutil
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

LIMIT_S = 30.0


class Terminal:
    """One pane running one command, which stays open after it ends."""

    def __init__(
        self, folder: Path, command: Sequence[str], *, width: int, height: int, environ: Mapping[str, str] | None = None
    ) -> None:
        program = shutil.which("tmux")
        assert program, "tmux is not on PATH"
        self._tmux = [program, "-S", str(folder / "socket"), "-f", "/dev/null"]
        settings = [f"{name}={value}" for name, value in (environ or {}).items()]
        line = shlex.join(["env", *settings, *command])
        self._run("new-session", "-d", "-x", str(width), "-y", str(height), f"{line}; echo ended $?; sleep 60")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._run("kill-server")

    def text(self, *, escapes: bool = False) -> str:
        """What the pane shows; with ``escapes`` colours as well."""
        return self._run("capture-pane", "-p", *(["-e"] if escapes else []))

    def wait_for(self, words: str, within: float = LIMIT_S) -> str:
        """The pane's text once it holds those words."""
        until = time.monotonic() + within
        while words not in (text := self.text()):
            assert time.monotonic() < until, f"{words!r} never came:\n{text}"
            time.sleep(0.02)
        return text

    def press(self, *keys: str) -> None:
        """Send keys, as tmux names them."""
        self._run("send-keys", *keys)

    def resize(self, width: int, height: int) -> None:
        """Change the window's size."""
        self._run("resize-window", "-x", str(width), "-y", str(height))

    def _run(self, *arguments: str) -> str:
        done = subprocess.run([*self._tmux, *arguments], capture_output=True, text=True, timeout=LIMIT_S, check=True)
        return done.stdout
