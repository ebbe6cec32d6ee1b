"""The picture of a run on a terminal: drawn by rich four times a second from the folded progress, in its own thread.

Handing over an event only folds it; a terminal that stands still (Ctrl-S, a suspended window) holds nothing up.
"""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, TextIO

from rich.console import Console, ConsoleDimensions, Group, RenderableType
from rich.live import Live
from rich.table import Table
from rich.text import Text

from orchestrator.cli.outlet import CLOSE_WITHIN_S, abandon
from orchestrator.domain.words import count
from orchestrator.reports.absence import away_words
from orchestrator.reports.console import (
    OUTCOME_WORDS,
    STATE_WORDS,
    iteration_words,
    next_up,
    spent,
)
from orchestrator.reports.figures import clock, tokens
from orchestrator.reports.fold import fold, step
from orchestrator.reports.inert import encodable, one_line
from orchestrator.reports.progress import RUNNING, WAITING, Progress, TaskProgress
from orchestrator.reports.todo import resume_command

Event = Mapping[str, Any]

WIDE = 100
"""Columns from which tokens and titles are shown."""
FRAMES_PER_SECOND = 4
_HEAD_AND_FOOT = 9
_LEAST_ROWS = 3
_TO_DO = "yellow"

_STYLES = {
    "delivered": "green",
    "needs_human": "yellow bold",
    "failed": "red",
    "stopped": "magenta",
    "skipped": "dim",
    WAITING: "dim",
    RUNNING: "cyan bold",
}
_GLYPHS = {
    "delivered": "✓",
    "needs_human": "?",
    "failed": "✗",
    "stopped": "■",
    "skipped": "-",
    WAITING: "·",
    RUNNING: "▸",
}
_ASCII = {**_GLYPHS, "delivered": "+", "failed": "x", "stopped": "#", WAITING: ".", RUNNING: ">"}


class Picture:
    """Draws progress until it is closed; the last picture stays."""

    def __init__(self, stream: TextIO, *, environ: Mapping[str, str], now: Callable[[], datetime]) -> None:
        self._now = now
        self._progress = Progress()
        self._lock = threading.Lock()
        self._stream = _Forgiving(stream)
        no_color = bool(environ.get("NO_COLOR"))
        self._console = Console(
            file=self._stream,  # type: ignore[arg-type]  # rich writes, flushes, asks isatty and encoding; no more
            force_terminal=True,
            no_color=no_color,
            color_system=None if no_color else "auto",
            highlight=False,
            markup=False,
            emoji=False,
        )
        self._live = Live(
            get_renderable=self._draw,
            console=self._console,
            refresh_per_second=FRAMES_PER_SECOND,
            redirect_stdout=False,
            redirect_stderr=_is_terminal(sys.stderr),  # what is said there appears above the picture, not in it
            vertical_overflow="crop",
        )
        self._closed = False
        self._live.start(refresh=True)

    def __call__(self, event: Event) -> None:
        """Fold the event; the next frame shows it."""
        try:
            with self._lock:
                self._progress = step(self._progress, event)
        except Exception:  # noqa: BLE001 - a view must never end a run
            return

    def seed(self, events: Iterable[Event]) -> None:
        """Start from what happened before."""
        seeded = fold(events)
        with self._lock:
            self._progress = seeded

    def close(self) -> None:
        """Draw once more and give the cursor back; gives up where the terminal takes nothing."""
        if self._closed:
            return
        self._closed = True
        stopping = threading.Thread(target=self._live.stop, name="picture-stop", daemon=True)
        stopping.start()
        stopping.join(CLOSE_WITHIN_S)

    def _draw(self) -> RenderableType:
        with self._lock:
            progress = self._progress
        try:
            size = self._measure()
            return draw(progress, self._now(), width=size.width, height=size.height, encoding=self._console.encoding)
        except Exception:  # noqa: BLE001 - a view must never end a run
            return Text("(the picture could not be drawn)")

    def _measure(self) -> ConsoleDimensions:
        """The terminal's own size, anew for each frame: an exported COLUMNS would be stale after the first resize."""
        try:
            size = os.get_terminal_size(self._stream.fileno())
        except (OSError, ValueError):
            return self._console.size
        if size.columns and size.lines:
            self._console.size = ConsoleDimensions(size.columns, size.lines)
        return self._console.size


