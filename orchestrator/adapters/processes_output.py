"""What a command says, bounded: head and tail in memory, the whole up to a cap in a log file."""

from __future__ import annotations

from pathlib import Path
from typing import Self


class HeadAndTail:
    """Keeps the first and the last bytes of a stream, half of ``keep`` each; counts the rest."""

    def __init__(self, keep: int) -> None:
        self._head_room = keep // 2
        self._tail_room = keep - keep // 2
        self._head = bytearray()
        self._tail = bytearray()
        self.total = 0

    def feed(self, chunk: bytes) -> None:
        """Take the next bytes of the stream."""
        self.total += len(chunk)
        room = self._head_room - len(self._head)
        if room > 0:
            self._head += chunk[:room]
            chunk = chunk[room:]
        if not chunk:
            return
        self._tail += chunk
        if len(self._tail) > 2 * self._tail_room:
            del self._tail[: len(self._tail) - self._tail_room]

    def value(self) -> bytes:
        """What was kept, the cut marked on a line of its own."""
        tail = bytes(self._tail[-self._tail_room :]) if self._tail_room else b""
        left_out = self.total - len(self._head) - len(tail)
        if left_out <= 0:
            return bytes(self._head) + tail
        return bytes(self._head) + cut_mark(left_out) + tail

    def text(self) -> str:
        """What was kept, as text; bytes that are not UTF-8 become U+FFFD."""
        return self.value().decode("utf-8", "replace")


def cut_mark(left_out: int) -> bytes:
    """The line that stands where bytes are missing."""
    return b"\n[... %d bytes left out ...]\n" % left_out


class Log:
    """The log file of one command: standard output as it comes, then standard error; at most ``cap`` bytes and marks.

    A disk that is full, or a folder that is gone, ends the log, never the command.
    """

    def __init__(self, path: Path | None, cap: int) -> None:
        self._cap = cap
        self._written = 0
        self._tail = HeadAndTail(0)
        self._file = None
        self.fault = ""
        if path is None:
            return
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._file = path.open("wb", buffering=0)
        except OSError as fault:
            self.fault = f"{path}: {fault.strerror}"
        # A quarter for stderr, the rest for stdout: its head goes to disk at once, its tail waits in memory.
        self._head_room = cap // 2
        self._tail = HeadAndTail(0) if self._file is None else _TailOnly(cap // 4)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._file is not None:
            self._file.close()

    def feed(self, chunk: bytes) -> None:
        """The next bytes of standard output."""
        if self._file is None:
            return
        room = self._head_room - self._written
        if room > 0:
            self._write(chunk[:room])
            self._written += min(room, len(chunk))
            chunk = chunk[room:]
        if chunk:
            self._tail.feed(chunk)

    def finish(self, stderr: bytes) -> None:
        """The tail of standard output, then standard error."""
        self._write(self._tail.value())
        if stderr:
            capped = HeadAndTail(self._cap // 4)
            capped.feed(stderr)
            self._write(capped.value())

    def _write(self, data: bytes) -> None:
        view = memoryview(data)
        while self._file is not None and view:
            try:
                view = view[self._file.write(view) or 0 :]
            except OSError as fault:
                self.fault = f"{self._file.name}: {fault.strerror}"
                self._file.close()
                self._file = None


class _TailOnly(HeadAndTail):
    """The last ``keep`` bytes alone."""

    def __init__(self, keep: int) -> None:
        super().__init__(0)
        self._tail_room = keep
