"""A task's diff as the page shows it: hunks that want a look first, then the rest, within a number of bytes. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from orchestrator.reports.colours import hunk_markup
from orchestrator.reports.hunks import Hunk, hunks_of
from orchestrator.reports.risky import Looked, risky_first

_HEAD_BYTES = 300
"""What a hunk's heading takes of the page, reckoned high."""
_LEAST = 400
"""Bytes below which a hunk is better left out than begun."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HunkView:
    """One hunk, ready for the page."""

    place: str
    """``src/a.py:14 (new)``."""
    why: str
    markup: Markup


@dataclass(frozen=True, slots=True, kw_only=True)
class DiffView:
    """A diff, ready for the page."""

    risky: tuple[HunkView, ...]
    rest: tuple[HunkView, ...]
    left_out: int
    """Hunks there was no room for."""


def diff_view(diff: str, flags: Sequence[str], limit: int) -> DiffView:
    """The diff within ``limit`` bytes of markup; machine-written files are named, not shown."""
    risky: list[HunkView] = []
    rest: list[HunkView] = []
    left_out, room = 0, limit
    for one in risky_first(hunks_of(diff), flags):
        if room < _LEAST:
            left_out += 1
            continue
        view = HunkView(place=_place(one), why=", ".join(one.why), markup=_markup(one.hunk, room))
        room -= _HEAD_BYTES + len(view.markup.encode())
        (risky if one.why else rest).append(view)
    return DiffView(risky=tuple(risky), rest=tuple(rest), left_out=left_out)


def _markup(hunk: Hunk, room: int) -> Markup:
    if hunk.machine_written:
        words = Markup('<span class="file">+{} -{}: written by a package manager, not shown</span>')
        return words.format(len(hunk.added), len(hunk.removed))
    return hunk_markup(hunk, room)


def _place(looked: Looked) -> str:
    hunk = looked.hunk
    state = f" ({hunk.state})" if hunk.state else ""
    line = f":{hunk.line}" if hunk.line and hunk.state != "deleted" else ""
    return f"{hunk.path}{line}{state}"