def _is_terminal(stream: TextIO | None) -> bool:
    try:
        return stream is not None and stream.isatty()
    except ValueError:
        return False


class _Forgiving:
    """A text stream that goes silent where it fails: a closed window must not end the night."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._gone = False
        self.encoding = getattr(stream, "encoding", None) or "utf-8"

    def write(self, text: str) -> int:
        self._try(lambda: self._stream.write(text))
        return len(text)

    def flush(self) -> None:
        self._try(self._stream.flush)

    def isatty(self) -> bool:
        return True

    def fileno(self) -> int:
        return self._stream.fileno()

    def _try(self, action: Callable[[], object]) -> None:
        if self._gone:
            return
        try:
            action()
        except (OSError, ValueError):
            self._gone = True
            abandon(self._stream)


def draw(
    progress: Progress, now: datetime, *, width: int = 80, height: int = 40, encoding: str = "utf-8"
) -> RenderableType:
    """The picture of that moment, at most ``height`` rows."""
    glyphs = _GLYPHS if encoding.lower().replace("-", "") == "utf8" else _ASCII
    rows, above, below = visible(list(progress.tasks.values()), max(height - _HEAD_AND_FOOT, _LEAST_ROWS))
    parts: list[RenderableType] = [_head(progress, now, width)]
    if above:
        parts.append(_line(f"  {_tally(above)} before", "dim", encoding))
    parts.append(_table(rows, progress, now, width, glyphs))
    if below:
        parts.append(_line(f"  {_tally(below)} after", "dim", encoding))
    parts += [_line(text, style, encoding) for text, style in _foot(progress, now)]
    return Group(*parts)


def visible(
    tasks: Sequence[TaskProgress], room: int
) -> tuple[Sequence[TaskProgress], Sequence[TaskProgress], Sequence[TaskProgress]]:
    """The rows that fit, around the first task that has not ended; and those above and below them."""
    if len(tasks) <= room:
        return tasks, (), ()
    room = max(room - 2, 1)
    live = next((place for place, task in enumerate(tasks) if task.state == RUNNING), None)
    if live is None:
        live = next((place for place, task in enumerate(tasks) if task.state == WAITING), len(tasks) - 1)
    start = min(max(live - room // 2, 0), len(tasks) - room)
    return tasks[start : start + room], tasks[:start], tasks[start + room :]


def _tally(tasks: Sequence[TaskProgress]) -> str:
    counts: dict[str, int] = {}
    for task in tasks:
        counts[task.state] = counts.get(task.state, 0) + 1
    return ", ".join(f"{number} {STATE_WORDS.get(state, one_line(state))}" for state, number in counts.items())


def _line(text: str, style: str, encoding: str) -> Text:
    whole = style == _TO_DO  # what the user must read to the end wraps
    return Text(encodable(text, encoding), style=style, no_wrap=not whole, overflow="fold" if whole else "ellipsis")


def _head(progress: Progress, now: datetime, width: int) -> RenderableType:
    grid = Table.grid(expand=True)
    grid.add_column(no_wrap=True, overflow="ellipsis", ratio=1)
    grid.add_column(no_wrap=True, justify="right")
    name = one_line(progress.run or "starting", limit=max(width - 26, 10))
    state = OUTCOME_WORDS.get(progress.outcome, one_line(progress.outcome)) if progress.ended else ""
    right = f"{progress.done}/{len(progress.tasks)} done  {clock(progress.elapsed(now))}"
    grid.add_row(Text(name + (f"  {state}" if state else ""), style="bold"), Text(right, style="bold"))
    return grid


def _table(
    tasks: Sequence[TaskProgress], progress: Progress, now: datetime, width: int, glyphs: Mapping[str, str]
) -> Table:
    wide = width >= WIDE
    grid = Table.grid(padding=(0, 1), expand=True)
    grid.add_column(width=1)
    grid.add_column(no_wrap=True, overflow="ellipsis", ratio=1, max_width=64 if wide else None)
    grid.add_column(no_wrap=True, width=9)
    grid.add_column(no_wrap=True, justify="right", min_width=3)
    if wide:
        grid.add_column(no_wrap=True, overflow="ellipsis", ratio=2)
        grid.add_column(no_wrap=True, justify="right", min_width=6)
    grid.add_column(no_wrap=True, justify="right", min_width=5)
    grid.add_column(no_wrap=True, justify="right", min_width=5)
    for task in tasks:
        style = _STYLES.get(task.state, "")
        state = task.phase if task.state == RUNNING and task.phase else STATE_WORDS.get(task.state, task.state)
        used = tokens(task.tokens) if task.tokens else ""
        cells = [
            glyphs.get(task.state, " "),
            one_line(task.id, limit=64),
            one_line(state, limit=9),
            iteration_words(task),
            *([_note(task), used] if wide else []),
            spent(task.cost_usd, task.unpriced).replace("cost unknown", "?").replace(" + unknown", "+?")
            if task.tokens
            else "",
            _time(task, now),
        ]
        grid.add_row(*(Text(encodable(cell, "utf-8" if glyphs is _GLYPHS else "ascii")) for cell in cells), style=style)
    return grid


def _note(task: TaskProgress) -> str:
    if task.state in (WAITING, RUNNING):
        return one_line(task.title)
    return one_line(task.reason or task.title)


def _time(task: TaskProgress, now: datetime) -> str:
    if task.state == WAITING or (task.state == RUNNING and task.started_at is None):
        return ""
    if task.state == RUNNING and task.started_at is not None:
        return clock((now - task.started_at).total_seconds())
    return clock(task.seconds) if task.seconds else ""


def _foot(progress: Progress, now: datetime) -> list[tuple[str, str]]:
    task = progress.tasks.get(progress.current or "")
    lines: list[tuple[str, str]] = [("", "")]
    if progress.doing and not progress.ended:
        since = clock((now - progress.doing_since).total_seconds()) if progress.doing_since else ""
        lines.append((f"now   {since}  {one_line(progress.doing)}", ""))
    lines += [(away_words(name, told, now, ended=progress.ended), _TO_DO) for name, told in progress.away.items()]
    if task and task.checks:
        checks = "  ".join(
            f"{one_line(check.check, limit=12)} {'ok' if check.passed else 'RED'}" for check in task.checks
        )
        lines.append((f"gate  {checks}", "green" if all(check.passed for check in task.checks) else "red"))
    if task and task.headline:
        lines.append((f"      {one_line(f'{task.category}: {task.headline}')}", "red"))
    if task and task.move:
        lines.append((f"move  {one_line(task.move.replace('_', ' '))}: {one_line(task.why)}", "dim"))
    if next_up(progress):
        lines.append((f"next  {next_up(progress)}", "dim"))
    used = f"{tokens(progress.tokens)} tokens, {spent(progress.cost_usd, progress.unpriced)}"
    retried = f", {count(progress.retries, 'failed attempt')}" if progress.retries else ""
    lines.append((f"spent {used}, {count(progress.calls, 'call')}{retried}", ""))
    for word, text in (("why", progress.pause_reason), ("hint", progress.hint)):
        if text:
            lines.append((f"{word:<5} {one_line(text, limit=400)}", _TO_DO))
    if progress.quiet(now):
        command = resume_command(progress.run, progress.state_dir)
        lines.append((f"hint  no sign of life: `{one_line(command, limit=400)}`", _TO_DO))
    return lines
